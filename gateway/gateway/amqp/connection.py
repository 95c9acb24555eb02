"""One connection: logging in, frames in and out, heartbeats, alarms."""

from __future__ import annotations

import asyncio
import random
import ssl
import struct
from collections import deque
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pamqp import commands, frame, header, heartbeat

from gateway.amqp.channel import FRAME_OVERHEAD, Channel
from gateway.amqp.errors import AmqpError, ConnectionLost

_FRAME_HEAD = struct.Struct(">BHI")
_ACK = struct.Struct(">IQB")
_ACK_INDEX = commands.Basic.Ack.index
_ACK_BYTES = 21
_METHOD = 1
_HEARTBEAT_SECONDS = 10
_BUFFER_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    user: str
    password: str
    vhost: str
    tls: ssl.SSLContext | None
    others: tuple[tuple[str, int], ...] = ()
    """Further nodes of the same cluster, with the same login."""

    @classmethod
    def parse(cls, url: str, ca: str | None = None) -> Address:
        """Read amqp[s]://user:password@host:port/vhost. Over TLS the host name is always checked.

        Several, separated by semicolons, are the nodes of a cluster; the login is the first one's.
        """
        parts, *more = map(urlsplit, url.split(";"))
        tls = None
        if parts.scheme == "amqps":
            tls = ssl.create_default_context(cafile=ca)
        usual = 5671 if tls else 5672
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or usual,
            user=unquote(parts.username or "guest"),
            password=unquote(parts.password or "guest"),
            vhost=unquote(parts.path[1:]) or "/",
            tls=tls,
            others=tuple((other.hostname or "127.0.0.1", other.port or usual) for other in more),
        )

    def drawn(self) -> tuple[str, int]:
        """One of the nodes: who finds it away draws again."""
        return random.choice(((self.host, self.port), *self.others))  # noqa: S311 - spreads, hides nothing


