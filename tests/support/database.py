import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


@dataclass(frozen=True)
class TestDatabase:
    """A database of a test's own; `url` names it in the path, as a service's own URL does."""

    __test__ = False

    name: str
    url: str


def create_database(server_url: str) -> TestDatabase:
    name = f"test_{secrets.token_hex(4)}"
    parts = urlsplit(server_url)
    query = dict(parse_qsl(parts.query))
    if parts.username:
        query.setdefault("authSource", "admin")
    return TestDatabase(name, urlunsplit(parts._replace(path=f"/{name}", query=urlencode(query))))


@contextmanager
def own_database(server_url: str) -> Iterator[TestDatabase]:
    """A fresh database, dropped afterwards."""
    fresh = create_database(server_url)
    try:
        yield fresh
    finally:
        drop_database(fresh)


def drop_database(database: TestDatabase) -> None:
    from pymongo import MongoClient

    with MongoClient(database.url, serverSelectionTimeoutMS=5000) as client:
        client.drop_database(database.name)


def empty_database(database: TestDatabase) -> None:
    """Delete every document and keep collections and indexes, whose making is most of a fresh one's time."""
    from pymongo import MongoClient

    with MongoClient(database.url, serverSelectionTimeoutMS=5000) as client:
        for name in client[database.name].list_collection_names(filter={"type": "collection"}):
            client[database.name][name].delete_many({})
