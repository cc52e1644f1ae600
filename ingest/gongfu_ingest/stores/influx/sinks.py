"""Writing lines to InfluxDB: the v2 interface through influxdb-client, the v1 one through httpx.

The client's batching mode is not used: it keeps points in memory and drops them after a few
retries. Here one body is one request, and its fate is told.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
import httpx
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.client.write_api_async import WriteApiAsync
from influxdb_client.rest import ApiException

from gongfu_ingest.errors import ServerBusyError, ServerSetupError
from gongfu_ingest.stores.influx.target import InfluxTarget, LineSink, refusal

PRECISION = "ms"


@asynccontextmanager
async def open_sink(target: InfluxTarget) -> AsyncIterator[LineSink]:
    """A sink that lives as long as the block; connects with the first write."""
    if target.api == "v1":
        async with httpx.AsyncClient(
            auth=target.credentials, timeout=target.timeout_s, trust_env=False
        ) as http:
            yield V1Sink(target, http)
        return
    client = InfluxDBClientAsync(
        target.url,
        token=target.token,
        org=target.org,
        timeout=int(target.timeout_s * 1_000),
        allow_redirects=False,
    )
    async with client:
        yield V2Sink(target, client.write_api())


class V2Sink:
    """``/api/v2/write``: InfluxDB 2.x, 3.x, Cloud, 1.8, VictoriaMetrics."""

    def __init__(self, target: InfluxTarget, api: WriteApiAsync) -> None:
        self._target = target
        self._api = api

    async def write(self, body: bytes) -> None:
        """Send one body, byte for byte as it is."""
        try:
            taken = await self._api.write(
                self._target.bucket,
                self._target.org,
                body,
                write_precision=PRECISION,  # type: ignore[arg-type] # its own constants are plain text
            )
        except ApiException as error:
            raise refusal(error.status or 0, error.body, error.retry_after) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ServerBusyError(_told(error)) from error
        if not taken:
            raise ServerSetupError(
                f"{self._target.url} answers, but not as InfluxDB does: check GONGFU_INFLUX__URL"
            )


class V1Sink:
    """``/write``: InfluxDB 1.x."""

    def __init__(self, target: InfluxTarget, http: httpx.AsyncClient) -> None:
        self._http = http
        self._url = target.path("/write")
        self._parameters = {"db": target.bucket, "precision": PRECISION}

    async def write(self, body: bytes) -> None:
        """Send one body, byte for byte as it is."""
        try:
            answer = await self._http.post(self._url, params=self._parameters, content=body)
        except httpx.TransportError as error:
            raise ServerBusyError(_told(error)) from error
        if answer.status_code != HTTPStatus.NO_CONTENT:
            headers = answer.headers
            raise refusal(answer.status_code, answer.content, headers.get("Retry-After"))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
