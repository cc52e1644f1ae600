"""Writing lines over the v1 interface: ``/write`` of InfluxDB 1.x, by httpx."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx

from gongfu_ingest.errors import ServerBusyError
from gongfu_ingest.stores.influx.target import PRECISION, InfluxTarget, refusal, told


@asynccontextmanager
async def open_v1(target: InfluxTarget) -> AsyncIterator["V1Sink"]:
    """A sink that lives as long as the block; connects with the first write."""
    async with httpx.AsyncClient(
        auth=target.credentials, timeout=target.timeout_s, trust_env=False
    ) as http:
        yield V1Sink(target, http)


class V1Sink:
    """One database of a server."""

    def __init__(self, target: InfluxTarget, http: httpx.AsyncClient) -> None:
        self._http = http
        self._url = target.path("/write")
        self._parameters = {"db": target.bucket, "precision": PRECISION}

    async def write(self, body: bytes) -> None:
        """Send one body, byte for byte as it is."""
        try:
            answer = await self._http.post(self._url, params=self._parameters, content=body)
        except httpx.TransportError as error:
            raise ServerBusyError(told(error)) from error
        if answer.status_code != HTTPStatus.NO_CONTENT:
            headers = answer.headers
            raise refusal(answer.status_code, answer.content, headers.get("Retry-After"))
