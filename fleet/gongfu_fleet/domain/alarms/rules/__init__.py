"""The rules over one zone: one rule a file with its state, its check and its message."""
