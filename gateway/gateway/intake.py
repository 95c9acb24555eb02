"""The durable way in: what the outside hands over is on disk in a quorum queue before we say 202."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from prometheus_client import Counter

from gateway import measures
from gateway.amqp import Address, AmqpError, Channel, Connection, Properties, Unavailable
from gateway.link import Link
from servicekit.envelope import CONTENT_TYPE, Event

EXCHANGE = "gateway.intake"
CONFIRM_SECONDS = 2.5


class NotConfirmed(Exception):
    """The event may or may not have been taken; repeating it with the same id is harmless."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Intake:
    """Publishes intake events with confirms, any number in flight at once."""

    def __init__(self, address: Address, name: str = "gateway intake") -> None:
        self._user = address.user
        self._channel: Channel | None = None
        self._link = Link(address, name, self._set_up, self._torn_down)

    def start(self) -> None:
        self._link.start()

    async def stop(self) -> None:
        await self._link.stop()

    @property
    def ready(self) -> bool:
        return self._link.ready

    async def publish(
        self, event: Event, *, exchange: str = EXCHANGE, routing_key: str | None = None
    ) -> None:
        """Return once a quorum queue holds the event; the routing key is its type, if none is given.

        Raises NotConfirmed within 2.5 s, at once while the broker is away or in an alarm.
        """
        outcome = "failed"
        try:
            if self._channel is None:
                raise Unavailable("no connection")
            confirmed = self._channel.publish(
                exchange,
                routing_key or event.type,
                event.to_bytes(),
                Properties(
                    content_type=CONTENT_TYPE,
                    content_encoding="utf-8",
                    delivery_mode=2,
                    message_id=event.id,
                    correlation_id=event.correlationid,
                    message_type=event.type,
                    user_id=self._user,
                ),
            )
            late = asyncio.get_running_loop().call_later(CONFIRM_SECONDS, _expire, confirmed)
            try:
                await confirmed
            finally:
                late.cancel()
            outcome = "confirmed"
        except (AmqpError, TimeoutError) as error:
            outcome = type(error).__name__.lower()
            raise NotConfirmed(outcome) from None
        finally:
            _counter(event.type, outcome).inc()

    async def _set_up(self, connection: Connection) -> None:
        self._channel = await connection.channel(confirms=True)

    def _torn_down(self) -> None:
        self._channel = None


def _expire(confirmed: asyncio.Future[None]) -> None:
    if not confirmed.done():
        confirmed.set_exception(TimeoutError())


@lru_cache(maxsize=256)
def _counter(type_: str, outcome: str) -> Counter:
    return measures.intake_total.labels(type_, outcome)
