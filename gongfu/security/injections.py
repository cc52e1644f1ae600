"""S7: two hundred injections, each judged where it would show: store, export, answer.

What a page does with hostile names and notes is judged in a real browser (``dom.py``).
"""

import csv
import io
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from unicodedata import category
from urllib.parse import quote

from sqlalchemy import func, inspect, select, table

from gongfu.cli.output import say
from gongfu.security.credentials import NEAR_ASSET, Shown, by_session
from gongfu.security.line_reader import UnreadableLineError, read_line
from gongfu.security.notice_injections import notice_injections
from gongfu.security.payloads import CLIMBS, FORMULA, HEADER, HTML, LINE, OUTSIDE, SQL, TERMINAL
from gongfu.security.stand import HERE, PASSWORD, READY_S, Answer, Stand
from gongfu_broker.columns import DeviceKind
from gongfu_fleet.api.pages import install_pages
from gongfu_fleet.domain.people import Role
from gongfu_ingest.errors import LineError
from gongfu_ingest.line_protocol import Line, Place, point_line, render
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.export import write_csv

OK = range(200, 300)
FAILED = range(500, 600)
MARKS = ("=", "+", "-", "@", "\t", "\r")
# What refused sign-ins may leave behind.
NOTED = ("audit", "sign_in_tally")
EVENTS = "incident_event"
PAGES = "pages"
# Texts that people leave on an incident: the step that takes each, and the rest of its body.
STEP_TEXTS: dict[str, tuple[str, Callable[[str], dict[str, object]]]] = {
    "incident.comment": ("comment", lambda text: {"text": text}),
    "incident.reason": ("shelve", lambda text: {"for_s": 3_600, "reason": text}),
    "incident.work_order": ("out-of-service", lambda text: {"work_order": text}),
    "incident.lot": (
        "disposition",
        lambda text: {"items": [{"lot": text, "decision": "inspect"}]},
    ),
    "incident.grounds": (
        "disposition",
        lambda text: {"items": [{"decision": "inspect"}], "note": text},
    ),
}
INJECTOR = "injector"


@dataclass(frozen=True)
class Injection:
    """One attempt; ``effect`` says what it did beyond being text, or nothing."""

    kind: str
    sink: str
    payload: str
    effect: str = ""

    def __str__(self) -> str:
        """For whoever reads a failing test."""
        return f"{self.kind} into {self.sink}: {self.payload!r}: {self.effect}"


def injections(stand: Stand) -> list[Injection]:
    """Every attempt but those of the browser."""
    admin = stand.person(INJECTOR, Role.ADMIN)
    shown = by_session(admin, stand.session(admin))
    return [
        *_sql(stand, shown),
        *_html(stand, shown),
        *_formulas(),
        *_lines(),
        *_terminal(),
        *_headers(stand, shown),
        *_paths(stand),
        *(Injection("message", *tried) for tried in notice_injections()),
    ]


def _sql(stand: Stand, shown: Shown) -> Iterator[Injection]:
    sinks: dict[str, Callable[[str], Answer]] = {
        "audit?text": lambda text: _get(stand, shown, f"/api/audit?text={quote(text)}"),
        "incidents?asset": lambda text: _get(
            stand, shown, f"/api/incidents?state=all&asset={quote(text)[:40]}"
        ),
        "incidents/{id}": lambda text: _get(stand, shown, f"/api/incidents/{quote(text, safe='')}"),
        "inbox?site": lambda text: _get(stand, shown, f"/api/inbox?site={quote(text)[:40]}"),
        "acknowledge/{token}": lambda text: _get(
            stand, shown, f"/api/acknowledge/{quote(text, safe='')}"
        ),
        "assets?site": lambda text: _get(stand, shown, f"/api/assets?site={quote(text)[:40]}"),
        "session.user": lambda text: stand.send(
            "POST", "/api/session", body={"user": text, "password": text}
        ),
    }
    for sink, send in sinks.items():
        for payload in SQL:
            before = _rows(stand)
            answer = send(payload)
            effect = _sql_effect(answer)
            if _rows(stand) != before:
                effect = "changed the number of rows of a table"
            yield Injection("SQL", sink, payload, effect)
    yield from _sql_texts(stand, shown)
    if fault := stand.fleet.audit.verify().fault:
        yield Injection("SQL", "audit chain", "", fault)


