"""One consumer drains a full queue into MongoDB: inbox record and effect of an event in one transaction."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import amqp
import pymongo
import results
import yaml
from systems import PEERS, own_place

from servicekit import topology_job
from servicekit.envelope import CONTENT_TYPE
from servicekit.sealing import generate_key
from servicekit.testing import make_event
from servicekit.topology import Topology
from tanggap.local import Stack

OURS = "Tanggap's kit, batches"
TYPE = "thing.made.v1"
TOPOLOGY: dict[str, Any] = {
    "exchanges": {"maker.events": {"owner": "maker"}, "keeper.events": {"owner": "keeper"}},
    "publishes": {"maker": {"maker.events": [TYPE]}},
    "consumes": {"keeper": {"on_made": {"exchange": "maker.events", "types": [TYPE]}}},
    "rpc": {"callers": [], "servers": []},
    "retry_delays": [5],
    "delivery_limit": 5,
}
# The first tenth is the consumer's start; timed is the rest.
WARM = 0.1
DEADLINE = 60


@dataclass(frozen=True)
class Consumer:
    """A way to drain: its role in consumers.py, its queue, and its part of a round's events."""

    name: str
    role: str
    queue: str
    share: float
    batch: int = 1


CONSUMERS = (
    Consumer(OURS, "kit", "evt-keeper-on_made", 2.0, batch=250),
    Consumer("Tanggap's kit, one by one", "kit", "evt-keeper-on_made", 0.2),
    Consumer("FastStream", "faststream", "drain", 0.2),
    Consumer("stock Nameko", "nameko", "evt-maker-made--drainer.on_made", 0.2),
    Consumer("bare batches", "bare", "drain", 2.0),
)


def rounds(
    stack: Stack, database: pymongo.MongoClient[Any], events: int, number_of_rounds: int
) -> list[results.Row]:
    """Each consumer on a full queue of its own, in another order each round."""
    rows: list[results.Row] = []
    for number in range(1, number_of_rounds + 1):
        turn = number % len(CONSUMERS)
        for consumer in CONSUMERS[turn:] + CONSUMERS[:turn]:
            count = int(events * consumer.share)
            rate = drain(stack, database, consumer, count)
            print(f"round {number}, {consumer.name}: {rate:,.0f} events/s", flush=True)
            rows.append(
                {
                    **results.context(),
                    "system": consumer.name,
                    "round": number,
                    "events": count,
                    "events_per_s": round(rate, 1),
                }
            )
    return rows


def drain(stack: Stack, database: pymongo.MongoClient[Any], consumer: Consumer, count: int) -> float:
    """Events per second of one consumer, from a tenth of a full queue to its end."""
    with ExitStack() as cleanup:
        amqp_url, name = own_place(stack, database, cleanup)
        environment = {
            **os.environ,
            "PEER_AMQP_URL": amqp_url,
            "PEER_MONGODB_URL": stack.env["MONGODB_URL"],
            "PEER_DATABASE": name,
        }
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        if consumer.role == "kit":
            environment |= kit_environment(stack, cleanup, amqp_url, name, folder, consumer.batch)
        fill(amqp_url, environment.get("MAKER_AMQP_URL", amqp_url), consumer, count)
        log = cleanup.enter_context((folder / "log").open("w+"))
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PEERS / "consumers.py"), consumer.role],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        cleanup.callback(process.wait, 30)
        cleanup.callback(process.terminate)
        effects = database[name]["effects"]
        try:
            began = wait_for(effects, int(count * WARM))
            ended = wait_for(effects, count)
        except TimeoutError as error:
            log.seek(0)
            raise SystemExit(f"{consumer.name}: {error}; it said:\n{log.read()[-3000:]}") from error
        # The estimate runs ahead of what is committed.
        deadline = time.perf_counter() + DEADLINE
        while (found := effects.count_documents({})) != count:
            if time.perf_counter() > deadline:
                raise SystemExit(f"{consumer.name}: {found} effects of {count} events")
            time.sleep(0.05)
    return (ended[1] - began[1]) / (ended[0] - began[0])


