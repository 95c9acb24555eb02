"""Keeps our own copies of units, services and departments. An older version than ours changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from surveys.errors import Unreadable
from surveys.incoming import read_copy
from surveys.store import ClientSession
from surveys.store.copies import Copies

HANDLER = "on_catalogue_changed"


class Registry:
    def __init__(self, db: MongoHandle, inbox: Inbox, copies: Copies) -> None:
        self._db = db
        self._inbox = inbox
        self._copies = copies

    def on_catalogue_changed(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        verdicts: dict[str, Retry | Reject] = {}
        rows = {}
        for event in events:
            try:
                rows[event.id] = read_copy(event)
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
        good = [event for event in events if event.id in rows]

        def write(session: ClientSession) -> None:
            fresh = self._inbox.unseen(session, HANDLER, good)
            for event in fresh:
                collection, row = rows[event.id]
                self._copies.keep(session, collection, row)
            self._inbox.record(session, HANDLER, [event.id for event in fresh])

        if good:
            self._db.transact(write, timeout=15)
        return verdicts
