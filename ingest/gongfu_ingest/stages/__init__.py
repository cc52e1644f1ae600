"""One stage of the pipeline per file: ``Draft -> Draft | Rejected | Duplicate``."""
