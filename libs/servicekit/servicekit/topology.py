"""What the broker must hold and who may do what, read from `contracts/topology.yaml`.

    producer ──▶ [exchange, topic] ──type──▶ evt-<service>-<handler>  (work, quorum)
                                                 │ delivery limit              ▲
                                                 ▼                             │ after the delay
                       <service>.dlx (direct) ──▶ dlq-<service>-<handler>      │
                                              └──▶ retry-<service>-<handler>-<seconds> ──┘

Services never declare any of it. `servicekit.topology_job` does, once, with the definitions made here.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from servicekit.errors import ConfigurationError
from servicekit.yaml_files import read_yaml

RPC_EXCHANGE = "nameko-rpc"
OPERATOR = "topology"
MONITOR = "ops"
_UUID = "^[0-9a-f-]{36}$"
_NOTHING = "^$"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A topic exchange. An external one takes `<code>.<type>` from users `<user_prefix><code>`."""

    name: str
    owner: str
    source_prefix: str | None = None
    user_prefix: str | None = None

    @property
    def external(self) -> bool:
        return self.source_prefix is not None and self.user_prefix is not None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a producer publishes one type. `mandatory` if some consumer declared it."""

    exchange: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    arguments: Mapping[str, Any]
    bindings: tuple[tuple[str, str], ...]  # (exchange, routing key)


@dataclass(frozen=True)
class Consumer:
    """One handler's queues, and whose events it accepts."""

    service: str
    handler: str
    exchange: Exchange
    types: frozenset[str]
    producers: Mapping[str, frozenset[str]]  # type -> producers, without the broker's user prefix
    retry_delays: tuple[float, ...]
    delivery_limit: int

    @property
    def queue(self) -> str:
        return f"evt-{self.service}-{self.handler}"

    @property
    def dead_letter_queue(self) -> str:
        return f"dlq-{self.service}-{self.handler}"

    @property
    def dead_letter_exchange(self) -> str:
        return f"{self.service}.dlx"

    def retry_queue(self, delay: float) -> str:
        return f"retry-{self.service}-{self.handler}-{delay:g}"

    def nearest_delay(self, wanted_seconds: float) -> float:
        """The shortest declared delay that is not shorter than wanted, else the longest."""
        return next((d for d in self.retry_delays if d >= wanted_seconds), self.retry_delays[-1])

    def queues(self) -> list[Queue]:
        dlx = self.dead_letter_exchange

        def arguments(dead_letter_to: str, **more: Any) -> dict[str, Any]:
            return {
                "x-queue-type": "quorum",
                "x-dead-letter-exchange": dlx,
                "x-dead-letter-routing-key": dead_letter_to,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                **more,
            }

        prefix = "*." if self.exchange.external else ""
        work = Queue(
            self.queue,
            arguments(self.dead_letter_queue, **{"x-delivery-limit": self.delivery_limit}),
            (*((self.exchange.name, prefix + type_) for type_ in sorted(self.types)), (dlx, self.queue)),
        )
        retries = [
            Queue(
                self.retry_queue(delay),
                arguments(self.queue, **{"x-message-ttl": round(delay * 1000)}),
                ((dlx, self.retry_queue(delay)),),
            )
            for delay in self.retry_delays
        ]
        dead = Queue(self.dead_letter_queue, {"x-queue-type": "quorum"}, ((dlx, self.dead_letter_queue),))
        return [work, *retries, dead]


