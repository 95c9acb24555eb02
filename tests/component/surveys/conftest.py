from collections.abc import Callable, Iterator
from typing import Any

import pytest
from component.surveys.world import NOW, World, config, topology_outbox

from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from support.database import create_database, drop_database
from surveys.wiring import prepare, wire_parts


def make_world(url: str) -> World:
    db = MongoHandle(url, service="surveys")
    prepare(db)
    outbox = topology_outbox(db)
    outbox.ensure_indexes()
    db.prepared.set()
    clock = FrozenClock(NOW)
    world = World(wire_parts(config(url), db, outbox, clock), db, outbox, clock, url)
    world.catalogue()
    return world


@pytest.fixture
def database(emptied_database: Any) -> Any:
    return emptied_database


@pytest.fixture
def world(database: Any) -> Iterator[World]:
    made = make_world(database.url)
    yield made
    made.db.client.close()


@pytest.fixture
def new_world(mongodb_url: str) -> Iterator[Callable[[], World]]:
    """As many installations as a test compares, each on a database of its own."""
    made: list[tuple[World, Any]] = []

    def make() -> World:
        database = create_database(mongodb_url)
        world = make_world(database.url)
        made.append((world, database))
        return world

    yield make
    for world, database in made:
        world.db.client.close()
        drop_database(database)
