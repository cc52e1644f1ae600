"""The contract of the bus: topics, payloads, ports, and the broker's own configuration."""
