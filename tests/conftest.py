"""Fixtures that every ring may ask for; nothing heavy is imported before one does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.broker import Vhost
    from support.database import TestDatabase
    from support.servers import Servers


@pytest.fixture(scope="session")
def test_servers() -> "Iterator[Servers]":
    from support.servers import servers

    with servers() as running:
        yield running


@pytest.fixture(scope="session")
def amqp_admin_url(test_servers: "Servers") -> str:
    return test_servers.amqp_url


@pytest.fixture(scope="session")
def management_url(test_servers: "Servers") -> str:
    return test_servers.management_url


@pytest.fixture(scope="session")
def mongodb_url(test_servers: "Servers") -> str:
    return test_servers.mongodb_url


@pytest.fixture
def vhost(amqp_admin_url: str, management_url: str) -> "Iterator[Vhost]":
    """A fresh vhost with exchanges, queues, users and rights; gone afterwards."""
    from support.broker import create_vhost, delete_vhost

    fresh = create_vhost(amqp_admin_url, management_url)
    try:
        yield fresh
    finally:
        delete_vhost(fresh)


@pytest.fixture
def database(mongodb_url: str) -> "Iterator[TestDatabase]":
    """A fresh database, dropped afterwards."""
    from support.database import own_database

    with own_database(mongodb_url) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def kept_database(mongodb_url: str) -> "Iterator[TestDatabase]":
    """One database for a ring, dropped at its end; see `emptied_database`."""
    from support.database import own_database

    with own_database(mongodb_url) as kept:
        yield kept


@pytest.fixture
def emptied_database(kept_database: "TestDatabase") -> "Iterator[TestDatabase]":
    """A database without any document, with the indexes that earlier tests of the ring made."""
    from support.database import empty_database

    try:
        yield kept_database
    finally:
        empty_database(kept_database)
