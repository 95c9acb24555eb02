"""Mutated events at the real consumers of a running installation, published as those who may."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import httpx

from fuzz.mutations import mutated, spoiled
from servicekit.contracts import Contracts
from servicekit.envelope import CONTENT_TYPE
from servicekit.topology import Topology
from tanggap.local import Stack

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
TOPOLOGY, SCHEMAS = Topology.load(CONTRACTS), Contracts.load(CONTRACTS)
OUTSIDE = ("on_submitted", "on_contact_submitted", "on_answers", "on_department_event")
HEADERS = (
    "x-delivery-count",
    "x-attempt",
    "x-failure",
    "x-origin-user",
    "x-reason",
    "traceparent",
    "x-death",
)


@dataclass(frozen=True)
class Source:
    """A type as somebody may publish it."""

    user: str
    exchange: str
    key: str
    type: str
    source: str


def sources() -> list[Source]:
    """Every consumed type, by its producer; departments' types by the gateway, as it does for them."""
    found = []
    for consumer in TOPOLOGY.consumers.values():
        for type_ in sorted(consumer.types):
            for user in sorted(consumer.producers[type_]):
                external = consumer.exchange.external
                key, source = (f"pdam.{type_}", "/departments/pdam") if external else (type_, f"/{user}")
                found.append(Source(user, consumer.exchange.name, key, type_, source))
    return sorted(set(found), key=lambda one: (one.exchange, one.key))


def right(source: Source, random: Random) -> dict[str, Any]:
    """An event that keeps to its contract."""
    return {
        "specversion": "1.0",
        "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "source": source.source,
        "type": source.type,
        "subject": "7K3M9QXD4TRWH",
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "aggregateversion": random.choice((None, 1, 7)),
        "data": random.choice(SCHEMAS.examples(source.type)),
    }


def message(source: Source, random: Random, user_id: str) -> amqp.Message:
    """One hostile message: wrong data, a wrong envelope, wrong bytes, or wrong properties."""
    event = right(source, random)
    kind = random.random()
    if kind < 0.6:
        event["data"] = mutated(event["data"], random)
    elif kind < 0.75:
        event = mutated(event, random)
    body = json.dumps(event, ensure_ascii=True).encode()
    if kind > 0.85:
        body = spoiled(body, random)
    id_ = event.get("id") if isinstance(event, dict) else None
    properties: dict[str, Any] = {
        "content_type": CONTENT_TYPE if random.random() < 0.97 else "text/plain",
        "message_id": id_ if isinstance(id_, str) and len(id_) < 60 else "x",
        "user_id": user_id,
        "delivery_mode": 2,
    }
    if random.random() < 0.1:
        value = random.choice(
            ("x", "", -1, 3, 2**40, True, None, [1], {"a": 1}, 1.5, "\ud800", "00-" + "z" * 50)
        )
        properties["application_headers"] = {random.choice(HEADERS): value}
    if random.random() < 0.05:
        # Half a character, which the broker passes on.
        half = random.choice(("a\ud800", b"\xff\xfe"))
        properties[random.choice(("message_id", "correlation_id", "type", "content_type"))] = half
    if random.random() < 0.02:
        del properties["user_id"]
    return amqp.Message(body, **properties)


@dataclass
class Fuzzer:
    """Events into one installation; `judge` says afterwards what they have done to it."""

    stack: Stack
    seed: int
    sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        from tanggap.local import ports

        known = ports.known(self.stack.layout.directory / "ports.json")
        self._parts = self.stack.parts(known)
        self._prefix = self._parts.broker.prefix
        self._errors_before = self._errors()

    def send(self, count: int) -> None:
        """Publish so many, taking turns among all types; a run is repeated by its seed."""
        random, by_user = Random(self.seed), {}
        wanted = sources()
        for user in {one.user for one in wanted}:
            by_user[user] = self._connect(user)
        try:
            for number in range(count):
                one = wanted[number % len(wanted)]
                connection, channel = by_user[one.user]
                hostile = message(one, random, f"{self._prefix}{one.user}")
                channel.basic_publish(hostile, one.exchange, one.key, mandatory=True)
                self.sent[one.type] += 1
        finally:
            for connection, _ in by_user.values():
                connection.close()

    def _connect(self, user: str) -> tuple[Any, Any]:
        parts = urlsplit(self._parts.broker_url(user))
        connection = amqp.Connection(
            f"{parts.hostname}:{parts.port}",
            userid=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            virtual_host=unquote(parts.path[1:]) or "/",
            connect_timeout=5,
            read_timeout=30,
            write_timeout=30,
            confirm_publish=True,
        )
        connection.connect()
        return connection, connection.channel()

    def drained(self, within: float) -> dict[str, int]:
        """Work queues that still hold something, ready or unacknowledged, when the time is over."""
        deadline = time.monotonic() + within
        while (left := self._depths("evt-")) and time.monotonic() < deadline:
            time.sleep(0.5)
        return left

    def _depths(self, prefix: str) -> dict[str, int]:
        printed = self.stack.rabbitmqctl("-q", "list_queues", "name", "messages", "--no-table-headers")
        rows = (line.split() for line in printed.splitlines() if line.startswith(prefix))
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and int(row[1])}

    def waiting(self) -> dict[str, int]:
        """What was postponed by a handler that has to know something else first."""
        return self._depths("retry-")

    def dead(self) -> dict[str, int]:
        return self._depths("dlq-")

    def failed(self) -> dict[str, int]:
        """Events that took no effect and got no verdict with a reason, by handler, type and error.

        Whoever sent it, what breaks its contract is refused for what breaks it.
        """
        lines = (
            json.loads(line)
            for file in self.stack.layout.log.glob("*.log*")
            for line in file.read_text(errors="replace").splitlines()
            if '"handler failed"' in line
        )
        named = (f"{one['handler']} {one['event_type']} {one.get('error', '')}" for one in lines)
        return dict(Counter(named))

    def raised(self) -> dict[str, float]:
        """How often handlers raised that outsiders reach: those look before they act."""
        after = {name: n for name, n in self._errors().items() if any(f'"{one}"' in name for one in OUTSIDE)}
        return {
            name: count - self._errors_before.get(name, 0)
            for name, count in after.items()
            if count > self._errors_before.get(name, 0)
        }

    def _errors(self) -> dict[str, float]:
        return {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for text in self._scraped("metrics")
            for line in text.splitlines()
            if line.startswith("tanggap_handler_seconds_count") and 'outcome="error"' in line
        }

    def ready(self) -> bool:
        return all(self._scraped("readyz"))

    def _scraped(self, path: str) -> Iterator[str]:
        for name, port in self.stack.metrics_ports.items():
            if name != "gateway":
                answer = httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=10)
                yield answer.text if answer.status_code == 200 else ""
