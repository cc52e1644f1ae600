"""Tables of the cold-chain watch and the incident ledger.

``incident_event`` is the ledger and only grows; ``incident`` is its fold, kept for lists, with the
peak and spans of running incidents measured on. Times are UTC ms, temperatures celsius.
"""

import json

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import UNTOUCHED, Handling
from gongfu_fleet.domain.alarms.handling_data import handling_of, handling_to_data
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Finding,
    Incident,
    Subject,
    Workflow,
)
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span


class IncidentRow(Base):
    """One incident as of event ``n``; ``open`` while somebody must still do something.

    ``handling`` is JSON; ``assignee``, ``shelved_until_ms`` and ``out_of_service`` stand in it too
    and are here for lists.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_open_id", "open", "id"),
        Index("ix_incident_asset_zone_hazard", "asset", "zone", "hazard"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    n: Mapped[int]
    asset: Mapped[str] = mapped_column(String(40))
    zone: Mapped[int]
    hazard: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(20))
    condition: Mapped[str] = mapped_column(String(20))
    begin_ms: Mapped[int] = mapped_column(BigInteger)
    raised_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    peak_celsius: Mapped[float | None]
    unknown: Mapped[str] = mapped_column(Text)
    limit_celsius: Mapped[float | None]
    product_class: Mapped[str] = mapped_column(String(40))
    policy_version: Mapped[int]
    late: Mapped[bool]
    silent: Mapped[bool]
    workflow: Mapped[str] = mapped_column(String(20))
    acked_by: Mapped[str | None] = mapped_column(String(80))
    acked_ms: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text)
    merged_into: Mapped[str | None] = mapped_column(String(36))
    retracted: Mapped[bool]
    open: Mapped[bool]
    consequence: Mapped[str] = mapped_column(String(20), server_default=text("'none'"))
    eta_ms: Mapped[int | None] = mapped_column(BigInteger)
    assignee: Mapped[str | None] = mapped_column(String(80))
    shelved_until_ms: Mapped[int | None] = mapped_column(BigInteger)
    out_of_service: Mapped[bool] = mapped_column(server_default=false())
    handling: Mapped[str] = mapped_column(Text, server_default=text("'{}'"))


class IncidentEventRow(Base):
    """One entry of the ledger; ``seq`` numbers the whole ledger, ``data`` is JSON.

    ``key`` was made by who asked for it: the same request is never done twice.
    """

    __tablename__ = "incident_event"
    __table_args__ = (
        Index("ix_incident_event_incident_id_key", "incident_id", "key", unique=True),
    )

    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str] = mapped_column(String(20))
    by: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(48))


class ZoneStateRow(Base):
    """What the watch knows of a zone (JSON), and which records beyond the cursor are in it."""

    __tablename__ = "zone_state"

    asset: Mapped[str] = mapped_column(String(40), primary_key=True)
    zone: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)
    covered_seq: Mapped[int | None] = mapped_column(BigInteger)
    covered_from_ms: Mapped[int | None] = mapped_column(BigInteger)


class ZoneCheckpointRow(Base):
    """A zone's state from all samples before ``at_ms`` (JSON)."""

    __tablename__ = "zone_checkpoint"

    asset: Mapped[str] = mapped_column(String(40), primary_key=True)
    zone: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)


class ConsumerCursorRow(Base):
    """How far a consumer has read the log; saved with what it derived."""

    __tablename__ = "consumer_cursor"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    log_id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInteger)


# Inside of a text the quotes would be escaped, so only the field itself looks like this.
SUPPRESSED = IncidentRow.handling.like('%"parent":"%')


def write_incident(row: IncidentRow, incident: Incident) -> None:
    """Set a row's columns from the incident."""
    subject, episode = incident.subject, incident.finding.episode
    row.id, row.n, row.severity = incident.id, incident.n, incident.severity.value
    row.asset, row.zone, row.hazard = subject.asset, subject.zone, subject.hazard.value
    row.condition, row.peak_celsius = episode.condition.value, episode.peak_celsius
    row.begin_ms, row.raised_ms, row.end_ms = episode.begin_ms, episode.raised_ms, episode.end_ms
    row.unknown = json.dumps(episode.unknown, separators=(",", ":"))
    row.limit_celsius = incident.finding.limit_celsius
    row.product_class = incident.finding.product_class
    row.policy_version = incident.finding.policy_version
    row.late, row.silent, row.retracted = incident.late, incident.silent, incident.retracted
    row.workflow, row.acked_by = incident.workflow.value, incident.acked_by
    row.acked_ms, row.note, row.merged_into = incident.acked_ms, incident.note, incident.merged_into
    row.open, row.consequence, row.eta_ms = incident.open, incident.consequence, incident.eta_ms
    _write_handling(row, incident.handling)


def _write_handling(row: IncidentRow, handling: Handling) -> None:
    row.assignee = handling.assignee
    row.shelved_until_ms = handling.shelf.until_ms if handling.shelf else None
    row.out_of_service = handling.service is not None
    data = handling_to_data(handling)
    row.handling = json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _read_handling(row: IncidentRow) -> Handling:
    return UNTOUCHED if row.handling == "{}" else handling_of(json.loads(row.handling))


def read_incident(row: IncidentRow) -> Incident:
    """The incident of a row."""
    episode = Episode(
        condition=Condition(row.condition),
        begin_ms=row.begin_ms,
        raised_ms=row.raised_ms,
        end_ms=row.end_ms,
        peak_celsius=row.peak_celsius,
        unknown=tuple(Span(*span) for span in json.loads(row.unknown)),
    )
    return Incident(
        id=row.id,
        n=row.n,
        subject=Subject(row.asset, row.zone, Hazard(row.hazard)),
        severity=Severity(row.severity),
        finding=Finding(episode, row.limit_celsius, row.product_class, row.policy_version),
        late=row.late,
        silent=row.silent,
        workflow=Workflow(row.workflow),
        acked_by=row.acked_by,
        acked_ms=row.acked_ms,
        note=row.note,
        merged_into=row.merged_into,
        retracted=row.retracted,
        consequence=Consequence(row.consequence),
        eta_ms=row.eta_ms,
        handling=_read_handling(row),
    )
