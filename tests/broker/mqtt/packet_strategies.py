"""Every packet that MQTT allows, for hypothesis."""

from hypothesis import strategies as st

from gongfu_broker.mqtt.packets import (
    Acknowledge,
    Auth,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Version,
    WillMessage,
)
from gongfu_broker.mqtt.properties import KINDS, REPEATABLE, Properties, Property, Value

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
TOPICS = TEXT.filter(lambda text: text != "" and "#" not in text and "+" not in text)
IDENTIFIERS = st.integers(1, 65_535)
CODES = st.integers(0, 255)
BYTES = st.binary(max_size=300)
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "byte": st.integers(0, 255),
    "short": st.integers(0, 65_535),
    "long": st.integers(0, 2**32 - 1),
    "length": st.integers(0, 268_435_455),
    "text": TEXT,
    "block": st.binary(max_size=30),
    "pair": st.tuples(TEXT, TEXT),
}


def _once(properties: Properties) -> Properties:
    seen: set[Property] = set()
    kept: list[tuple[Property, Value]] = []
    for name, value in properties:
        if name in REPEATABLE or name not in seen:
            kept.append((name, value))
        seen.add(name)
    return tuple(kept)


def properties(version: Version, *, without: frozenset[Property] = frozenset()) -> (
    st.SearchStrategy[Properties]
):  # fmt: skip
    if version is Version.V311:
        return st.just(())
    names = st.sampled_from(sorted(set(KINDS) - without))
    one = names.flatmap(lambda name: st.tuples(st.just(name), VALUES[KINDS[name]]))
    return st.lists(one, max_size=4).map(lambda found: _once(tuple(found)))


def publishes(version: Version, *, qos: tuple[int, ...] = (0, 1, 2)) -> st.SearchStrategy[Publish]:
    return st.sampled_from(qos).flatmap(
        lambda level: st.builds(
            Publish,
            TOPICS,
            BYTES,
            st.just(level),
            st.booleans(),
            st.booleans() if level else st.just(value=False),
            IDENTIFIERS if level else st.none(),
            properties(version, without=frozenset({Property.TOPIC_ALIAS})),
        )
    )


def answers(version: Version) -> st.SearchStrategy[Packet]:
    """What a broker says, messages apart."""
    code = CODES if version is Version.V5 else st.just(0)
    listed = properties(version)
    kinds = st.sampled_from(list(PacketType)[3:7])
    codes = st.lists(CODES, max_size=5).map(tuple)
    return st.one_of(
        st.builds(ConnAck, st.booleans(), CODES, listed),
        st.builds(Acknowledge, kinds, IDENTIFIERS, code, listed),
        st.builds(SubAck, IDENTIFIERS, codes, listed),
        st.builds(UnsubAck, IDENTIFIERS, codes, listed),
        st.just(PingResp()),
        st.builds(Disconnect, code, listed),
        *([st.builds(Auth, code, listed)] if version is Version.V5 else []),
    )


def packets(version: Version) -> st.SearchStrategy[Packet]:
    listed = properties(version)
    will = st.builds(WillMessage, TOPICS, BYTES, st.integers(0, 2), st.booleans(), listed)
    wanted = st.lists(st.tuples(TEXT, st.integers(0, 255)), max_size=4).map(tuple)
    return st.one_of(
        answers(version),
        publishes(version),
        st.builds(
            Connect,
            TEXT,
            st.integers(0, 65_535),
            st.booleans(),
            st.none() | TEXT,
            st.none() | BYTES,
            st.none() | will,
            listed,
        ),
        st.builds(Subscribe, IDENTIFIERS, wanted, listed),
        st.builds(Unsubscribe, IDENTIFIERS, st.lists(TEXT, max_size=4).map(tuple), listed),
        st.just(PingReq()),
    )
