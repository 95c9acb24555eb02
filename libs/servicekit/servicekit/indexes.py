"""The collections and indexes that preparations make: read off them, and compared with what there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pymongo.database import Database
from pymongo.operations import IndexModel

Needed = Mapping[str, frozenset[str]]
"""Names of indexes by collection; `_id_` stands for the collection itself."""


class Planned:
    """Stands in for a database that holds nothing, and takes down what a preparation would make in it."""

    name = "planned"

    def __init__(self) -> None:
        self.indexes: dict[str, set[str]] = defaultdict(set)

    @property
    def database(self) -> Planned:
        return self

    def list_collection_names(self) -> list[str]:
        return []

    def create_collection(self, name: str, **_: Any) -> None:
        self.indexes[name].add("_id_")

    def __getitem__(self, name: str) -> PlannedCollection:
        return PlannedCollection(self.indexes[name])


class PlannedCollection:
    def __init__(self, indexes: set[str]) -> None:
        self._indexes = indexes

    def create_index(self, keys: Any, **options: Any) -> str:
        name = str(IndexModel(keys, **options).document["name"])
        self._indexes |= {"_id_", name}
        return name


def needed(preparations: Iterable[Callable[[Any], None]]) -> Needed:
    """What these make, without a server. They may ask a handle for its database, but that for no document."""
    planned = Planned()
    for prepare in preparations:
        prepare(planned)
    return {name: frozenset(indexes) for name, indexes in planned.indexes.items() if indexes}


def missing(database: Database[dict[str, Any]], wanted: Needed) -> list[str]:
    """What of it there is not, as `collection.index`. Reads only."""
    existing = set(database.list_collection_names())
    found = {
        name: {index["name"] for index in database[name].list_indexes()} for name in existing & wanted.keys()
    }
    return sorted(
        f"{name}.{index}" for name, indexes in wanted.items() for index in indexes - found.get(name, set())
    )
