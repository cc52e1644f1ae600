"""A cabinet whose events of sales a test tells, and the watch that reads them."""

from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Engine

from gongfu_broker.codec import encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.db.sales import SqlSales
from gongfu_fleet.adapters.memory import MemoryConnections
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.ports import Connection
from gongfu_fleet.services.watch_sales import SaleWatch
from tests.fleet.asset_rules.rides import CABINETS, START

MINUTE = 60_000
HOUR = 60 * MINUTE
CAB = "cab-0001"
OFFSET = 7_000


@dataclass
class Stand:
    """A log of events, the sales in a database, the ledger, and a watch that can begin anew."""

    engine: Engine
    log: MemoryLog = field(default_factory=MemoryLog)
    ledger: MemoryIncidentStore = field(default_factory=MemoryIncidentStore)
    links: MemoryConnections = field(default_factory=MemoryConnections)
    now: int = START

    def __post_init__(self) -> None:
        self.ids, self.seqs = count(), count(1)
        self.restart()
        self.watch.turn()

    def restart(self, store: SqlSales | None = None) -> None:
        self.watch = SaleWatch(
            log=self.log,
            store=store or SqlSales(self.engine),
            ledger=self.ledger,
            connections=self.links,
            policies={AssetKind.CABINET: CABINETS},
            new_id=lambda: f"i-{next(self.ids):04}",
        )

    def event(self, kind: str, minute: float, data: object, *, came: float | None = None) -> None:
        """The cabinet's clock is 7 s behind ours."""
        seq, at_ms = next(self.seqs), START + round(minute * MINUTE)
        event = {"v": 1, "boot": 1, "seq": seq, "id": f"e{seq}", "kind": kind, "data": data}
        event["ts"] = at_ms - OFFSET
        received_ms = at_ms if came is None else START + round(came * MINUTE)
        about = (0, received_ms, OFFSET, "hangzhou", CAB, DeviceKind.CABINET, Leaf.EVT)
        self.log.append(CommittedRecord(*about, 1, seq, encode(event)))

    def taken(self, minute: float, session: str = "s1", *, came: float | None = None) -> None:
        data = {"session": session, "by": "customer", "open_s": 31.5}
        self.event("session", minute, {**data, "taken": [{"tray": 3, "kg": 0.41}]}, came=came)

    def decided(
        self, minute: float, session: str = "s1", st: str = "paid", *, came: float | None = None
    ) -> None:
        self.event("purchase", minute, {"session": session, "st": st, "fen": 525}, came=came)

    def look(self, minute: float, *, heard: float | None = None) -> None:
        """What the watch finds so many minutes after the start; it was heard until then."""
        self.now = START + round(minute * MINUTE)
        heard_ms = START + round((minute if heard is None else heard) * MINUTE)
        self.links.known[CAB] = Connection(online=True, heard_ms=heard_ms)
        while self.watch.turn():
            pass
        self.watch.tick(self.now)

    def found(self) -> list[Incident]:
        page = self.ledger.page(99, None, asset=CAB, only_open=False)
        return sorted((one for one in page if one.living), key=lambda one: one.id)

    def one(self) -> Incident:
        (incident,) = self.found()
        return incident

    def spans(self) -> list[tuple[float, float | None]]:
        """Begin and end in minutes."""
        told = [one.finding.episode for one in self.found()]
        return [(minute_of(one.begin_ms), one.end_ms and minute_of(one.end_ms)) for one in told]


def minute_of(ts_ms: int) -> float:
    return (ts_ms - START) / MINUTE
