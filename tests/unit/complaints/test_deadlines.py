from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from unit.complaints.factories import RECORDS, calendar, local, record

from complaints.domain.deadlines import (
    Escalation,
    Span,
    choose_record,
    levels,
    next_level,
    pause,
    resume,
    start_clock,
    stop,
)

PLAIN = calendar()


def test_the_most_specific_record_wins() -> None:
    day = date(2026, 11, 2)

    assert choose_record(RECORDS, "resolve", "complaint", "supervisory", day).span.amount == 60  # type: ignore[union-attr]
    assert choose_record(RECORDS, "resolve", "complaint", "ordinary", day).span.amount == 14  # type: ignore[union-attr]
    assert choose_record(RECORDS, "resolve", "aspiration", "ordinary", day).span.amount == 14  # type: ignore[union-attr]


def test_a_record_counts_only_between_its_days() -> None:
    old = record("verify", 3, id="old", effective_from=date(2020, 1, 1), effective_to=date(2026, 7, 1))
    new = record("verify", 2, id="new", effective_from=date(2026, 7, 1))

    assert choose_record([new, old], "verify", "complaint", "ordinary", date(2026, 6, 30)) == old
    assert choose_record([new, old], "verify", "complaint", "ordinary", date(2026, 7, 1)) == new
    assert choose_record([new, old], "verify", "complaint", "ordinary", date(2019, 1, 1)) is None


def test_a_running_clock_keeps_the_record_it_started_with() -> None:
    clock = start_clock(PLAIN, record("resolve", 14), local(2), 1)

    assert clock.record.source == "test"
    assert clock.record.effective_from == date(2020, 1, 1)
    assert resume(PLAIN, pause(PLAIN, clock, local(3)), local(4)).record == clock.record


def test_a_pause_moves_the_due_time_by_the_working_time_it_took() -> None:
    clock = start_clock(PLAIN, record("resolve", 3), local(2), 1)
    assert clock.due_at == local(5, "16:00")

    paused = pause(PLAIN, clock, local(3, "10:00"))
    assert paused.is_paused
    assert next_level(PLAIN, paused) is None
    resumed = resume(PLAIN, paused, local(4, "10:00"))

    assert resumed.due_at == local(6, "16:00")
    assert resumed.pauses[0].working_minutes == 480


def test_a_deadline_that_had_passed_stays_passed() -> None:
    clock = start_clock(PLAIN, record("resolve", 1), local(2), 1)

    resumed = resume(PLAIN, pause(PLAIN, clock, local(4)), local(12))

    assert resumed.due_at == clock.due_at
    assert resumed.is_overdue(local(12))


def test_a_stopped_clock_no_longer_moves() -> None:
    stopped = stop(PLAIN, start_clock(PLAIN, record("verify", 3), local(2), 1), local(3))

    assert pause(PLAIN, stopped, local(4)) == stopped
    assert not stopped.is_overdue(local(30))


def test_levels_come_in_order_warnings_deadline_escalations() -> None:
    steps = (Escalation(Span(3, "HK"), "leader"), Escalation(Span(0, "HK"), "coordinator"))
    policy = record("resolve", 14, warn_before=(Span(1, "HK"), Span(3, "HK")), escalate_after=steps)

    found = levels(PLAIN, start_clock(PLAIN, policy, local(2), 1))

    assert [level.name for level in found] == ["warn-1", "warn-2", "due", "escalate-1", "escalate-2"]
    assert [level.at for level in found] == sorted(level.at for level in found)
    assert [level.to_role for level in found[3:]] == ["coordinator", "leader"]


def test_a_warning_longer_than_its_deadline_is_left_out() -> None:
    policy = record("assign", 1, warn_before=(Span(5, "HK"),))

    level = next_level(PLAIN, start_clock(PLAIN, policy, local(2), 1))

    assert level is not None
    assert level.name == "due"


def test_calendar_days_and_hours_run_through_the_weekend() -> None:
    days = start_clock(PLAIN, record("info_wait", 30, "calendar_day"), local(2), 1)
    hour = start_clock(PLAIN, record("verify", 24, "hour"), local(6), 1)

    assert days.due_at == local(2, "16:00", month=12)
    assert hour.due_at == local(7)


spans = st.sampled_from([("HK", 14), ("HK", 1), ("calendar_day", 7), ("hour", 72)])


@given(span=spans, steps=st.lists(st.integers(1, 6000), min_size=1, max_size=8))
def test_pausing_and_resuming_keeps_every_minute(span: tuple[str, int], steps: list[int]) -> None:
    unit, amount = span
    clock = start_clock(PLAIN, record("resolve", amount, unit), local(2, "09:30"), 1)
    at = clock.started_at
    for number, minutes in enumerate(steps):
        at += timedelta(minutes=minutes)
        if number % 2 == 0:
            left = _left(clock.due_at, at, unit)
            clock = pause(PLAIN, clock, at)
            assert clock.remaining_minutes == left
        else:
            left = clock.remaining_minutes or 0
            clock = resume(PLAIN, clock, at)
            assert _left(clock.due_at, at, unit) == left


def _left(due_at: datetime, at: datetime, unit: str) -> int:
    if at >= due_at:
        return 0
    if unit == "HK":
        return PLAIN.working_minutes(at, due_at)
    return int((due_at - at).total_seconds() // 60)
