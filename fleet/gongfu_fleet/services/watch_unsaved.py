"""What the watch has found and not saved yet, and when it is to be saved."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.services.watch_ports import ZoneKey, ZoneUpdate

STRIDE_S = 1.0


@dataclass
class Pace:
    """Calm readings are saved together: after so many records or seconds, whichever is first.

    A crash re-reads as many. Kept below the records that the log keeps behind its consumers.
    """

    records: int = 20_000
    seconds: float = 2.0
    elapsed_s: Callable[[], float] = time.monotonic
    _since_s: float | None = field(default=None, init=False)

    def due(self, unsaved: int) -> bool:
        """Whether to save now, with so many records unsaved; asked after every turn."""
        if unsaved == 0:
            self._since_s = None
            return False
        now_s = self.elapsed_s()
        if self._since_s is None:
            self._since_s = now_s
        return unsaved >= self.records or now_s - self._since_s >= self.seconds

    def saved(self) -> None:
        """Begin to wait anew."""
        self._since_s = None


@dataclass
class Stride:
    """How many records a turn takes: about as many as are followed in a second.

    Calm ones by the thousand; few where each means judging a stretch of the past, so that what is
    found is soon saved, and an end is not long in coming.
    """

    records: int = 500
    most: int = 5_000
    elapsed_s: Callable[[], float] = time.monotonic

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Follow ``records`` in the block; the next turn takes more or fewer."""
        began_s = self.elapsed_s()
        yield
        spent_s = self.elapsed_s() - began_s
        if spent_s > STRIDE_S:
            self.records = max(1, self.records // 4)
        elif spent_s < STRIDE_S / 4:
            self.records = min(self.most, self.records * 2)


class Unsaved:
    """Findings per zone since the last save.

    ``urgent`` are the zones that cannot wait: an event is news for people, and a stretch judged
    anew replaces checkpoints that the judge may want to start from. ``measures``: of all zones.
    """

    def __init__(self) -> None:
        self.updates: dict[ZoneKey, ZoneUpdate] = {}
        self.measures: dict[str, Finding] = {}
        self.urgent: set[ZoneKey] = set()

    def add(self, update: ZoneUpdate) -> None:
        """Note what was found; a state that only moved on is not kept here."""
        redone = update.redo_from_ms is not None
        if not (redone or update.drafts or update.measures or update.checkpoints):
            return
        if redone or update.drafts:
            self.urgent.add(update.key)
        self.measures.update(update.measures)
        earlier = self.updates.get(update.key)
        self.updates[update.key] = together(earlier, update) if earlier else update

    def saved(self, keys: Iterable[ZoneKey]) -> None:
        """What was found of these zones is saved."""
        for key in tuple(keys):
            for incident_id in self.updates.pop(key).measures:
                self.measures.pop(incident_id, None)
            self.urgent.discard(key)


def together(earlier: ZoneUpdate, later: ZoneUpdate) -> ZoneUpdate:
    """Two updates of a zone as one; the earlier has no drafts and redoes nothing."""
    redo_ms = later.redo_from_ms
    kept = [c for c in earlier.checkpoints if redo_ms is None or c.at_ms < redo_ms]
    return replace(
        later,
        checkpoints=(*kept, *later.checkpoints),
        measures={**earlier.measures, **later.measures},
    )
