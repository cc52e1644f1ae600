"""InfluxDB: writing, reading, and what the forwarder keeps."""
