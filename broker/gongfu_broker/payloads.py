"""What stands in a message: msgspec structs with ranges and units.

Unknown fields are tolerated here and kept in the log, which holds the raw payload.

Times are UTC milliseconds. A sample is identified by (dev, boot, seq, index).
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MAX_INT = 2**53 - 1
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_ROWS = 5_000

# Any: each kind of event, command or setting has its own fields.
Fields = dict[str, Any]
TimeMs = Annotated[int, Meta(ge=0, le=MAX_INT, description="UTC milliseconds")]
Boot = Annotated[int, Meta(ge=0, le=MAX_INT, description="persisted counter, never repeats")]
Seq = Annotated[int, Meta(ge=1, le=MAX_INT, description="one per message, per boot")]
Lo = Annotated[int, Meta(ge=1, le=MAX_INT, description="oldest seq still in the device's ring")]
Row = Annotated[
    list[float | None],
    Meta(
        min_length=1, max_length=64, description="[dt_ms, columns in the fixed order of the kind]"
    ),
]


class Reason(StrEnum):
    """Why a message, or a value in it, went to the dead letters."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNREGISTERED = "unregistered"
    WRONG_SITE = "wrong_site"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    UNKNOWN_VERSION = "unknown_version"
    SEQ_CONFLICT = "seq_conflict"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_UNSET = "clock_unset"
    OUT_OF_RANGE = "out_of_range"
    RATE_LIMITED = "rate_limited"


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Topics ``tel`` and ``bf``: rows of one device since ``t0``."""

    v: Annotated[int, Meta(ge=1, description="schema version; 1 is known")]
    boot: Boot
    seq: Seq
    t0: TimeMs
    s: Annotated[list[Row], Meta(min_length=1, max_length=MAX_ROWS)]
    lo: Lo = 1


class Event(msgspec.Struct, frozen=True):
    """Topic ``evt``: something that happened, once."""

    v: Annotated[int, Meta(ge=1)]
    boot: Boot
    seq: Seq
    id: Annotated[str, Meta(min_length=1, max_length=64, description="UUID made by the device")]
    ts: TimeMs
    kind: Annotated[str, Meta(pattern="^[a-z_]{1,40}$", description="door, session, purchase …")]
    data: Fields = {}
    lo: Lo = 1


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Topic ``state``: birth (online 1) or last will (online 0). ``conn`` grows per connection."""

    online: Literal[0, 1]
    boot: Boot
    conn: Annotated[int, Meta(ge=0, le=MAX_INT)]
    fw: Annotated[str, Meta(max_length=64)] = ""
    model: Annotated[str, Meta(max_length=64)] = ""
    cfg: Annotated[int, Meta(ge=0, le=MAX_INT)] = 0


class Result(msgspec.Struct, frozen=True):
    """Topic ``res``: what became of a command."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    st: Literal["ok", "rejected", "failed", "expired"]
    res: Any = None  # Any: each command answers in its own shape


class Ack(msgspec.Struct, frozen=True):
    """Topic ``ack``: everything of ``boot`` up to ``seq`` is durable. ``now`` is platform time."""

    boot: Boot
    seq: Annotated[int, Meta(ge=0, le=MAX_INT, description="0 while nothing is durable")]
    now: TimeMs


class Command(msgspec.Struct, frozen=True):
    """Topic ``cmd``: do it once, unless platform time is past ``exp``."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(pattern="^[a-z_]{1,40}$", description="unlock, price, setpoint …")]
    exp: TimeMs
    now: TimeMs
    args: Fields = {}


class Config(msgspec.Struct, frozen=True):
    """Topic ``cfg``: the configuration the device should have."""

    rev: Annotated[int, Meta(ge=0, le=MAX_INT)]
    set: Fields = {}


class Firmware(msgspec.Struct, frozen=True):
    """Topic ``ota``: a firmware image on offer."""

    ver: Annotated[str, Meta(max_length=64)]
    url: Annotated[str, Meta(max_length=1024)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=1, le=MAX_INT)]
    sig: Annotated[str, Meta(max_length=1024)]
