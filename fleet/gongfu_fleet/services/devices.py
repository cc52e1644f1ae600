"""Devices and what they sign in with: given, replaced, taken away by administrators.

A secret made here is told once, in the answer; the store keeps its hashes. ``at_ms`` is real time.
An administrator with a scope does this for the scope's assets; others are as if not there.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from gongfu_broker.topics import valid_id
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.attempts import Bucket, Counts
from gongfu_fleet.domain.audit import Deed, Outcome
from gongfu_fleet.domain.devices import (
    CODE_LENGTH,
    CODE_LETTERS,
    DAY_MS,
    MOST_CODE_DAYS,
    Certificate,
    Claim,
    Credential,
    CredentialKind,
    New,
    Plan,
    certified,
    check_secret,
    first_secret,
    living,
    read_code,
    revoked,
    rotated,
    taken_over,
    written_code,
)
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.scope import Grant, Scope, ScopeKind
from gongfu_fleet.errors import (
    ForbiddenError,
    InvalidError,
    MiswiredError,
    NotFoundError,
    TooManyAttemptsError,
)
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.devices_ports import Decide, DeviceStore, SecretHasher, Step, Taking
from gongfu_fleet.services.people import By

SECRET_BYTES = 24  # 192 bits
LONGEST_NAME = 40
NOTHING: Mapping[str, int | str] = {}


class Issued(NamedTuple):
    """A credential that was just made, and its secret."""

    credential: Credential
    secret: str


@dataclass(frozen=True)
class DeviceView:
    """A device as its administrators see it: living credentials, and the code printed on it."""

    asset: Asset
    credentials: tuple[Credential, ...]
    ever: bool
    claim: Claim | None


class Wanted(NamedTuple):
    """What somebody with a code asks for; ``site`` None leaves the device where it is."""

    code: str
    operator: str
    site: str | None = None


@dataclass
class DeviceDesk:
    """What administrators do with devices."""

    store: DeviceStore
    registry: AssetRegistry
    hasher: SecretHasher

    def all(self, by: By) -> Sequence[DeviceView]:
        """The devices of the scope, by id."""
        known: dict[str, list[Credential]] = {}
        for one in self.store.credentials(by.scope):
            known.setdefault(one.device, []).append(one)
        codes = {claim.device: claim for claim in self.store.claims(by.scope)}
        return [
            DeviceView(
                asset,
                tuple(living(known.get(asset.id, ()), by.at_ms)),
                ever=asset.id in known,
                claim=codes.get(asset.id),
            )
            for asset in self.registry.assets(by.scope).values()
        ]

    def add(self, device: str, *, by: By, secret: str = "") -> Issued:
        """The first secret of a device: a generated one, or one made with the device.

        Raises NotFoundError, ConflictError, InvalidError for a weak one.
        """
        return self.add_all({device: secret}, by=by)[0]

    def add_all(self, devices: Mapping[str, str], *, by: By) -> Sequence[Issued]:
        """The same for several, all or none; an empty secret has one generated."""
        assets = self.registry.assets(by.scope)
        secrets_of = {}
        for device, told in devices.items():
            _require(assets, device)
            if told:
                check_secret(told)
            secrets_of[device] = told or new_secret()
        steps = [
            Step(
                device,
                partial(first_secret, device, new=self._new(secret, by), now_ms=by.at_ms),
                _deed("device.add", device, by),
            )
            for device, secret in secrets_of.items()
        ]
        plans = self.store.change(*steps) if steps else ()
        made = zip(plans, secrets_of.values(), strict=True)
        return [Issued(_added(plan), secret) for plan, secret in made]

    def rotate(self, device: str, *, overlap_s: int, by: By) -> Issued:
        """A new secret; the old one is good for ``overlap_s`` more.

        Raises NotFoundError, ConflictError, InvalidError.
        """
        _require(self.registry.assets(by.scope), device)
        made = new_secret()
        decide = partial(
            rotated,
            device,
            new=self._new(made, by),
            now_ms=by.at_ms,
            overlap_ms=overlap_s * 1000,
        )
        deed = _deed("device.rotate", device, by, {"overlap_s": overlap_s})
        return Issued(_added(self._change(device, decide, deed)), made)

    def certify(self, device: str, made: Certificate, *, by: By) -> Credential:
        """Take up a certificate made for the device. Raises NotFoundError, ConflictError."""
        _require(self.registry.assets(by.scope), device)
        new = New(
            _new_id(by),
            CredentialKind.CERTIFICATE,
            serial=made.serial,
            expires_ms=made.expires_ms,
        )
        decide = partial(certified, device, new=new, now_ms=by.at_ms)
        deed = _deed("device.certificate", device, by, made._asdict())
        return _added(self._change(device, decide, deed))

    def revoke(self, device: str, *, by: By, credential_id: str | None = None) -> int:
        """End all credentials of a device, or one; returns how many. Raises NotFoundError."""
        _require(self.registry.assets(by.scope), device)
        decide = partial(revoked, device, now_ms=by.at_ms, credential_id=credential_id)
        data = {"credential": credential_id} if credential_id else {}
        plan = self._change(device, decide, _deed("device.revoke", device, by, data))
        return len(plan.revoked)

    def print_code(self, device: str, *, days: int, by: By) -> tuple[Claim, str]:
        """A code to print on the device, told this once; an older one ends.

        Raises NotFoundError, InvalidError.
        """
        _require(self.registry.assets(by.scope), device)
        if not 1 <= days <= MOST_CODE_DAYS:
            raise InvalidError(f"{days} days are not possible.", f"Choose 1 to {MOST_CODE_DAYS}.")
        letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        claim = Claim(_new_id(by), device, _digest(letters), by.at_ms, by.at_ms + days * DAY_MS)
        deed = _deed("device.code", device, by, {"expires_ms": claim.expires_ms})
        self.store.print_code(claim, deed)
        return claim, written_code(letters)

    def claim(self, wanted: Wanted, *, by: By) -> Issued:
        """Take a device over by its code: it gets a new secret, whoever had it before is out.

        Raises NotFoundError for a wrong, used or expired code, TooManyAttemptsError,
        ForbiddenError for an operator outside the scope, InvalidError.
        """
        _require_operator(wanted, by.scope)
        bucket = Bucket(Counts.PAIR, f"{by.user}\nclaim")
        if wait := self.store.reserve((bucket,), by.at_ms):
            wait_s = -(-wait // 1000)
            raise TooManyAttemptsError(
                "There were too many wrong codes.",
                f"Wait {wait_s} s, then try again.",
                wait_s=wait_s,
            )
        made = new_secret()
        new = self._new(made, by)
        plans: list[Plan] = []

        def decide(device: str) -> Decide:
            return _noted(partial(taken_over, device, new=new, now_ms=by.at_ms), plans)

        letters = read_code(wanted.code) or ""
        taking = Taking(_digest(letters), wanted.operator, wanted.site, (bucket,))
        data = {"operator": wanted.operator} | ({"site": wanted.site} if wanted.site else {})
        told = partial(_deed, "device.claim", by=by, data=data)
        if self.store.take(taking, decide, told) is None:
            self.store.note(_deed("device.claim", "unknown", by, outcome=Outcome.REFUSED))
            raise NotFoundError(
                "No device has this code, or it was used or is too old.",
                "Read it again; have a new one made if it does not help.",
            )
        return Issued(_added(plans[0]), made)

    def _change(self, device: str, decide: Decide, deed: Deed) -> Plan:
        return self.store.change(Step(device, decide, deed))[0]

    def _new(self, secret: str, by: By) -> New:
        return New(_new_id(by), CredentialKind.SECRET, self.hasher.hashes(secret))


def new_secret() -> str:
    """A secret nobody guesses: 192 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def _require(assets: Mapping[str, Asset], device: str) -> None:
    if device not in assets:
        raise NotFoundError(f"There is no asset {device:.60}.", "Look at the list of assets.")