@dataclass(frozen=True)
class Topology:
    """The whole picture. Immutable; build it with `load` or `parse`."""

    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def load(cls, contracts_dir: str | Path) -> Topology:
        path = Path(contracts_dir) / "topology.yaml"
        try:
            return cls.parse(read_yaml(path))
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Topology:
        """Check that every name used is declared. Raises ConfigurationError naming the first that is not."""
        topology = cls(document)
        for owner, by_exchange in document.get("publishes", {}).items():
            for exchange in by_exchange:
                if exchange not in topology.exchanges:
                    raise ConfigurationError(f"topology: {owner} publishes to undeclared exchange {exchange}")
        for consumer in topology.consumers.values():
            for type_ in consumer.types:
                if not consumer.producers[type_] and not consumer.exchange.external:
                    where = f"{consumer.service}.{consumer.handler}"
                    raise ConfigurationError(f"topology: {where} consumes {type_}, which nobody publishes")
        return topology

    @cached_property
    def exchanges(self) -> dict[str, Exchange]:
        found = {}
        for name, options in self.document.get("exchanges", {}).items():
            external = options.get("external") or {}
            found[name] = Exchange(
                name, options["owner"], external.get("source_prefix"), external.get("user_prefix")
            )
        return found

    @cached_property
    def consumers(self) -> dict[tuple[str, str], Consumer]:
        found = {}
        for service, handlers in (self.document.get("consumes") or {}).items():
            for handler, options in handlers.items():
                exchange = self.exchanges.get(options["exchange"])
                if exchange is None:
                    name = options["exchange"]
                    raise ConfigurationError(f"topology: {service}.{handler} consumes from undeclared {name}")
                found[service, handler] = Consumer(
                    service=service,
                    handler=handler,
                    exchange=exchange,
                    types=frozenset(options["types"]),
                    producers={type_: self._producers(exchange.name, type_) for type_ in options["types"]},
                    retry_delays=tuple(sorted(self.document["retry_delays"])),
                    delivery_limit=int(self.document["delivery_limit"]),
                )
        return found

    def consumer(self, service: str, handler: str) -> Consumer:
        try:
            return self.consumers[service, handler]
        except KeyError:
            raise ConfigurationError(f"topology: no consumes.{service}.{handler}") from None

    def route(self, producer: str, type_: str) -> Route:
        """Where `producer` publishes `type_`. Raises ConfigurationError for a type it does not own."""
        try:
            return self._routes[producer, type_]
        except KeyError:
            raise ConfigurationError(f"topology: {producer} does not publish {type_}") from None

    def publishes(self, producer: str, type_: str) -> bool:
        """Whether `producer` owns the type."""
        return (producer, type_) in self._routes

    @cached_property
    def _routes(self) -> dict[tuple[str, str], Route]:
        consumed = {(c.exchange.name, type_) for c in self.consumers.values() for type_ in c.types}
        return {
            (owner, type_): Route(exchange, (exchange, type_) in consumed)
            for owner, by_exchange in self.document.get("publishes", {}).items()
            for exchange, types in by_exchange.items()
            for type_ in types
        }

    def _producers(self, exchange: str, type_: str) -> frozenset[str]:
        publishes = self.document.get("publishes", {})
        return frozenset(owner for owner, by in publishes.items() if type_ in by.get(exchange, ()))

    # Names

    @cached_property
    def external_types(self) -> frozenset[str]:
        """Every type that somebody takes from external publishers."""
        external = (consumer for consumer in self.consumers.values() if consumer.exchange.external)
        return frozenset(type_ for consumer in external for type_ in consumer.types)

    @property
    def rpc_servers(self) -> tuple[str, ...]:
        return tuple((self.document.get("rpc") or {}).get("servers", ()))

    @property
    def rpc_callers(self) -> tuple[str, ...]:
        return tuple((self.document.get("rpc") or {}).get("callers", ()))

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Every process type with a broker user of its own."""
        names = {*self.document.get("publishes", {}), *(c.service for c in self.consumers.values())}
        return tuple(sorted(names | set(self.rpc_servers) | set(self.rpc_callers)))

    @property
    def users(self) -> tuple[str, ...]:
        """Every broker user of an installation, external ones apart."""
        return (*self.services, OPERATOR, MONITOR)

    @property
    def consuming_services(self) -> tuple[str, ...]:
        return tuple(sorted({consumer.service for consumer in self.consumers.values()}))

    def exchange_types(self) -> dict[str, str]:
        """Every exchange to declare, with its kind."""
        declared = dict.fromkeys(self.exchanges, "topic")
        declared.update({f"{service}.dlx": "direct" for service in self.consuming_services})
        if self.rpc_servers:
            declared[RPC_EXCHANGE] = "topic"
        return declared

    def queues(self) -> list[Queue]:
        found = [queue for consumer in self.consumers.values() for queue in consumer.queues()]
        # As stock Nameko would declare them, so that its own tools can call us.
        found += [Queue(f"rpc-{s}", {}, ((RPC_EXCHANGE, f"{s}.*"),)) for s in self.rpc_servers]
        return found

    # Rights

    def permissions(self, user: str) -> dict[str, str]:
        """The three expressions of a service, of an external publisher, of the operator or the monitor."""
        if user == OPERATOR:
            return {"configure": ".*", "write": ".*", "read": ".*"}
        if user == MONITOR:
            return {"configure": _NOTHING, "write": _NOTHING, "read": _NOTHING}
        configure: list[str] = []
        write = [_literal(name) for name in self.document.get("publishes", {}).get(user, {})]
        read: list[str] = []
        if user in self.consuming_services:
            write.append(_literal(f"{user}.dlx"))
            read.append(f"(evt|dlq)-{_literal(user)}-.*")
        if user in self.rpc_servers:
            write.append(_literal(RPC_EXCHANGE))
            read.append(_literal(f"rpc-{user}"))
        if user in self.rpc_callers:
            replies = rf"rpc\.reply-{_literal(user)}-.*"
            configure.append(replies)
            write += [replies, _literal(RPC_EXCHANGE)]
            read += [replies, _literal(RPC_EXCHANGE)]
        if self._external_of(user):
            write += [_literal(exchange.name) for exchange, _ in self._external_of(user)]
        return {"configure": _any_of(configure), "write": _any_of(write), "read": _any_of(read)}

    def topic_permissions(self, user: str) -> list[dict[str, str]]:
        """One entry for every topic exchange: without an entry the broker would allow everything there."""
        entries = []
        for name, kind in self.exchange_types().items():
            if kind == "topic":
                write, read = self._topic_rights(user, name)
                entries.append({"exchange": name, "write": write, "read": read})
        return entries

    def _topic_rights(self, user: str, exchange: str) -> tuple[str, str]:
        if user == OPERATOR:
            return ".*", ".*"
        if exchange == RPC_EXCHANGE:
            if user in self.rpc_callers:
                return rf"^({'|'.join(map(_literal, self.rpc_servers))})\.[a-z_]+$", _UUID
            if user in self.rpc_servers:
                return _UUID, _NOTHING
            return _NOTHING, _NOTHING
        if self.exchanges[exchange].external:
            codes = [code for external, code in self._external_of(user) if external.name == exchange]
            if codes:
                return rf"^{_literal(codes[0])}\.", _NOTHING
            types = self.document.get("publishes", {}).get(user, {}).get(exchange, ())
            return (rf"^[a-z0-9_-]+\.{_any_of(map(_literal, types))[1:]}" if types else _NOTHING), _NOTHING
        return _any_of(map(_literal, self._own_types(user, exchange))), _NOTHING

    def _own_types(self, user: str, exchange: str) -> list[str]:
        return list(self.document.get("publishes", {}).get(user, {}).get(exchange, ()))

    def _external_of(self, user: str) -> list[tuple[Exchange, str]]:
        return [
            (exchange, user.removeprefix(exchange.user_prefix))
            for exchange in self.exchanges.values()
            if exchange.user_prefix and exchange.external and user.startswith(exchange.user_prefix)
        ]

    def definitions(self, vhost: str, passwords: Mapping[str, str], user_prefix: str = "") -> dict[str, Any]:
        """RabbitMQ definitions for the management API or `load_definitions`.

        `passwords` must hold every service; external users, `topology` and `ops` are made if they are in it.
        Passwords leave this function hashed.
        """
        missing = [service for service in self.services if service not in passwords]
        if missing:
            raise ConfigurationError(f"no broker password for: {', '.join(missing)}")
        known = {*self.services, OPERATOR, MONITOR}
        unknown = [user for user in passwords if user not in known and not self._external_of(user)]
        if unknown:
            raise ConfigurationError(f"broker user without a place in the topology: {', '.join(unknown)}")
        permissions, topic_permissions = [], []
        for user in passwords:
            name = user_prefix + user
            permissions.append({"user": name, "vhost": vhost, **self.permissions(user)})
            topic_permissions += [
                {"user": name, "vhost": vhost, **entry} for entry in self.topic_permissions(user)
            ]
        return {
            "vhosts": [{"name": vhost}],
            "users": [
                {
                    "name": user_prefix + user,
                    "password_hash": _password_hash(password),
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                    "tags": {OPERATOR: "management", MONITOR: "monitoring"}.get(user, ""),
                }
                for user, password in passwords.items()
            ],
            "permissions": permissions,
            "topic_permissions": topic_permissions,
            "exchanges": [
                {
                    "name": name,
                    "vhost": vhost,
                    "type": kind,
                    "durable": True,
                    "auto_delete": False,
                    "internal": False,
                    "arguments": {},
                }
                for name, kind in self.exchange_types().items()
            ],
            "queues": [
                {
                    "name": queue.name,
                    "vhost": vhost,
                    "durable": True,
                    "auto_delete": False,
                    "arguments": dict(queue.arguments),
                }
                for queue in self.queues()
            ],
            "bindings": [
                {
                    "source": exchange,
                    "vhost": vhost,
                    "destination": queue.name,
                    "destination_type": "queue",
                    "routing_key": key,
                    "arguments": {},
                }
                for queue in self.queues()
                for exchange, key in queue.bindings
            ],
        }


def _literal(name: str) -> str:
    """A name as a regular expression. Ours hold letters, digits, dots, dashes and underscores."""
    return name.replace(".", r"\.")


def _any_of(expressions: Any) -> str:
    joined = "|".join(expressions)
    return f"^({joined})$" if joined else _NOTHING


def _password_hash(password: str) -> str:
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
