from collections.abc import Iterator
from typing import Any

import pytest
from component.complaints.world import ADMIN, NOW, World, actor_of, config
from unit.complaints.bundles import bundle
from unit.complaints.factories import CONTRACTS

from complaints.wiring import Parts, prepare, wire_parts
from servicekit.contracts import Contracts
from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.topology import Topology


@pytest.fixture
def database(emptied_database: Any) -> Any:
    return emptied_database


@pytest.fixture
def empty_world(database: Any) -> Iterator[World]:
    """No catalogue yet."""
    settings = config(database.url)
    db = MongoHandle(database.url, service="complaints")
    prepare(db)
    outbox = Outbox(db.database, "complaints", Topology.load(CONTRACTS), contracts=Contracts.load(CONTRACTS))
    outbox.ensure_indexes()
    db.prepared.set()
    clock = FrozenClock(NOW)

    def rewired(**changes: Any) -> Parts:
        return wire_parts(config(database.url, **changes), db, outbox, clock)

    yield World(wire_parts(settings, db, outbox, clock), db, clock, rewired)
    db.client.close()


@pytest.fixture
def world(empty_world: World) -> World:
    empty_world.parts.importing.take(actor_of(ADMIN), bundle())
    return empty_world
