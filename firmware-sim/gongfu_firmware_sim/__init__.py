"""Devices that behave like the real ones and speak only MQTT."""
