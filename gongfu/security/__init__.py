"""Trying to get in where one does not belong, and counting how often it worked."""
