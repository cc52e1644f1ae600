"""What a broker's codes mean, in sentences that say what to do.

Sources: MQTT 3.1.1, table 3.1; MQTT 5, table 2-6.
"""

from gongfu_broker.mqtt.packets import Version

REFUSED = 0x80
_CREDENTIALS = "check user name and password against the broker's accounts"
_REFUSALS_3 = {
    1: "it does not speak this version of MQTT: set the protocol to the one it speaks",
    2: "it does not accept the client id: choose another one",
    3: "it is not available: it may be starting or full; connect again later",
    4: f"user name or password are wrong: {_CREDENTIALS}",
    5: f"not authorised: {_CREDENTIALS}, and whether this client id may be used with them",
}
_CODES_5 = {
    0x00: "it said goodbye",
    0x04: "it said goodbye and publishes the last will",
    0x80: "an error that it does not name: look into its log",
    0x81: "it takes a packet for malformed: report this with its log",
    0x82: "it takes a packet for a protocol error: report this with its log",
    0x83: "an error of its own kind: look into its log",
    0x84: "it does not speak MQTT 5: set the protocol to 3.1.1",
    0x85: "it does not accept the client id: choose another one",
    0x86: f"user name or password are wrong: {_CREDENTIALS}",
    0x87: f"not authorised: {_CREDENTIALS}, and its access list",
    0x88: "it is not available: it may be starting; connect again later",
    0x89: "it is busy: connect again later, and give it more room",
    0x8A: "this client is banned: remove it from the broker's list",
    0x8B: "it is shutting down: connect again when it is back",
    0x8C: "it wants an authentication method that this client does not have: allow passwords",
    0x8D: "it heard nothing within the keep-alive time: look at the network",
    0x8E: "the session was taken over: another client uses the same client id; stop that one, or "
    "give each its own",
    0x8F: "it does not accept the topic filter: check its spelling and the broker's limits",
    0x90: "it does not accept the topic: check its spelling and the broker's limits",
    0x93: "it counts more messages in flight than the window allows: report this with its log",
    0x95: "a packet is larger than it accepts: raise its limit or send less at a time",
    0x96: "messages come faster than it accepts: raise its limit",
    0x97: "a quota is used up: raise it at the broker",
    0x98: "somebody ended the connection at the broker",
    0x99: "the payload is not in the form that was announced",
    0x9A: "it does not keep retained messages: allow them at the broker",
    0x9B: "it does not support this QoS: allow QoS 1 at the broker",
    0x9C: "another server is to be used for now: set its address",
    0x9D: "the server has moved: set its new address",
    0x9E: "it does not support shared subscriptions",
    0x9F: "connections come faster than it accepts: connect again later",
    0xA0: "the connection was open for as long as it allows",
    0xA1: "it does not support subscription identifiers",
    0xA2: "it does not support wildcards in subscriptions: allow them at the broker",
}


def connect_refusal(version: Version, code: int, said: str = "") -> str:
    """Why the broker refuses a connection, and what to do."""
    # A broker that does not know MQTT 5 answers a client of it with a code of 3.1.1.
    known = {**_REFUSALS_3, **_CODES_5} if version is Version.V5 else _REFUSALS_3
    return _sentence("the broker refuses the connection", known.get(code), code, said)


def goodbye(code: int, said: str = "") -> str:
    """Why the broker ended a connection of MQTT 5."""
    return _sentence("the broker ended the connection", _CODES_5.get(code), code, said)


def subscription_refusal(topic_filter: str, code: int, said: str = "") -> str:
    """Why the broker refuses a subscription."""
    known = _CODES_5.get(code) if code > REFUSED else "check its access list and limits"
    return _sentence(f"the broker refuses the subscription {topic_filter}", known, code, said)


def publish_refusal(topic: str, code: int, said: str = "") -> str:
    """Why the broker dropped a message of MQTT 5."""
    return _sentence(f"the broker refuses a message on {topic}", _CODES_5.get(code), code, said)


def _sentence(what: str, known: str | None, code: int, said: str) -> str:
    why = known or "a code that MQTT does not name: look into its log"
    words = f" ({said})" if said else ""
    return f"{what}: {why} [code {code:#04x}]{words}"
