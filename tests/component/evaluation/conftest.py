from collections.abc import Iterator
from typing import Any

import pytest
from component.evaluation.world import CONTRACTS, EXAMPLES, NOW, World, config

from evaluation.wiring import prepare, wire_parts
from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.topology import Topology


@pytest.fixture
def database(emptied_database: Any) -> Any:
    return emptied_database


@pytest.fixture
def empty_world(database: Any) -> Iterator[World]:
    """Nobody is known yet."""
    db = MongoHandle(database.url, service="evaluation")
    prepare(db)
    outbox = Outbox(db.database, "evaluation", Topology.load(CONTRACTS), contracts=EXAMPLES)
    outbox.ensure_indexes()
    db.prepared.set()
    clock = FrozenClock(NOW)
    yield World(wire_parts(config(database.url), db, outbox, clock), db, clock)
    db.client.close()


@pytest.fixture
def world(empty_world: World) -> World:
    empty_world.staffed()
    return empty_world
