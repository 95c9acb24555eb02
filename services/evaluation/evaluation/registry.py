"""Our copies of what complaints decides: units, services, and what each department may publish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluation.incoming import DEPARTMENT_CHANGED, UNIT_CHANGED, Unreadable, department, named
from evaluation.store.people import PeopleStore
from servicekit.envelope import Event
from servicekit.errors import Outcomes, Reject
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle

HANDLER = "on_catalogue_changed"


class Registry:
    def __init__(self, db: MongoHandle, inbox: Inbox, people: PeopleStore) -> None:
        self._db = db
        self._inbox = inbox
        self._people = people

    def on_catalogue_changed(self, events: Sequence[Event]) -> Outcomes:
        """Keep the newest version of each, whatever the order they come in."""
        verdicts: dict[str, Any] = {}
        rows: dict[str, tuple[str, dict[str, Any]]] = {}
        for event in events:
            try:
                read = department(event) if event.type == DEPARTMENT_CHANGED else named(event)
                rows[event.id] = (event.type, read)
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
        readable = [event for event in events if event.id in rows]
        if readable:
            self._db.transact(lambda session: self._keep(session, readable, rows))
        return verdicts

    def _keep(
        self, session: Any, events: Sequence[Event], rows: dict[str, tuple[str, dict[str, Any]]]
    ) -> None:
        fresh = self._inbox.unseen(session, HANDLER, events)
        by_type: dict[str, list[dict[str, Any]]] = {}
        for event in fresh:
            type_, row = rows[event.id]
            by_type.setdefault(type_, []).append(row)
        for type_, found in by_type.items():
            if type_ == DEPARTMENT_CHANGED:
                self._people.keep_departments(session, found)
            elif type_ == UNIT_CHANGED:
                self._people.keep_units(session, found)
            else:
                self._people.keep_services(session, found)
        self._inbox.record(session, HANDLER, [event.id for event in fresh])