class Connection(asyncio.Protocol):
    """One open connection. When it is lost it stays lost; `Link` opens the next one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._outgoing: list[bytes] = []
        self._channels: dict[int, Channel] = {}
        self._waiting: dict[int, deque[asyncio.Future[Any]]] = {}
        self._paused = False
        self._beat: asyncio.TimerHandle | None = None
        self._last_received = self._last_sent = self._loop.time()
        self._heartbeat_seconds = _HEARTBEAT_SECONDS
        self.frame_max = 131072
        self.blocked = False
        self.closed: asyncio.Future[str] = self._loop.create_future()

    @classmethod
    async def open(cls, address: Address, name: str, timeout_seconds: float = 5.0) -> Connection:
        """Connect and log in. Raises ConnectionLost or OSError within the timeout."""
        loop = asyncio.get_running_loop()
        connection: Connection | None = None
        try:
            async with asyncio.timeout(timeout_seconds):
                host, port = address.drawn()
                _, connection = await loop.create_connection(
                    cls,
                    host,
                    port,
                    ssl=address.tls,
                    server_hostname=host if address.tls else None,
                )
                await connection._log_in(address, name)
        except BaseException as error:
            if connection is not None:
                connection.abort("login failed")
            if isinstance(error, TimeoutError):
                raise ConnectionLost("connecting timed out") from None
            raise
        return connection

    async def channel(self, *, confirms: bool = False) -> Channel:
        channel = Channel(self, len(self._channels) + 1)
        self._channels[channel.number] = channel
        await self.call(channel.number, commands.Channel.Open())
        if confirms:
            await self.call(channel.number, commands.Confirm.Select())
        return channel

    @property
    def writable(self) -> bool:
        return not (self.blocked or self._paused or self.closed.done())

    async def call(self, channel: int, method: Any, timeout_seconds: float = 5.0) -> Any:
        """Send a method and wait for its answer."""
        answer = self._expect(channel)
        self.send(frame.marshal(method, channel))
        try:
            async with asyncio.timeout(timeout_seconds):
                return await answer
        except TimeoutError:
            self.abort("the broker does not answer")
            raise ConnectionLost("the broker does not answer") from None

    def send(self, data: bytes) -> None:
        if self.closed.done():
            raise ConnectionLost("the connection is closed")
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(data)

    async def close(self, timeout_seconds: float = 1.0) -> None:
        """Say goodbye, but not for long: under an alarm the broker never answers it."""
        if not self.closed.done():
            try:
                await self.call(0, commands.Connection.Close(200, "bye", 0, 0), timeout_seconds)
            except AmqpError:
                pass
        self.abort("closed")

    def abort(self, reason: str) -> None:
        """Drop the socket and fail everything in flight with ConnectionLost."""
        if self.closed.done():
            return
        self.closed.set_result(reason)
        if self._beat:
            self._beat.cancel()
        if self._transport:
            self._transport.abort()
        for waiting in self._waiting.values():
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(ConnectionLost(reason))
                    answer.exception()
        for channel in self._channels.values():
            channel.fail(ConnectionLost(reason))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_BUFFER_LIMIT)

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort("the connection was lost")

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False

    def data_received(self, data: bytes) -> None:
        self._last_received = self._loop.time()
        received = self._received
        received += data
        offset, available = 0, len(received)
        while available - offset >= FRAME_OVERHEAD:
            kind, channel, size = _FRAME_HEAD.unpack_from(received, offset)
            end = offset + FRAME_OVERHEAD + size
            if end > available:
                break
            self._on_frame(kind, channel, bytes(received[offset:end]))
            if self.closed.done():
                return
            offset = end
        del received[:offset]

    def _on_frame(self, kind: int, number: int, raw: bytes) -> None:
        if kind == _METHOD and len(raw) == _ACK_BYTES:
            # The hot path: pamqp's generic decoder costs ten times as much for the same confirm.
            index, tag, multiple = _ACK.unpack_from(raw, 7)
            if index == _ACK_INDEX and number in self._channels:
                self._channels[number].confirm(tag, bool(multiple), None)
                return
        try:
            _, _, value = frame.unmarshal(raw)
        except Exception:
            # Bytes that are no AMQP: nothing after them can be trusted.
            self.abort("the broker sent an unreadable frame")
            return
        if number == 0:
            self._on_connection_frame(value)
        elif number in self._channels:
            self._channels[number].on_frame(value)

    def _on_connection_frame(self, value: Any) -> None:
        match value:
            case heartbeat.Heartbeat():
                return
            case commands.Connection.Blocked():
                self.blocked = True
                for channel in self._channels.values():
                    channel.fail(ConnectionLost("sent into an alarm"))
            case commands.Connection.Unblocked():
                self.blocked = False
            case commands.Connection.Close():
                self.send(frame.marshal(commands.Connection.CloseOk(), 0))
                self._flush()
                self.abort(f"closed by the broker: {value.reply_code}")
            case _:
                self.answered(0, value)

    def answered(self, channel: int, value: Any) -> None:
        waiting = self._waiting.get(channel)
        if waiting:
            answer = waiting.popleft()
            if not answer.done():
                answer.set_result(value)

    def _expect(self, channel: int) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.setdefault(channel, deque()).append(answer)
        return answer

    def _flush(self) -> None:
        if self._outgoing and self._transport and not self._transport.is_closing():
            self._transport.write(b"".join(self._outgoing))
            self._last_sent = self._loop.time()
        self._outgoing.clear()

    async def _log_in(self, address: Address, name: str) -> None:
        start = self._expect(0)
        self.send(header.ProtocolHeader().marshal())
        await start
        tune = await self.call(
            0,
            commands.Connection.StartOk(
                client_properties={
                    "product": "tanggap-gateway",
                    "connection_name": name,
                    "capabilities": {
                        "publisher_confirms": True,
                        "connection.blocked": True,
                        "consumer_cancel_notify": True,
                    },
                },
                mechanism="PLAIN",
                response=f"\0{address.user}\0{address.password}",
                locale="en_US",
            ),
        )
        self.frame_max = tune.frame_max or self.frame_max
        self._heartbeat_seconds = min(tune.heartbeat or _HEARTBEAT_SECONDS, _HEARTBEAT_SECONDS)
        self.send(
            frame.marshal(
                commands.Connection.TuneOk(tune.channel_max, self.frame_max, self._heartbeat_seconds), 0
            )
        )
        await self.call(0, commands.Connection.Open(address.vhost))
        self._on_beat()

    def _on_beat(self) -> None:
        now = self._loop.time()
        if now - self._last_received > 2 * self._heartbeat_seconds:
            self.abort("no heartbeat from the broker")
            return
        if now - self._last_sent > self._heartbeat_seconds / 2:
            self.send(heartbeat.Heartbeat().marshal())
        self._beat = self._loop.call_later(self._heartbeat_seconds / 2, self._on_beat)
