"""Telemetry stores behind one port."""
