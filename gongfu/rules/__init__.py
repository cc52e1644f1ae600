"""The rules over recorded series: reading them, running them, telling what they found."""
