"""`@sealed_rpc`: Nameko's RPC protocol with arguments and results that only the two ends can read.

Written on the kit's own link. Nameko's consumer decodes and logs bodies, dies of a message without
`reply_to`, and its replies block a worker while the broker is in an alarm.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import eventlet
import orjson
from nameko.exceptions import MalformedRequest, MethodNotFound, serialize
from nameko.extensions import Entrypoint, SharedExtension, register_entrypoint

from servicekit import metrics
from servicekit.broker import BrokerAway, BrokerRefused, Link, Signal, timeouts_as_errors
from servicekit.config import ServiceConfig
from servicekit.envelope import Outgoing
from servicekit.errors import ConfigurationError, Refused, SealError
from servicekit.health import Health
from servicekit.ids import uuid7
from servicekit.logs import describe, get_logger
from servicekit.mongo import is_weather
from servicekit.sealing import KeyRing
from servicekit.topology import RPC_EXCHANGE
from servicekit.tracing import span

log = get_logger(__name__)

SEND_SECONDS = 2.0
Method = Callable[..., Any]


class Call:
    """An opened request on its way to the method; `reply` is what the wrapper made of its result."""

    def __init__(self, name: str, request: dict[str, Any]) -> None:
        self.name = name
        self.actor = request.get("actor")
        self.args: dict[str, Any] = request.get("args") or {}
        self.key = request.get("key")
        self.traceparent = request.get("traceparent")
        self.outcome = "ok"


def sealed_rpc(method: Method) -> Method:
    """Answer `<service>.<method>` calls whose one argument is a sealed request.

    The method is called with `actor`, the request's `args` and its idempotency `key` as far as its
    signature takes them, and returns JSON. A `Refused` it raises travels inside the sealed reply; a
    database that is away replies `unavailable`, any other exception `internal`, and is logged. A request
    past its deadline is dropped.
    """
    signature = inspect.signature(method)
    parameters = signature.parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    @functools.wraps(method)
    def opened(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not (len(args) == 1 and isinstance(args[0], Call)):
            return method(self, *args, **kwargs)
        call = args[0]
        given = {"actor": call.actor, "key": call.key, **call.args}
        if not takes_any:
            # Envelope parts that this method has no use for; unknown arguments stay and fail below.
            given = {k: v for k, v in given.items() if k in parameters or k in call.args}
        with span(f"{call.name} process", kind="server", parent=call.traceparent, log={"rpc": call.name}):
            try:
                signature.bind(self, **given)
            except TypeError:
                call.outcome = "signature"
                log.error("rpc arguments do not fit the method")
                return {"error": {"type": "internal", "detail": "arguments do not fit the method"}}
            try:
                with timeouts_as_errors():
                    return {"result": method(self, **given)}
            except Refused as refused:
                call.outcome = refused.type
                return {"error": refused.to_wire()}
            except Exception as error:
                if is_weather(error):
                    call.outcome = "unavailable"
                    log.warning("rpc without its database", error=describe(error))
                    return {"error": {"type": "unavailable", "detail": ""}}
                call.outcome = "internal"
                log.exception("rpc failed")
                return {"error": {"type": "internal", "detail": ""}}

    register_entrypoint(opened, SealedRpc())
    return opened


class RpcServer(SharedExtension):  # type: ignore[misc]  # Nameko has no types
    """Consumes `rpc-<service>` and sends replies, for all methods of a service, on one link."""

    health = Health()

    def __init__(self) -> None:
        self._methods: dict[str, SealedRpc] = {}
        self._stopping = Signal()
        self._failed = Signal()
        self._done = Signal()
        self._link: Link | None = None
        self._running = 0
        self._started = False

    def register(self, entrypoint: SealedRpc) -> None:
        self._methods[entrypoint.method_name] = entrypoint

    def setup(self) -> None:
        config: ServiceConfig = self.container.config["TANGGAP"]
        self._config = config
        if config.seal_keys is None:
            raise ConfigurationError(f"TANGGAP_SEAL_KEYS_{config.service.upper()}: needed to answer RPC")
        self._keys: KeyRing = config.seal_keys
        self._component = self.health.component("rpc")

    def start(self) -> None:
        if not self._started:
            self._started = True
            self.container.spawn_managed_thread(self._run, identifier="rpc")

    def drain(self) -> None:
        """Take no more calls; return when the running ones are answered, or the deadline passes."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._failed.set()
            if self._link is not None:
                self._link.cancel()
        deadline = time.monotonic() + self._config.drain_seconds - 5
        while self._running and time.monotonic() < deadline:
            eventlet.sleep(0.02)

    def stop(self) -> None:
        self._stopping.set()
        self._failed.set()
        self._done.wait(3)

    def kill(self) -> None:
        self._stopping.set()
        self._failed.set()
        if self._link is not None:
            self._link.drop()

    def _run(self) -> None:
        backoff = 0.2
        try:
            while not self._stopping.is_set():
                self._failed.clear()
                try:
                    self._serve()
                    backoff = 0.2
                except BrokerRefused as refused:
                    if refused.is_configuration:
                        raise ConfigurationError(
                            f"broker refuses rpc of {self._config.service}: {refused}"
                        ) from refused
                    log.error("rpc queue is not declared yet")
                except BrokerAway as away:
                    log.warning("rpc lost the broker", error=describe(away))
                self._component.set_ready(False)
                self._stopping.wait(backoff)
                backoff = min(backoff * 2, 10)
            while self._running:
                eventlet.sleep(0.02)
            if self._link is not None:
                self._link.close(1.0)
        finally:
            self._done.set()

    def _serve(self) -> None:
        link = Link(self._config.amqp_url, ca=self._config.amqp_ca, confirms=False)
        link.on_failure = self._failed.set
        link.on_beat = self._component.beat
        self._link = link.open()
        # A worker more than the pool has: the next call is here when a worker gets free.
        prefetch = self._config.max_workers + 1
        link.consume(f"rpc-{self._config.service}", prefetch, lambda m: self._on_message(link, m))
        self._component.set_ready(True)
        while not self._failed.wait(5) and not self._stopping.is_set():
            self._component.beat()
        if link.failure is not None:
            raise link.failure

    def _on_message(self, link: Link, message: Any) -> None:
        # Spawning a worker may wait for a free one, and this is the greenlet that reads the socket.
        self._running += 1
        eventlet.spawn(self._receive, link, message)

    def _receive(self, link: Link, message: Any) -> None:
        properties = message.properties
        reply_to = properties.get("reply_to")
        tag = message.delivery_info["delivery_tag"]
        if not reply_to:
            # Only the gateway's broker user can send one; stock Nameko would die of it again and again.
            log.error("rpc request without reply_to discarded")
            self._finish(link, tag)
            return
        name = message.delivery_info["routing_key"].rpartition(".")[2]
        try:
            call = self._open(name, message.body)
        except (MethodNotFound, MalformedRequest, SealError) as error:
            log.error("rpc request refused", error=type(error).__name__)
            self._reply(link, properties, {"result": None, "error": serialize(error)})
            self._finish(link, tag)
            return
        if call is None:
            metrics.rpc_seconds.labels(self._config.service, name, "expired").observe(0)
            self._finish(link, tag)
            return
        started = time.monotonic()

        def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            seconds = time.monotonic() - started
            metrics.rpc_seconds.labels(self._config.service, name, call.outcome).observe(seconds)
            self._reply(link, properties, {"result": self._sealed(name, result), "error": None})
            self._finish(link, tag)
            return result, exc_info

        self.container.spawn_worker(self._methods[name], (call,), {}, handle_result=handle_result)

    def _open(self, name: str, body: bytes | str) -> Call | None:
        """The request, or None where its deadline has passed."""
        if name not in self._methods:
            raise MethodNotFound(name)
        try:
            document = orjson.loads(body)
            (token,) = document["args"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise MalformedRequest("expected one sealed argument") from None
        service = self._config.service
        request = self._keys.open(token, recipient=service, context=f"{service}.{name}")
        try:
            deadline = request.get("deadline")
            if deadline and datetime.now(UTC) > datetime.fromisoformat(deadline):
                return None
        except (AttributeError, TypeError, ValueError):
            raise MalformedRequest("expected actor, args and a deadline with its zone") from None
        return Call(name, request)

    def _sealed(self, name: str, result: Any) -> str:
        service = self._config.service
        context = f"{service}.{name}.reply"
        try:
            return self._keys.seal(result, recipient=service, context=context)
        except TypeError:
            log.error("rpc result is not JSON", rpc=name)
            failure = {"error": {"type": "internal", "detail": ""}}
            return self._keys.seal(failure, recipient=service, context=context)

    def _reply(self, link: Link, properties: Any, document: dict[str, Any]) -> None:
        """Send a reply, or let it go: the caller has a deadline and repeats with the same key."""
        if link.failure is not None or link.blocked:
            return
        reply = Outgoing(
            exchange=RPC_EXCHANGE,
            routing_key=properties["reply_to"],
            body=orjson.dumps(document),
            message_id=uuid7(),
            mandatory=False,
            content_type="application/json",
            properties={"correlation_id": properties.get("correlation_id") or ""},
        )
        try:
            link.send(reply, SEND_SECONDS)
        except (BrokerAway, BrokerRefused) as error:
            log.warning("rpc reply not sent", error=describe(error))

    def _finish(self, link: Link, tag: int) -> None:
        self._running -= 1
        link.ack(tag)


class SealedRpc(Entrypoint):  # type: ignore[misc]  # Nameko has no types
    server = RpcServer()

    def setup(self) -> None:
        self.server.register(self)

    def stop(self) -> None:
        self.server.drain()
