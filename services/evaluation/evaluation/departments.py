"""What departments tell: staff from the HR system, completed trainings from the learning system.

    event ─▶ is the department known, active, allowed this type? ─▶ does it match its contract?
          ─▶ is the unit theirs and known? ─▶ the record, in one transaction with the inbox
          └─ no: event.rejected.v1 with a reason they can read, in the same transaction

Order and repetition change nothing: an older version of a person is ignored, and of two different claims of
one version (or of one training) the same one always counts, the other is refused as a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from evaluation.city import CityRules
from evaluation.domain.entries import DEPARTMENT, Entry, converted, missing_quantity, read_completed
from evaluation.domain.jp import convert
from evaluation.domain.ledger import CLAIMED, REJECTED
from evaluation.domain.staff import Staff, digest, read_row
from evaluation.errors import Fault
from evaluation.events import SOURCE
from evaluation.incoming import STAFF_CHANGED
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.ledger import LedgerStore
from evaluation.store.people import PeopleStore
from evaluation.times import milliseconds
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import Outcomes, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.rejections import (
    CONFLICT,
    NOT_YOURS,
    PUBLISHER_UNKNOWN,
    Rejection,
    broken_contract,
    described,
    publisher_of,
    rejected,
    untimely,
)

log = get_logger(__name__)

HANDLER = "on_department_event"
SOURCE_PREFIX = "/departments/"
PATIENCE = timedelta(seconds=60)
"""An event may overtake the one that makes it understandable. After this it is no race any more."""
AGAIN_SECONDS = 5


class Refused(Exception):
    """Why an event of a department does not count. `waits`: what is missing may still arrive."""

    def __init__(self, why: Rejection, *, waits: bool = False) -> None:
        super().__init__(why.reason)
        self.why = why
        self.waits = waits


class DepartmentEvents:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        inbox: Inbox,
        people: PeopleStore,
        ledger: LedgerStore,
        advice: AdviceStore,
        contracts: Contracts,
        city: CityRules,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._inbox = inbox
        self._people = people
        self._ledger = ledger
        self._advice = advice
        self._contracts = contracts
        self._city = city
        self._clock = clock
        self._waiting: dict[str, datetime] = {}

    def on_department_event(self, events: Sequence[Event]) -> Outcomes:
        """Apply each event or refuse it; neither disturbs the others of the batch."""
        verdicts: dict[str, Any] = {}
        for event in events:
            now = milliseconds(self._clock.now())
            waits = self._db.transact(partial(self._one, event=event, now=now), timeout=10)
            if waits:
                verdicts[event.id] = Retry(AGAIN_SECONDS, waits)
        return verdicts

    def _one(self, session: ClientSession, event: Event, now: datetime) -> str | None:
        """None when the event was applied, refused or seen before; else what it waits for."""
        if not self._inbox.unseen(session, HANDLER, [event]):
            return None
        code = publisher_of(event, SOURCE_PREFIX)
        try:
            department = self._department(code, event)
            if (why := untimely(event, now) or broken_contract(self._contracts, event)) is not None:
                raise Refused(why)
            if event.type == STAFF_CHANGED:
                self._staff_changed(session, event, code, department, now)
            else:
                self._training_completed(session, event, code, department, now)
        except Refused as refused:
            if refused.waits and self._may_wait(event, now):
                return refused.why.reason
            self._refuse(session, event, code, refused.why, now)
        self._inbox.record(session, HANDLER, [event.id])
        self._waiting.pop(event.id, None)
        return None

    def _may_wait(self, event: Event, now: datetime) -> bool:
        """Whether an event may still wait for another one; its age counts from its first try here."""
        if len(self._waiting) > 10_000:
            self._waiting.clear()
        return now - self._waiting.setdefault(event.id, now) < PATIENCE

    def _refuse(self, session: ClientSession, event: Event, code: str, why: Rejection, now: datetime) -> None:
        self._outbox.append(session, [rejected(event, code, why, source=SOURCE, at=now)])
        log.info(
            "department event refused",
            department=code,
            event_id=event.id,
            event_type=event.type,
            reason=why.reason,
        )

    def _department(self, code: str, event: Event) -> Mapping[str, Any]:
        department = self._people.departments([code]).get(code)
        if department is None:
            raise Refused(Rejection(PUBLISHER_UNKNOWN), waits=True)
        if not department["active"] or event.type not in department["types"]:
            raise Refused(Rejection(NOT_YOURS))
        return department

    def _check_units(self, department: Mapping[str, Any], units: set[str], pointer: str) -> None:
        if not units & {department["unit"], *department["units"]}:
            raise Refused(Rejection(NOT_YOURS, pointer))

    # staff.changed

    def _staff_changed(
        self,
        session: ClientSession,
        event: Event,
        code: str,
        department: Mapping[str, Any],
        now: datetime,
    ) -> None:
        person, faults = read_row(event.data)
        if person is None:
            raise Refused(_invalid(faults))
        self._check_units(department, {person.unit}, "/unit")
        if person.unit not in self._people.known_units():
            raise Refused(Rejection("unknown_unit", "/unit"), waits=True)
        known = self._people.get(person.staff_ref, session)
        origin = {"event_id": event.id, "department": code, "event_type": event.type}
        if known is None or person.version > known.version:
            self._put(session, person, now, origin)
        elif person.version < known.version:
            self._people.add_unit(session, person.staff_ref, person.unit)
        else:
            self._settle(session, event, person, known, now, origin)

    def _settle(
        self,
        session: ClientSession,
        event: Event,
        person: Staff,
        known: Staff,
        now: datetime,
        origin: dict[str, Any],
    ) -> None:
        """Two claims of one version: always the same one counts, and the other's department is told."""
        same = digest(person) == digest(known)
        before = self._people.origin(known.staff_ref, session)
        kept = (digest(known), before.get("event_id", ""))
        if not before or (digest(person), event.id) > kept:
            if not same:
                raise Refused(_conflict("/version"))
            return
        self._put(session, person, now, origin)
        if not same:
            loser = replace(event, id=before["event_id"], type=before["event_type"])
            self._refuse(session, loser, before["department"], _conflict("/version"), now)

    def _put(self, session: ClientSession, person: Staff, now: datetime, origin: dict[str, Any]) -> None:
        self._people.put(session, person, now, origin)
        self._advice.want(session, [f"person:{person.staff_ref}"], now)

    # training.completed

    def _training_completed(
        self,
        session: ClientSession,
        event: Event,
        code: str,
        department: Mapping[str, Any],
        now: datetime,
    ) -> None:
        source = {
            "event_id": event.id,
            "told_at": milliseconds(event.time),
            "department": code,
            "event_type": event.type,
        }
        entry, faults = read_completed(event.data, source, now)
        if faults:
            raise Refused(_invalid(faults))
        units = self._people.units_of(entry.staff_ref, session)
        if not units:
            raise Refused(Rejection("unknown_staff", "/staff_ref"), waits=True)
        self._check_units(department, units, "/staff_ref")
        conversion = convert(self._city.jp.rules, entry.activity, sample=self._city.sample)
        missing = missing_quantity(conversion)
        if missing is not None:
            raise Refused(_invalid([missing]))
        entry = converted(entry, conversion)
        known = self._ledger.get(entry.entry_id, session)
        if known is None:
            self._enter(session, entry, code, now)
        else:
            self._told_again(session, event, entry, known, code, now)

    def _enter(self, session: ClientSession, entry: Entry, code: str, now: datetime) -> None:
        link = {"at": now, "actor_ref": f"dept-{code}", "action": "tell", "status": entry.status}
        self._ledger.put(session, entry, link)
        self._advice.want(session, [f"person:{entry.staff_ref}"], now)

    def _told_again(
        self, session: ClientSession, event: Event, entry: Entry, known: Entry, code: str, now: datetime
    ) -> None:
        """The training is in the ledger already: a claim is vouched for, a repetition changes nothing.

        Of two departments (or two tellings) that differ, the one told first by its own time counts.
        """
        if known.origin != DEPARTMENT and known.status in (CLAIMED, REJECTED):
            self._enter(session, entry, code, now)
            return
        same = known.content() == entry.content()
        if not self._comes_first(session, event, known):
            if not same:
                raise Refused(_conflict("/start"))
            return
        self._enter(session, entry, code, now)
        if known.event is not None and not same:
            loser = replace(event, id=known.event["event_id"], type=known.event["event_type"])
            self._refuse(session, loser, known.event["department"], _conflict("/start"), now)

    def _comes_first(self, session: ClientSession, event: Event, known: Entry) -> bool:
        """Whether an event was told before the one an entry follows, and no person has touched the entry."""
        if known.event is None:
            return False
        steps = self._ledger.steps(known.entry_id, session)
        mine = (milliseconds(event.time), event.id)
        kept = (known.event["told_at"], known.event["event_id"])
        return mine < kept and all(step["action"] == "tell" for step in steps)


def _invalid(faults: Sequence[Fault]) -> Rejection:
    return described([(fault.pointer, fault.code) for fault in faults])


def _conflict(pointer: str) -> Rejection:
    words = (
        "Versi atau catatan ini sudah ada dengan isi yang lain.",
        "This version or entry exists already with other content.",
    )
    return Rejection(CONFLICT, pointer, words)
