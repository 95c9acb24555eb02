"""One vhost, one peer and one gateway for the whole session; tests that break things start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from component.gateway.installation import Gateway, Keys, running_gateway, running_peer

from support.broker import Vhost, create_vhost, delete_vhost


@pytest.fixture(scope="session")
def broker(amqp_admin_url: str, management_url: str) -> Iterator[Vhost]:
    fresh = create_vhost(amqp_admin_url, management_url)
    try:
        yield fresh
    finally:
        delete_vhost(fresh)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="session")
def peer(broker: Vhost, directory: Path, keys: Keys) -> Iterator[object]:
    with running_peer(broker.url("complaints"), directory, keys) as process:
        yield process


@pytest.fixture(scope="session")
def gateway(peer: object, broker: Vhost, directory: Path, keys: Keys) -> Iterator[Gateway]:
    with running_gateway(broker.url("gateway"), directory, keys, TANGGAP_RATE_CASE="off") as running:
        yield running
