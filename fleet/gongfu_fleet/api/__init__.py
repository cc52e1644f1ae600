"""The HTTP face: one module per noun."""