def _noted(decide: Decide, plans: list[Plan]) -> Decide:
    def deciding(known: Sequence[Credential]) -> Plan:
        plans.append(decide(known))
        return plans[-1]

    return deciding


def _added(plan: Plan) -> Credential:
    if plan.added is None:
        raise MiswiredError("A credential was to be made and was not.", "Tell the makers.")
    return plan.added


def _require_operator(wanted: Wanted, scope: Scope) -> None:
    names = [wanted.operator] if wanted.site is None else [wanted.operator, wanted.site]
    if not all(valid_id(name) and len(name) <= LONGEST_NAME for name in names):
        raise InvalidError(
            "That is no name of an operator or a site.",
            f"Write at most {LONGEST_NAME} lower-case letters, digits and hyphens.",
        )
    grant = Grant(ScopeKind.OPERATOR, wanted.operator)
    if not all(grant in limit for limit in scope.limits):
        raise ForbiddenError(
            "You do not act for this operator.", "Name your own operator, or ask its administrator."
        )


def _new_id(by: By) -> str:
    return uuid7(by.at_ms, secrets.token_bytes(RANDOM_BYTES))


def _digest(letters: str) -> str:
    return hashlib.sha256(letters.encode()).hexdigest()


def _deed(
    action: str,
    device: str,
    by: By,
    data: Mapping[str, int | str] = NOTHING,
    outcome: Outcome = Outcome.DONE,
) -> Deed:
    return Deed(by.at_ms, by.user, action, f"device:{device}", outcome, data)
