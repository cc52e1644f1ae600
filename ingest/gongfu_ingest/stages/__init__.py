"""One stage of the pipeline per file: it fills the ``Draft`` in place, or returns a verdict."""
