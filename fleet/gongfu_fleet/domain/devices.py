"""What devices sign in with at the broker: secrets and certificates, and the codes printed on them.

A device has at most two living secrets, each an account of its own at the broker, so that a new
one can be tried before the old one ends. Pure; times are real, UTC ms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.errors import ConflictError, InvalidError, NotFoundError

# No asset's id holds an underscore: the second account of one device is never the first of another.
# Not a dot: the NATS server takes none in a client id, and devices use one name for both.
SECOND = "_b"
DAY_MS = 86_400_000
MOST_OVERLAP_MS = 30 * DAY_MS
MOST_CODE_DAYS = 366
SHORTEST_SECRET, LONGEST_SECRET = 22, 72
LEAST_DIFFERENT = 10
MOST_CERTIFICATES = 2
_NUMBER_END = 12
# Crockford's letters: none is taken for another when it is read from a sticker.
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20
_GROUP = 5
_MISREAD = str.maketrans("OIL", "011")


class CredentialKind(StrEnum):
    """With what a device shows who it is."""

    SECRET = "secret"  # noqa: S105 - a kind's name
    CERTIFICATE = "certificate"


class Hashes(NamedTuple):
    """A secret as each broker checks it: bcrypt for NATS, ``$7$`` (PBKDF2) for mosquitto."""

    nats: str
    mosquitto: str


@dataclass(frozen=True)
class Credential:
    """One way in: ``login`` is its account at the broker.

    A certificate has no hashes; ``serial`` is its number, hex, empty for a secret.
    """

    id: str
    device: str
    kind: CredentialKind
    login: str
    created_ms: int
    hashes: Hashes | None = field(default=None, repr=False)
    serial: str = ""
    expires_ms: int | None = None
    revoked_ms: int | None = None

    def lives(self, now_ms: int) -> bool:
        """Whether it is neither expired nor revoked."""
        ends = self.expires_ms
        return self.revoked_ms is None and (ends is None or now_ms < ends)


class New(NamedTuple):
    """What a new credential is made of; ``expires_ms`` is set for certificates."""

    id: str
    kind: CredentialKind
    hashes: Hashes | None = None
    serial: str = ""
    expires_ms: int | None = None


class Certificate(NamedTuple):
    """What is kept of a certificate: number and SHA-256 in hex, and when it ends."""

    serial: str
    fingerprint: str
    expires_ms: int


@dataclass(frozen=True)
class Plan:
    """What becomes of a device's credentials, by id: which end now, which later, which is new."""

    revoked: frozenset[str] = frozenset()
    expires_ms: Mapping[str, int] = field(default_factory=dict)
    added: Credential | None = None


@dataclass(frozen=True)
class Claim:
    """A code printed on a device, by its SHA-256: who types it in takes the device over."""

    id: str
    device: str
    code_sha256: str
    created_ms: int
    expires_ms: int
    ended_ms: int | None = None

    def lives(self, now_ms: int) -> bool:
        """Whether it can still be used."""
        return self.ended_ms is None and now_ms < self.expires_ms


def first_secret(device: str, known: Sequence[Credential], new: New, now_ms: int) -> Plan:
    """The secret of a device that has none. Raises ConflictError."""
    if any(one.kind is CredentialKind.SECRET for one in living(known, now_ms)):
        raise ConflictError(f"{device} has a secret already.", "Rotate it to get a new one.")
    return Plan(added=_made(device, device, new, now_ms))


def rotated(
    device: str, known: Sequence[Credential], new: New, *, now_ms: int, overlap_ms: int
) -> Plan:
    """A new secret; the old one lives on for ``overlap_ms``. Raises ConflictError, InvalidError."""
    if not 0 <= overlap_ms <= MOST_OVERLAP_MS:
        raise InvalidError("The overlap is too long.", "Choose at most 30 days.")
    old = [one for one in living(known, now_ms) if one.kind is CredentialKind.SECRET]
    if len(old) > 1 and overlap_ms:
        raise ConflictError(
            f"{device} has two secrets: a rotation is under way.",
            "Revoke one of them, or rotate without overlap.",
        )
    free = device
    if overlap_ms and any(one.login == device for one in old):
        free = device + SECOND
    return _ending(old, now_ms, overlap_ms, _made(device, free, new, now_ms))


def certified(device: str, known: Sequence[Credential], new: New, now_ms: int) -> Plan:
    """One more certificate; it ends no other. Raises ConflictError beyond two."""
    old = [one for one in living(known, now_ms) if one.kind is CredentialKind.CERTIFICATE]
    if len(old) >= MOST_CERTIFICATES:
        raise ConflictError(f"{device} has two certificates.", "Revoke one of them first.")
    return Plan(added=_made(device, certificate_login(device, new.serial), new, now_ms))


def certificate_login(device: str, serial: str) -> str:
    """A certificate's account: never that of a secret, nor of another certificate."""
    return f"{device}_x{serial[-_NUMBER_END:]}"


def revoked(
    device: str, known: Sequence[Credential], now_ms: int, credential_id: str | None = None
) -> Plan:
    """All its credentials, or one of them, end now. Raises NotFoundError."""
    ending = [one for one in living(known, now_ms) if credential_id in (None, one.id)]
    if not ending:
        raise NotFoundError(f"{device} has no such credential in use.", "Look at the list.")
    return Plan(revoked=frozenset(one.id for one in ending))


def taken_over(device: str, known: Sequence[Credential], new: New, now_ms: int) -> Plan:
    """A new secret alone: whoever had the device before is out."""
    ending = frozenset(one.id for one in living(known, now_ms))
    return Plan(revoked=ending, added=_made(device, device, new, now_ms))


def living(known: Sequence[Credential], now_ms: int) -> list[Credential]:
    """Those in use."""
    return [one for one in known if one.lives(now_ms)]


def check_secret(secret: str) -> None:
    """Refuse what was not generated. Raises InvalidError."""
    fits = SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET
    plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not fits or not plain or len(set(secret)) < LEAST_DIFFERENT:
        raise InvalidError(
            "A device's secret must have 128 random bits.",
            f"Take {SHORTEST_SECRET} to {LONGEST_SECRET} random letters and digits, "
            "or leave it empty to have one made.",
        )


def written_code(letters: str) -> str:
    """A code as it is printed: ``0A1B2-…``."""
    groups = [letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP)]
    return "-".join(groups)


def read_code(typed: str) -> str | None:
    """The letters of a code as somebody typed it; None when it cannot be one."""
    letters = "".join(typed.upper().replace("-", " ").split()).translate(_MISREAD)
    right = len(letters) == CODE_LENGTH and set(letters) <= set(CODE_LETTERS)
    return letters if right else None


def _made(device: str, login: str, new: New, now_ms: int) -> Credential:
    return Credential(
        id=new.id,
        device=device,
        kind=new.kind,
        login=login,
        created_ms=now_ms,
        hashes=new.hashes,
        serial=new.serial,
        expires_ms=new.expires_ms,
    )


def _ending(old: Sequence[Credential], now_ms: int, overlap_ms: int, new: Credential) -> Plan:
    if not overlap_ms:
        return Plan(revoked=frozenset(one.id for one in old), added=new)
    ends_ms = now_ms + overlap_ms
    sooner = {one.id: ends_ms for one in old if one.expires_ms is None or one.expires_ms > ends_ms}
    return Plan(expires_ms=sooner, added=new)
