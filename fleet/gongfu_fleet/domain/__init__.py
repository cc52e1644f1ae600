"""Pure concepts: (state, input, now) -> (state, events)."""
