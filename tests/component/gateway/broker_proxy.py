"""A TCP proxy in front of the broker, to break the connection in the ways a real one breaks.

It forwards whole AMQP frames, so that it can put one of its own between them.
"""

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from pamqp import commands, frame


class BrokerProxy:
    """`down`: refuses and drops connections. `frozen`: takes bytes and passes nothing on."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.down = False
        self.frozen = False

    def start(self) -> None:
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def drop(self) -> None:
        """Cut every connection, and every new one until `restore`."""
        self.down = True
        self._run(self._cut())

    def freeze(self) -> None:
        self.frozen = True

    def restore(self) -> None:
        """Let bytes through again. What was sent into the frozen proxy is lost with its connection."""
        self.down = False
        if self.frozen:
            self.frozen = False
            self._run(self._cut())

    def block(self) -> None:
        """Tell clients what a broker in a memory alarm tells them."""
        self._run(self._inject(frame.marshal(commands.Connection.Blocked("low on memory"), 0)))

    def unblock(self) -> None:
        self._run(self._inject(frame.marshal(commands.Connection.Unblocked(), 0)))

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for client in list(self._clients):
            client.transport.abort()

    async def _inject(self, data: bytes) -> None:
        for client in self._clients:
            client.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        self._clients.add(writer)
        tasks = [
            asyncio.create_task(self._up(reader, up_writer)),
            asyncio.create_task(self._down(up_reader, writer)),
        ]
        self._tasks.update(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
            self._tasks.discard(task)
        self._clients.discard(writer)
        up_writer.transport.abort()
        writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await _quietly(lambda: reader.read(65536)):
            if not self.frozen:
                writer.write(data)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _quietly(lambda: reader.readexactly(7)):
            (size,) = struct.unpack(">I", head[3:])
            rest = await _quietly(lambda size=size: reader.readexactly(size + 1))  # type: ignore[misc]
            if not self.frozen:
                writer.write(head + rest)

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


async def _quietly(read: Callable[[], Any]) -> bytes:
    try:
        return bytes(await read())
    except (asyncio.IncompleteReadError, OSError):
        return b""


@contextmanager
def broker_proxy(amqp_url: str) -> Iterator[tuple[BrokerProxy, str]]:
    """A proxy and the URL that leads through it."""
    parts = urlsplit(amqp_url)
    proxy = BrokerProxy(parts.hostname or "127.0.0.1", parts.port or 5672)
    proxy.start()
    try:
        credentials = parts.netloc.rpartition("@")[0]
        yield proxy, f"amqp://{credentials}@127.0.0.1:{proxy.port}{parts.path}"
    finally:
        proxy.stop()
