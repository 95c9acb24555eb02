"""The stored catalogue: one version over all cities, and a copy in the process as long as it is current."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from complaints.catalogue import Changes, build
from complaints.domain.city import EMPTY, Catalogue

Document = dict[str, Any]
_CURRENT = "current"
_FRESH_SECONDS = 1.0


class CatalogueStore:
    def __init__(self, database: Database[Document]) -> None:
        self._state = database["catalogue"]
        self._cities = database["catalogue_cities"]
        self._units = database["catalogue_units"]
        self._services = database["catalogue_services"]
        self._imports = database["catalogue_imports"]
        self._built: Catalogue = EMPTY
        self._checked_at: float | None = None

    def recent(self) -> Catalogue:
        """The catalogue of the last second, for reads: what they take from it hardly ever changes."""
        if self._checked_at is None or time.monotonic() - self._checked_at > _FRESH_SECONDS:
            return self.current()
        return self._built

    @property
    def loaded(self) -> Catalogue:
        """The copy that `current` read last, without asking the database."""
        return self._built

    def version(self) -> int:
        state = self._state.find_one({"_id": _CURRENT})
        return 0 if state is None else int(state["version"])

    def current(self) -> Catalogue:
        """The catalogue as the domain's values; read again only when its version changed."""
        while self._built.version != (version := self.version()):
            state = self._state.find_one({"_id": _CURRENT}) or {}
            built = build(
                version,
                state.get("default_city", ""),
                self._cities.find(),
                self._units.find(),
                self._services.find(),
            )
            # An import may have come between the reads: only an unchanged version was read whole.
            if self.version() == version:
                self._built = built
        self._checked_at = time.monotonic()
        return self._built

    def stored(
        self, city: str, session: ClientSession
    ) -> tuple[dict[str, Document], dict[str, Document], Document | None]:
        """Units, services (of every city: codes are unique) and the city's own document."""
        units = {d["_id"]: _without_id(d) for d in self._units.find(session=session)}
        services = {d["_id"]: _without_id(d) for d in self._services.find(session=session)}
        return units, services, self._cities.find_one({"_id": city}, session=session)

    def apply(
        self, session: ClientSession, city: Mapping[str, Any], changes: Changes, actor_ref: str, at: datetime
    ) -> int:
        """Store what changed and count the version; returns it. Nothing changed: the version stays."""
        state = self._state.find_one({"_id": _CURRENT}, session=session) or {}
        version = int(state.get("version", 0))
        if not changes.any:
            return version
        version += 1
        self._cities.replace_one({"_id": city["_id"]}, dict(city), upsert=True, session=session)
        for collection, items in ((self._units, changes.units), (self._services, changes.services)):
            for item in items:
                document = {"_id": item["code"], **item}
                collection.replace_one({"_id": item["code"]}, document, upsert=True, session=session)
        self._state.replace_one(
            {"_id": _CURRENT},
            {
                "_id": _CURRENT,
                "version": version,
                "default_city": state.get("default_city") or city["_id"],
                "changed_at": at,
            },
            upsert=True,
            session=session,
        )
        self._imports.insert_one(
            {"_id": version, "city": city["_id"], "by": actor_ref, "at": at, "counts": changes.counts},
            session=session,
        )
        return version

    def published(self) -> Document:
        """The catalogue as it was sent, for the gateway's snapshot."""
        while True:
            version = self.version()
            state = self._state.find_one({"_id": _CURRENT}) or {}
            cities = list(self._cities.find().sort("_id"))
            document = {
                "version": version,
                "cities": [d["city"] for d in cities],
                "units": [_shown(d) for d in self._units.find().sort("_id")],
                "services": [_shown(d) for d in self._services.find().sort("_id")],
                "deadlines": [{**row, "city": d["_id"]} for d in cities for row in d["deadlines"]],
                "jurisdictions": [
                    {**row, "city": d["_id"]} for d in cities for row in d["jurisdictions"] or ()
                ],
            }
            default = state.get("default_city")
            document["city"] = next((d["city"] for d in cities if d["_id"] == default), None)
            if self.version() == version:
                return document


def _without_id(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "_id"}


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in ("_id", "digest")}
