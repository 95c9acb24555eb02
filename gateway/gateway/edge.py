"""What happens to every request before and after its route: limits on the body, ids, headers, one log line.

The log line and the metric carry the route's template. Paths are never logged: they hold codes and secrets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import measures
from gateway.problems import Problem
from servicekit.ids import uuid4
from servicekit.logs import CodeLog, get_logger
from servicekit.tracing import describe_span, span

log = get_logger("gateway.access")
access_log = CodeLog("gateway.access")

BODY_LIMIT = 256 * 1024
# Whole files and batches, by method and the beginning of the path.
_LARGER = {
    ("PUT", "/v1/catalogue/"): 8 * 1024 * 1024,
    ("POST", "/v1/surveys/paper"): 1024 * 1024,
    ("POST", "/v1/evaluation/staff/import"): 1024 * 1024,
    ("POST", "/v1/events"): 1024 * 1024,
}
BODY_SECONDS = 15.0
MOST_AT_ONCE = 1000
# So long may a line wait for others, so that a burst of requests is not a burst of writes.
LINES_SECONDS = 0.05
_QUIET = ("/livez", "/readyz")


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._headers = _security_headers(secure)
        self._running = 0
        self._flush_waits = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = uuid4()
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._complete(message["headers"], state)
            await send(message)

        # A stranger's traceparent is not continued: she could join her trace to anybody's.
        with span(scope["method"], kind="server", log={"request_id": request_id}) as trace:
            state["trace_id"] = trace.trace_id
            measures.in_flight.inc()
            self._running += 1
            state["overloaded"] = self._running > MOST_AT_ONCE
            try:
                await self.app(scope, _limited(scope, receive), send_with_headers)
            except Exception:  # the route's own handler has answered 500; here is where it is told
                log.exception("request failed")
            finally:
                self._running -= 1
                measures.in_flight.dec()
                self._record(scope, status, time.perf_counter() - started)

    def _complete(self, headers: list[tuple[bytes, bytes]], state: MutableMapping[str, Any]) -> list[Any]:
        """Add what the response does not say itself: a page's own policy wins over the API's."""
        present = {name for name, _ in headers}  # Starlette writes names in small letters
        complete = [*headers, (b"x-request-id", state["request_id"].encode())]
        complete += [header for header in self._headers if header[0] not in present]
        standing = state.get("standing")
        if standing is not None and b"ratelimit" not in present:
            complete += [
                (name.lower().encode(), value.encode()) for name, value in standing.headers().items()
            ]
        return complete

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        _timer(method, route, status).observe(seconds)
        describe_span(f"{method} {route}", {"http.route": route, "http.response.status_code": status})
        if route in _QUIET:
            return
        access_log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
        if not self._flush_waits:
            self._flush_waits = True
            asyncio.get_running_loop().call_later(LINES_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flush_waits = False
        access_log.flush()


@lru_cache(maxsize=4096)
def _timer(method: str, route: str, status: int) -> Histogram:
    return measures.http_seconds.labels(method, route, str(status))


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"))


def _security_headers(secure: bool) -> list[tuple[bytes, bytes]]:
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "geolocation=(self), camera=(self), microphone=()",
        "cache-control": "no-store",
    }
    if secure:
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _limited(scope: Scope, receive: Receive) -> Receive:
    """The body, if it is small enough and arrives in time; raises Problem inside the route otherwise."""
    limit = BODY_LIMIT
    if scope["path"].startswith("/v1/"):
        for (method, start), larger in _LARGER.items():
            if scope["method"] == method and scope["path"].startswith(start):
                limit = larger
    declared = dict(scope["headers"]).get(b"content-length")
    too_large = declared is not None and (
        not declared.isdigit() or len(declared) > 12 or int(declared) > limit
    )
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS
    seen, complete = 0, False

    async def limited() -> Message:
        nonlocal seen, complete
        if complete:
            return await receive()
        if too_large:
            raise _too_large(limit)
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise Problem("slow-body", headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if seen > limit:
                raise _too_large(limit)
        return message

    return limited


def _too_large(limit: int) -> Problem:
    return Problem(
        "body-too-large",
        detail=f"≤ {limit // 1024} kB",
        headers={"Connection": "close"},
        limit_bytes=limit,
    )
