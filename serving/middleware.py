"""What every request passes through, as plain ASGI.

Outermost first: the access log with security headers, the catch-all for errors,
the guard of host names, the guard against other sites, the limit on bodies.
"""

from __future__ import annotations

import logging
import time
import uuid
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Problem, log_scrubbed, problem_response

access_log = logging.getLogger("superbill.access")

PROBES = frozenset({"/healthz", "/readyz"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SAME_SITE_ENOUGH = frozenset({"same-origin", "none"})
DRAIN_LIMIT = 32_000_000
"""Bytes read and thrown away so that a client sending too much can read why."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""Set unless the response says otherwise; pages hold patients' data: no-store."""


class AccessLog:
    """Log method, route template, status and time; set the security headers.

    The template (``/v1/notes/{note_id}``) and not the path is logged, and never
    the query or the body: they name patients.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(uuid.uuid4())
        scope["superbill_request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", None) or "-"
            # Probes come every second: they are news only to who looks for them.
            level = logging.DEBUG if route in PROBES else logging.INFO
            access_log.log(
                level,
                "method=%s route=%s status=%d ms=%.1f request=%s",
                scope["method"] if scope["method"].isalpha() else "-",
                route,
                status,
                (time.perf_counter() - started) * 1000,
                request_id,
            )


class CatchAll:
    """An unforeseen error becomes a 500 without a trace, and a scrubbed log line."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Problem as problem:
            if started:
                return
            response = problem_response(
                problem.kind,
                str(problem.detail),
                errors=problem.errors,
                headers=problem.headers,
            )
            await response(scope, receive, send)
        except Exception as error:
            log_scrubbed(f"request {scope.get('superbill_request_id')}", error)
            if started:
                return  # the server closes the connection: the body is incomplete
            response = problem_response(
                "internal-error",
                "Nothing was stored unless you were told so. Try again; if it stays, send the "
                "instance below to whoever runs this server.",
                instance=f"urn:uuid:{scope.get('superbill_request_id')}",
            )
            await response(scope, receive, send)


class HostGuard:
    """Answer only under known host names, so that no other site can rebind to us."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and self.hosts:
            host = Headers(scope=scope).get("host", "").lower()
            if _without_port(host) not in self.hosts:
                raise Problem(
                    "wrong-host",
                    "Use the address that the server printed at its start, such as "
                    "http://127.0.0.1:8000.",
                )
        await self.app(scope, receive, send)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


class OriginGuard:
    """Refuse requests that change something and come from another origin.

    There is no sign-in yet, so any page in the user's browser could otherwise
    write here. Programs (curl, scripts) send neither header and pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            site = headers.get("sec-fetch-site")
            origin = headers.get("origin")
            foreign = site is not None and site not in SAME_SITE_ENOUGH
            foreign = foreign or (origin is not None and not _same(origin, headers.get("host")))
            if foreign:
                raise Problem(
                    "cross-origin", "Open Superbill's own page, or send no Origin from a program."
                )
        await self.app(scope, receive, send)


def _same(origin: str, host: str | None) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == (host or "").lower()


class BodyLimit:
    """Refuse a body above ``limit`` bytes, declared or streamed, with 413."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > self.limit:
            await _drain(receive)
            raise self._problem()
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                await _drain(receive)
                raise self._problem()
            return message

        await self.app(scope, counted, send)

    def _problem(self) -> Problem:
        return Problem(
            "body-too-large",
            f"At most {self.limit} bytes are read at once; send fewer notes or a shorter one.",
            headers={"connection": "close"},
        )


async def _drain(receive: Receive) -> None:
    read = 0
    while read < DRAIN_LIMIT:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
