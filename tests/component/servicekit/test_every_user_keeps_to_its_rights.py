"""Every broker user tries everything at a real broker; what works is what topology.yaml says and no more.

What is expected is computed here from the file itself, not from the rights that servicekit makes of it.
"""

import secrets
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import httpx
import pytest
import yaml
from amqp.exceptions import AccessRefused, NotAllowed

from servicekit.topology import Topology
from support.broker import CONTRACTS, Vhost, create_vhost, delete_vhost

DOCUMENT = yaml.safe_load((CONTRACTS / "topology.yaml").read_text(encoding="utf-8"))
TOPOLOGY = Topology.parse(DOCUMENT)
QUEUES = [queue.name for queue in TOPOLOGY.queues()]
EXCHANGES = list(TOPOLOGY.exchange_types())
OPEN, RPC, REPLY = "departments.events", "nameko-rpc", "0af76519-16cd-43dd-8448-eb211c80319c"
BUILT_IN = ["amq.topic", "amq.direct", "amq.fanout", "amq.headers", "amq.match"]
DEPARTMENT = "dept-pdam"
USERS = [*TOPOLOGY.services, DEPARTMENT]
SERVERS = DOCUMENT["rpc"]["servers"]
TYPES = sorted({type_ for by in DOCUMENT["publishes"].values() for types in by.values() for type_ in types})


@pytest.fixture(scope="module")
def broker(amqp_admin_url: str, management_url: str) -> Iterator[Vhost]:
    fresh = create_vhost(amqp_admin_url, management_url)
    fresh.passwords[DEPARTMENT] = secrets.token_urlsafe(12)
    definitions = TOPOLOGY.definitions(fresh.name, fresh.passwords, fresh.prefix)
    fresh.management.call("POST", "/definitions", definitions)
    try:
        yield fresh
    finally:
        delete_vhost(fresh)


class Attempts:
    """One user's attempts, each on a channel of its own where the last one was refused."""

    def __init__(self, broker: Vhost, user: str, vhost: str | None = None) -> None:
        parts = urlsplit(broker.url(user))
        self.connection = amqp.Connection(
            broker.host,
            userid=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            virtual_host=vhost or broker.name,
            connect_timeout=5,
            read_timeout=10,
            confirm_publish=True,
        )
        self.connection.connect()
        self.channel = self.connection.channel()

    def __enter__(self) -> "Attempts":
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()

    def works(self, action: Callable[[Any], Any]) -> bool:
        try:
            action(self.channel)
        except AccessRefused:
            self.channel = self.connection.channel()
            return False
        return True


def keys() -> list[tuple[str, str]]:
    """Every exchange with every key that means something somewhere."""
    names = [f"{code}.{type_}" for code, type_ in product(("pdam", "pln"), TYPES)]
    calls = [f"{service}.list_cases" for service in (*SERVERS, "gateway")]
    topics = [*TYPES, *names, *calls, REPLY]
    direct = [name for name in EXCHANGES if name.endswith(".dlx")]
    return [
        *product([name for name in EXCHANGES if name not in direct], topics),
        *product(["", *direct], QUEUES),
        *product(BUILT_IN, ["x"]),
    ]


def may_publish(user: str, exchange: str, key: str) -> bool:
    if exchange == f"{user}.dlx":
        return True
    if exchange == RPC:
        service, _, method = key.partition(".")
        called = service in SERVERS and method.isidentifier()
        return (user == "gateway" and called) or (user in SERVERS and key == REPLY)
    if user == DEPARTMENT:
        return exchange == OPEN and key.startswith("pdam.")
    types = DOCUMENT["publishes"].get(user, {}).get(exchange, [])
    return (key.partition(".")[2] if exchange == OPEN else key) in types


def may_read(user: str, queue: str) -> bool:
    return queue == f"rpc-{user}" or queue.startswith((f"evt-{user}-", f"dlq-{user}-"))


@pytest.mark.parametrize("user", USERS)
def test_a_user_publishes_what_the_topology_gives_it_and_nothing_else(broker: Vhost, user: str) -> None:
    message = amqp.Message("{}", user_id=f"{broker.prefix}{user}")
    with Attempts(broker, user) as attempts:
        worked = {
            (exchange, key)
            for exchange, key in keys()
            if attempts.works(lambda c, e=exchange, k=key: c.basic_publish(message, e, k))
        }

    assert worked == {pair for pair in keys() if may_publish(user, *pair)}
    assert worked


@pytest.mark.parametrize("user", USERS)
def test_a_user_reads_its_own_queues_and_no_other(broker: Vhost, user: str) -> None:
    with Attempts(broker, user) as attempts:
        worked = {queue for queue in QUEUES if attempts.works(lambda c, q=queue: c.basic_get(q))}

    assert worked == {queue for queue in QUEUES if may_read(user, queue)}
    assert bool(worked) is (user in SERVERS)


@pytest.mark.parametrize("user", USERS)
def test_a_user_makes_binds_and_deletes_nothing(broker: Vhost, user: str) -> None:
    attempted: dict[str, Callable[[Any], Any]] = {
        "a queue": lambda c: c.queue_declare("evt-new", durable=True),
        "a nameless queue": lambda c: c.queue_declare("", exclusive=True),
        "somebody's reply queue": lambda c: c.queue_declare("rpc.reply-other-1", exclusive=True),
        "an exchange": lambda c: c.exchange_declare("new.events", "topic"),
    }
    for exchange in EXCHANGES:
        attempted[f"deletes {exchange}"] = lambda c, e=exchange: c.exchange_delete(e)
    for queue in QUEUES:
        attempted[f"deletes {queue}"] = lambda c, q=queue: c.queue_delete(q)
        attempted[f"unbinds {queue}"] = lambda c, q=queue: c.queue_unbind(q, "complaints.events", "#")
        attempted[f"binds {queue}"] = lambda c, q=queue: c.queue_bind(q, "complaints.events", "#")
        if not may_read(user, queue):
            attempted[f"empties {queue}"] = lambda c, q=queue: c.queue_purge(q)

    with Attempts(broker, user) as attempts:
        worked = [what for what, action in attempted.items() if attempts.works(action)]

    assert worked == []


def test_a_caller_hears_replies_alone(broker: Vhost) -> None:
    mine = "rpc.reply-gateway-spy"
    wanted = list(product(EXCHANGES, ["#", "complaints.*", "*.service.delivered.v1", REPLY]))
    with Attempts(broker, "gateway") as attempts:
        attempts.channel.queue_declare(mine, exclusive=True)
        worked = [
            (exchange, key)
            for exchange, key in wanted
            if attempts.works(lambda c, e=exchange, k=key: c.queue_bind(mine, e, k))
        ]

    assert worked == [(RPC, REPLY)]


@pytest.mark.parametrize("user", USERS)
def test_a_user_enters_no_other_vhost_and_not_the_management(broker: Vhost, user: str) -> None:
    with pytest.raises((AccessRefused, NotAllowed)), Attempts(broker, user, vhost="/"):
        pass

    answer = httpx.get(
        f"{broker.management.base}/whoami",
        auth=(f"{broker.prefix}{user}", broker.passwords[user]),
        timeout=10,
    )
    assert answer.status_code == 401
