"""One channel: publishing with confirms, or consuming."""

from __future__ import annotations

import asyncio
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


@lru_cache(maxsize=256)
def _publish_frame(channel: int, exchange: str, routing_key: str) -> bytes:
    return frame.marshal(
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), channel
    )
