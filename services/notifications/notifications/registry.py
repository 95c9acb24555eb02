"""Keeps our own copies: recipients' contacts, and the names of units, services and departments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from notifications.incoming import Unreadable, name_row, submitted_contact
from notifications.recipients import RECIPIENT, Directory
from notifications.store.people import ContactRow, People
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.inbox import Inbox
from servicekit.sealing import KeyRing, SealError

KEY_PATIENCE_SECONDS = 60
RESEAL_BATCH = 500


class Registry:
    def __init__(
        self,
        *,
        transact: Callable[..., Any],
        inbox: Inbox,
        people: People,
        directory: Directory,
        ring: KeyRing,
    ) -> None:
        self._transact = transact
        self._inbox = inbox
        self._people = people
        self._directory = directory
        self._ring = ring

    def on_contact_submitted(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        """Keep contacts as they come, sealed. A block that we cannot open is retried, then dead-lettered."""
        verdicts: dict[str, Retry | Reject] = {}
        rows: dict[str, ContactRow] = {}
        for event in events:
            try:
                row = submitted_contact(event)
                self._ring.open(row.sealed, recipient=RECIPIENT, context=row.ref)
                rows[event.id] = row
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
            except SealError:
                verdicts[event.id] = Retry(KEY_PATIENCE_SECONDS, "contact_unreadable")
        good = [event for event in events if event.id in rows]

        def write(session: Any) -> None:
            fresh = self._inbox.unseen(session, "on_contact_submitted", good)
            self._people.keep(session, [rows[event.id] for event in fresh])
            self._inbox.record(session, "on_contact_submitted", [event.id for event in fresh])

        if good:
            self._transact(write)
        return verdicts

    def on_catalogue_changed(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        """Keep the names of units, services and departments; an older version than ours changes nothing."""
        verdicts: dict[str, Retry | Reject] = {}
        rows: dict[str, dict[str, Any]] = {}
        for event in events:
            try:
                rows[event.id] = name_row(event)
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
        good = [event for event in events if event.id in rows]

        def write(session: Any) -> None:
            fresh = self._inbox.unseen(session, "on_catalogue_changed", good)
            units, services, departments = (
                [rows[event.id] for event in fresh if event.type.startswith(start)]
                for start in ("unit.", "service.", "department.")
            )
            self._people.keep_names(session, units, services, departments)
            self._inbox.record(session, "on_catalogue_changed", [event.id for event in fresh])

        if good:
            self._transact(write)
            self._directory.forget_names()
        return verdicts

    def reseal(self) -> int:
        """Move contacts to the current key, so that an old one can be dropped; returns how many moved."""
        moved = 0
        for row in self._people.sealed_elsewhere(self._ring.current_kid, RESEAL_BATCH):
            block = self._ring.open_bytes(row.sealed, recipient=RECIPIENT, context=row.ref)
            fresh = self._ring.seal_bytes(block, recipient=RECIPIENT, context=row.ref)
            self._people.reseal(row.ref, row.sealed, fresh)
            moved += 1
        return moved