def _sql_texts(stand: Stand, shown: Shown) -> Iterator[Injection]:
    """Into what is kept: it comes back as it was typed, and one row holds it."""
    incident = stand.incident(NEAR_ASSET)
    for payload in SQL:
        before = _rows(stand)
        _post(stand, shown, f"/api/incidents/{incident}/comment", {"text": payload})
        told = json.loads(_get(stand, shown, f"/api/incidents/{incident}").body)["events"][-1]
        effect = "" if told["data"] == {"text": payload} else f"reads as {told}"
        if _rows(stand) != {**before, EVENTS: before[EVENTS] + 1}:
            effect = "changed the number of rows of a table"
        yield Injection("SQL", "incident.comment", payload, effect)


def _sql_effect(answer: Answer) -> str:
    if answer.status in FAILED:
        return f"answered {answer.status}"
    # Nothing has such a name, so every row that comes back came by the injection.
    if answer.status in OK and '"items":[]' not in answer.text:
        return f"answered {answer.text[:80]}"
    return "tells of a hash" if "argon2" in answer.text else ""


def _rows(stand: Stand) -> dict[str, int]:
    names = [name for name in inspect(stand.fleet.engine).get_table_names() if name not in NOTED]
    with stand.fleet.engine.connect() as connection:
        counts = {
            name: connection.scalar(select(func.count()).select_from(table(name))) for name in names
        }
    return {name: count or 0 for name, count in counts.items()}


def _html(stand: Stand, shown: Shown) -> Iterator[Injection]:
    for payload in HTML:
        about = (stand, shown, payload, stand.incident(NEAR_ASSET, exposed=True))
        for sink, answer in (*step_sinks(*about), *html_sinks(*about)):
            told = answer.headers.get("content-type", "")
            as_text = "json" in told and answer.headers.get("x-content-type-options") == "nosniff"
            policy = answer.headers.get("content-security-policy", "")
            scripts = "default-src 'self'" not in policy or "unsafe-eval" in policy
            effect = "" if as_text else f"answered as {told}"
            if answer.status not in OK:
                effect = f"answered {answer.status}: nothing was tried"
            yield Injection("HTML", sink, payload, "scripts may run" if scripts else effect)


def html_sinks(
    stand: Stand, shown: Shown, payload: str, incident: str
) -> Iterator[tuple[str, Answer]]:
    """Put a text into every name and note, one after the other."""
    acknowledge = f"/api/incidents/{incident}/acknowledge"
    person = {"name": payload, "role": "viewer"}
    yield "person.name", _post(stand, shown, "/api/people", person)
    yield "incident.note", _post(stand, shown, acknowledge, {"note": payload})
    yield "token.name", _post(stand, shown, "/api/tokens", {"name": payload})
    agent = {"User-Agent": payload}
    credentials = {"user": INJECTOR, "password": PASSWORD}
    yield "session.agent", stand.send("POST", "/api/session", headers=agent, body=credentials)


def step_sinks(
    stand: Stand, shown: Shown, payload: str, incident: str
) -> Iterator[tuple[str, Answer]]:
    """Put a text into every step of an incident; each has its sink's name before it."""
    for sink, (step, body) in STEP_TEXTS.items():
        where = f"/api/incidents/{incident}/{step}"
        yield sink, _post(stand, shown, where, body(step_text(sink, payload)))


def step_text(sink: str, payload: str) -> str:
    """What ``step_sinks`` writes there."""
    return f"{sink} {payload}"


