"""Writing lines over the v2 interface: ``/api/v2/write`` by influxdb-client.

The client's batching mode is not used: it keeps points in memory and drops them after a few
retries. Here one body is one request, and its fate is told.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.client.write_api_async import WriteApiAsync
from influxdb_client.rest import ApiException

from gongfu_ingest.errors import ServerBusyError, ServerSetupError
from gongfu_ingest.stores.influx.target import PRECISION, InfluxTarget, refusal, told


@asynccontextmanager
async def open_v2(target: InfluxTarget) -> AsyncIterator["V2Sink"]:
    """A sink that lives as long as the block; connects with the first write."""
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
    """One bucket of InfluxDB 2.x, 3.x, Cloud, 1.8, or VictoriaMetrics."""

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
            raise ServerBusyError(told(error)) from error
        if not taken:
            raise ServerSetupError(
                f"{self._target.url} answers, but not as InfluxDB does: check GONGFU_INFLUX__URL"
            )
