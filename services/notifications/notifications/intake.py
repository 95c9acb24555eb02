"""Events in, intents out: one transaction a batch.

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
from notifications.choosing import Choices
from notifications.city import CitySet
from notifications.documents import intent_document, item_document, payload_document
from notifications.domain.audiences import CITIZENS
from notifications.domain.delivery import State
from notifications.domain.intents import Planned, Recipient
from notifications.domain.planning import People as Concerned
from notifications.domain.planning import plan
from notifications.domain.rules import PRIVATE_LINK, matches
from notifications.events import outcome_event
from notifications.incoming import Unreadable, age, check, contact_from_filing
from notifications.invitations import Invitations, Pairs, States
from notifications.recipients import Directory, Known, department_recipient, names_known
from notifications.store.messages import AlreadyPlanned, Messages
from notifications.store.people import ContactRow, People
from notifications.values import values_for
from notifications.wording import Context
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing

log = get_logger(__name__)

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
    """Plans and stores the messages of events, whatever they are about."""

    def __init__(
        self,
        *,
        transact: Callable[..., Any],
        inbox: Inbox,
        outbox: Outbox,
        people: People,
        messages: Messages,
        directory: Directory,
        invitations: Invitations,
        choices: Choices,
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
        self._invitations = invitations
        self._choices = choices
        self._city = city
        self._ring = ring
        self._clock = clock
        self._settings = settings
        self._wake_sender = wake_sender

    def take(self, handler: str, events: Sequence[Event]) -> Verdicts:
        """Plan and store the messages of a batch, each event once, whatever is redelivered.

        `handler` is the one that got the batch. An event whose contact has not arrived yet is retried
        while it is young. Everything else is stored: a message that is not sent leaves a skipped intent
        with its reason.
        """
        verdicts: Verdicts = {}
        unique = list({event.id: event for event in events}.values())
        readable = [event for event in unique if _is_readable(event, verdicts)]
        brought = {row.ref: row for event in readable if (row := contact_from_filing(event)) is not None}
        city = self._city()
        known = self._directory.known(readable, brought, now=self._clock.now())
        invitations = self._invitations.states(readable)
        planned: dict[str, list[Planned]] = {}
        for event in readable:
            waiting = self._waits(event, city, known, invitations)
            if waiting is not None:
                verdicts[event.id] = waiting
            else:
                planned[event.id] = self._plan(event, city, known, invitations)
        accepted = [event for event in readable if event.id in planned]
        if accepted:
            self._store(handler, accepted, planned, brought)
        return verdicts

    def preview(self, event: Event) -> list[Planned]:
        """What the event would do now. Writes nothing, and shows no name, address or private link."""
        city = self._city()
        known = self._directory.known([event], {}, now=self._clock.now())
        bare = {ref: who and replace(who, name="", link=None) for ref, who in known.reporters.items()}
        planned = self._plan(event, city, replace(known, reporters=bare), self._invitations.states([event]))
        pairs = [(event, one) for one in planned]
        return [one for _, one in self._invitations.capped(None, pairs, self._clock.now(), remember=False)]

    def _waits(self, event: Event, city: CitySet, known: Known, invitations: States) -> Retry | None:
        """Why an event cannot be planned yet, if it cannot."""
        rules = city.rules.get(event.type, ())
        old = age(event, self._clock.now())
        ref = event.data.get("contact_ref")
        if ref and any(rule.audience in CITIZENS and matches(rule.when, event.data) for rule in rules):
            if ref not in known.reporters and old < CONTACT_PATIENCE:
                return Retry(5 if old < timedelta(minutes=1) else 30, "contact_not_seen_yet")
            if known.reporters.get(ref, _NOBODY) is None:
                # The key is missing from our ring: somebody has to add it, and then the event goes through.
                log.error("contact block does not open", event_id=event.id, contact_ref=ref)
                return Retry(KEY_PATIENCE_SECONDS, "contact_unreadable")
        if rules and old < NAME_PATIENCE and not names_known(event, known.names):
            return Retry(5, "name_not_seen_yet")
        return self._invitations.waits(event, invitations, self._clock.now())

    def _plan(self, event: Event, city: CitySet, known: Known, invitations: States) -> list[Planned]:
        speaks = city.city_of(known.names.city_of(event.data))
        url = self._settings.public_url

        link = self._choices.new_link() if PRIVATE_LINK in event.data else None
        stop = link.url if link else None

        def values(keys: frozenset[str], who: Recipient) -> Mapping[str, Any]:
            return values_for(keys, Context(event.type, event.data, who, speaks, known.names, url, stop))

        concerned = Concerned(
            staff=known.staff,
            staff_recipient=known.staff_recipients.__getitem__,
            reporter=known.reporters.get(event.data.get("contact_ref") or ""),
            department=department_recipient(event),
        )
        planned = plan(event.id, event.data, city.rules.get(event.type, ()), concerned, city, values)
        offered = [replace(one, stop=link) if one.audience == "reporter" else one for one in planned]
        return self._invitations.reminded(event, offered, invitations)

    def _store(
        self,
        handler: str,
        events: Sequence[Event],
        planned: Mapping[str, list[Planned]],
        brought: Mapping[str, ContactRow],
    ) -> None:
        now = self._clock.now()

        def write(session: Any, *, again: bool) -> list[dict[str, Any]]:
            fresh = self._inbox.unseen(session, handler, events)
            pairs = [(event, one) for event in fresh for one in planned[event.id]]
            if again:
                existing = self._messages.existing(session, [one.id for _, one in pairs])
                pairs = [(event, one) for event, one in pairs if one.id not in existing]
            refs = {event.data.get("contact_ref") for event in fresh}
            self._people.keep(session, [row for ref, row in brought.items() if ref in refs])
            intents = self._write(session, self._invitations.capped(session, pairs, now), now)
            self._inbox.record(session, handler, [event.id for event in fresh])
            return intents

        try:
            stored = self._transact(lambda session: write(session, again=False))
        except AlreadyPlanned:
            # The inbox has forgotten the event (a very late replay); its intents are still here.
            stored = self._transact(lambda session: write(session, again=True))
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

    def _write(self, session: Any, pairs: Pairs, now: datetime) -> list[dict[str, Any]]:
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
        return intents


_NOBODY = Recipient("", "reporter", "id")


def _is_readable(event: Event, verdicts: Verdicts) -> bool:
    try:
        check(event)
    except Unreadable as error:
        verdicts[event.id] = Reject(str(error))
        return False
    return True
