"""AMQP 0-9-1 for asyncio, as much of it as a front door needs.

pamqp encodes and decodes; this module adds what decides the gateway's behaviour under load and failure:

* everything written during one turn of the event loop leaves in one system call;
* a publish is a future that its confirm resolves, so any number are in flight on one channel;
* a blocked connection (memory or disk alarm) fails what is in flight at once and refuses the rest;
* no wait on the broker is without a deadline, closing included.

    AmqpError
    ├── Unavailable       nothing was sent: not connected, or the broker takes no messages now
    ├── Returned          no queue is bound for the message
    ├── Nacked            the broker could not take responsibility
    └── ConnectionLost    sent (or sent into an alarm), and its outcome is unknown
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from pamqp import body, commands, frame, header, heartbeat

Properties = commands.Basic.Properties
OnMessage = Callable[[Properties, bytes], None]

_FRAME_HEAD = struct.Struct(">BHI")
_ACK = struct.Struct(">IQB")
_ACK_INDEX = commands.Basic.Ack.index
_METHOD, _FRAME_END, _FRAME_OVERHEAD = 1, b"\xce", 8
_HEARTBEAT_SECONDS = 10
_BUFFER_LIMIT = 8 * 1024 * 1024


class AmqpError(Exception):
    """Base of what can go wrong with the broker."""


class Unavailable(AmqpError):
    """Nothing was sent."""


class Returned(AmqpError):
    """Nobody is bound for this message."""


class Nacked(AmqpError):
    """The broker refused responsibility for the message."""


class ConnectionLost(AmqpError):
    """The message may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    user: str
    password: str
    vhost: str
    tls: ssl.SSLContext | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read amqp[s]://user:password@host:port/vhost[?cafile=path]."""
        parts = urlsplit(url)
        tls = None
        if parts.scheme == "amqps":
            tls = ssl.create_default_context(cafile=dict(parse_qsl(parts.query)).get("cafile"))
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (5671 if tls else 5672),
            user=unquote(parts.username or "guest"),
            password=unquote(parts.password or "guest"),
            vhost=unquote(parts.path[1:]) or "/",
            tls=tls,
        )


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
                _, connection = await loop.create_connection(
                    cls,
                    address.host,
                    address.port,
                    ssl=address.tls,
                    server_hostname=address.host if address.tls else None,
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
        while available - offset >= _FRAME_OVERHEAD:
            kind, channel, size = _FRAME_HEAD.unpack_from(received, offset)
            end = offset + _FRAME_OVERHEAD + size
            if end > available:
                break
            self._on_frame(kind, channel, bytes(received[offset:end]))
            if self.closed.done():
                return
            offset = end
        del received[:offset]

    def _on_frame(self, kind: int, number: int, raw: bytes) -> None:
        if kind == _METHOD and len(raw) == 21:
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


class Channel:
    """One channel: publishing with confirms, or consuming. Any error on it ends the connection."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        self._next_tag = 1
        self._unconfirmed: dict[int, tuple[str, asyncio.Future[None]]] = {}
        self._tag_of: dict[str, int] = {}
        self._on_message: OnMessage | None = None
        self._method: Any = None
        self._head: header.ContentHeader | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    @property
    def in_flight(self) -> int:
        return len(self._unconfirmed)

    def publish(
        self, exchange: str, routing_key: str, message: bytes, properties: Properties
    ) -> asyncio.Future[None]:
        """Send one mandatory message; the future resolves with its confirm.

        It fails with Returned, Nacked or ConnectionLost. Raises
        Unavailable at once, and sends nothing, while the broker takes no messages.
        `properties.message_id` must be unique among the messages in flight.
        """
        connection = self.connection
        if not connection.writable:
            raise Unavailable("the broker takes no messages now")
        tag, self._next_tag = self._next_tag, self._next_tag + 1
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        message_id = cast(str, properties.message_id)
        self._unconfirmed[tag] = (message_id, confirmed)
        self._tag_of[message_id] = tag
        head = header.ContentHeader(0, len(message), properties)
        connection.send(_publish_frame(self.number, exchange, routing_key) + frame.marshal(head, self.number))
        room = connection.frame_max - _FRAME_OVERHEAD
        for start in range(0, len(message), room):
            connection.send(frame.marshal(body.ContentBody(message[start : start + room]), self.number))
        return confirmed

    async def consume(self, queue: str, routing_key: str, exchange: str, on_message: OnMessage) -> None:
        """Declare an exclusive queue, bind it and take its messages without acknowledgement."""
        self._on_message = on_message
        call = self.connection.call
        await call(self.number, commands.Queue.Declare(queue=queue, exclusive=True))
        await call(self.number, commands.Queue.Bind(queue=queue, exchange=exchange, routing_key=routing_key))
        await call(self.number, commands.Basic.Consume(queue=queue, no_ack=True))

    def confirm(self, tag: int, multiple: bool, error: AmqpError | None) -> None:
        if not multiple:
            self._settle(tag, error)
            return
        # Tags were inserted in order: the confirmed ones are at the front.
        for settled in [known for known in self._unconfirmed if known <= tag]:
            self._settle(settled, error)

    def fail(self, error: AmqpError) -> None:
        """Fail everything in flight."""
        for tag in list(self._unconfirmed):
            self._settle(tag, error)

    def on_frame(self, value: Any) -> None:
        match value:
            case commands.Basic.Deliver() | commands.Basic.Return():
                self._method, self._head, self._parts, self._missing = value, None, [], 0
            case header.ContentHeader():
                self._head, self._missing = value, value.body_size
                if not self._missing:
                    self._on_content()
            case body.ContentBody():
                self._parts.append(value.value)
                self._missing -= len(value.value)
                if self._missing <= 0:
                    self._on_content()
            case commands.Basic.Ack():
                self.confirm(value.delivery_tag, value.multiple, None)
            case commands.Basic.Nack():
                self.confirm(value.delivery_tag, value.multiple, Nacked("the broker refused the message"))
            case commands.Channel.Close() | commands.Basic.Cancel():
                # A refused right, a missing exchange or a lost reply queue: start afresh.
                code = getattr(value, "reply_code", "consumer cancelled")
                self.connection.abort(f"channel closed by the broker: {code}")
            case _:
                self.connection.answered(self.number, value)

    def _on_content(self) -> None:
        method, head = self._method, self._head
        if head is None:
            return
        if isinstance(method, commands.Basic.Return):
            # A return comes before the ack of the same message.
            tag = self._tag_of.get(head.properties.message_id or "")
            if tag is not None:
                self._settle(tag, Returned("nobody takes this message"))
        elif self._on_message is not None:
            self._on_message(head.properties, b"".join(self._parts))
        self._method, self._head, self._parts = None, None, []

    def _settle(self, tag: int, error: AmqpError | None) -> None:
        message_id, confirmed = self._unconfirmed.pop(tag, ("", None))
        if confirmed is None:
            return
        if self._tag_of.get(message_id) == tag:
            del self._tag_of[message_id]
        if confirmed.done():
            return
        if error is None:
            confirmed.set_result(None)
        else:
            confirmed.set_exception(error)


@lru_cache(maxsize=256)
def _publish_frame(channel: int, exchange: str, routing_key: str) -> bytes:
    return frame.marshal(
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), channel
    )
