"""Where InfluxDB is, and what its answers mean."""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, Protocol

from gongfu_ingest.errors import (
    IngestError,
    LinesExpiredError,
    LinesRefusedError,
    ServerBusyError,
    ServerSetupError,
)

CONTENT = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 422)
BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
PRECISION = "ms"
# 1.x and early 2.x, and since 2025; early 2.x says it with status 500.
_EXPIRED = re.compile(
    r"points beyond retention policy dropped=(\d+)|(\d+) points outside retention policy"
)
MOST_TEXT = 500
LONGEST_RETRY_AFTER_S = 600.0


@dataclass(frozen=True)
class InfluxTarget:
    """A server. On ``v1`` the bucket is the database and the token, if any, ``user:password``."""

    url: str
    api: Literal["v1", "v2"] = "v2"
    org: str = "gongfu"
    bucket: str = "telemetry"
    token: str = field(default="", repr=False)
    timeout_s: float = 30.0

    def path(self, path: str) -> str:
        """An address on this server."""
        return self.url.rstrip("/") + path

    @property
    def headers(self) -> dict[str, str]:
        """What InfluxQL reads of 2.x and 3.x are let in by; 1.x takes ``credentials``."""
        return {"Authorization": f"Token {self.token}"} if self.api == "v2" and self.token else {}

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password for 1.x; None where nobody asks."""
        if self.api != "v1" or not self.token:
            return None
        user, _, password = self.token.partition(":")
        return user, password


class LineSink(Protocol):
    """Takes lines; returns when the server has answered 204."""

    async def write(self, body: bytes) -> None:
        """Raises ServerBusyError, LinesRefusedError or ServerSetupError."""
        ...


def refusal(status: int, body: bytes | str | None, retry_after: str | None = None) -> IngestError:
    """The error an answer other than 204 stands for."""
    text = _text(body)
    if expired := _EXPIRED.search(text):
        return LinesExpiredError(f"{status}: {text}", int(expired[1] or expired[2]))
    if status in CONTENT:
        return LinesRefusedError(f"{status}: {text}")
    if status in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerBusyError(f"{status}: {text}", _seconds(retry_after))
    return ServerSetupError(f"InfluxDB answers {status}: {text}; {_remedy(status)}")


def told(error: Exception) -> str:
    """What a failed connection says; some errors of the libraries have no text of their own."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _remedy(status: int) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "check GONGFU_INFLUX__TOKEN: it needs the right to write this bucket"
    if status == HTTPStatus.NOT_FOUND:
        return "check GONGFU_INFLUX__URL, __API, __ORG and __BUCKET, and create what is missing"
    return "check GONGFU_INFLUX__URL: is this the InfluxDB itself?"


def _text(body: bytes | str | None) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        told = json.loads(text)
    except ValueError:
        return text.strip()[:MOST_TEXT]
    if isinstance(told, dict):
        text = str(told.get("message") or told.get("error") or text)
    return text.strip()[:MOST_TEXT]


def _seconds(retry_after: str | None) -> float:
    # The date form of the header is not worth a parser: our own pause then holds.
    if retry_after is None or not retry_after.strip().isdecimal():
        return 0.0
    return min(float(retry_after), LONGEST_RETRY_AFTER_S)
