"""A small HTTP/1.1 load generator: keep-alive connections, one request in flight on each.

It speaks just enough HTTP to be cheap beside the servers it measures, which share its cores.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class LoadResult:
    """What a load saw: statuses, seconds from the first byte out to the last answer, latencies in seconds.

    `started` is the moment of the first byte on `time.perf_counter`.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    started: float = 0.0

    @property
    def rate(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        """Latency below which `share` (0..1) of the requests stayed, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request_bytes(path: str, body: dict[str, object], headers: dict[str, str] | None = None) -> bytes:
    payload = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Content-Length: {len(payload)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def get_bytes(path: str, headers: dict[str, str] | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: bench", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def _read_response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return status, await reader.readexactly(int(value))
        if name.lower() == b"transfer-encoding":
            return status, await _read_chunks(reader)
    return status, b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def run_load(
    host: str,
    port: int,
    requests: Iterable[bytes],
    concurrency: int = 32,
    timeout: float = 30.0,
    rate: float | None = None,
) -> LoadResult:
    """Send every request once and collect the answers.

    `rate` paces the starts (requests per second over all connections); None sends as fast as answers come.
    Raises TimeoutError when one answer takes longer than `timeout` seconds.
    """
    result = LoadResult()
    pending: Iterator[bytes] = iter(requests)
    result.started = started = time.perf_counter()
    sent = 0

    async def worker() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection(host, port)
        try:
            for request in pending:
                if rate is not None:
                    due = started + sent / rate
                    sent += 1
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                begun = time.perf_counter()
                writer.write(request)
                status, body = await asyncio.wait_for(_read_response(reader), timeout)
                result.latencies.append(time.perf_counter() - begun)
                result.statuses[status] += 1
                result.bodies.append(body)
        finally:
            writer.close()

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    result.seconds = time.perf_counter() - started
    return result
