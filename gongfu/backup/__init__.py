"""Copies of everything Gongfu keeps, taken while it runs, and the way back."""
