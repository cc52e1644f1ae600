"""Python's cyclic collector, told that what was opened at the start stays.

A batch of thousands of messages keeps tens of thousands of small objects until its commit. With
Python's own thresholds each batch has the whole heap searched again, registry, web framework and
all: measured at 5,000 devices a third of ingest's CPU. Nothing on that path makes cycles.
"""

import gc

# Containers made and not freed before the youngest generation is searched; then of searches.
YOUNG, MIDDLE, OLD = 50_000, 20, 50


def calm_collector() -> None:
    """Leave what is there now out of every later search, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
