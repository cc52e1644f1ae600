"""The few shapes that every MQTT packet is made of (MQTT 5, chapter 1.5).

Numbers are big-endian; text is UTF-8 behind a 2-byte length; lengths are variable byte integers.
"""

from gongfu_broker.mqtt.errors import MalformedPacketError, UnsendableError

MAX_LENGTH = 268_435_455
MAX_TEXT_BYTES = 65_535
_MORE, _BITS = 0x80, 0x7F
_MAX_LENGTH_BYTES = 4


def length(value: int) -> bytes:
    """A variable byte integer: 7 bits a byte, least significant first, 0 to 268,435,455."""
    if not 0 <= value <= MAX_LENGTH:
        raise UnsendableError(f"{value} bytes do not fit an MQTT packet, at most {MAX_LENGTH}")
    out = bytearray()
    while value > _BITS:
        out.append(value & _BITS | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def short(value: int) -> bytes:
    """A two-byte integer."""
    return value.to_bytes(2, "big")


def block(data: bytes) -> bytes:
    """Bytes behind their two-byte length."""
    if len(data) > MAX_TEXT_BYTES:
        raise UnsendableError(
            f"{len(data)} bytes do not fit an MQTT field, at most {MAX_TEXT_BYTES}"
        )
    return len(data).to_bytes(2, "big") + data


def text(value: str) -> bytes:
    """Text behind its length. Raises UnsendableError for what MQTT text may not hold."""
    if "\0" in value:
        raise UnsendableError("MQTT text holds no NUL character: leave it out")
    return block(value.encode())


def decoded_text(raw: bytes) -> str:
    """UTF-8 without NUL and surrogates, as MQTT wants it."""
    try:
        value = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacketError(f"text is no UTF-8: {error}") from None
    if "\0" in value:
        raise MalformedPacketError("text holds a NUL character")
    return value


def peek_length(data: bytes, at: int) -> tuple[int, int] | None:
    """(value, where it ends) of the integer at ``at``, or None when it is not all there yet."""
    value = 0
    for place in range(_MAX_LENGTH_BYTES):
        if at + place >= len(data):
            return None
        byte = data[at + place]
        value |= (byte & _BITS) << (7 * place)
        if byte < _MORE:
            return value, at + place + 1
    raise MalformedPacketError("a length of more than four bytes")


class Reader:
    """Reads one packet's body from front to back; raises MalformedPacketError where it ends."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self._data = data
        self.at = at
        self._end = len(data) if end is None else end

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        begin, self.at = self.at, self.at + count
        if self.at > self._end:
            raise MalformedPacketError(f"the packet ends {self.at - self._end} bytes too early")
        return self._data[begin : self.at]

    def number(self, size: int) -> int:
        """The next ``size`` bytes as an integer."""
        return int.from_bytes(self.take(size), "big")

    def length(self) -> int:
        """A variable byte integer."""
        found = peek_length(self._data, self.at)
        if found is None or found[1] > self._end:
            raise MalformedPacketError("the packet ends inside a length")
        value, self.at = found
        return value

    def block(self) -> bytes:
        """Bytes behind their two-byte length."""
        return self.take(self.number(2))

    def text(self) -> str:
        """Text behind its two-byte length."""
        return decoded_text(self.block())

    def packet_id(self) -> int:
        """A packet identifier, which is never 0."""
        value = self.number(2)
        if value == 0:
            raise MalformedPacketError("a packet identifier of 0")
        return value

    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self.at

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.left())

    def finish(self) -> None:
        """Raise unless everything was read."""
        if self.left():
            raise MalformedPacketError(f"{self.left()} bytes behind the end of the packet")
