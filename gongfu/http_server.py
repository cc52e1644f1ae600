"""The HTTP server inside our own event loop; signals are the composition root's business."""

import contextlib
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from gongfu.settings import ApiSettings


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def http_server(app: FastAPI, settings: ApiSettings) -> HttpServer:
    """A server that ends soon after ``should_exit``."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    return HttpServer(config)
