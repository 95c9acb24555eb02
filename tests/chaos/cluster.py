"""An installation on three brokers and three databases, all on loopback: quorum queues and a replica set."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import Any

import httpx
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from tanggap.errors import LocalError
from tanggap.files import write_private
from tanggap.local import Stack, broker, database, ports, services
from tanggap.local.layout import Layout
from tanggap.local.programs import Program
from tanggap.local.secrets import Secrets

MORE = (2, 3)
"""The numbers of the further members; the first ones are the plain installation's."""
BROKERS = ("broker", *(f"broker-{number}" for number in MORE))
DATABASES = ("database", *(f"database-{number}" for number in MORE))
JOIN_SECONDS = 120.0
TICK_SECONDS = 8
"""A node that says nothing for about so long is taken for lost; RabbitMQ's own is a minute."""


@dataclass(frozen=True)
class ClusteredBroker(broker.Broker):
    """Administered at its first node; users are told of every node."""

    more: tuple[int, ...] = ()

    def url_of(self, user: str, password: str) -> str:
        first = super().url_of(user, password)
        here = f":{first.rpartition('/')[0].rpartition(':')[2]}/"
        return ";".join([first, *(first.replace(here, f":{port}/") for port in self.more)])


class Cluster(Stack):
    """As `Stack`, with the further members beside the first; `up` returns when all are members."""

    @property
    def further(self) -> dict[str, int]:
        """The ports of the further members, chosen once."""
        file = self.layout.directory / "cluster-ports.json"
        if not file.exists():
            names = [f"{part}-{number}" for part in ("broker", "management", "distribution", "database")
                     for number in MORE]  # fmt: skip
            with contextlib.ExitStack() as held:
                file.write_text(json.dumps({name: ports.fresh(held) for name in names}))
        found: dict[str, int] = json.loads(file.read_text())
        return found

    def parts(self, chosen: dict[str, int]) -> services.Parts:
        parts = super().parts(chosen)
        more = tuple(self.further[f"broker-{number}"] for number in MORE)
        first = f"127.0.0.1:{chosen['database']}/"
        members = [first[:-1], *self.members()]
        return replace(
            parts,
            broker=ClusteredBroker(parts.broker.url, parts.broker.management_url, parts.broker.prefix, more),
            database=database.Database(parts.database.url.replace(first, ",".join(members) + "/")),
        )

    def members(self) -> list[str]:
        return [f"127.0.0.1:{self.further[f'database-{number}']}" for number in MORE]

    def programs(self, parts: services.Parts) -> dict[str, Program]:
        if not self._programs:
            plain = super().programs(parts)
            further = self.further
            nodes = [self.node_program(plain["broker"], number) for number in MORE]
            copies = [member_program(plain["database"], self.layout, number, further) for number in MORE]
            ticking = [ticks(program) for program in (plain["broker"], *nodes)]
            self._programs = plain | {one.name: one for one in (*ticking, *copies)}
        return self._programs

    def node_program(self, first: Program, number: int) -> Program:
        further, run = self.further, self.layout.run
        home = self.layout.data / f"broker-{number}"
        home.mkdir(exist_ok=True)
        secrets = Secrets(self.layout)
        cookie = home / ".erlang.cookie"
        if not cookie.exists():
            write_private(cookie, secrets["erlang_cookie"])
            cookie.chmod(0o400)
        own = {"broker": further[f"broker-{number}"], "broker_management": further[f"management-{number}"]}
        known = "".join(
            f"cluster_formation.classic_config.nodes.{one} = {node(self.layout, one)}\n" for one in (1, *MORE)
        )
        lines = "cluster_formation.peer_discovery_backend = classic_config\n" + known
        write_private(run / f"rabbitmq-{number}.conf", broker.configuration(own, secrets) + lines)
        environment = first.environment | {
            "HOME": str(home),
            "RABBITMQ_NODENAME": node(self.layout, number),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_CONFIG_FILE": str(run / f"rabbitmq-{number}.conf"),
            "RABBITMQ_DIST_PORT": str(further[f"distribution-{number}"]),
        }
        return replace(first, name=f"broker-{number}", environment=environment)

    def management_url(self, name: str) -> str:
        """A node's own management API, by the name of its process."""
        first = self.env["AMQP_MANAGEMENT_URL"]
        if name == BROKERS[0]:
            return first
        return f"{first.rpartition(':')[0]}:{self.further[name.replace('broker', 'management')]}"

    def is_ready(self, program: Program, parts: services.Parts) -> bool:
        if program.name not in (*BROKERS, *DATABASES) or self.process(program.name).state != "RUNNING":
            return super().is_ready(program, parts)
        if program.name in DATABASES:
            return self.is_member(program.name, parts)
        try:
            broker.management(
                "GET", self.management_url(program.name), "/health/checks/local-alarms", timeout=3
            )
        except httpx.HTTPError:
            return False
        return True

    def is_member(self, name: str, parts: services.Parts) -> bool:
        """Whether the set has a primary, and this one follows it or is it."""
        port = parts.ports["database"] if name == DATABASES[0] else self.further[name]
        with contextlib.suppress(LocalError):
            database.wait_until_ready(parts.database, deadline=0)
            client: MongoClient[dict[str, Any]]
            with MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
                hello = client.admin.command("hello")
            return bool(hello.get("isWritablePrimary") or hello.get("secondary"))
        return False

    def start_servers(self, parts: services.Parts) -> None:
        super().start_servers(parts)
        deadline = time.monotonic() + JOIN_SECONDS
        for name, address in zip(DATABASES[1:], self.members(), strict=True):
            self.start(name)
            database.wait_until_it_answers(address, deadline)
            join(parts.database.url, address, deadline)
        for name in (*BROKERS[1:], *DATABASES[1:]):
            self.start(name)
            self.wait_for(self.programs(parts)[name], parts, deadline)
        self.report("three brokers and three databases are one each")


def node(layout: Layout, number: int) -> str:
    first = broker.node(layout)
    return first if number == 1 else first.replace("@", f"-{number}@")


def ticks(program: Program) -> Program:
    arguments = program.environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    arguments += f" -kernel net_ticktime {TICK_SECONDS} -rabbit cluster_partition_handling pause_minority"
    return replace(
        program, environment=program.environment | {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": arguments}
    )


def member_program(first: Program, layout: Layout, number: int, further: dict[str, int]) -> Program:
    home = layout.data / f"database-{number}"
    home.mkdir(exist_ok=True)
    command = list(first.command)
    command[command.index("--dbpath") + 1] = str(home)
    command[command.index("--port") + 1] = str(further[f"database-{number}"])
    return replace(first, name=f"database-{number}", command=command)


def join(url: str, address: str, deadline: float) -> None:
    """Make a server a member of the set, once those before it have become members."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(url) as client:
        while True:
            config = client.admin.command("replSetGetConfig")["config"]
            known = [member["host"] for member in config["members"]]
            if address in known:
                return
            config["members"].append({"_id": len(known), "host": address})
            config["version"] += 1
            try:
                client.admin.command("replSetReconfig", config)
            except OperationFailure:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
