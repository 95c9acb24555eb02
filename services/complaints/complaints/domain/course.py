"""What follows from a change of state: which clocks run, whose time it is, how long was waited."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import (
    ASSIGNED,
    CLOSED,
    FILED,
    IN_PROGRESS,
    INFO_REQUESTED,
    MERGED,
    REJECTED,
    RESOLVED,
    VERIFIED,
    Case,
    Stay,
)
from complaints.domain.city import Catalogue, City
from complaints.domain.deadlines import (
    ASSIGN,
    FIRST_RESPONSE,
    INFO_WAIT,
    RESOLVE,
    SILENCE,
    VERIFY,
    Clock,
    Pause,
    pause,
    recomputed,
    resume,
    start_clock,
    stop,
)

# Clocks that run in a state; those that are only held there keep their remaining time.
RUNNING: dict[str, frozenset[str]] = {
    FILED: frozenset({VERIFY, RESOLVE}),
    VERIFIED: frozenset({ASSIGN, RESOLVE}),
    ASSIGNED: frozenset({FIRST_RESPONSE, RESOLVE}),
    IN_PROGRESS: frozenset({RESOLVE}),
    INFO_REQUESTED: frozenset({INFO_WAIT}),
    RESOLVED: frozenset({SILENCE}),
    CLOSED: frozenset(),
    REJECTED: frozenset(),
    MERGED: frozenset(),
}
HELD: dict[str, frozenset[str]] = {
    INFO_REQUESTED: frozenset({VERIFY, ASSIGN, FIRST_RESPONSE, RESOLVE}),
    RESOLVED: frozenset({RESOLVE}),
}
# States in which the city waits for the citizen, or for nobody.
WAITING = frozenset({INFO_REQUESTED, RESOLVED, CLOSED, REJECTED, MERGED})
_STAGE_OF = {FILED: VERIFY, VERIFIED: ASSIGN, ASSIGNED: RESOLVE, IN_PROGRESS: RESOLVE}
_FROM_RECEIPT = frozenset({VERIFY, RESOLVE})


def with_clocks(case: Case, catalogue: Catalogue, city: City | None, at: datetime) -> Case:
    """The case with the clocks that its state asks for; without a known city no clock can run."""
    if city is None:
        return case
    wanted, held = RUNNING[case.status], HELD.get(case.status, frozenset())
    clocks = []
    for clock in case.clocks:
        if clock.stopped_at is None and clock.stage in wanted and _still_needed(clock.stage, case):
            clock = resume(city.calendar, clock, at)
        elif clock.stopped_at is None and clock.stage in held and _still_needed(clock.stage, case):
            clock = pause(city.calendar, clock, at)
        elif clock.stopped_at is None:
            clock = stop(city.calendar, clock, at)
        clocks.append(clock)
    open_stages = {clock.stage for clock in clocks if clock.stopped_at is None}
    for stage in sorted(wanted - open_stages):
        if _still_needed(stage, case):
            clocks.extend(_started(case, catalogue, city, stage, at))
    return case.having(clocks=tuple(clocks))


def _still_needed(stage: str, case: Case) -> bool:
    return stage != FIRST_RESPONSE or not case.unit_reacted


def _started(case: Case, catalogue: Catalogue, city: City, stage: str, at: datetime) -> list[Clock]:
    service = catalogue.services.get(case.service_code)
    number = sum(clock.stage == stage for clock in case.clocks) + 1
    started_at = case.received_at if stage in _FROM_RECEIPT and number == 1 else at
    day = city.calendar.local_day(started_at)
    record = city.record(stage, case.kind, case.supervisory_class, day, service)
    return [] if record is None else [start_clock(city.calendar, record, started_at, number)]


def restarted(case: Case, city: City | None, stage: str, at: datetime) -> Case:
    """Stop a stage's open clock, so that `with_clocks` starts a new one."""
    if city is None:
        return case
    clocks = tuple(
        stop(city.calendar, c, at) if c.stage == stage and c.stopped_at is None else c for c in case.clocks
    )
    return replace(case, clocks=clocks)


