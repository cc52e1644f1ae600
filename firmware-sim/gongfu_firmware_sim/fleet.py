"""All devices in one event loop: a turn produces, makes durable, then sends.

Turns come in real time, but what is produced depends on platform time alone: a late turn only
means that more rows, each with its true time, are produced at once.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from gongfu_broker.clock import Clock
from gongfu_broker.payloads import Command, Result
from gongfu_firmware_sim.commands import Done
from gongfu_firmware_sim.controls import Controller
from gongfu_firmware_sim.daytime import MINUTE_MS
from gongfu_firmware_sim.errors import RingError
from gongfu_firmware_sim.link import Link
from gongfu_firmware_sim.moment import Model, Moment
from gongfu_firmware_sim.outbox import Key, Outbox, Range
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Changes, Ring, Stored
from gongfu_firmware_sim.sale_guard import SaleGuard
from gongfu_firmware_sim.status import SimStatus

_log = logging.getLogger(__name__)
# After a long sleep a device catches up in pieces of this much platform time.
_MOST_AT_ONCE_MS = 10 * MINUTE_MS
_BACKFILL_PER_DEVICE = 8
_BACKFILL_PER_TURN = 100


@dataclass
class Unit:
    """One device. ``cursor_ms``: everything up to then is produced."""

    dev: str
    model: Model
    outbox: Outbox
    recorder: Recorder
    link: Link
    cursor_ms: int
    failed: bool = False
    controller: Controller | None = None
    guard: SaleGuard | None = None


class Fleet:
    """The devices and their ring, turn by turn."""

    def __init__(
        self,
        units: Sequence[Unit],
        ring: Ring,
        *,
        clock: Clock,
        thread: Executor,
        status: SimStatus,
    ) -> None:
        self._units = units
        self._by_dev = {unit.dev: unit for unit in units}
        self._ring = ring
        self._clock = clock
        self._thread = thread
        self._status = status
        self._owed = Changes()
        self._ring_down = False
        self._in_trouble = False
        self._first = 0

    async def turn(self) -> None:
        """Produce what is due, commit it with the acknowledgements, then send."""
        loop = asyncio.get_running_loop()
        now_ms, now_s = self._clock.now_ms(), loop.time()
        if not self._ring_down:
            for unit in self._units:
                self._produce(unit, now_ms, now_s)
        self._settle()
        wanted = self._backfill(now_s)
        fresh, done = self._owed.messages, self._owed.done
        try:
            pages = await loop.run_in_executor(self._thread, self._write, wanted)
        except RingError as error:
            self._report_ring(error)
            return
        self._report_ring(None)
        self._send(fresh, pages)
        self._answer(done)
        self._report_links()
        self._count(now_ms)

    async def settle(self) -> None:
        """Commit what was acknowledged last, without producing anything."""
        self._settle()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._write, [])

    def _produce(self, unit: Unit, now_ms: int, now_s: float) -> None:
        if unit.failed:
            return
        try:
            self._record(unit, min(now_ms, unit.cursor_ms + _MOST_AT_ONCE_MS), now_s)
            self._carry_out(unit)
            unit.link.reach(covered=unit.model.reachable(now_ms))
        except Exception:  # noqa: BLE001 - one device's fault must not stop the others
            _log.exception("%s cannot be simulated any further", unit.dev)
            unit.failed = True
            self._status.failed_devices += 1

    def _record(self, unit: Unit, upto_ms: int, now_s: float) -> None:
        if upto_ms <= unit.cursor_ms:
            return
        moments = unit.model.moments(unit.cursor_ms, upto_ms)
        unit.cursor_ms = upto_ms
        for moment in moments:
            offset_ms = unit.model.clock_offset_ms(moment.ts_ms)
            for message in unit.recorder.record(moment, offset_ms=offset_ms, now_s=now_s):
                self._owed.messages.append(message)
                self._owed.newest_ms[unit.dev] = moment.ts_ms
            self._guard(unit, moment, now_s)

    def _guard(self, unit: Unit, moment: Moment, now_s: float) -> None:
        """Let the cabinet stop selling by itself, durable before anything else is told."""
        guard, controller = unit.guard, unit.controller
        if guard is None or controller is None:
            return
        cut_off, controls = not unit.link.online, controller.controls
        if not guard.feel(moment.ts_ms, moment.values, cut_off=cut_off, controls=controls):
            return
        controller.lock_sale(unit.cursor_ms + 1)
        self._owed.controls[unit.dev] = controller.controls
        at_ms = moment.ts_ms + unit.model.clock_offset_ms(moment.ts_ms)
        told = {"locked": True, "celsius": round(guard.celsius or 0.0, 1)}
        message = unit.recorder.event("sale_lock", told, ts_ms=at_ms, now_s=now_s)
        self._owed.messages.append(message)

    def _carry_out(self, unit: Unit) -> None:
        """Do what was commanded; told when it is on disk, with what it changed."""
        for command, refusal in unit.link.desk.take():
            result = refusal or _obeyed(unit, command)
            self._owed.done.append((unit.dev, Done(command.exp, result)))
            if unit.controller is not None:
                self._owed.controls[unit.dev] = unit.controller.controls

    def _answer(self, done: list[tuple[str, Done]]) -> None:
        for dev, one in done:
            link = self._by_dev[dev].link
            link.desk.note(one)
            link.answer(one.result)

    def _settle(self) -> None:
        for unit in self._units:
            acked, dropped = unit.outbox.take_settled()
            self._owed.acked += [(unit.dev, key) for key in acked]
            self._owed.dropped += [(unit.dev, key) for key in dropped]

    def _backfill(self, now_s: float) -> list[tuple[str, Range]]:
        """Ranges to read from the ring, beginning each turn with another device."""
        wanted: list[tuple[str, Range]] = []
        room = _BACKFILL_PER_TURN
        self._first = (self._first + 1) % len(self._units)
        for unit in [*self._units[self._first :], *self._units[: self._first]]:
            if not unit.link.hungry or room <= 0:
                continue
            unit.outbox.check_overdue(now_s)
            part = unit.outbox.next_backfill(min(room, _BACKFILL_PER_DEVICE), now_s)
            if part is not None:
                wanted.append((unit.dev, part))
                room -= part.last - part.first + 1
        return wanted

    def _write(self, wanted: list[tuple[str, Range]]) -> list[list[Stored]]:
        """On the ring's thread: what is owed stays owed until it is committed."""
        if not self._owed.empty:
            self._ring.commit(self._owed)
            self._owed = Changes()
        return [self._ring.read(dev, part) for dev, part in wanted]

    def _send(self, fresh: list[Stored], pages: list[list[Stored]]) -> None:
        for message in fresh:
            unit = self._by_dev[message.dev]
            if unit.link.online and unit.outbox.is_live(Key(message.boot, message.seq)):
                unit.link.offer_live(message)
        for page in pages:
            if page:
                self._by_dev[page[0].dev].link.offer_backfill(page)

    def _report_ring(self, error: RingError | None) -> None:
        if error is not None and not self._ring_down:
            _log.error("devices stop measuring: %s", error)
        elif error is None and self._ring_down:
            _log.info("the ring can be written again, devices catch up")
        self._ring_down = error is not None

    def _report_links(self) -> None:
        """One line when connections begin to fail and one when all are well, not one a device."""
        failing = [(u.dev, u.link.trouble) for u in self._units if u.link.trouble is not None]
        if failing and not self._in_trouble:
            dev, why = failing[0]
            _log.warning("%d devices cannot stay connected, first %s: %s", len(failing), dev, why)
        elif not failing and self._in_trouble:
            _log.info("all devices can connect again")
        self._in_trouble = bool(failing)

    def _count(self, now_ms: int) -> None:
        self._status.rows = sum(unit.recorder.rows for unit in self._units)
        self._status.in_ring = sum(unit.outbox.pending for unit in self._units)
        self._status.dropped = sum(unit.outbox.dropped for unit in self._units)
        self._status.behind_ms = now_ms - min(unit.cursor_ms for unit in self._units)


def _obeyed(unit: Unit, command: Command) -> Result:
    if unit.controller is None:
        return Result(command.id, "rejected", "takes no commands")
    return unit.controller.obey(command, unit.cursor_ms + 1)
