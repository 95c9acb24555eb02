"""Answers come in: opened, placed, and put into a pool in which nobody finds them again.

sealed block ─▶ link or unit ─▶ period open? ─▶ scores, consent ─▶ too many? ─▶ pending row, sealed, one size
                                                                       └─▶ held for review
In one transaction with the inbox rows, the digest of the submission, the spent invitation and the counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
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


@dataclass
class Taking:
    """What one transaction takes, gathered so that a batch is a few writes."""

    session: ClientSession
    known: dict[str, str]
    seen: dict[Any, Any] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    waiting: list[Document] = field(default_factory=list)
    kept: list[tuple[str, str, date]] = field(default_factory=list)

    def keep(self, key: str, submission: Submission) -> None:
        """Know a submission from now on by the digest of its content."""
        self.known[key] = submission.body_hash
        self.kept.append((key, submission.body_hash, submission.received_on))


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
        units: dict[str, bool] = {}
        for event in events:
            try:
                submission = read_submission(event, self._seals, self._city.zone)
                if self._waits(submission, units) and self._is_young(event):
                    verdicts[event.id] = Retry(5, "unit_not_seen_yet")
                else:
                    read.append((event, submission))
            except Unreadable:
                self._submissions.unreadable(event.id)
                metrics.answers_total.labels("", UNREADABLE).inc()
                verdicts[event.id] = Reject(UNREADABLE)
        if read:
            outcomes = self._db.transact(lambda session: self._taken(session, read), timeout=15)
            for mode, outcome in outcomes:
                metrics.answers_total.labels(mode, outcome).inc()
        return verdicts

    def _waits(self, submission: Submission, units: dict[str, bool]) -> bool:
        """Whether it names a unit that we have not heard of: its registration may be on its way."""
        unit = submission.unit
        if submission.token is not None or not unit:
            return False
        if unit not in units:
            units[unit] = self._copies.unit(unit) is not None
        return not units[unit]

    def _is_young(self, event: Event) -> bool:
        now = self._clock.now()
        return now - self._copies.first_seen(event.id, now) < PATIENCE

    def check(self, token: Any, key: Any, body_hash: Any) -> dict[str, Any]:
        """What would become of a submission: {state}, for the gateway to answer before it takes it.

        `known` and `conflict` tell of a submission that is here already, the others of its link. Spends
        nothing; what it says may be out of date when the answer arrives, and is looked at again then.
        """
        before = self._seen(key, body_hash)
        if before is not None:
            return {"state": before}
        if not isinstance(token, str) or not token:
            return {"state": "open"}
        state = self.link(token)[0]
        if state == "spent":
            # By this very submission perhaps, taken between the two looks.
            return {"state": self._seen(key, body_hash) or state}
        return {"state": state}

    def _seen(self, key: Any, body_hash: Any) -> str | None:
        """`known` or `conflict`, of a submission that is here."""
        found = self._submissions.find(key) if isinstance(key, str) else None
        if found is None:
            return None
        return "known" if found["body_hash"] == body_hash else "conflict"

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
        taking = Taking(session, self._submissions.known(session, list(submissions)))
        outcomes = [self._take(taking, event, submissions[event.id]) for event in fresh]
        self._answers.wait(session, taking.waiting)
        self._submissions.keep(session, taking.kept)
        self._periods.count_all(session, taking.counts)
        self._inbox.record(session, HANDLER, [event.id for event in fresh])
        self._submissions.readable_after_all(session, [event.id for event in fresh])
        for event, submission in read:
            if self._is_another(taking, event, submission):
                outcomes.append((submission.mode, REUSED_ID))
        return outcomes

    def _take(self, taking: Taking, event: Event, submission: Submission) -> tuple[str, str]:
        session = taking.session
        if event.id in taking.known:
            return submission.mode, "repeated"
        try:
            place = self._placing.place(session, submission, taking.seen)
            questionnaire = self._city.questionnaire(place.period["questionnaire_version"])
            try:
                scores = check_content(submission, questionnaire)
            except NotCounted as reason:
                raise Misplaced(reason.reason, place.period["_id"]) from None
        except Misplaced as misplaced:
            self._refuse(taking, submission, misplaced.reason, misplaced.period)
            return submission.mode, misplaced.reason
        mode = place.mode(submission.mode)
        body = {
            "scores": scores,
            "respondent": known_respondent(submission.respondent, questionnaire),
            "mode": mode,
            "service_code": place.service_code,
            "about": place.about,
            "comment": submission.comment,
            "may_publish": submission.may_publish_comment,
        }
        if place.invite is not None:
            self._invites.spend(session, place.invite)
        taking.keep(event.id, submission)
        held = self._too_many(session, place, submission)
        period = place.period["_id"]
        row = self._pool.row(f"{period}:{mode}", body)
        if held is None:
            taking.waiting.append(row)
            taking.counts[period, f"accepted.{mode}"] += 1
            return mode, "waiting"
        self._answers.hold(session, {**row, "period": period, "unit": place.period["unit"], "reason": held})
        # A write to the period keeps a closing at the same moment from overlooking the row.
        taking.counts[period, "held"] += 1
        return mode, "held"

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

    def _refuse(self, taking: Taking, submission: Submission, reason: str, period: str | None) -> None:
        if period is not None:
            taking.counts[period, f"refused.{reason}"] += 1
        else:
            quarter = period_of(submission.received_on, QUARTER, 0).code
            self._submissions.refuse(taking.session, quarter, reason)
        log.info("answer does not count", reason=reason)

    def _is_another(self, taking: Taking, event: Event, submission: Submission) -> bool:
        """Whether this submission came under an id that had another content; counted once."""
        if taking.known.get(event.id, submission.body_hash) == submission.body_hash:
            return False
        mark = f"{event.id}:{submission.body_hash[:32]}"
        if not self._submissions.refused_once(taking.session, mark, REUSED_ID):
            return False
        quarter = period_of(submission.received_on, QUARTER, 0).code
        self._submissions.refuse(taking.session, quarter, REUSED_ID)
        return True
