"""Columns of numbers as few bytes; every bit comes back. Pure.

Whole numbers become differences: from their median, or from step to step less the median step.
These are small and centred, so they are written in a Rice code (quotients in unary, remainders in k
bits), or byte-transposed and deflated, whichever is shorter. Floats that are decimals of up to nine
places travel as whole numbers; all others byte by byte. Source: Rice, "Some practical universal
noiseless coding techniques", JPL 79-22.
"""

import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gongfu_ingest.errors import BlockError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Bits = NDArray[np.uint64]
# What msgpack can carry: nested lists of integers and bytes.
Packed = list[Any]

MOST_PLACES = 9
_EXACT = 2**53
_LEVEL, _STEPS = 0, 1
_SHUFFLED = 64  # in place of a Rice code's k, which is at most 63
_MOST_UNARY_BITS = 1 << 22
_SHORT_BITS = 8 * 16  # nothing to gain from deflating


class Scaled(NamedTuple):
    """Decimals as whole numbers of the unit 10 ** -places."""

    places: int
    whole: Ints


def pack_ints(values: Ints) -> Packed:
    """[] when empty, [value] when all are equal, else [way, origin, (step), k, bytes]."""
    if not len(values):
        return []
    if (values == values[0]).all():
        return [int(values[0])]
    level, steps = _level(values), _steps(values)
    if level[-1].sum(dtype=np.float64) <= steps[-1].sum(dtype=np.float64):
        return [_LEVEL, level[0], *_pack_unsigned(level[-1])]
    return [_STEPS, *steps[:-1], *_pack_unsigned(steps[-1])]


def unpack_ints(packed: Packed, count: int) -> Ints:
    """``count`` numbers. Raises BlockError when the bytes cannot be theirs."""
    if len(packed) <= 1:
        if bool(packed) != bool(count):
            raise BlockError(f"{count} numbers expected, {len(packed)} found")
        return np.full(count, packed[0] if packed else 0, np.int64)
    way, origin, *rest = packed
    if way == _LEVEL:
        return _wrapped(origin) + _unfold(_unpack_unsigned(rest, count))
    if way != _STEPS or count < 1:
        raise BlockError(f"{way} is no known way to write numbers")
    step, *rest = rest
    if not rest:
        return _wrapped(origin) + _wrapped(step) * np.arange(count, dtype=np.int64)
    moves = _unfold(_unpack_unsigned(rest, count - 1)) + _wrapped(step)
    return np.cumsum(np.concatenate([_wrapped(origin), moves]), dtype=np.int64)


def pack_floats(values: Floats, scaled: Scaled | None) -> Packed:
    """[places, *whole numbers] of what ``scale`` gave, or [-1, bytes] where that is None."""
    if scaled is None:
        return [-1, _deflate(_shuffle(values.view(np.uint64), 8))]
    return [scaled.places, *pack_ints(scaled.whole)]


def unpack_floats(packed: Packed, count: int) -> Floats:
    """``count`` numbers, each with the very bits it had. Raises BlockError."""
    places, *rest = packed
    if places < 0:
        return _unshuffle(_inflate(rest[0], count * 8), 8).view(np.float64)
    values: Floats = unpack_ints(rest, count) / 10.0**places
    return values


def pack_mask(mask: Mask) -> bytes:
    """Which rows have a value."""
    return _deflate(np.packbits(mask).tobytes())


