"""The facts of a closure: everything that surveys and evaluation compute from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Case, Stay
from complaints.domain.deadlines import FIRST_RESPONSE, RESOLVE, Pause


def closing_facts(case: Case, calendar: WorkingCalendar, closed_at: datetime) -> dict[str, Any]:
    """Working minutes per stage, unit and handler, without the time the citizen was waited for."""
    ended_at = _last_answer(case, closed_at)
    waits = _finished_waits(case, calendar, ended_at)
    minutes = calendar.working_minutes(case.received_at, ended_at)
    worked = max(minutes - sum(wait.working_minutes for wait in waits), 0)
    clock = case.last_clock(RESOLVE)
    answered = [stay for stay in case.stays if stay.stage == RESOLVE]
    return {
        "closure_no": case.closures,
        "outcome": case.outcome,
        "closed_by": case.closed_by,
        "reason": case.reason,
        "channel": case.channel,
        "handler_ref": case.officer or (case.answer.by if case.answer else None),
        "received_at": case.received_at,
        "first_answer_at": case.first_answer_at,
        "resolved_at": case.resolved_at,
        "closed_at": closed_at,
        "working_minutes": worked,
        "days": worked // _minutes_of_a_day(calendar),
        "overdue": clock is not None and clock.is_overdue(ended_at),
        "overdue_on_arrival": bool(answered) and answered[-1].overdue_on_arrival,
        "stages": [
            *(_stage(stay, waits, calendar, closed_at, ended_at) for stay in case.stays),
            *_first_responses(case, calendar, closed_at),
        ],
        "pauses": [
            {"from": wait.began_at, "to": wait.ended_at, "working_minutes": wait.working_minutes}
            for wait in waits
        ],
        "bounces": case.bounces,
        "disputes": case.disputes,
        "supervisory": case.inspectorate,
    }


def _minutes_of_a_day(calendar: WorkingCalendar) -> int:
    opens = calendar.opens.hour * 60 + calendar.opens.minute
    return max(calendar.closes.hour * 60 + calendar.closes.minute - opens, 1)


def _last_answer(case: Case, closed_at: datetime) -> datetime:
    """When the city's part ended: with the answer, or with the question that was never answered."""
    if case.reason == "info_not_provided":
        return closed_at
    return case.resolved_at or closed_at


def _finished_waits(case: Case, calendar: WorkingCalendar, ended_at: datetime) -> list[Pause]:
    waits = [wait for wait in case.waits if wait.began_at < ended_at]
    if case.waiting_since is not None and case.waiting_since < ended_at:
        minutes = calendar.working_minutes(case.waiting_since, ended_at)
        waits.append(Pause(case.waiting_since, ended_at, minutes))
    return waits


def _paused(start: datetime, end: datetime, waits: Iterable[Pause], calendar: WorkingCalendar) -> int:
    return sum(
        calendar.working_minutes(max(wait.began_at, start), min(wait.ended_at or end, end)) for wait in waits
    )


def _stage(
    stay: Stay, waits: list[Pause], calendar: WorkingCalendar, closed_at: datetime, ended_at: datetime
) -> dict[str, Any]:
    end = stay.ended_at or closed_at
    paused = _paused(stay.started_at, end, waits, calendar)
    due_at = stay.due_at
    if due_at is not None and paused:
        due_at = calendar.add_working_minutes(due_at, paused)
    return {
        "stage": stay.stage,
        "unit": stay.unit,
        "handler_ref": stay.handler,
        "started_at": stay.started_at,
        "ended_at": end,
        "working_minutes": max(calendar.working_minutes(stay.started_at, end) - paused, 0),
        "paused_minutes": paused,
        "due_at": due_at,
        "overdue": due_at is not None and min(end, max(ended_at, stay.started_at)) > due_at,
        "overdue_on_arrival": stay.overdue_on_arrival,
        "bounced": stay.bounced,
    }


def _first_responses(case: Case, calendar: WorkingCalendar, closed_at: datetime) -> list[dict[str, Any]]:
    """One entry per first-response clock; they overlap the stay of the unit that was to answer."""
    found = []
    for clock in case.clocks:
        if clock.stage != FIRST_RESPONSE:
            continue
        end = clock.stopped_at or closed_at
        paused = sum(wait.working_minutes for wait in clock.pauses)
        stay = next((s for s in case.stays if s.started_at == clock.started_at and s.stage == RESOLVE), None)
        found.append(
            {
                "stage": FIRST_RESPONSE,
                "unit": stay.unit if stay else case.unit,
                "handler_ref": stay.handler if stay else case.officer,
                "started_at": clock.started_at,
                "ended_at": end,
                "working_minutes": max(calendar.working_minutes(clock.started_at, end) - paused, 0),
                "paused_minutes": paused,
                "due_at": clock.due_at,
                "overdue": clock.is_overdue(end),
                "overdue_on_arrival": False,
                "bounced": bool(stay and stay.bounced),
            }
        )
    return found
