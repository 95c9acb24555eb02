"""Case events in, intents out: one transaction a batch.

events ─▶ contacts, staff, names, suppressions (read once a batch) ─▶ plan (pure)
       ─▶ one transaction: inbox rows, contacts, intents, payloads, in-app messages, outcome events
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from notifications import metrics
from notifications.city import CitySet
from notifications.documents import intent_document, item_document, payload_document
from notifications.domain.audiences import REPORTER
from notifications.domain.delivery import State
from notifications.domain.intents import Planned, Recipient
from notifications.domain.planning import People as Concerned
from notifications.domain.planning import plan
from notifications.domain.rules import matches
from notifications.events import outcome_event
from notifications.incoming import Unreadable, age, case_of, contact_from_filing
from notifications.recipients import Directory, Known, names_known
from notifications.store.messages import AlreadyPlanned, Messages
from notifications.store.people import ContactRow, People
from notifications.wording import Context, values_for
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing

log = get_logger(__name__)

HANDLER = "on_case_event"
CONTACT_PATIENCE = timedelta(minutes=10)
"""A case event may overtake the filing that brings its contact. After this it is no race any more."""
NAME_PATIENCE = timedelta(seconds=30)
KEY_PATIENCE_SECONDS = 60

Verdicts = dict[str, Retry | Reject]


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    public_url: str
    keep_mails: timedelta = timedelta(days=30)


class Intake:
    """Plans and stores the messages of case events."""

    def __init__(
        self,
        *,
        transact: Callable[..., Any],
        inbox: Inbox,
        outbox: Outbox,
        people: People,
        messages: Messages,
        directory: Directory,
        city: Callable[[], CitySet],
        ring: KeyRing,
        clock: Clock,
        settings: IntakeSettings,
        wake_sender: Callable[[], None],
    ) -> None:
        self._transact = transact
        self._inbox = inbox
        self._outbox = outbox
        self._people = people
        self._messages = messages
        self._directory = directory
        self._city = city
        self._ring = ring
        self._clock = clock
        self._settings = settings
        self._wake_sender = wake_sender

    def on_case_event(self, events: Sequence[Event]) -> Verdicts:
        """Plan and store the messages of a batch, each event once, whatever is redelivered.

        An event whose contact has not arrived yet is retried while it is young. Everything else is
        stored: a message that is not sent leaves a skipped intent with its reason.
        """
        verdicts: Verdicts = {}
        unique = list({event.id: event for event in events}.values())
        readable = [event for event in unique if _is_readable(event, verdicts)]
        brought = {row.ref: row for event in readable if (row := contact_from_filing(event)) is not None}
        city = self._city()
        known = self._directory.known(readable, brought, now=self._clock.now())
        planned: dict[str, list[Planned]] = {}
        for event in readable:
            waiting = self._waits(event, city, known)
            if waiting is not None:
                verdicts[event.id] = waiting
            else:
                planned[event.id] = self._plan(event, city, known)
        accepted = [event for event in readable if event.id in planned]
        if accepted:
            self._store(accepted, planned, brought)
        return verdicts

    def preview(self, event: Event) -> list[Planned]:
        """What the event would do now. Writes nothing, and shows no name, address or private link."""
        city = self._city()
        known = self._directory.known([event], {}, now=self._clock.now())
        bare = {ref: who and replace(who, name="", link=None) for ref, who in known.reporters.items()}
        return self._plan(event, city, replace(known, reporters=bare))

    def _waits(self, event: Event, city: CitySet, known: Known) -> Retry | None:
        """Why an event cannot be planned yet, if it cannot."""
        rules = city.rules.get(event.type, ())
        old = age(event, self._clock.now())
        ref = event.data.get("contact_ref")
        if ref and any(rule.audience == REPORTER and matches(rule.when, event.data) for rule in rules):
            if ref not in known.reporters and old < CONTACT_PATIENCE:
                return Retry(5 if old < timedelta(minutes=1) else 30, "contact_not_seen_yet")
            if known.reporters.get(ref, _NOBODY) is None:
                # The key is missing from our ring: somebody has to add it, and then the event goes through.
                log.error("contact block does not open", event_id=event.id, contact_ref=ref)
                return Retry(KEY_PATIENCE_SECONDS, "contact_unreadable")
        if rules and old < NAME_PATIENCE and not names_known(event, known.names):
            return Retry(5, "name_not_seen_yet")
        return None

    def _plan(self, event: Event, city: CitySet, known: Known) -> list[Planned]:
        code = event.data["complaint_id"]

        def values(keys: frozenset[str], who: Recipient) -> Mapping[str, Any]:
            return values_for(
                keys, Context(event.data, code, who, city.city, known.names, self._settings.public_url)
            )

        concerned = Concerned(
            staff=known.staff,
            staff_recipient=known.staff_recipients.__getitem__,
            reporter=known.reporters.get(event.data.get("contact_ref") or ""),
        )
        return plan(event.id, event.data, city.rules.get(event.type, ()), concerned, city, values)

    def _store(
        self, events: Sequence[Event], planned: Mapping[str, list[Planned]], brought: Mapping[str, ContactRow]
    ) -> None:
        now = self._clock.now()
        try:
            stored = self._transact(lambda s: self._write(s, events, planned, brought, now, check=False))
        except AlreadyPlanned:
            # The inbox has forgotten the event (a very late replay); its intents are still here.
            stored = self._transact(lambda s: self._write(s, events, planned, brought, now, check=True))
        alike = Counter((d["channel"], d["audience"], d["status"]) for d in stored)
        for labels, count in alike.items():
            metrics.outcomes_total.labels(*labels).inc(count)
        for document in stored:
            if document["missing"]:
                log.error(
                    "values missing for a template",
                    intent_id=document["_id"],
                    template=document["template"],
                    missing=document["missing"],
                )
        if any(document["status"] == State.QUEUED for document in stored):
            self._wake_sender()

    def _write(
        self,
        session: Any,
        events: Sequence[Event],
        planned: Mapping[str, list[Planned]],
        brought: Mapping[str, ContactRow],
        now: datetime,
        *,
        check: bool,
    ) -> list[dict[str, Any]]:
        fresh = self._inbox.unseen(session, HANDLER, events)
        pairs = [(event, one) for event in fresh for one in planned[event.id]]
        if check:
            existing = self._messages.existing(session, [one.id for _, one in pairs])
            pairs = [(event, one) for event, one in pairs if one.id not in existing]
        refs = {event.data.get("contact_ref") for event in fresh}
        self._people.keep(session, [row for ref, row in brought.items() if ref in refs])
        intents = [intent_document(event, one, now) for event, one in pairs]
        self._messages.insert(
            session,
            intents,
            [
                payload_document(one, self._ring, now, self._settings.keep_mails)
                for _, one in pairs
                if one.state is State.QUEUED
            ],
            [
                item_document(event, one, now, self._settings.public_url)
                for event, one in pairs
                if one.state is State.DELIVERED
            ],
        )
        outcomes = (outcome_event(document, State(document["status"]), now) for document in intents)
        self._outbox.append(session, [event for event in outcomes if event is not None])
        self._inbox.record(session, HANDLER, [event.id for event in fresh])
        return intents


_NOBODY = Recipient("", "reporter", "id")


def _is_readable(event: Event, verdicts: Verdicts) -> bool:
    try:
        case_of(event)
    except Unreadable as error:
        verdicts[event.id] = Reject(str(error))
        return False
    return True
