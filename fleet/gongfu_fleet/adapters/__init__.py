"""Ports made of a technology."""
