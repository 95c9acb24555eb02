"""What is done to a cluster: its leaders end, its nodes go and come back, its primary gives up."""

from __future__ import annotations

import random
import signal
import time
from typing import Any

import httpx
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chaos.cluster import BROKERS, DATABASES, Cluster, node
from chaos.faults import PROCESSES, Fault, killed
from chaos.queues import consumers_used
from support.broker import Management
from tanggap.local import Stack

MEMBERS = (*BROKERS, *DATABASES)


def leader(stack: Cluster, queue: str) -> str:
    """The process of the node that leads a quorum queue, as the first node says that answers."""
    processes = {node(stack.layout, number): name for number, name in enumerate(BROKERS, 1)}
    for name in BROKERS:
        try:
            found = Management(stack.management_url(name)).call("GET", f"/queues/%2F/{queue}")
        except httpx.HTTPError:
            continue
        if found.get("leader") in processes:
            return processes[found["leader"]]
    raise AssertionError(f"nobody knows who leads {queue}")


def primary(stack: Cluster) -> str:
    """The process of the database that takes writes."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(stack.env["MONGODB_URL"], serverSelectionTimeoutMS=30_000) as client:
        client.admin.command("ping")
        address = client.primary
    assert address is not None
    return next((name for name in DATABASES[1:] if stack.further[name] == address[1]), DATABASES[0])


def of_cluster(stack: Stack) -> Cluster:
    assert isinstance(stack, Cluster)
    return stack


def leader_killed(stack: Stack, chance: random.Random) -> None:
    queue = chance.choice(consumers_used()).queue
    of_cluster(stack).process(leader(of_cluster(stack), queue)).kill(signal.SIGKILL)
    stack.wait_ready(*MEMBERS)


def primary_killed(stack: Stack, _: random.Random) -> None:
    stack.process(primary(of_cluster(stack))).kill(signal.SIGKILL)
    stack.wait_ready(*MEMBERS)


def primary_steps_down(stack: Stack, _: random.Random) -> None:
    """The others elect one of themselves."""
    before = primary(of_cluster(stack))
    client: MongoClient[dict[str, Any]]
    with MongoClient(stack.env["MONGODB_URL"]) as client:
        try:
            client.admin.command("replSetStepDown", 20, secondaryCatchUpPeriodSecs=5)
        except PyMongoError:
            # It closes the connection on which it was told to.
            time.sleep(0.2)
    stack.wait_ready(*MEMBERS)
    assert primary(of_cluster(stack)) != before, "nobody took over"


def primary_frozen(stack: Stack, chance: random.Random) -> None:
    """Longer than an election waits, or shorter."""
    away(stack, primary(of_cluster(stack)), chance.uniform(3, 16))


def node_stopped(stack: Stack, chance: random.Random) -> None:
    process = stack.process(chance.choice(BROKERS))
    process.stop()
    time.sleep(chance.uniform(2, 8))
    process.start()
    stack.wait_ready(*MEMBERS)


def node_frozen(stack: Stack, chance: random.Random) -> None:
    """Longer than the others wait for a sign of life, or shorter: then it finds itself in a minority."""
    away(stack, chance.choice(BROKERS), chance.uniform(3, 20))


def away(stack: Stack, name: str, seconds: float) -> None:
    process = stack.process(name)
    process.pause()
    try:
        time.sleep(seconds)
    finally:
        process.resume()
    stack.wait_ready(*MEMBERS)


FAULTS = (
    Fault("kill the leader of a queue", leader_killed),
    Fault("stop and start a node", node_stopped),
    Fault("freeze a node", node_frozen),
    Fault("kill the primary", primary_killed),
    Fault("the primary steps down", primary_steps_down),
    Fault("freeze the primary", primary_frozen),
    *(killed(process, signal.SIGKILL) for process in PROCESSES if process not in MEMBERS),
)