def unpack_mask(data: bytes, count: int) -> Mask:
    """The mask over ``count`` rows. Raises BlockError."""
    raw = np.frombuffer(_inflate(data, -(-count // 8)), np.uint8)
    return np.unpackbits(raw, count=count).astype(np.bool_)


def scale(values: Floats) -> Scaled | None:
    """Whole numbers so that whole / 10 ** places has the same bits; None: there are none.

    Minus zero, NaN and the infinities have none.
    """
    if not len(values):
        return Scaled(0, np.zeros(0, np.int64))
    most = float(np.abs(values).max())
    if not most < _EXACT:
        return None
    bits = values.view(np.int64)
    for places in range(_places(float(values[0])), MOST_PLACES + 1):
        if most * 10.0**places >= _EXACT:
            return None
        whole = np.rint(values * 10.0**places).astype(np.int64)
        if ((whole / 10.0**places).view(np.int64) == bits).all():
            return Scaled(places, whole)
    return None


def _places(value: float) -> int:
    """Where to begin: the first value needs no fewer places than all of them."""
    return next((n for n in range(MOST_PLACES) if round(value, n) == value), MOST_PLACES)


def _level(values: Ints) -> tuple[int, Bits]:
    middle = _median(values)
    return middle, _fold(values - _wrapped(middle))


def _steps(values: Ints) -> tuple[int, int, Bits]:
    moves = np.diff(values)
    step = _median(moves)
    return int(values[0]), step, _fold(moves - _wrapped(step))


def _median(values: Ints) -> int:
    middle = len(values) // 2
    return int(np.partition(values, middle)[middle])


def _wrapped(value: int) -> Ints:
    # As an array: arithmetic of arrays wraps around at 2 ** 64, and so loses nothing.
    return np.array([value], np.int64)


def _fold(values: Ints) -> Bits:
    """0, -1, 1, -2 and so on become 0, 1, 2, 3 and so on."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def _unfold(values: Bits) -> Ints:
    half = (values >> np.uint64(1)).view(np.int64)
    return half ^ -(values & np.uint64(1)).view(np.int64)


def _pack_unsigned(values: Bits) -> Packed:
    most = int(values.max())
    if not most:
        return []
    size, k = _best_rice(values)
    if size > _SHORT_BITS:
        width = -(-most.bit_length() // 8)
        shuffled = _deflate(_shuffle(values, width))
        if 8 * len(shuffled) < size:
            return [_SHUFFLED + width, shuffled]
    return [k, _rice(values, k)]


def _unpack_unsigned(packed: Packed, count: int) -> Bits:
    if not packed:
        return np.zeros(count, np.uint64)
    k, data = packed
    if k < _SHUFFLED:
        return _unrice(data, k, count)
    width = k - _SHUFFLED
    return _unshuffle(_inflate(data, count * width), width)


def _best_rice(values: Bits) -> tuple[float, int]:
    """(bits, k) of the shortest Rice code, its k about the logarithm of the mean."""
    count = len(values)
    mean = int(float(values.sum(dtype=np.float64)) / count)
    guess = min(max(0, mean.bit_length() - 1), _SHUFFLED - 3)
    sizes = []
    for k in range(guess, min(guess + 2, _SHUFFLED - 1)):
        unary = count + float((values >> np.uint64(k)).sum(dtype=np.float64))
        sizes.append((unary + k * count if unary < _MOST_UNARY_BITS else np.inf, k))
    return min(sizes)


def _rice(values: Bits, k: int) -> bytes:
    quotients = (values >> np.uint64(k)).astype(np.int64)
    ends = np.cumsum(quotients + 1)
    unary = np.zeros(int(ends[-1]), np.uint8)
    unary[ends - 1] = 1
    places = np.arange(k, dtype=np.uint64)
    rest = ((values[:, None] >> places) & np.uint64(1)).astype(np.uint8).ravel()
    return np.packbits(np.concatenate([rest, unary])).tobytes()


def _unrice(data: bytes, k: int, count: int) -> Bits:
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    ends = np.flatnonzero(bits[count * k :])
    if len(ends) != count:
        raise BlockError(f"{count} numbers expected, {len(ends)} found")
    quotients = ends.astype(np.uint64)
    quotients[1:] -= quotients[:-1] + np.uint64(1)
    places = np.arange(k, dtype=np.uint64)
    rest = bits[: count * k].reshape(count, k).astype(np.uint64) << places
    values: Bits = (quotients << np.uint64(k)) | rest.sum(axis=1, dtype=np.uint64)
    return values


def _shuffle(values: Bits, width: int) -> bytes:
    """First every lowest byte, then every second one, and so on."""
    little = values.astype("<u8").view(np.uint8).reshape(len(values), 8)
    return little[:, :width].T.tobytes()


def _unshuffle(data: bytes, width: int) -> Bits:
    count = len(data) // width
    little = np.zeros((count, 8), np.uint8)
    little[:, :width] = np.frombuffer(data, np.uint8).reshape(width, count).T
    return little.view("<u8").ravel().astype(np.uint64)


def _deflate(raw: bytes) -> bytes:
    """Deflated where that is shorter; the length tells which."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = packer.compress(raw) + packer.flush()
    return data if len(data) < len(raw) else raw


def _inflate(data: bytes, size: int) -> bytes:
    if len(data) == size:
        return data
    try:
        raw = zlib.decompressobj(-15).decompress(data, size + 1)
    except zlib.error as error:
        raise BlockError(f"a column cannot be inflated: {error}") from error
    if len(raw) != size:
        raise BlockError(f"a column has {len(raw)} bytes, {size} were expected")
    return raw
