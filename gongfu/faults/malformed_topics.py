"""Good payloads on topics that are none, or that are somebody else's."""

from collections.abc import Iterator

from gongfu.faults.malformed import End, Kind, batch, kind
from gongfu.faults.malformed import Speaker as By
from gongfu_broker.payloads import Reason

SITE, OTHER_SITE, DEV, OTHER = "hangzhou", "quzhou", "cab-0001", "cab-0002"
UNKNOWN = Reason.UNKNOWN_TOPIC

# Sites and names that the account for backfill may write to as far as the broker can tell.
ODD_NAMES = {
    "capitals": "CAB-0001",
    "underscore": "cab_0001",
    "a space": "cab 0001",
    "Chinese": "邻礼柜",
    "emoji": "🚚",
    "65 characters": "c" * 65,
    "1000 characters": "c" * 1_000,
    "a quote": "cab'0001",
    "a double quote": 'cab"0001',
    "a backslash": "cab\\0001",
    "a comma": "cab-0001,site=x",
    "an equals sign": "dev=cab",
    "a semicolon": "cab;0001",
    "a percent sign": "cab%2f0001",
    "angle brackets": "cab<b>0001",
    "an ampersand": "cab&0001",
    "a colon": "cab:0001",
    "a question mark": "cab?0001",
    "a tilde": "~cab-0001",
    "an at sign": "cab@0001",
    "two dots": "..",
    "a dollar sign": "$cab-0001",
}


def topic_kinds() -> Iterator[Kind]:
    """Kinds of topics."""
    for what, name in ODD_NAMES.items():
        # A dot is no part of a NATS subject's token; the broker may refuse the name by itself.
        ends = (UNKNOWN, End.BROKER)
        yield _replayed(f"device name with {what}", f"clf/v1/{SITE}/{name}/bf", *ends)
        yield _replayed(f"site name with {what}", f"clf/v1/{name}/{DEV}/bf", *ends)
    yield _replayed("a device nobody knows", f"clf/v1/{SITE}/cab-9999/bf", Reason.UNREGISTERED)
    yield _replayed("a truck nobody knows", f"clf/v1/{OTHER_SITE}/veh-9999/bf", Reason.UNREGISTERED)
    yield _replayed("a device at another site", f"clf/v1/{OTHER_SITE}/{DEV}/bf", Reason.WRONG_SITE)
    yield _replayed("a site nobody knows", f"clf/v1/ningbo/{DEV}/bf", Reason.WRONG_SITE)
    yield from _nobodys()
    yield from _impossible()


def _replayed(name: str, topic: str, *ends: Reason | End) -> Kind:
    return kind(f"topic: {name}", topic, batch, *ends, by=By.REPLAY)


def _nobodys() -> Iterator[Kind]:
    """No account may write there; on MQTT 3.1.1 the broker says yes and forgets it."""
    for topic in (
        f"clf/v1/{SITE}/{OTHER}/tel",
        f"clf/v1/{SITE}/{OTHER}/bf",
        f"clf/v1/{SITE}/{OTHER}/state",
        f"clf/v1/{SITE}/{OTHER}/evt",
        f"clf/v1/{SITE}/{DEV}/ack",
        f"clf/v1/{SITE}/{DEV}/cmd",
        f"clf/v1/{SITE}/{DEV}/cfg",
        f"clf/v1/{SITE}/{DEV}/ota",
        f"clf/v1/{SITE}/{DEV}/tel/x",
        f"clf/v1/{SITE}/{DEV}",
        f"clf/v2/{SITE}/{DEV}/tel",
        f"CLF/v1/{SITE}/{DEV}/tel",
        f"clf/v1/{SITE}/{DEV}/TEL",
        f"/clf/v1/{SITE}/{DEV}/tel",
        f"clf//v1/{SITE}/{DEV}/tel",
        f"clf/v1/{SITE}/{DEV}/tel/",
        "clf",
        "$SYS/broker/uptime",
        "$MQTT/msgs/x",
        "$JS/API/INFO",
        "other/tree",
    ):
        yield kind(f"topic: not allowed, {topic}", topic, batch, End.BROKER, End.CLIENT)


def _impossible() -> Iterator[Kind]:
    """What MQTT itself forbids."""
    for what, topic in (
        ("a plus sign", f"clf/v1/+/{DEV}/tel"),
        ("a hash sign", "clf/v1/#"),
        ("nothing", ""),
        ("a zero byte", f"clf/v1/{SITE}/cab\0/tel"),
        ("70000 characters", "clf/v1/" + "x" * 70_000),
    ):
        yield kind(f"topic: impossible, {what}", topic, batch, End.CLIENT, End.BROKER)
