"""Deadlines as data, and the clocks that run under them.

A clock copies the record it starts with and keeps it: a later edition of the record does not move a
running deadline. A pause keeps the remaining time to the minute and moves the due time. Every clock
has levels (warnings, the deadline itself, escalations); each fires exactly once, in this order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from complaints.domain.calendar import WorkingCalendar

WORKING_DAY, CALENDAR_DAY, HOUR, COUNT = "HK", "calendar_day", "hour", "count"
UNITS = (WORKING_DAY, CALENDAR_DAY, HOUR, COUNT)

VERIFY, ASSIGN, FIRST_RESPONSE, RESOLVE = "verify", "assign", "first_response", "resolve"
INFO_WAIT, SILENCE = "info_wait", "silence"
REOPEN_WINDOW, MAX_BOUNCES, MAX_PAUSES = "reopen_window", "max_bounces", "max_pauses"

ORDINARY, SUPERVISORY = "ordinary", "supervisory"
ANY = "*"

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told when the deadline has been missed for `after`."""

    after: Span
    to_role: str


@dataclass(frozen=True, slots=True)
class DeadlineRecord:
    """One row of a city's deadlines, with the source that says so and the days it applies to."""

    id: str
    stage: str
    kind: str
    supervisory_class: str
    span: Span
    warn_before: tuple[Span, ...]
    escalate_after: tuple[Escalation, ...]
    source: str
    effective_from: date
    effective_to: date | None = None

    def __hash__(self) -> int:
        # Enough to tell a city's records apart, and cheap: each case looks several up by them.
        return hash((self.id, self.effective_from))

    def applies(self, stage: str, kind: str, supervisory_class: str, day: date) -> bool:
        return (
            self.stage == stage
            and self.kind in (kind, ANY)
            and self.supervisory_class in (supervisory_class, ANY)
            and self.effective_from <= day
            and (self.effective_to is None or day < self.effective_to)
        )


def choose_record(
    records: Iterable[DeadlineRecord], stage: str, kind: str, supervisory_class: str, day: date
) -> DeadlineRecord | None:
    """The most specific record in force on `day`: kind before class before "*", then the newest."""
    fitting = [r for r in records if r.applies(stage, kind, supervisory_class, day)]
    return max(
        fitting,
        key=lambda r: (r.kind != ANY, r.supervisory_class != ANY, r.effective_from, r.id),
        default=None,
    )


def after(calendar: WorkingCalendar, start: datetime, span: Span) -> datetime:
    """The moment a span that starts at `start` ends."""
    if span.unit == WORKING_DAY:
        return calendar.due_in_working_days(start, span.amount)
    if span.unit == CALENDAR_DAY:
        return calendar.closing(calendar.local_day(start) + timedelta(days=span.amount))
    return start + timedelta(hours=span.amount)


def _before(calendar: WorkingCalendar, due_at: datetime, span: Span) -> datetime:
    if span.unit == WORKING_DAY:
        # The time of day stays that of the deadline: "one working day before" is a whole day's notice.
        local = due_at.astimezone(calendar.zone)
        day = calendar.working_day_after(local.date(), -span.amount)
        return datetime.combine(day, local.timetz()).astimezone(due_at.tzinfo)
    if span.unit == CALENDAR_DAY:
        return due_at - timedelta(days=span.amount)
    return due_at - timedelta(hours=span.amount)


def _later(calendar: WorkingCalendar, due_at: datetime, span: Span) -> datetime:
    if span.unit == WORKING_DAY:
        day = calendar.local_day(due_at)
        return due_at if span.amount == 0 else calendar.closing(calendar.working_day_after(day, span.amount))
    if span.unit == CALENDAR_DAY:
        return due_at + timedelta(days=span.amount)
    return due_at + timedelta(hours=span.amount)


@dataclass(frozen=True, slots=True)
class Pause:
    began_at: datetime
    ended_at: datetime | None
    working_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """One thing that fires on a clock. `name` is unique on the clock."""

    name: str
    what: str
    number: int
    at: datetime
    to_role: str | None = None


