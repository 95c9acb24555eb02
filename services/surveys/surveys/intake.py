"""Answers come in: opened, placed, and put into a pool in which nobody finds them again.

sealed block ─▶ link or unit ─▶ period open? ─▶ scores, consent ─▶ too many? ─▶ pending row, sealed, one size
                                                                       └─▶ held for review
In one transaction with the inbox rows, the digest of the submission, the spent invitation and the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.sealing import KeyRing
from surveys import metrics
from surveys.city import City
from surveys.domain.periods import QUARTER, period_of
from surveys.domain.submission import (
    REUSED_ID,
    UNREADABLE,
    NotCounted,
    Submission,
    check_content,
    known_respondent,
)
from surveys.errors import Unreadable
from surveys.incoming import read_submission
from surveys.placing import Misplaced, Place, Placing
from surveys.pool import Pool
from surveys.store import ClientSession, Document
from surveys.store.answers import Answers
from surveys.store.copies import Copies
from surveys.store.invites import Invites
from surveys.store.periods import Periods
from surveys.store.submissions import Submissions

log = get_logger(__name__)

HANDLER = "on_answers"
PATIENCE = timedelta(seconds=60)
"""How long a unit that an answer names may still be on its way to us."""
COUNTER_LIMIT, DEVICE_LIMIT = "counter_limit", "device_limit"
_STATES = {
    "already_used": "spent",
    "link_revoked": "revoked",
    "link_expired": "expired",
    "link_forged": "unknown",
    "link_unknown": "unknown",
    "period_closed": "closed",
    "no_period": "closed",
}


class Intake:
    def __init__(
        self,
        *,
        db: MongoHandle,
        inbox: Inbox,
        answers: Answers,
        invites: Invites,
        periods: Periods,
        submissions: Submissions,
        copies: Copies,
        placing: Placing,
        pool: Pool,
        seals: KeyRing,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._inbox = inbox
        self._answers = answers
        self._invites = invites
        self._periods = periods
        self._submissions = submissions
        self._copies = copies
        self._placing = placing
        self._pool = pool
        self._seals = seals
        self._city = city
        self._clock = clock

    def on_answers(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        """Take a batch, each submission once, whatever is redelivered.

        One that does not count is counted by its reason, and disturbs no other. A block that does not open
        is set aside in the dead letters, where it waits for its key.
        """
        verdicts: dict[str, Retry | Reject] = {}
        read: list[tuple[Event, Submission]] = []
        for event in events:
            try:
                read.append((event, read_submission(event, self._seals, self._city.zone)))
                if self._waits(read[-1][1]) and self._is_young(event):
                    read.pop()
                    verdicts[event.id] = Retry(5, "unit_not_seen_yet")
            except Unreadable:
                self._submissions.unreadable(event.id)
                metrics.answers_total.labels("", UNREADABLE).inc()
                verdicts[event.id] = Reject(UNREADABLE)
        if read:
            outcomes = self._db.transact(lambda session: self._taken(session, read), timeout=15)
            for mode, outcome in outcomes:
                metrics.answers_total.labels(mode, outcome).inc()
        return verdicts

    def _waits(self, submission: Submission) -> bool:
        """Whether it names a unit that we have not heard of: its registration may be on its way."""
        return submission.token is None and bool(submission.unit) and not self._copies.unit(submission.unit)

    def _is_young(self, event: Event) -> bool:
        now = self._clock.now()
        return now - self._copies.first_seen(event.id, now) < PATIENCE

    def check(self, token: Any, key: Any, body_hash: Any) -> dict[str, Any]:
        """What would become of a submission: {state}, for the gateway to answer before it takes it.

        `known` and `conflict` tell of a submission that is here already, the others of its link. Spends
        nothing; what it says may be out of date when the answer arrives, and is looked at again then.
        """
        known = self._submissions.find(key) if isinstance(key, str) else None
        if known is not None:
            return {"state": "known" if known["body_hash"] == body_hash else "conflict"}
        if not isinstance(token, str) or not token:
            return {"state": "open"}
        return {"state": self.link(token)[0]}

    def invitation(self, token: Any) -> dict[str, Any]:
        """What a link opens, for the page behind it: {state, kind, unit, service_code, counter, period,
        questionnaire_version, expires_on}; of a link that is not open the state alone."""
        state, place = self.link(token) if isinstance(token, str) else ("unknown", None)
        view: dict[str, Any] = dict.fromkeys(
            "kind unit service_code counter period questionnaire_version expires_on".split()
        )
        if place is None:
            return {"state": state, **view}
        opened = place.invite or place.counter or {}
        return {
            "state": state,
            "kind": "invite" if place.invite else "counter",
            "unit": place.period["unit"],
            "service_code": place.service_code,
            "counter": place.counter["counter"] if place.counter else None,
            "period": place.period["code"],
            "questionnaire_version": place.period["questionnaire_version"],
            "expires_on": opened["expires_on"],
        }

    def link(self, text: str) -> tuple[str, Place | None]:
        """The state of a link today, and what it opens while it is open. Writes nothing that stays."""
        today = self._city.today(self._clock.now())
        looking = Submission("", "", "invite_link", today, today, {}, token=text)
        try:
            return "open", self._placing.look(looking)
        except NotCounted as reason:
            return _STATES.get(reason.reason, "unknown"), None

    def _taken(self, session: ClientSession, read: list[tuple[Event, Submission]]) -> list[tuple[str, str]]:
        submissions = {event.id: submission for event, submission in reversed(read)}
        fresh = self._inbox.unseen(session, HANDLER, [event for event, _ in read])
        outcomes = [self._take(session, event, submissions[event.id]) for event in fresh]
        self._inbox.record(session, HANDLER, [event.id for event in fresh])
        self._submissions.readable_after_all(session, [event.id for event in fresh])
        for event, submission in read:
            if self._is_another(session, event, submission):
                outcomes.append((submission.mode, REUSED_ID))
        return outcomes

    def _take(self, session: ClientSession, event: Event, submission: Submission) -> tuple[str, str]:
        if self._submissions.find(event.id, session) is not None:
            return submission.mode, "repeated"
        try:
            place = self._placing.place(session, submission)
            questionnaire = self._city.questionnaire(place.period["questionnaire_version"])
            try:
                scores = check_content(submission, questionnaire)
            except NotCounted as reason:
                raise Misplaced(reason.reason, place.period["_id"]) from None
        except Misplaced as misplaced:
            self._refuse(session, submission, misplaced.reason, misplaced.period)
            return submission.mode, misplaced.reason
        body = {
            "scores": scores,
            "respondent": known_respondent(submission.respondent, questionnaire),
            "mode": submission.mode,
            "service_code": place.service_code,
            "about": place.about,
            "comment": submission.comment,
            "may_publish": submission.may_publish_comment,
        }
        if place.invite is not None:
            self._invites.spend(session, place.invite)
        self._submissions.keep(session, event.id, submission.body_hash, submission.received_on)
        held = self._too_many(session, place, submission)
        period = place.period["_id"]
        row = self._pool.row(f"{period}:{submission.mode}", body)
        if held is None:
            self._answers.wait(session, [row])
            self._periods.count(session, period, f"accepted.{submission.mode}")
            return submission.mode, "waiting"
        self._answers.hold(session, {**row, "period": period, "unit": place.period["unit"], "reason": held})
        # A write to the period keeps a closing at the same moment from overlooking the row.
        self._periods.count(session, period, "held")
        return submission.mode, "held"

    def _too_many(self, session: ClientSession, place: Place, submission: Submission) -> str | None:
        """Why this answer is held for review: more than usual from one counter or device on one day."""
        day, policy = submission.received_on, self._city.policy
        reason = None
        if submission.device:
            name = f"d:{place.period['unit']}:{submission.device}"
            if self._submissions.count(session, name, day) > policy.number("device_answers_per_day", day):
                reason = DEVICE_LIMIT
        if place.counter is not None:
            name = f"c:{place.counter['_id']}:{day.isoformat()}"
            if self._submissions.count(session, name, day) > policy.number("counter_answers_per_day", day):
                reason = COUNTER_LIMIT
        return reason

    def _refuse(
        self, session: ClientSession, submission: Submission, reason: str, period: str | None
    ) -> None:
        if period is not None:
            self._periods.count(session, period, f"refused.{reason}")
        else:
            quarter = period_of(submission.received_on, QUARTER, 0).code
            self._submissions.refuse(session, quarter, reason)
        log.info("answer does not count", reason=reason)

    def _is_another(self, session: ClientSession, event: Event, submission: Submission) -> bool:
        """Whether this submission came under an id that had another content; counted once."""
        known: Document | None = self._submissions.find(event.id, session)
        if known is None or known["body_hash"] == submission.body_hash:
            return False
        mark = f"{event.id}:{submission.body_hash[:32]}"
        if not self._submissions.refused_once(session, mark, REUSED_ID):
            return False
        quarter = period_of(submission.received_on, QUARTER, 0).code
        self._submissions.refuse(session, quarter, REUSED_ID)
        return True
