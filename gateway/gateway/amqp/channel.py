"""One channel: publishing with confirms, or consuming."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from pamqp import body, commands, frame, header

from gateway.amqp.errors import AmqpError, Nacked, Returned, Unavailable

if TYPE_CHECKING:
    from gateway.amqp.connection import Connection

Properties = commands.Basic.Properties
OnMessage = Callable[[Properties, bytes], None]

FRAME_OVERHEAD = 8
_FRAME_HEAD, _FRAME_END = struct.Struct(">BHI"), b"\xce"
_CONTENT = struct.Struct(">HHQH")
_HEADER, _BASIC = 2, 60
# In the order of the wire, without the two that are more than a byte or a short text.
_PROPERTIES = (
    (1 << 15, "content_type"),
    (1 << 14, "content_encoding"),
    (1 << 12, "delivery_mode"),
    (1 << 11, "priority"),
    (1 << 10, "correlation_id"),
    (1 << 9, "reply_to"),
    (1 << 8, "expiration"),
    (1 << 7, "message_id"),
    (1 << 5, "message_type"),
    (1 << 4, "user_id"),
    (1 << 3, "app_id"),
)


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
        head = _header_frame(self.number, len(message), properties)
        connection.send(_publish_frame(self.number, exchange, routing_key) + head)
        room = connection.frame_max - FRAME_OVERHEAD
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


def _header_frame(channel: int, size: int, properties: Properties) -> bytes:
    if properties.headers is not None or properties.timestamp is not None:
        return frame.marshal(header.ContentHeader(0, size, properties), channel)
    # The hot path: pamqp looks every property's type up first, which takes four times as long.
    flags, values = 0, bytearray()
    for flag, name in _PROPERTIES:
        value = getattr(properties, name)
        if isinstance(value, int):
            flags |= flag
            values.append(value)
        elif value is not None:
            text = value.encode()
            flags |= flag
            values.append(len(text))
            values += text
    payload = _CONTENT.pack(_BASIC, 0, size, flags) + values
    return _FRAME_HEAD.pack(_HEADER, channel, len(payload)) + payload + _FRAME_END


@lru_cache(maxsize=256)
def _publish_frame(channel: int, exchange: str, routing_key: str) -> bytes:
    return frame.marshal(
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), channel
    )
