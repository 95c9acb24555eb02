"""Facts about cases and surveys, kept so that their order and repetition change nothing.

    complaint.closed · reopened · disputed ─▶ cases (all that was told) ─▶ tallies (what it adds to evidence)
    survey.period_closed ─▶ unit_results        survey.staff_aggregate_ready ─▶ person_results

Nothing here knows an evaluation: evidence is shown to a rating officer, and what becomes of it is his.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from evaluation.domain import casework
from evaluation.incoming import (
    CLOSED,
    DISPUTED,
    PERIOD_CLOSED,
    Unreadable,
    closure,
    dispute,
    person_result,
    reopening,
    unit_result,
)
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.facts import FactStore
from evaluation.times import milliseconds
from servicekit.envelope import Event
from servicekit.errors import Outcomes, Reject
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle

CASES, SURVEYS = "on_case_event", "on_survey_event"
Document = dict[str, Any]


class Gathering:
    def __init__(
        self,
        db: MongoHandle,
        inbox: Inbox,
        facts: FactStore,
        advice: AdviceStore,
        zone: Any,
        clock: Clock,
    ) -> None:
        self._db = db
        self._inbox = inbox
        self._facts = facts
        self._advice = advice
        self._zone = zone
        self._clock = clock

    def on_case_event(self, events: Sequence[Event]) -> Outcomes:
        """Each case's evidence follows from all that was told of it, once, in whatever order."""
        return self._handled(events, _case_change, self._keep_cases)

    def on_survey_event(self, events: Sequence[Event]) -> Outcomes:
        """The newest figures of a unit and period, or of a person in it, are the ones that are shown."""
        return self._handled(events, _survey_change, self._keep_results)

    def _handled(
        self,
        events: Sequence[Event],
        read: Callable[[Event], Document],
        keep: Callable[[ClientSession, Sequence[Event], dict[str, Document], datetime], None],
    ) -> Outcomes:
        verdicts: dict[str, Any] = {}
        changes: dict[str, Document] = {}
        for event in events:
            try:
                changes[event.id] = read(event)
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
        readable = [event for event in events if event.id in changes]
        if readable:
            now = milliseconds(self._clock.now())
            self._db.transact(lambda session: keep(session, readable, changes, now), timeout=10)
        return verdicts

    def _keep_cases(
        self, session: ClientSession, events: Sequence[Event], changes: dict[str, Document], now: datetime
    ) -> None:
        fresh = self._inbox.unseen(session, CASES, events)
        ids = {changes[event.id]["complaint_id"] for event in fresh}
        known = self._facts.cases(session, ids) if ids else {}
        changed: dict[str, Document] = {}
        for event in fresh:
            change = changes[event.id]
            id_ = change["complaint_id"]
            before = changed.get(id_) or known.get(id_) or casework.empty(id_)
            changed[id_] = _applied(before, event.type, change)
        rows = [row for case in changed.values() for row in casework.rows_of(case, self._zone)]
        self._facts.put_cases(session, list(changed.values()), rows)
        self._inbox.record(session, CASES, [event.id for event in fresh])

    def _keep_results(
        self, session: ClientSession, events: Sequence[Event], changes: dict[str, Document], now: datetime
    ) -> None:
        fresh = self._inbox.unseen(session, SURVEYS, events)
        touched = []
        for event in fresh:
            result = changes[event.id]
            if event.type == PERIOD_CLOSED:
                if self._facts.put_unit_result(session, result):
                    touched.append(f"unit:{result['unit']}")
            elif self._facts.put_person_result(session, result):
                touched.append(f"person:{result['staff_ref']}")
        self._advice.want(session, touched, now)
        self._inbox.record(session, SURVEYS, [event.id for event in fresh])


def _case_change(event: Event) -> Document:
    if event.type == CLOSED:
        return closure(event)
    if event.type == DISPUTED:
        return dispute(event)
    complaint_id, closure_no = reopening(event)
    return {"complaint_id": complaint_id, "closure_no": closure_no}


def _survey_change(event: Event) -> Document:
    return unit_result(event) if event.type == PERIOD_CLOSED else person_result(event)


def _applied(case: Document, type_: str, change: Document) -> Document:
    fact = {name: value for name, value in change.items() if name != "complaint_id"}
    if type_ == CLOSED:
        return casework.with_closure(case, fact)
    if type_ == DISPUTED:
        return casework.with_dispute(case, fact)
    return casework.with_reopening(case, change["closure_no"])
