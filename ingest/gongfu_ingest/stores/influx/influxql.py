"""InfluxQL over ``/query``: the one read language of InfluxDB 1.x, 2.x, 3.x and Cloud Dedicated.

Only what every generation answers is used: no chunking, no SLIMIT, no INTEGRAL, no regular
expressions. Answers are plain rows; times are UTC milliseconds.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from gongfu_broker.columns import COLUMNS, DeviceKind, metrics
from gongfu_ingest.errors import StoreError
from gongfu_ingest.stores.influx.target import InfluxTarget, refusal
from gongfu_ingest.stores.rows import MAX_TS_MS

EVERY_DEVICE = ", ".join(f'"{kind.value}"' for kind in DeviceKind)


class Series(NamedTuple):
    """Part of an answer. Rows are in the order of ``columns``, the first of which is the time."""

    tags: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]  # Any: numbers, text or nothing, as the query asks


class InfluxQL:
    """Asks one server, one question at a time."""

    def __init__(self, target: InfluxTarget) -> None:
        self._target = target
        self._http = httpx.Client(
            auth=target.credentials,
            headers=target.headers,
            timeout=target.timeout_s,
            trust_env=False,
        )

    def ask(self, *statements: str) -> list[list[Series]]:
        """The series each statement answers with. Raises StoreError."""
        try:
            answer = self._http.post(
                self._target.path("/query"),
                params={"db": self._target.bucket, "epoch": "ms"},
                data={"q": "; ".join(statements)},
            )
        except httpx.TransportError as error:
            raise StoreError(f"InfluxDB at {self._target.url} does not answer: {error}") from error
        if answer.status_code != HTTPStatus.OK:
            raise StoreError(str(refusal(answer.status_code, answer.content)))
        results = answer.json().get("results", [])
        for result in results:
            if why := result.get("error"):
                raise StoreError(f"InfluxDB refuses a query: {why}")
        return [_series(result) for result in results]

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _series(result: Mapping[str, Any]) -> list[Series]:  # Any: JSON
    return [
        Series(part.get("tags", {}), part["columns"], part.get("values", []))
        for part in result.get("series", [])
    ]


def kinds_and_metrics() -> list[tuple[str, str]]:
    """Every (measurement, metric) there can be."""
    pairs = [(kind.value, c.name) for (_, kind), columns in COLUMNS.items() for c in columns]
    return list(dict.fromkeys(pairs))


def column(metric: str) -> str:
    """A metric as an identifier. Raises StoreError for an unknown one."""
    if metric not in metrics():
        raise StoreError(f"unknown metric {metric!r}; known are {', '.join(metrics())}")
    return f'"{metric}"'


def text(value: str) -> str:
    """A string literal."""
    escaped = value.replace("\\", r"\\").replace("'", r"\'").replace("\n", r"\n")
    return f"'{escaped}'"


def between(start_ms: int, end_ms: int) -> str:
    """The condition start_ms <= time < end_ms."""
    return f"time >= {max(start_ms, 0)}ms AND time < {min(end_ms, MAX_TS_MS)}ms"
