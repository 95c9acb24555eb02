"""The workflow as a table: which action leads from which states to which, and what it does.

         ┌──────────── provide_info ◄── info_requested ◄── request_info (from the four open states)
         ▼                                   │ waiting limit
filed ─ verify ─► verified ─ assign ─► assigned ─ progress ─► in_progress ─ resolve ─► resolved
  │                 │  ▲                │  ▲                      │                      │
  │                 │  └─── bounce ─────┴──┼──────────────────────┘       confirm, timer │ dispute
  └─ reject, merge ─┴──────────────────────┼── reopen ◄─ closed ◄────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from complaints.domain import effects
from complaints.domain.actions import UNVERSIONED, Action, Situation
from complaints.domain.case import (
    ASSIGNED,
    CLOSED,
    FILED,
    IN_PROGRESS,
    INFO_REQUESTED,
    MERGED,
    REJECTED,
    RESOLVED,
    STATUSES,
    VERIFIED,
    Case,
    Entry,
    Fact,
    Record,
    Step,
)
from complaints.domain.closing import closing_facts
from complaints.domain.course import next_due, with_clocks, with_stays, with_waits
from complaints.domain.deadlines import SILENCE
from complaints.domain.effects import Effect
from complaints.errors import WrongState

Target = str | Callable[[Case, Any], str] | None


@dataclass(frozen=True, slots=True)
class Transition:
    """`target` None leaves the state; a function computes it. `effect` guards, changes and tells."""

    sources: frozenset[str]
    target: Target
    effect: Callable[[Case, Any, Situation], Effect]
    event: str


def _from(*sources: str) -> frozenset[str]:
    return frozenset(sources)


_OPEN = _from(FILED, VERIFIED, ASSIGNED, IN_PROGRESS)
_AT_UNIT = _from(ASSIGNED, IN_PROGRESS)

TRANSITIONS: dict[str, Transition] = {
    "verify": Transition(_from(FILED), VERIFIED, effects.verify, "verified"),
    "assign": Transition(_from(VERIFIED, ASSIGNED, IN_PROGRESS), ASSIGNED, effects.assign, "assigned"),
    "bounce": Transition(_AT_UNIT, VERIFIED, effects.bounce, "bounced"),
    "request_info": Transition(_OPEN, INFO_REQUESTED, effects.request_info, "info_requested"),
    "provide_info": Transition(
        _from(INFO_REQUESTED), effects.state_after_info, effects.provide_info, "info_provided"
    ),
    "progress": Transition(_AT_UNIT, IN_PROGRESS, effects.progress, "progressed"),
    "resolve": Transition(_AT_UNIT, RESOLVED, effects.resolve, "resolved"),
    "confirm": Transition(_from(RESOLVED), CLOSED, effects.confirm, "closed"),
    "dispute": Transition(_from(RESOLVED), ASSIGNED, effects.dispute, "disputed"),
    "reject": Transition(_from(FILED, VERIFIED, ASSIGNED), REJECTED, effects.reject, "rejected"),
    "reopen": Transition(_from(CLOSED, REJECTED), effects.state_after_reopening, effects.reopen, "reopened"),
    "merge": Transition(_OPEN, MERGED, effects.merge, "merged"),
    "comment": Transition(frozenset(STATUSES), None, effects.comment, "commented"),
    "support": Transition(frozenset(STATUSES) - {MERGED}, None, effects.support, "supported"),
}

NAME_OF: dict[str, str] = {
    "Verify": "verify",
    "Assign": "assign",
    "Bounce": "bounce",
    "RequestInfo": "request_info",
    "ProvideInfo": "provide_info",
    "Progress": "progress",
    "Resolve": "resolve",
    "Confirm": "confirm",
    "Dispute": "dispute",
    "Reject": "reject",
    "Reopen": "reopen",
    "Merge": "merge",
    "Comment": "comment",
    "Support": "support",
}


def possible(case: Case) -> list[str]:
    """The actions that exist in the case's state, in the order of the table."""
    return [name for name, transition in TRANSITIONS.items() if case.status in transition.sources]


def perform(case: Case, action: Action, situation: Situation) -> tuple[Step, Case | None]:
    """Apply one action. Returns the step, and the other case when it changed too (merge).

    Raises a Refusal and changes nothing when the state or a guard does not allow it. Whether the actor
    may do it at all was decided before: here only the scope of that permission matters.
    """
    name = NAME_OF[type(action).__name__]
    transition = TRANSITIONS[name]
    if case.status not in transition.sources:
        raise WrongState(name, case.status)
    target = transition.target(case, action) if callable(transition.target) else transition.target
    effect = transition.effect(case, action, situation)
    changed = effect.case
    if name not in UNVERSIONED:
        changed = settle(case, replace(changed, status=target or case.status), situation)
    return finished(case, changed, effect, name, transition.event, situation), effect.other


def settle(before: Case, case: Case, situation: Situation) -> Case:
    """Count the version and let clocks, stays and waits follow the new state."""
    at, city = situation.at, situation.city
    if case.city and (city is None or city.code != case.city):
        city = situation.catalogue.cities.get(case.city)
    case = replace(case, version=before.version + 1, updated_at=at)
    case = with_waits(before, case, city.calendar if city else None, at)
    case = with_clocks(case, situation.catalogue, city, at)
    handler = situation.actor_ref if situation.by != "system" else None
    return with_stays(before, case, city, at, handler)


def finished(before: Case, case: Case, effect: Effect, action: str, event: str, situation: Situation) -> Step:
    """Add the timeline entry, complete the facts, and make the record for the history."""
    entry = Entry(
        situation.at,
        event,
        case.status,
        situation.by,
        text=effect.text,
        unit=effect.unit,
        reason=effect.reason,
        internal=effect.internal,
        public=effect.public,
    )
    # Support says nothing about the course of a case: it is counted, not listed.
    timeline = case.timeline if event == "supported" else (*case.timeline, entry)
    case = replace(case, timeline=timeline)
    record = Record(action, situation.actor_ref, situation.by, before.status, case.status, effect.details)
    return Step(case, tuple(_completed(fact, case, situation) for fact in effect.facts), record)


def _completed(fact: Fact, case: Case, situation: Situation) -> Fact:
    """Facts that depend on clocks and stays can only be told once those are settled."""
    if fact.name == "resolved":
        silence = case.clock(SILENCE) or next_due(case)
        return Fact(fact.name, {**fact.data, "respond_by": silence.due_at if silence else situation.at})
    if fact.name == "closed":
        city = situation.catalogue.cities[case.city]
        return Fact(fact.name, closing_facts(case, city.calendar, situation.at))
    return fact