WARN, DUE, ESCALATE = "warn", "due", "escalate"


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that runs, is paused, or has stopped.

    `number` counts the clocks of one stage on one case, so that a stage that starts again has levels
    of its own. `remaining_minutes` is set exactly while the clock is paused.
    """

    stage: str
    number: int
    record: DeadlineRecord
    started_at: datetime
    due_at: datetime
    remaining_minutes: int | None = None
    pauses: tuple[Pause, ...] = ()
    fired: tuple[str, ...] = ()
    stopped_at: datetime | None = None
    basis: str = ""

    @property
    def key(self) -> str:
        return f"{self.stage}.{self.number}"

    @property
    def runs(self) -> bool:
        return self.stopped_at is None and self.remaining_minutes is None

    @property
    def is_paused(self) -> bool:
        return self.stopped_at is None and self.remaining_minutes is not None

    def is_overdue(self, now: datetime) -> bool:
        """Whether the deadline has passed, or had when the clock stopped or paused."""
        paused_at = self.pauses[-1].began_at if self.is_paused else None
        return (self.stopped_at or paused_at or now) > self.due_at


def start_clock(
    calendar: WorkingCalendar, record: DeadlineRecord, started_at: datetime, number: int, basis: str = ""
) -> Clock:
    due_at = after(calendar, started_at, record.span)
    return Clock(record.stage, number, record, started_at, due_at, basis=basis)


def _minutes_left(calendar: WorkingCalendar, clock: Clock, at: datetime) -> int:
    """Rounded up, so that a pause never takes time away; 0 when the deadline has passed."""
    if at > clock.due_at:
        return 0
    in_office = clock.record.span.unit == WORKING_DAY
    left = calendar.working_time(at, clock.due_at) if in_office else clock.due_at - at
    return -(-left // _MINUTE)


def pause(calendar: WorkingCalendar, clock: Clock, at: datetime) -> Clock:
    """Stop the clock and remember what is left. A paused or stopped clock stays as it is."""
    if not clock.runs:
        return clock
    return replace(
        clock,
        remaining_minutes=_minutes_left(calendar, clock, at),
        pauses=(*clock.pauses, Pause(at, None)),
    )


def resume(calendar: WorkingCalendar, clock: Clock, at: datetime) -> Clock:
    """Let a paused clock run again with exactly the time it had left.

    A deadline that had passed before the pause stays passed: its due time does not move. When no
    office time was left but the deadline had not passed, it ends with the pause.
    """
    if clock.remaining_minutes is None or clock.stopped_at is not None:
        return clock
    *earlier, last = clock.pauses
    finished = Pause(last.began_at, at, calendar.working_minutes(last.began_at, at))
    due_at = clock.due_at
    if clock.remaining_minutes == 0 and last.began_at <= clock.due_at:
        due_at = max(at, clock.due_at)
    elif clock.remaining_minutes > 0:
        if clock.record.span.unit == WORKING_DAY:
            due_at = calendar.add_working_minutes(at, clock.remaining_minutes)
        else:
            due_at = at + timedelta(minutes=clock.remaining_minutes)
    return replace(clock, remaining_minutes=None, pauses=(*earlier, finished), due_at=due_at)


def stop(calendar: WorkingCalendar, clock: Clock, at: datetime) -> Clock:
    """End the clock. A paused clock ends its pause at the same moment."""
    if clock.stopped_at is not None:
        return clock
    return replace(resume(calendar, clock, at), stopped_at=at)


def recomputed(calendar: WorkingCalendar, clock: Clock) -> Clock:
    """The clock as it would stand had the calendar always been this one; a stopped clock stays as it is.

    Its record, its pauses and what has fired are kept: a level never fires twice.
    """
    if clock.stopped_at is not None:
        return clock
    fresh = start_clock(calendar, clock.record, clock.started_at, clock.number, clock.basis)
    for past in clock.pauses:
        fresh = pause(calendar, fresh, past.began_at)
        if past.ended_at is not None:
            fresh = resume(calendar, fresh, past.ended_at)
    return replace(fresh, fired=clock.fired)


def levels(calendar: WorkingCalendar, clock: Clock) -> tuple[Level, ...]:
    """Everything that fires on the clock, in the order in which it fires."""
    return _levels(calendar, clock.record, clock.due_at)


# Most deadlines end at closing time: the cases of a day share them.
@lru_cache(maxsize=4096)
def _levels(calendar: WorkingCalendar, record: DeadlineRecord, due_at: datetime) -> tuple[Level, ...]:
    warnings = sorted(_before(calendar, due_at, span) for span in record.warn_before)
    found = [Level(f"{WARN}-{n}", WARN, n, at) for n, at in enumerate(warnings, start=1)]
    found.append(Level(DUE, DUE, 0, due_at))
    steps = sorted(
        ((_later(calendar, due_at, step.after), step.to_role) for step in record.escalate_after),
        key=lambda step: step[0],
    )
    found.extend(
        Level(f"{ESCALATE}-{n}", ESCALATE, n, at, to_role) for n, (at, to_role) in enumerate(steps, start=1)
    )
    return tuple(found)


def next_level(calendar: WorkingCalendar, clock: Clock) -> Level | None:
    """The level that fires next, however long ago it was due; None when the clock does not run.

    A warning that would come before the clock even started (a deadline shorter than its warning) is
    left out: it would warn of nothing.
    """
    if not clock.runs:
        return None
    return next(
        (
            level
            for level in levels(calendar, clock)
            if level.name not in clock.fired and not (level.what == WARN and level.at <= clock.started_at)
        ),
        None,
    )
