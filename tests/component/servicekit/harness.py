"""A broker, a database and the sample service, for one test."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import amqp
from component.servicekit import sample

from servicekit.config import ServiceConfig
from servicekit.envelope import CONTENT_TYPE, Event
from servicekit.sealing import KeyRing, generate_key
from servicekit.testing import make_event
from servicekit.topology import Topology
from support.waiting import eventually

RING = generate_key("k1")


@dataclass
class Kit:
    """A vhost with the sample topology, a database, and ways to run the sample service on them."""

    host: str
    vhost: str
    prefix: str
    admin: tuple[str, str]
    passwords: dict[str, str]
    contracts: Path
    topology: Topology
    mongodb_url: str
    database: Any
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def url(self, user: str) -> str:
        return f"amqp://{self.prefix}{user}:{self.passwords[user]}@{self.host}/{self.vhost}"

    def config(self, service: str = "keeper", **changes: Any) -> ServiceConfig:
        options: dict[str, Any] = {
            "service": service,
            "profile": "development",
            "amqp_url": self.url(service),
            "mongodb_url": self.mongodb_url,
            "contracts_dir": self.contracts,
            "seal_keys": KeyRing.parse(RING),
            "broker_user_prefix": self.prefix,
            "drain_seconds": 12.0,
        }
        return ServiceConfig(**{**options, **changes})

    @contextmanager
    def running(self, service: type = sample.Keeper, **changes: Any) -> Iterator[Any]:
        """The service in this process, stopped at the end."""
        from nameko.containers import ServiceContainer

        from servicekit.host import nameko_config

        config = self.config(**{"health_port": free_port(), **changes})
        container = ServiceContainer(service, nameko_config(config))
        container.start()
        try:
            yield container
        finally:
            container.stop()

    def process(self, **environ: str) -> subprocess.Popen[bytes]:
        """The service in a process of its own, with its log on a pipe."""
        env = {
            **os.environ,
            "TANGGAP_PROFILE": "development",
            "TANGGAP_AMQP_URL": self.url("keeper"),
            "TANGGAP_MONGODB_URL": self.mongodb_url,
            "TANGGAP_CONTRACTS_DIR": str(self.contracts),
            "TANGGAP_SEAL_KEYS_KEEPER": RING,
            "TANGGAP_BROKER_USER_PREFIX": self.prefix,
            "TANGGAP_DRAIN_SECONDS": "12",
            **environ,
        }
        script = Path(sample.__file__)
        started = subprocess.Popen([sys.executable, str(script)], env=env, stdout=subprocess.PIPE)
        self.processes.append(started)
        return started

    @contextmanager
    def channel(self, user: str | None = None) -> Iterator[Any]:
        """A channel with confirms, as a topology user or as the administrator."""
        name, password = (self.prefix + user, self.passwords[user]) if user else self.admin
        with amqp.Connection(
            self.host,
            userid=name,
            password=password,
            virtual_host=self.vhost,
            connect_timeout=5,
            confirm_publish=True,
        ) as connection:
            yield connection.channel()

    def publish(
        self, *events: Event, user: str = "maker", exchange: str = "maker.events", key: str = ""
    ) -> None:
        with self.channel(user) as channel:
            for event in events:
                self.put(channel, event.to_bytes(), exchange, key or event.type, event.id, self.prefix + user)

    @staticmethod
    def put(
        channel: Any, body: bytes, exchange: str, key: str, message_id: str, user: str | None, **more: Any
    ) -> None:
        properties = {"content_type": CONTENT_TYPE, "message_id": message_id, "delivery_mode": 2, **more}
        if user is not None:
            properties["user_id"] = user
        channel.basic_publish(amqp.Message(body, **properties), exchange, key, mandatory=True)

    def length(self, queue: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def messages(self, queue: str) -> list[Any]:
        """Take everything that is ready."""
        taken = []
        with self.channel() as channel:
            while (message := channel.basic_get(queue)) is not None:
                taken.append(message)
                channel.basic_ack(message.delivery_tag)
        return taken

    def dead(
        self, reason: str | None = None, queue: str = "dlq-keeper-on_thing", count: int = 1
    ) -> list[Any]:
        """The dead letters, once there are `count`."""
        eventually(lambda: self.length(queue) == count, within=20)
        found = self.messages(queue)
        if reason is not None:
            assert {m.headers["x-reason"] for m in found} == {reason}
        return found

    def effects(self, *events: Event) -> list[int]:
        """How often each event took effect."""
        things = self.database["things"]
        return [things.count_documents({"event": event.id}) for event in events]

    def kept(self, *events: Event, within: float = 20) -> None:
        """Wait until every event took effect, and see that each did once."""
        eventually(lambda: self.database["things"].count_documents({}) >= len(events), within=within)
        assert self.effects(*events) == [1] * len(events)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def things(count: int, **data: Any) -> list[Event]:
    return [
        make_event("thing.made.v1", dict(data), source="/maker", subject=f"thing-{n}", aggregateversion=1)
        for n in range(count)
    ]


def log_lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.decode().splitlines() if line.startswith("{")]