def rebased(case: Case, catalogue: Catalogue, city: City | None, at: datetime) -> Case:
    """Put the resolve clock under the record of the case's new kind or class, from the same start.

    It is a new deadline, so it is a new clock: what fired on the old one says nothing about this one.
    """
    clock = case.clock(RESOLVE)
    if city is None or clock is None:
        return case
    service = catalogue.services.get(case.service_code)
    day = city.calendar.local_day(clock.started_at)
    record = city.record(RESOLVE, case.kind, case.supervisory_class, day, service)
    if record is None or record == clock.record:
        return case
    number = sum(c.stage == RESOLVE for c in case.clocks) + 1
    fresh = recomputed(city.calendar, replace(clock, record=record, number=number, fired=()))
    clocks = (stop(city.calendar, c, at) if c is clock else c for c in case.clocks)
    return replace(case, clocks=(*clocks, fresh))


def with_stays(before: Case | None, case: Case, city: City | None, at: datetime, handler: str | None) -> Case:
    """Close the stay that ended with this change and open the one that began.

    A stay goes on while stage, unit and handler are the same, and while the citizen is asked.
    """
    stays = list(case.stays)
    stage = _STAGE_OF.get(case.status)
    if case.status == INFO_REQUESTED:
        return case
    same = (
        stays
        and stays[-1].ended_at is None
        and (stays[-1].stage, stays[-1].unit, stays[-1].handler) == (stage, case.unit, case.officer)
    )
    if same:
        return case
    if stays and stays[-1].ended_at is None:
        bounced = before is not None and case.bounces > before.bounces
        stays[-1] = replace(stays[-1], ended_at=at, handler=stays[-1].handler or handler, bounced=bounced)
    if stage is not None:
        clock = case.clock(stage)
        first = before is None
        stays.append(
            Stay(
                stage=stage,
                unit=case.unit,
                handler=case.officer,
                started_at=case.received_at if first else at,
                due_at=None if clock is None else clock.due_at,
                overdue_on_arrival=False if first or clock is None else clock.is_overdue(at),
            )
        )
    return case.having(stays=tuple(stays))


def with_waits(before: Case, case: Case, calendar: WorkingCalendar | None, at: datetime) -> Case:
    """Remember since when nobody in the city was at turn, and for how long once that ends."""
    if case.status in WAITING:
        return case if before.status in WAITING else replace(case, waiting_since=at)
    if case.waiting_since is None:
        return case
    minutes = 0 if calendar is None else calendar.working_minutes(case.waiting_since, at)
    return replace(case, waiting_since=None, waits=(*case.waits, Pause(case.waiting_since, at, minutes)))


def answer_reached(case: Case, city: City | None, at: datetime, basis: str) -> Case:
    """Start the clock of silence from the moment the answer was sent or seen, whichever came first."""
    clock = case.clock(SILENCE)
    if case.status != RESOLVED or clock is None or city is None:
        return case
    if clock.basis and clock.started_at <= at:
        return case
    started = max(at, case.resolved_at or at)
    fresh = replace(start_clock(city.calendar, clock.record, started, clock.number, basis), fired=clock.fired)
    return replace(case, clocks=tuple(fresh if c is clock else c for c in case.clocks))


def next_due(case: Case) -> Clock | None:
    """The running clock that ends first: what staff must look at."""
    return min((c for c in case.clocks if c.runs), key=lambda c: c.due_at, default=None)


def awaited(case: Case) -> Clock | None:
    """The clock that the citizen waits for: hers while she is asked, the answer's otherwise."""
    for stage in (INFO_WAIT, SILENCE, RESOLVE):
        clock = case.clock(stage)
        if clock is not None:
            return clock
    return next_due(case)
