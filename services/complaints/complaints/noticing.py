"""What became of messages about a case: for its timeline, and for the clock of silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from complaints.domain.case import RESOLVED, Case
from complaints.domain.course import answer_reached
from complaints.incoming import Outcome, read_outcome
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.times import milliseconds
from servicekit.envelope import Event
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle

HANDLER = "on_message_outcome"
_REACHED = frozenset({"sent", "delivered"})


class Noticing:
    def __init__(self, db: MongoHandle, inbox: Inbox, cases: CaseStore, catalogue: CatalogueStore) -> None:
        self._db = db
        self._inbox = inbox
        self._cases = cases
        self._catalogue = catalogue

    def notice(self, events: Sequence[Event]) -> None:
        """Keep the furthest state of each message, whatever the order; start silence once an answer is out.

        An outcome of an earlier answer, one that was disputed since, starts nothing.
        """
        self._catalogue.recent()
        self._db.transact(lambda session: self._noticed(session, events), timeout=10)

    def _noticed(self, session: ClientSession, events: Sequence[Event]) -> None:
        unseen = self._inbox.unseen(session, HANDLER, events)
        outcomes = [outcome for event in unseen if (outcome := read_outcome(event)) is not None]
        self._cases.put_notices(session, [(outcome.code, outcome.notice) for outcome in outcomes])
        answers = [o for o in outcomes if o.is_answer and o.notice.state in _REACHED]
        cases = self._cases.get_many({outcome.code for outcome in answers}, session) if answers else {}
        for code, case in cases.items():
            changed = case
            for outcome in answers:
                if outcome.code == code:
                    changed = self._sent(changed, outcome)
            if changed != case:
                self._cases.save(session, changed, [], self._calendar(changed))
        self._inbox.record(session, HANDLER, [event.id for event in unseen])

    def _sent(self, case: Case, outcome: Outcome) -> Case:
        if case.answer_event != outcome.event_id or case.status != RESOLVED:
            return case
        at = milliseconds(outcome.notice.at)
        if case.answer_backdated and case.resolved_at is not None:
            # Sample data: an answer that is said to be old was sent when it is said to have been given.
            at = case.resolved_at
        if case.answer_sent_at is not None and case.answer_sent_at <= at:
            return case
        city = self._catalogue.loaded.cities.get(case.city)
        return replace(answer_reached(case, city, at, "sent"), answer_sent_at=at)

    def seen(self, code: str, at: datetime) -> None:
        """The reporter opened her answered case: from now on silence is hers."""

        def mark(session: ClientSession) -> None:
            case = self._cases.get(code, session)
            if case is None or case.status != RESOLVED or case.answer_seen_at is not None:
                return
            city = self._catalogue.loaded.cities.get(case.city)
            changed = replace(answer_reached(case, city, at, "seen"), answer_seen_at=at)
            self._cases.save(session, changed, [], self._calendar(changed))

        self._db.transact(mark)

    def _calendar(self, case: Case) -> Any:
        city = self._catalogue.loaded.cities.get(case.city)
        return city.calendar if city else None
