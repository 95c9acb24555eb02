"""Fakes for unit tests: no server, no eventlet, the same promises as the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from servicekit.envelope import Event
from servicekit.errors import DuplicateEvent
from servicekit.ids import FrozenClock, uuid7

__all__ = ["FrozenClock", "MemoryInbox", "MemoryOutbox", "make_event"]


class MemoryOutbox:
    """Keeps what was appended, in order. Refuses an id twice, as the real one does."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, session: Any, events: Iterable[Event]) -> None:
        added = list(events)
        ids = [event.id for event in (*self.events, *added)]
        if len(ids) != len(set(ids)):
            raise DuplicateEvent("event id already in the outbox")
        self.events.extend(added)

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def of_type(self, type: str) -> list[Event]:
        return [event for event in self.events if event.type == type]


class MemoryInbox:
    """Remembers handled ids. `unseen` drops repeats inside a batch too, as the real one does."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def unseen(self, session: Any, handler: str, events: Sequence[Event]) -> list[Event]:
        fresh: dict[str, Event] = {}
        for event in events:
            if f"{handler}:{event.id}" not in self.seen:
                fresh.setdefault(event.id, event)
        return list(fresh.values())

    def record(self, session: Any, handler: str, event_ids: Iterable[str]) -> None:
        self.seen.update(f"{handler}:{event_id}" for event_id in event_ids)


def make_event(
    type: str = "thing.happened.v1",
    data: Mapping[str, Any] | None = None,
    *,
    source: str = "/example",
    subject: str = "thing-1",
    time: datetime | None = None,
    **attributes: Any,
) -> Event:
    """An event with sensible attributes; name the ones the test is about."""
    return Event(
        id=attributes.pop("id", None) or uuid7(),
        source=source,
        type=type,
        subject=subject,
        time=time or FrozenClock().now(),
        data=data if data is not None else {},
        **attributes,
    )