def wait_for(effects: Any, count: int) -> tuple[float, int]:
    """When there were so many effects, and how many there were then."""
    deadline = time.perf_counter() + DEADLINE
    while (done := effects.estimated_document_count()) < count:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{done} of {count} events drained in {DEADLINE} s")
        time.sleep(0.01)
    return time.perf_counter(), done


def kit_environment(
    stack: Stack, cleanup: ExitStack, amqp_url: str, database: str, folder: Path, batch: int
) -> dict[str, str]:
    """The topology as the topology job declares it, and the settings of a service on it."""
    (folder / "topology.yaml").write_text(yaml.safe_dump(TOPOLOGY))
    (folder / "maker").mkdir()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.invalid/t"}
    (folder / "maker" / f"{TYPE}.json").write_text(json.dumps(schema))
    topology = Topology.load(folder)
    administrator = urlsplit(amqp_url)
    vhost = administrator.path[1:]
    prefix = f"{vhost}-"
    passwords = {user: secrets.token_urlsafe(9) for user in topology.users}
    management = stack.env["AMQP_MANAGEMENT_URL"]
    topology_job.apply(topology, management, vhost, passwords, prefix)
    for user in topology.users:
        cleanup.callback(topology_job._call, management, "DELETE", f"/api/users/{quote(prefix + user)}")
    address = f"{administrator.hostname}:{administrator.port}"
    return {
        "TANGGAP_PROFILE": "development",
        "MAKER_AMQP_URL": f"amqp://{prefix}maker:{passwords['maker']}@{address}/{vhost}",
        "TANGGAP_AMQP_URL": f"amqp://{prefix}keeper:{passwords['keeper']}@{address}/{vhost}",
        "TANGGAP_MONGODB_URL": with_database(stack.env["MONGODB_URL"], database),
        "TANGGAP_CONTRACTS_DIR": str(folder),
        "TANGGAP_SEAL_KEYS_KEEPER": generate_key("bench"),
        "TANGGAP_BROKER_USER_PREFIX": prefix,
        "TANGGAP_HEALTH_PORT": "0",
        "DRAIN_BATCH": str(batch),
    }


def with_database(url: str, database: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"/{database}").geturl()


def fill(admin_url: str, maker_url: str, consumer: Consumer, count: int) -> None:
    """Put the events into the consumer's queue, which is made for those who declare their own."""
    with connected(admin_url) as admin, connected(maker_url) as maker:
        channel, publishing = admin.channel(), maker.channel()
        if consumer.role != "kit":
            channel.exchange_declare("maker.events", "topic", durable=True, auto_delete=False)
            channel.queue_declare(consumer.queue, durable=True, auto_delete=False)
            channel.queue_bind(consumer.queue, "maker.events", "made")
        user = urlsplit(maker_url).username
        for number in range(count):
            publishing.basic_publish(message(consumer, number, user), "maker.events", key_of(consumer))
        deadline = time.monotonic() + 60
        while channel.queue_declare(consumer.queue, passive=True).message_count < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"{consumer.queue} did not take {count} events within 60 s")
            time.sleep(0.05)


def connected(url: str) -> amqp.Connection:
    parts = urlsplit(url)
    return amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.path[1:],
        connect_timeout=5,
    )


def key_of(consumer: Consumer) -> str:
    return TYPE if consumer.role == "kit" else "made"


def message(consumer: Consumer, number: int, user: str | None) -> amqp.Message:
    subject = f"thing-{number}"
    if consumer.role == "kit":
        event = make_event(type=TYPE, source="/maker", subject=subject, data={"number": number})
        return amqp.Message(
            event.to_bytes(), content_type=CONTENT_TYPE, message_id=event.id, user_id=user, delivery_mode=2
        )
    body = json.dumps({"id": str(uuid.uuid4()), "subject": subject, "number": number})
    return amqp.Message(body, content_type="application/json", delivery_mode=2)
