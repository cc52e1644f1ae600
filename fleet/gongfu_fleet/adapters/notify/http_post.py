"""One POST without redirects. Addresses hold keys, so no error here ever names one."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from gongfu_fleet.domain.notify.retry import Busy, Later, Outcome, Refused
from gongfu_fleet.errors import InvalidError

TIMEOUT_S = 7.0
MOST_ANSWER_BYTES = 65_536
TOO_MANY, SERVER_FAILS = 429, 500
DEFAULT_HOLD_MS = 60_000
LONGEST_HOLD_MS = 3_600_000
SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer; ``retry_after_s`` when it says when to come again."""

    status: int
    body: bytes
    retry_after_s: int | None = None


class PostFailedError(Exception):
    """The network failed; the message is the kind of failure and no more."""


def check_address(url: str, channel: str) -> None:
    """Raise InvalidError unless the address can be posted to; it is not repeated in the error."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise InvalidError(
            f"The channel {channel} has no address that can be posted to.",
            "Put one like https://host/path into its url_file.",
        )


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send one request, read one answer. Raises PostFailedError."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        wait = answer.headers.get("Retry-After", "")
        seconds = int(wait) if wait.isascii() and wait.isdigit() else None
        return Answer(answer.status, answer.read(MOST_ANSWER_BYTES), seconds)
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise PostFailedError(type(fault).__name__) from None
    finally:
        connection.close()


def outcome_of_status(answer: Answer) -> Outcome | None:
    """What the status alone says; None when the service took the request as such."""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - success, as HTTP has it
        return None
    why = f"the service answered {answer.status}"
    if answer.status == TOO_MANY:
        hold_ms = (answer.retry_after_s or 0) * 1000 or DEFAULT_HOLD_MS
        return Busy(why, min(hold_ms, LONGEST_HOLD_MS))
    # A wrong key or a moved hook is put right by people: until then the message waits.
    unfit = answer.status in (400, 413, 415, 422)
    return Refused(why) if unfit else Later(why)


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
