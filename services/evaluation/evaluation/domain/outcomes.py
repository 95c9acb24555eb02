"""What a closed case says about the units and people who worked on it (evaluation.md §6.4).

The facts are those of `complaint.closed.v1`. Rules, all of them our own:

- A stage is charged to the unit and handler who held it. A stage that was sent back (`bounced`) and one
  that was overdue when it arrived are charged to nobody; pauses are in the deadline already.
- Somebody was on time in a case when none of the stages charged to her was overdue: one case counts once.
- A dispute is charged to whoever gave the disputed answer, not to whoever answered later; being late stays
  with whoever was late.
- Confirmed means that the citizen said so. Silence counts as not confirmed; a citizen whom no message
  reached, an unanswered question and a confirmation typed by staff count neither way.
- Cases of the inspectorate are no evidence: a complaint about a person takes its own route.
- Work on a case before any unit has it (verifying, assigning) is no evidence about a unit or its people.

A reopened case closes again with all its stages and disputes: its newest closure says everything, and whoever
merges counts that one alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

FIRST_RESPONSE, RESOLVE = "first_response", "resolve"


@dataclass(frozen=True, slots=True)
class Stage:
    stage: str
    unit: str | None
    handler: str | None
    started_at: datetime
    ended_at: datetime
    working_minutes: int
    has_deadline: bool
    overdue: bool
    overdue_on_arrival: bool
    bounced: bool


@dataclass(frozen=True, slots=True)
class ClosedCase:
    complaint_id: str
    closure_no: int
    service_code: str
    kind: str
    channel: str
    unit: str | None
    handler: str | None
    outcome: str | None
    closed_by: str
    reason: str
    closed_at: datetime
    was_answered_first: bool
    """Some unit reacted so that the citizen could see it."""
    overdue_on_arrival: bool
    disputes: int
    supervisory: bool
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """What `complaint.disputed.v1` says: which answer of a case was disputed."""

    complaint_id: str
    number: int
    unit: str
    handler: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit (`person` is None) or a person in a unit."""

    unit: str
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Evidence as counts. `answer_minutes` maps working minutes to a first answer to how often."""

    closed: int = 0
    on_time: int = 0
    on_time_of: int = 0
    confirmed: int = 0
    confirmed_of: int = 0
    disputed: int = 0
    disputed_of: int = 0
    answer_minutes: tuple[tuple[int, int], ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()

    def __add__(self, other: Counts) -> Counts:
        """Merge two sets of counts: commutative and associative, `Counts()` changes nothing.

        Not idempotent: whoever merges counts each closure once.
        """
        minutes = Counter(dict(self.answer_minutes))
        minutes.update(dict(other.answer_minutes))
        outcomes = Counter(dict(self.outcomes))
        outcomes.update(dict(other.outcomes))
        return Counts(
            closed=self.closed + other.closed,
            on_time=self.on_time + other.on_time,
            on_time_of=self.on_time_of + other.on_time_of,
            confirmed=self.confirmed + other.confirmed,
            confirmed_of=self.confirmed_of + other.confirmed_of,
            disputed=self.disputed + other.disputed,
            disputed_of=self.disputed_of + other.disputed_of,
            answer_minutes=tuple(sorted(minutes.items())),
            outcomes=tuple(sorted(outcomes.items())),
        )

    @property
    def first_answer_minutes(self) -> Fraction | None:
        """The median; of an even number the mean of the middle two. None without first answers."""
        n = self.first_answers
        if n == 0:
            return None
        return Fraction(self._minutes_at((n - 1) // 2) + self._minutes_at(n // 2), 2)

    @property
    def first_answers(self) -> int:
        return sum(often for _, often in self.answer_minutes)

    def _minutes_at(self, place: int) -> int:
        """The value at a place of the sorted list that the pairs stand for."""
        for minutes, often in self.answer_minutes:
            if place < often:
                return minutes
            place -= often
        raise IndexError(place)


def closed_case(data: Mapping[str, Any]) -> ClosedCase:
    """Read the data of complaint.closed.v1; unknown fields are ignored. KeyError where one is missing."""
    return ClosedCase(
        complaint_id=data["complaint_id"],
        closure_no=data["closure_no"],
        service_code=data["service_code"],
        kind=data["kind"],
        channel=data["channel"],
        unit=data["unit"],
        handler=data["handler_ref"],
        outcome=data["outcome"],
        closed_by=data["closed_by"],
        reason=data["reason"],
        closed_at=datetime.fromisoformat(data["closed_at"]),
        was_answered_first=data["first_answer_at"] is not None,
        overdue_on_arrival=data["overdue_on_arrival"],
        disputes=data["disputes"],
        supervisory=data["supervisory"],
        stages=tuple(_stage(stage) for stage in data["stages"]),
    )


def _stage(data: Mapping[str, Any]) -> Stage:
    return Stage(
        stage=data["stage"],
        unit=data["unit"],
        handler=data["handler_ref"],
        started_at=datetime.fromisoformat(data["started_at"]),
        ended_at=datetime.fromisoformat(data["ended_at"]),
        working_minutes=data["working_minutes"],
        has_deadline=data["due_at"] is not None,
        overdue=data["overdue"],
        overdue_on_arrival=data["overdue_on_arrival"],
        bounced=data["bounced"],
    )


def dispute(data: Mapping[str, Any]) -> Dispute:
    """Read the data of complaint.disputed.v1. KeyError where a field is missing."""
    return Dispute(
        data["complaint_id"], data["disputes"], data["disputed_unit"], data["disputed_officer_ref"]
    )


def contributions(case: ClosedCase, disputes: Sequence[Dispute] = ()) -> dict[Subject, Counts]:
    """What one closure adds to each unit and person. Empty for a case of the inspectorate.

    Which answers were disputed is read from the stages. Where these
    leave a doubt, because the case was also reopened, `disputes` of the case tell; without them a unit or a
    person is charged only where every answer was theirs.
    """
    if case.supervisory:
        return {}
    found: dict[Subject, Counts] = defaultdict(Counts)
    for subject, kept in _punctuality(case).items():
        found[subject] += Counts(on_time=int(kept), on_time_of=1)
    for subject, minutes in _first_answers(case).items():
        found[subject] += Counts(answer_minutes=((minutes, 1),))
    for subject, (disputed, answers) in _disputed(case, disputes).items():
        found[subject] += Counts(disputed=disputed, disputed_of=answers)
    for subject in _subjects(case.unit, case.handler):
        outcomes = () if case.outcome is None else ((case.outcome, 1),)
        found[subject] += Counts(closed=1, outcomes=outcomes) + _confirmation(case)
    return dict(found)


def _subjects(unit: str | None, person: str | None) -> list[Subject]:
    if unit is None:
        return []
    return [Subject(unit)] if person is None else [Subject(unit), Subject(unit, person)]


def _punctuality(case: ClosedCase) -> dict[Subject, bool]:
    """Who had a stage to keep, and whether all of hers were kept."""
    kept: dict[Subject, bool] = {}
    for stage in case.stages:
        if not stage.has_deadline or stage.bounced or stage.overdue_on_arrival:
            continue
        for subject in _subjects(stage.unit, stage.handler):
            kept[subject] = kept.get(subject, True) and not stage.overdue
    return kept


def _first_answers(case: ClosedCase) -> dict[Subject, int]:
    """Working minutes to the first reaction of each unit and person; none if the citizen saw none."""
    found: dict[Subject, int] = {}
    if not case.was_answered_first:
        return found
    for stage in sorted(case.stages, key=lambda stage: stage.started_at):
        if stage.stage == FIRST_RESPONSE and not stage.bounced:
            for subject in _subjects(stage.unit, stage.handler):
                found.setdefault(subject, stage.working_minutes)
    return found


def _confirmation(case: ClosedCase) -> Counts:
    if case.outcome is None:
        return Counts()
    if case.reason == "confirmed" and case.closed_by == "reporter":
        return Counts(confirmed=1, confirmed_of=1)
    return Counts(confirmed_of=1) if case.reason == "silence" else Counts()


def _answers(case: ClosedCase) -> tuple[list[Stage], list[Stage]]:
    """Stages that ended with an answer, and those of them after which the case came back.

    A stage that the next one follows without a gap was handed on; after an answer the case rests with the
    citizen, so the next stage begins later.
    """
    held = sorted((stage for stage in case.stages if stage.stage == RESOLVE), key=lambda s: s.started_at)
    answers, came_back = [], []
    for place, stage in enumerate(held, start=1):
        following = held[place] if place < len(held) else None
        if stage.bounced:
            continue
        if following is None:
            if case.outcome is not None:
                answers.append(stage)
        elif following.started_at > stage.ended_at:
            answers.append(stage)
            came_back.append(stage)
    return answers, came_back


def _disputed(case: ClosedCase, disputes: Sequence[Dispute]) -> dict[Subject, tuple[int, int]]:
    """Disputed answers and answers, per unit and person who answered."""
    answers, came_back = _answers(case)
    given = Counter(s for stage in answers for s in _subjects(stage.unit, stage.handler))
    charged: Counter[Subject] = Counter()
    if len(came_back) == case.disputes:
        charged.update(s for stage in came_back for s in _subjects(stage.unit, stage.handler))
    elif disputes:
        numbered = {
            one.number: one
            for one in disputes
            if one.complaint_id == case.complaint_id and one.number <= case.disputes
        }
        charged.update(s for one in numbered.values() for s in _subjects(one.unit, one.handler))
    else:
        # The case also came back by being reopened: only who gave every answer surely gave a disputed one.
        charged.update({subject: case.disputes for subject, n in given.items() if n == len(answers)})
    return {subject: (min(charged[subject], n), n) for subject, n in given.items()}
