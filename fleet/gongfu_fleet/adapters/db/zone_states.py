"""Writing zone states and checkpoints: thousands at a time, so below the object mapper.

Measured for 5,000 states on SQLite: 6 µs each as here, 12 to 32 as a statement with named values.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, insert
from sqlalchemy.orm import aliased

from gongfu_fleet.adapters.db.incident_rows import ZoneCheckpointRow
from gongfu_fleet.domain.alarms import zone_data
from gongfu_fleet.domain.alarms.zone import DAY_MS, KEEP_ALL_MS
from gongfu_fleet.services.watch_ports import Followed, ZoneKey, ZoneUpdate

_COLUMNS = ("asset", "zone", "state", "covered_seq", "covered_from_ms")
_PLACEHOLDER = {"sqlite": "?", "postgresql": "%s"}


def write_states(connection: Connection, states: Mapping[ZoneKey, Followed]) -> None:
    """Store the states, in place of earlier ones of the same zones."""
    if not states:
        return
    values = ", ".join([_PLACEHOLDER[connection.dialect.name]] * len(_COLUMNS))
    renewed = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[2:])
    connection.exec_driver_sql(
        f"INSERT INTO zone_state ({', '.join(_COLUMNS)}) VALUES ({values})"  # noqa: S608 - fixed names
        f" ON CONFLICT (asset, zone) DO UPDATE SET {renewed}",
        [
            (*key, zone_data.to_text(followed.state), *_covered(followed))
            for key, followed in states.items()
        ],
    )


def write_checkpoints(connection: Connection, updates: Sequence[ZoneUpdate]) -> None:
    """Store fresh checkpoints, without those they replace, and thin out old ones."""
    here = (
        ZoneCheckpointRow.asset == bindparam("b_asset"),
        ZoneCheckpointRow.zone == bindparam("b_zone"),
    )
    redone = [
        {**_key(update.key), "b_from_ms": update.redo_from_ms}
        for update in updates
        if update.redo_from_ms is not None
    ]
    if redone:
        later = ZoneCheckpointRow.at_ms >= bindparam("b_from_ms")
        connection.execute(delete(ZoneCheckpointRow).where(*here, later), redone)
    fresh = [(update.key, one) for update in updates for one in update.checkpoints]
    if not fresh:
        return
    connection.execute(
        insert(ZoneCheckpointRow),
        [
            {**key._asdict(), "at_ms": one.at_ms, "state": zone_data.to_text(one.state)}
            for key, one in fresh
        ],
    )
    newest = {key: one.at_ms for key, one in fresh}
    connection.execute(
        delete(ZoneCheckpointRow).where(
            *here, ZoneCheckpointRow.at_ms < bindparam("b_recent_ms"), _not_the_first_of_its_day()
        ),
        [{**_key(key), "b_recent_ms": at_ms - KEEP_ALL_MS} for key, at_ms in newest.items()],
    )


def _not_the_first_of_its_day() -> ColumnElement[bool]:
    row, elder = ZoneCheckpointRow, aliased(ZoneCheckpointRow)
    return exists().where(
        elder.asset == row.asset,
        elder.zone == row.zone,
        elder.at_ms < row.at_ms,
        elder.at_ms >= row.at_ms - row.at_ms % DAY_MS,
    )


def _covered(followed: Followed) -> tuple[int | None, int | None]:
    return followed.covered or (None, None)


def _key(key: ZoneKey) -> dict[str, object]:
    return {"b_asset": key.asset, "b_zone": key.zone}
