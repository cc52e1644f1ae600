"""What every answer carries and no request may exceed; plain ASGI, so that streams pass."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRESH_COOKIE = "fresh_cookie"
MAX_BODY_BYTES = 256_000
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; "
        "style-src 'self'; connect-src 'self'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


class BodyLimit:
    """Refuses to read more than 256 kB of a body, whatever its Content-Length says."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the app reads; it sees HTTPException 413 at the limit."""
        read_bytes = 0

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


class FreshCookies:
    """Adds the cookie that a request left in its state, unless the answer sets it already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; change the start of an HTTP answer only."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and FRESH_COOKIE in state:
                headers, fresh = MutableHeaders(scope=message), state[FRESH_COOKIE]
                name = fresh.partition("=")[0] + "="
                if not any(one.startswith(name) for one in headers.getlist("set-cookie")):
                    headers.append("set-cookie", fresh)
            await send(message)

        await self.app(scope, receive, with_cookie)


class SecurityHeaders:
    """Adds the security headers, and ``no-store`` to API answers that say nothing of caching."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; change the start of an HTTP answer only."""
        is_api = scope["type"] == "http" and scope["path"].startswith(
            ("/api", "/health", "/metrics")
        )

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, with_headers)
