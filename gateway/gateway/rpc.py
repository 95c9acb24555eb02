"""An asyncio client of Nameko's RPC protocol, with sealed requests and replies.

    request   exchange nameko-rpc, key <service>.<method>, reply_to = the uuid our reply queue is bound by
    reply     exchange nameko-rpc, key = reply_to, same correlation_id

Arguments and results travel sealed for the service: neither a queue nor the broker's files hold a
readable one. A request expires at its deadline, so a service that was down never runs an old action.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from gateway import measures
from gateway.amqp import Address, AmqpError, Channel, Connection, ConnectionLost, Properties
from gateway.link import Link
from servicekit.errors import Refused, SealError, refusal_from_wire
from servicekit.sealing import KeyRing
from servicekit.tracing import current_traceparent

log = logging.getLogger(__name__)

EXCHANGE = "nameko-rpc"
QUERY_SECONDS = 2.0
ACTION_SECONDS = 5.0


class ServiceAway(Exception):
    """The call was not run, or it was a query: ask again later."""


class OutcomeUnknown(Exception):
    """An action was sent and no answer came: it may or may not have happened."""


class ServiceBroken(Exception):
    """The service answered with an error that is no refusal: a fault of ours."""


class Rpc:
    """Calls methods of the services. One reply queue per connection, no future outlives its call."""

    def __init__(self, address: Address, rings: Mapping[str, KeyRing]) -> None:
        self._rings = rings
        self._user = address.user
        self._reply_to = ""
        self._channel: Channel | None = None
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._link = Link(address, "gateway rpc", self._set_up, self._torn_down)

    def start(self) -> None:
        self._link.start()

    async def stop(self) -> None:
        await self._link.stop()

    @property
    def ready(self) -> bool:
        return self._link.ready

    @property
    def pending(self) -> int:
        return len(self._pending)

    async def query(self, service: str, method: str, actor: dict[str, Any] | None = None, **args: Any) -> Any:
        """The answer to a question. Raises Refused, ServiceAway or ServiceBroken within 2 s."""
        try:
            return await self._call(
                service, method, actor, args, None, QUERY_SECONDS, traceparent=current_traceparent()
            )
        except OutcomeUnknown as unknown:
            raise ServiceAway(str(unknown)) from None

    async def probe(self, service: str, method: str, seconds: float, **args: Any) -> Any:
        """A question of nobody's, in no trace, given up after so many seconds; raises as `query` does."""
        try:
            return await self._call(service, method, None, args, None, seconds, traceparent=None)
        except OutcomeUnknown as unknown:
            raise ServiceAway(str(unknown)) from None

    async def act(
        self,
        service: str,
        method: str,
        actor: dict[str, Any] | None,
        key: str | None,
        **args: Any,
    ) -> Any:
        """An action's result. Raises Refused, ServiceAway, OutcomeUnknown or ServiceBroken within 5 s."""
        return await self._call(
            service, method, actor, args, key, ACTION_SECONDS, traceparent=current_traceparent()
        )

    async def _call(
        self,
        service: str,
        method: str,
        actor: dict[str, Any] | None,
        args: dict[str, Any],
        key: str | None,
        seconds: float,
        *,
        traceparent: str | None,
    ) -> Any:
        context = f"{service}.{method}"
        started, outcome = time.perf_counter(), "failed"
        try:
            result = await self._sealed(service, context, actor, args, key, seconds, traceparent)
            outcome = "ok"
            return result
        except (Refused, ServiceAway, OutcomeUnknown, ServiceBroken) as error:
            outcome = type(error).__name__.lower()
            raise
        finally:
            measures.rpc_seconds.labels(context, outcome).observe(time.perf_counter() - started)

    async def _sealed(
        self,
        service: str,
        context: str,
        actor: dict[str, Any] | None,
        args: dict[str, Any],
        key: str | None,
        seconds: float,
        traceparent: str | None,
    ) -> Any:
        """Seal the request, open the reply; a refusal inside it is raised."""
        ring = self._rings[service]
        request = {
            "actor": actor,
            "args": args,
            "deadline": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(),
            "key": key,
            "traceparent": traceparent,
        }
        token = ring.seal(request, recipient=service, context=context)
        reply = await self._exchange(context, str(uuid.uuid4()), token, traceparent, seconds)
        error = reply.get("error")
        if error is not None:
            # Only the class travels into our log: exc_args and value may quote the request.
            log.error("rpc failed", extra={"method": context, "error": str(error.get("exc_type", ""))[:80]})
            raise ServiceBroken(context)
        try:
            answer = ring.open(reply["result"], recipient=service, context=f"{context}.reply")
        except (SealError, KeyError, AttributeError):
            raise ServiceBroken(context) from None
        if answer.get("error") is not None:
            if answer["error"].get("type") == "unavailable":  # the service is there, its database is not
                raise ServiceAway(context)
            raise refusal_from_wire(answer["error"])
        return answer.get("result")

    async def _exchange(
        self, context: str, call_id: str, token: str, traceparent: str | None, seconds: float
    ) -> dict[str, Any]:
        """Send one request and wait for its reply."""
        channel = self._channel
        if channel is None:
            raise ServiceAway(context)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        headers: dict[str, Any] = {"nameko.call_id_stack": [f"gateway.{context}.{call_id}"]}
        if traceparent:
            headers["traceparent"] = traceparent

        def on_confirm(confirmed: asyncio.Future[None]) -> None:
            error = None if confirmed.cancelled() else confirmed.exception()
            if error is not None and not reply.done():
                reply.set_exception(error)

        self._pending[call_id] = reply
        try:
            channel.publish(
                EXCHANGE,
                context,
                orjson.dumps({"args": [token], "kwargs": {}}),
                Properties(
                    content_type="application/json",
                    content_encoding="utf-8",
                    headers=headers,
                    delivery_mode=2,
                    correlation_id=call_id,
                    reply_to=self._reply_to,
                    expiration=str(int(seconds * 1000)),
                    message_id=call_id,
                    user_id=self._user,
                ),
            ).add_done_callback(on_confirm)
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError:
            raise OutcomeUnknown(context) from None
        except ConnectionLost:
            raise OutcomeUnknown(context) from None
        except AmqpError:
            raise ServiceAway(context) from None
        finally:
            self._pending.pop(call_id, None)

    async def _set_up(self, connection: Connection) -> None:
        # The reply queue is open before the first call can be made.
        reply_to = str(uuid.uuid4())
        replies = await connection.channel()
        await replies.consume(f"rpc.reply-gateway-{reply_to}", reply_to, EXCHANGE, self._on_reply)
        self._channel, self._reply_to = await connection.channel(confirms=True), reply_to

    def _torn_down(self) -> None:
        self._channel = None
        for reply in self._pending.values():
            if not reply.done():
                reply.set_exception(ConnectionLost("the reply queue is gone"))

    def _on_reply(self, properties: Properties, message: bytes) -> None:
        reply = self._pending.get(str(properties.correlation_id))
        if reply is None or reply.done():
            return
        try:
            document = orjson.loads(message)
        except orjson.JSONDecodeError:
            document = None
        reply.set_result(
            document if isinstance(document, dict) else {"error": {"exc_type": "UnreadableReply"}}
        )
