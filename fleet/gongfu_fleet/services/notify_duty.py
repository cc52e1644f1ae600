"""The duty roster as people keep it: who is on duty, adding and removing shifts."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.notify.duty import Shift, on_duty
from gongfu_fleet.domain.notify.escalation import DUTIES
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.services.notify_ports import Roster
from gongfu_fleet.services.people import By, scope_text

LONGEST_PERSON, LONGEST_CHANNEL, LONGEST_CONTACT = 80, 40, 120


@dataclass
class DutyDesk:
    """``by.at_ms`` is real time, moments of duty are platform time."""

    roster: Roster

    def shifts(self) -> Sequence[Shift]:
        """All shifts, by person."""
        return self.roster.shifts()

    def on_duty(self, at_ms: int) -> Sequence[Shift]:
        """The shifts that cover a moment."""
        return [shift for shift in self.roster.shifts() if on_duty(shift.hours, at_ms)]

    def add(self, shift: Shift, *, by: By) -> Shift:
        """Add a shift, whose id is made here. Raises InvalidError."""
        (added,) = self.add_all([shift], by=by)
        return added

    def add_all(self, shifts: Sequence[Shift], *, by: By) -> Sequence[Shift]:
        """Add all of them or none, whose ids are made here. Raises InvalidError."""
        for shift in shifts:
            _check(shift)
        ids = [uuid7(by.at_ms, secrets.token_bytes(RANDOM_BYTES)) for _ in shifts]
        added = [replace(shift, id=one) for shift, one in zip(shifts, ids, strict=True)]
        self.roster.add(added, [_deed(shift, by) for shift in added])
        return added

    def remove(self, shift_id: str, *, by: By) -> None:
        """Remove a shift. Raises NotFoundError."""
        self.roster.remove(shift_id, Deed(by.at_ms, by.user, "duty.remove", f"shift:{shift_id}"))


def _deed(shift: Shift, by: By) -> Deed:
    data = {
        "person": shift.person,
        "role": shift.role.value,
        "hours": str(shift.hours),
        "scope": scope_text(shift.scope),
        "channel": shift.channel,
    }
    return Deed(by.at_ms, by.user, "duty.add", f"shift:{shift.id}", data=data)


def _check(shift: Shift) -> None:
    texts = (
        (shift.person, 1, LONGEST_PERSON),
        (shift.channel, 0, LONGEST_CHANNEL),
        (shift.contact, 0, LONGEST_CONTACT),
    )
    for text, least, most in texts:
        if not least <= len(text) <= most or not (text.isprintable() or not text):
            raise InvalidError(
                f"{text[:20]!r} is empty, too long or not printable.", "Write it on one line."
            )
    if shift.role not in DUTIES:
        raise InvalidError(
            f"Nobody is asked for as {shift.role}.", f"Take one of {', '.join(DUTIES)}."
        )
