"""What happens when a level of a clock is reached: a warning, a notice, an escalation, or closing."""

from __future__ import annotations

from dataclasses import replace

from complaints.domain import effects
from complaints.domain.actions import Situation
from complaints.domain.case import CLOSED, Case, Entry, Fact, Record, Step
from complaints.domain.deadlines import DUE, ESCALATE, INFO_WAIT, SILENCE, WARN, Clock, Level
from complaints.domain.workflow import finished, settle

UNREACHABLE, SILENT, NOT_PROVIDED = "unreachable", "silence", "info_not_provided"


def fire(case: Case, clock: Clock, level: Level, situation: Situation) -> Step:
    """Apply one level of one running clock. The level is marked, so that it cannot fire again."""
    marked = replace(clock, fired=(*clock.fired, level.name))
    case = replace(case, clocks=tuple(marked if c is clock else c for c in case.clocks))
    if level.what == DUE and clock.stage in (INFO_WAIT, SILENCE):
        return _close(case, clock, situation)
    if level.what == ESCALATE:
        to_role = level.to_role or "coordinator"
        fact = effects.escalated(
            case, situation.city, "overdue", clock.stage, level.number, to_role, situation.at
        )
        return _told(case, "escalated", fact, clock, level, situation)
    data = {
        "stage": clock.stage,
        "due_at": clock.due_at,
        "level": level.number,
        "noticed_at": situation.at,
    }
    name = "due_soon" if level.what == WARN else "overdue"
    return _told(case, name, Fact(name, data), clock, level, situation)


def _told(case: Case, name: str, fact: Fact, clock: Clock, level: Level, situation: Situation) -> Step:
    # Staff's clocks are staff's business; the citizen reads the due date itself.
    entry = Entry(situation.at, name, case.status, "system", reason=clock.stage, internal=True)
    details = {"stage": clock.stage, "clock": clock.key, "level": level.name}
    record = Record(name, None, "system", case.status, case.status, details)
    return Step(replace(case, timeline=(*case.timeline, entry)), (fact,), record)


def _close(case: Case, clock: Clock, situation: Situation) -> Step:
    """Silence closes what was answered; counted apart when the answer was neither sent nor seen."""
    reason = NOT_PROVIDED
    if clock.stage == SILENCE:
        reason = SILENT if clock.basis else UNREACHABLE
    effect = effects.closed(case, situation, "timer", reason)
    changed = settle(case, replace(effect.case, status=CLOSED), situation)
    return finished(case, changed, effect, "close", "closed", situation)
