"""One AMQP connection with a greenlet that reads it: confirms, deliveries, heartbeats, alarms.

Written on py-amqp itself. kombu decodes bodies, waits for one confirm at a time and closes politely,
which during a broker alarm means for ever. Here every wait has a deadline, and a broken or blocked
connection is dropped by its socket.
"""

from __future__ import annotations

import random
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import eventlet
from amqp import spec
from amqp.exceptions import AccessRefused, AMQPError, NotFound, PreconditionFailed
from eventlet.event import Event as GreenEvent

from servicekit.envelope import Outgoing
from servicekit.errors import KitError
from servicekit.frames import Buffered, frame_handler, publish_frames
from servicekit.logs import describe

ACKED, NACKED, RETURNED = "acked", "nacked", "returned"
_READ_SECONDS = 0.5


class BrokerAway(KitError):
    """Weather: unreachable, blocked, or silent. The connection is dropped; try again later."""


class BrokerRefused(KitError):
    """The broker answered no (403, 404, 406) and closed the channel."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code

    @property
    def is_configuration(self) -> bool:
        # 404 may be a topology job that has not run yet.
        return self.code in (403, 406)


class Signal:
    """A flag that greenlets can wait for."""

    def __init__(self) -> None:
        self._set = False
        self._event: GreenEvent | None = None

    def set(self) -> None:
        self._set = True
        event, self._event = self._event, None
        if event is not None:
            event.send(True)

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float) -> bool:
        """Whether the flag is set within `timeout` seconds."""
        if not self._set:
            if self._event is None:
                self._event = GreenEvent()
            self._event.wait(timeout)
        return self._set


@contextmanager
def timeouts_as_errors() -> Iterator[None]:
    """Turn an eventlet.Timeout into TimeoutError: as a BaseException it would kill the container."""
    try:
        yield
    except eventlet.Timeout as timeout:
        raise TimeoutError("eventlet timeout") from timeout


class Link:
    """A connection and one channel. Not shared between publishers: one greenlet publishes with confirms.

    `url` may be several, separated by semicolons: the nodes of a cluster. Each link draws one of them, so
    that whoever finds a node away comes back to another, and the links of all processes are spread.
    """

    def __init__(
        self, url: str, *, ca: str | None = None, confirms: bool = True, heartbeat: float = 15
    ) -> None:
        url = random.choice(url.split(";"))  # noqa: S311 - spreads, hides nothing
        self.user = unquote(urlsplit(url).username or "guest")
        self._confirms = confirms
        self._connection = _connection(
            url, ca, heartbeat=heartbeat, on_blocked=self._on_blocked, on_unblocked=self._on_unblocked
        )
        self._channel: Any = None
        self._reader: Any = None
        self._closing = False
        self._consuming = self._cancelling = ""
        self._tag = 0
        self._waiting: dict[int, str] = {}  # delivery tag -> message id
        self._outcomes: dict[str, str] = {}
        self._settled = Signal()
        self._asked: deque[Callable[[int], None]] = deque()
        self.blocked = False
        self.failure: KitError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.on_beat: Callable[[], None] = lambda: None

    def open(self) -> Link:
        """Connect and start reading. Raises BrokerAway or BrokerRefused within ten seconds."""
        try:
            with eventlet.Timeout(10, BrokerAway("connection timed out")):
                self._connection.connect()
                self._buffered = Buffered(self._connection.transport)
                self._channel = self._connection.channel()
                if self._confirms:
                    self._channel.confirm_select()
        except BrokerAway:
            self.drop()
            raise
        except Exception as error:
            self.drop()
            raise _translate(error) from error
        self._channel.events["basic_ack"].add(lambda tag, multiple: self._settle(tag, multiple, ACKED))
        self._channel.events["basic_nack"].add(lambda tag, multiple: self._settle(tag, multiple, NACKED))
        self._channel.events["basic_return"].add(self._on_return)
        self._channel._callbacks[spec.Queue.DeclareOk] = self._on_depth
        self._reader = eventlet.spawn(self._read)
        return self

    # Publishing

    def publish(
        self, messages: Sequence[Outgoing], timeout: float, *, through_alarm: bool = False
    ) -> dict[str, str]:
        """Publish all, wait for every confirm, and give the outcome by message id.

        Raises BrokerAway (dropped link; nothing is known about the messages) or BrokerRefused (the
        channel is gone; which message was refused is known only if there was one). With
        `through_alarm` a broker that blocks publishers is waited for: a consumer that dropped its link
        instead would have its unacknowledged messages count as delivered once more.
        """
        self.check()
        self._outcomes = {}
        self._settled.clear()
        watch = eventlet.spawn_after(timeout, self._expire, through_alarm)
        try:
            with self._buffered.together():
                for message in messages:
                    self._tag += 1
                    self._waiting[self._tag] = message.message_id
                    self._write(message)
            while self._waiting and self.failure is None and (through_alarm or not self.blocked):
                self._settled.clear()
                self._settled.wait(timeout)
            if self._waiting:
                raise self.failure or BrokerAway("broker blocks publishers")
        except BaseException as error:
            failure = self.failure
            self.drop()
            if isinstance(error, OSError | AMQPError):
                raise failure or _translate(error) from error
            raise
        finally:
            watch.cancel()
        return self._outcomes

    def _expire(self, through_alarm: bool) -> None:
        while through_alarm and self.blocked and self.failure is None:
            eventlet.sleep(1)
        if self._waiting:
            self._fail(BrokerAway("no confirm in time"))
            self.drop()

    def send(self, message: Outgoing, timeout: float) -> None:
        """Publish without a confirm. Raises BrokerAway where the socket does not take it in time."""
        self.check()
        try:
            with eventlet.Timeout(timeout, BrokerAway("socket is full")):
                self._write(message)
        except BaseException as error:
            self.drop()
            if isinstance(error, OSError | AMQPError):
                raise _translate(error) from error
            raise

    def _write(self, message: Outgoing) -> None:
        connection = self._connection
        connection.transport.write(publish_frames(self._channel.channel_id, connection.frame_max, message))
        connection.bytes_sent += 1  # by which py-amqp sees that no heartbeat is due

    def _settle(self, tag: int, multiple: bool, outcome: str) -> None:
        tags: Iterable[int] = [t for t in self._waiting if t <= tag] if multiple else (tag,)
        for settled in tags:
            message_id = self._waiting.pop(settled, None)
            if message_id is not None:
                # A return comes before the ack of the same message, and is the stronger news.
                self._outcomes.setdefault(message_id, outcome)
        if not self._waiting:
            self._settled.set()

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._outcomes[message.properties.get("message_id", "")] = RETURNED

    # Consuming

    def consume(self, queue: str, prefetch: int, on_message: Callable[[Any], None]) -> None:
        """Consume with at most `prefetch` unacknowledged. A missing queue makes the link fail."""
        self.check()
        self._consuming = f"{queue}:{time.monotonic_ns()}"
        # A quorum queue may deliver after it confirmed a cancellation. py-amqp would put that back,
        # which counts as a delivery.
        self._channel.callbacks = _Sticky(on_message, self._channel.callbacks)
        try:
            # Without waiting for answers: the reader owns the socket. A refusal reaches it as a failure.
            self._channel.send_method(spec.Basic.Qos, "lBb", (0, prefetch, False))
            self._channel.basic_consume(
                queue,
                consumer_tag=self._consuming,
                callback=on_message,
                on_cancel=lambda tag: self._fail(BrokerAway("the queue is gone")),
                nowait=True,
            )
        except Exception as error:
            raise _translate(error) from error

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge; a link that failed meanwhile is left to redelivery."""
        if self.failure is None:
            try:
                self._channel.basic_ack(tag, multiple=multiple)
            except (OSError, AMQPError) as error:
                self._fail(_translate(error))

    def reject(self, tag: int) -> None:
        """Dead-letter by the queue's own arguments."""
        if self.failure is None:
            self._channel.basic_reject(tag, requeue=False)

    def cancel(self) -> None:
        """Stop deliveries. What was delivered stays with this link until it is acknowledged."""
        tag, self._consuming = self._consuming, ""
        if tag and self.failure is None:
            self._cancelling = tag
            self._channel.send_method(spec.Basic.Cancel, "sb", (tag, False))

    def ask_depth(self, queue: str, on_answer: Callable[[int], None]) -> None:
        """Ask how many messages are ready in a queue. The answer comes later, or never if the link ends."""
        if self.failure is not None:
            return
        # Not `queue_declare`: it would read the socket, which is the reader's. Answers keep the order.
        self._asked.append(on_answer)
        try:
            self._channel.send_method(
                spec.Queue.Declare, "BsbbbbbF", (0, queue, True, False, False, False, False, {})
            )
        except (OSError, AMQPError) as error:
            self._fail(_translate(error))

    def _on_depth(self, queue: str, messages: int, consumers: int) -> None:
        self._asked.popleft()(messages)

    @property
    def cancelled(self) -> bool:
        """Whether the broker has confirmed the last `cancel`. A quorum queue may still send a little."""
        return self.failure is not None or self._cancelling not in self._channel.callbacks

    # Life

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self._reader is None:
            raise BrokerAway("not connected")

    def close(self, timeout: float = 2.0) -> None:
        """Close after everything written has arrived, or drop when that takes too long."""
        self._closing = True
        try:
            with eventlet.Timeout(timeout):
                if self._reader is not None and self.failure is None:
                    self._reader.wait()
                    self._connection.close()
        except (eventlet.Timeout, OSError, AMQPError):
            # During an alarm the broker does not answer; acknowledgements lost here are redeliveries.
            self.failure = self.failure or BrokerAway("closed")
        self.drop()

    def drop(self) -> None:
        """Shut the socket without asking the broker."""
        self._closing = True
        self.failure = self.failure or BrokerAway("dropped")
        reader, self._reader = self._reader, None
        if reader is not None and reader is not eventlet.getcurrent():
            reader.kill()
        transport = self._connection._transport
        if transport is not None and transport.sock is not None:
            transport.connected = False
            try:
                # Wakes a greenlet that waits in a write, which closing alone does not.
                transport.sock.shutdown(socket.SHUT_RDWR)
                transport.sock.close()
            except OSError:
                # Gone already.
                return

    def _read(self) -> None:
        ticked = time.monotonic()
        try:
            while not self._closing:
                try:
                    self._connection.drain_events(timeout=_READ_SECONDS)
                    while self._buffered.has_frame() and not self._closing:
                        self._connection.on_inbound_frame(self._buffered.read_frame())
                except TimeoutError:
                    self.on_beat()
                now = time.monotonic()
                if now - ticked > 1:
                    ticked = now
                    self.on_beat()
                    self._connection.heartbeat_tick()
        except Exception as error:
            if not self._closing:
                self._fail(_translate(error))

    def _fail(self, error: KitError) -> None:
        if self.failure is None:
            self.failure = error
            self._settled.set()
            self.on_failure()

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        self._settled.set()

    def _on_unblocked(self) -> None:
        self.blocked = False


