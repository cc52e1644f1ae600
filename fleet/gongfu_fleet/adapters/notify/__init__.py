"""Ways to people, one file each: what a service takes, and what its answers mean."""
