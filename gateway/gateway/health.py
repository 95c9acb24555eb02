"""/metrics, /livez and /readyz on a port of their own, which citizens cannot reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway import measures

_READ_SECONDS = 5.0
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class OperatorServer:
    """A listener that knows three paths. Port 0 turns it off."""

    def __init__(self, host: str, port: int, readiness: Callable[[], dict[str, bool]]) -> None:
        self._host = host
        self._port = port
        self._readiness = readiness
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        if self._port:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=16 * 1024)

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.partition(b" ")
                status, media_type, body = self._answer(rest.split(b" ", 1)[0].split(b"?", 1)[0])
                writer.write(
                    f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {media_type}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                )
                if method != b"HEAD":
                    writer.write(body)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    def _answer(self, path: bytes) -> tuple[int, str, bytes]:
        match path:
            case b"/metrics":
                for check, holds in self._readiness().items():
                    measures.ready.labels(check).set(holds)
                return 200, CONTENT_TYPE_LATEST, generate_latest()
            case b"/livez":
                return 200, "application/json", b'{"live":true}'
            case b"/readyz":
                checks = self._readiness()
                ready = all(checks.values())
                return 200 if ready else 503, "application/json", orjson.dumps({"ready": ready, **checks})
            case _:
                return 404, "text/plain", b"not found\n"