def _formulas() -> Iterator[Injection]:
    """Into the one text column of the CSV export."""
    for payload in FORMULA:
        to = io.StringIO()
        write_csv([Point(1_790_000_000_000, payload, Rank(1, 1, 0), {"zone_1_celsius": -4.0})], to)
        rows = list(csv.reader(io.StringIO(to.getvalue(), newline="")))
        cells = [cell for row in rows[1:] for cell in row if cell.startswith(MARKS)]
        bad = [cell for cell in cells if not _is_number(cell)]
        effect = f"cells {bad} are formulas" if bad or len(rows) != 2 else ""  # noqa: PLR2004
        yield Injection("CSV formula", "store export", payload, effect)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines() -> Iterator[Injection]:
    sinks: dict[str, Callable[[str], bytes]] = {
        "tag": lambda text: render(Line("state", {"site": text}, {"x": 1}, 7)),
        "text field": lambda text: render(Line("state", {"site": "s"}, {"name": text, "x": 1}, 7)),
        "measurement": lambda text: render(Line(text, {"site": "s"}, {"x": 1}, 7)),
        "device id": lambda text: point_line(
            Place(DeviceKind.TRUCK, "s"), Point(7, text, Rank(1, 1, 0), {"zone_1_celsius": 4.0})
        ),
    }
    for sink, write in sinks.items():
        for payload in LINE:
            yield Injection("line protocol", sink, payload, _line_effect(write, payload))


def _line_effect(write: Callable[[str], bytes], payload: str) -> str:
    try:
        text = write(payload).decode()
    except LineError:
        return ""  # refused
    try:
        read = read_line(text)
    except (UnreadableLineError, ValueError) as why:
        return str(why)
    flat = " ".join(payload.splitlines())
    told = {read.measurement, *read.tags.values(), *read.fields.values()}
    if read.stamp != 7 or not told & {payload, flat}:  # noqa: PLR2004 - the stamp that was written
        return f"reads as {read}"
    return ""


def _terminal() -> Iterator[Injection]:
    """Into what commands print, as every name and payload is."""
    for payload in TERMINAL:
        with redirect_stdout(io.StringIO()) as to:
            say(f"  {payload} and more")
        told = to.getvalue().removesuffix("\n")
        steering = [mark for mark in told if category(mark) in ("Cc", "Cf", "Cs")]
        yield Injection("terminal", "say", payload, f"prints {steering}" if steering else "")


def _headers(stand: Stand, shown: Shown) -> Iterator[Injection]:
    token = shown.headers["Cookie"]
    for payload in HEADER:
        in_query = f"/api/assets?site={quote(payload)}"
        yield Injection("header", "query", payload, _header_effect(_raw(stand, in_query)))
        for name in ("User-Agent", "X-Forwarded-Host"):
            answer = _raw(stand, "/api/session", f"{name}: {payload}\r\nCookie: {token}\r\n")
            yield Injection("header", name, payload, _header_effect(answer))


def _header_effect(answer: bytes) -> str:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    found = [mark for mark in (b"x-hit", b"hit=1", b"hit.example") if mark in head]
    if found:
        return f"the answer's head has {found}"
    return "answered 5xx" if head.startswith(b"http/1.1 5") else ""


def _paths(stand: Stand) -> Iterator[Injection]:
    pages = stand.folder / PAGES
    pages.mkdir(exist_ok=True)
    (pages / "index.html").write_text("<!doctype html><title>pages</title>")
    for place in (stand.folder, pages.parent.parent):
        (place / "outside.txt").write_bytes(OUTSIDE["outside.txt"])
    install_pages(stand.app, pages)
    for climb in CLIMBS:
        for outside, shows in OUTSIDE.items():
            target = climb.format(outside)
            found = shows in _raw(stand, target)
            yield Injection("path", climb, target, f"shows {outside}" if found else "")


def _raw(stand: Stand, target: str, more: str = "") -> bytes:
    """A request as it is written: no client tidies the path or the headers."""
    port = int(stand.url.rpartition(":")[2])
    request = f"GET {target} HTTP/1.1\r\nHost: {HERE}\r\n{more}Connection: close\r\n\r\n"
    got = b""
    with socket.create_connection((HERE, port), READY_S) as wire:
        wire.sendall(request.encode())
        while part := wire.recv(65_536):
            got += part
    return got


def _get(stand: Stand, shown: Shown, path: str) -> Answer:
    return stand.send("GET", path, headers=shown.headers)


def _post(stand: Stand, shown: Shown, path: str, body: object) -> Answer:
    return stand.send("POST", path, headers=shown.headers, body=body)
