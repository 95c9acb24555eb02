import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from component.servicekit import sample
from component.servicekit.harness import Kit, things
from pymongo import MongoClient

from servicekit import topology_job
from servicekit.envelope import Event
from servicekit.topology import Topology


@pytest.fixture
def make_things() -> Callable[..., list[Event]]:
    return things


@pytest.fixture
def kit(amqp_admin_url: str, management_url: str, mongodb_url: str, tmp_path: Path) -> Iterator[Kit]:
    from support.database import create_database, drop_database

    contracts = sample.write_contracts(tmp_path)
    topology = Topology.load(contracts)
    name = f"kit-{secrets.token_hex(4)}"
    prefix = f"{name}-"
    users = [*topology.users, "partner-pdam"]
    passwords = {user: secrets.token_urlsafe(9) for user in users}
    topology_job.apply(topology, management_url, name, passwords, prefix)
    admin = urlsplit(amqp_admin_url)
    test_database = create_database(mongodb_url)
    client: Any = MongoClient(test_database.url, serverSelectionTimeoutMS=5000)
    made = Kit(
        host=f"{admin.hostname}:{admin.port or 5672}",
        vhost=name,
        prefix=prefix,
        admin=(admin.username or "guest", admin.password or "guest"),
        passwords=passwords,
        contracts=contracts,
        topology=topology,
        mongodb_url=test_database.url,
        database=client[test_database.name],
    )
    try:
        yield made
    finally:
        for process in made.processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=10)
        client.close()
        drop_database(test_database)
        topology_job._call(management_url, "DELETE", f"/api/vhosts/{quote(name)}")
        for user in users:
            topology_job._call(management_url, "DELETE", f"/api/users/{quote(prefix + user)}")
