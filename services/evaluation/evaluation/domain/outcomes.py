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

A reopened case closes again with all its stages: its newest closure replaces the older ones (`newest`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any


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

        Not idempotent: whoever merges counts each (complaint_id, closure_no) once.
        """
        raise NotImplementedError

    @property
    def first_answer_minutes(self) -> Fraction | None:
        """The median; of an even number the mean of the middle two. None without first answers."""
        raise NotImplementedError


def closed_case(data: Mapping[str, Any]) -> ClosedCase:
    """Read the data of complaint.closed.v1; unknown fields are ignored."""
    raise NotImplementedError


def dispute(data: Mapping[str, Any]) -> Dispute:
    """Read the data of complaint.disputed.v1."""
    raise NotImplementedError


def newest(cases: Iterable[ClosedCase]) -> list[ClosedCase]:
    """One closure per case, the newest: idempotent, whatever the order and however often each comes."""
    raise NotImplementedError


def contributions(case: ClosedCase, disputes: Sequence[Dispute] = ()) -> dict[Subject, Counts]:
    """What one closure adds to each unit and person. Empty for a case of the inspectorate.

    `disputes` are those of the case. Without them the disputed answers are read from the stages where
    these leave no doubt, and charged to a unit or a person only where every answer was theirs otherwise.
    """
    raise NotImplementedError