class _Sticky(dict[str, Any]):
    """Consumer callbacks that outlive their consumers."""

    def __init__(self, callback: Callable[[Any], None], registered: dict[str, Any]) -> None:
        super().__init__(registered)
        self._callback = callback

    def __missing__(self, consumer_tag: str) -> Callable[[Any], None]:
        return self._callback


def _connection(url: str, ca: str | None, **options: Any) -> Any:
    parts = urlsplit(url)
    secure = parts.scheme == "amqps"
    # py-amqp checks the host name only where `server_hostname` is given.
    tls = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": ca, "server_hostname": parts.hostname}
    return amqp.Connection(
        host=f"{parts.hostname}:{parts.port or (5671 if secure else 5672)}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        login_method="PLAIN",
        ssl=tls if secure else False,
        connect_timeout=5,
        frame_handler=frame_handler,
        **options,
    )


def _translate(error: Exception) -> KitError:
    if isinstance(error, KitError):
        return error
    if isinstance(error, AccessRefused | NotFound | PreconditionFailed):
        # A consumer that held a message for half an hour also gets 406; that is weather.
        if "timeout" in str(error.reply_text).lower():
            return BrokerAway("delivery acknowledgement timed out")
        return BrokerRefused(error.reply_code, str(error.reply_text))
    return BrokerAway(describe(error))


@contextmanager
def declaring(url: str, ca: str | None = None) -> Iterator[Any]:
    """A plain channel for a job that declares. Raises BrokerAway or BrokerRefused."""
    connection = _connection(url, ca, heartbeat=0)
    try:
        connection.connect()
        yield connection.channel()
        connection.close()
    except (OSError, AMQPError) as error:
        raise _translate(error) from error
