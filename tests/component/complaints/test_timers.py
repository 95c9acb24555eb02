from datetime import datetime, timedelta
from typing import Any

import eventlet
import pytest
from component.complaints.world import COORDINATOR, NOW, OFFICER, World, reporter, submitted
from unit.complaints.factories import local

from servicekit.testing import make_event


def outcome(
    world: World, code: str, state: str, at: datetime, *, cause: str | None = None, **changes: Any
) -> Any:
    answer = [event for event in world.events(code) if event.type == "complaint.resolved.v1"]
    data = {
        "notification_id": "n-1",
        "event_id": cause or answer[-1].id,
        "event_type": "complaint.resolved.v1",
        "complaint_id": code,
        "rule": "resolved-reporter",
        "template": "resolved",
        "channel": "email",
        "audience": "reporter",
        "recipient_ref": "r",
        "attempts": 1,
        "at": at.isoformat(),
        **changes,
    }
    return make_event(f"notification.{state}.v1", data, source="/notifications", subject="n-1", time=at)


def test_a_sweep_misses_none_and_doubles_none_whenever_it_runs(world: World) -> None:
    codes = [submitted() for _ in range(130)]
    world.parts.filing.file(codes[:100])
    world.parts.filing.file(codes[100:])

    first = world.sweep(local(30, month=12))
    second = world.sweep(local(30, month=12))

    # verify and resolve: resolve takes the service's seven days and the city's one warning.
    assert first == {"due_soon": 130, "overdue": 260}
    assert second == {}
    for event in codes:
        told = [(e.type.split(".")[1], e.data.get("stage")) for e in world.events(event.subject)[1:]]
        assert sorted(told) == [("due_soon", "resolve"), ("overdue", "resolve"), ("overdue", "verify")]
    assert world.rows.timers.count_documents({"pending": True}) == 0


@pytest.mark.parametrize("step_hours", [1, 7, 30, 500])
def test_the_same_levels_fire_however_often_it_runs(world: World, step_hours: int) -> None:
    code = world.assigned()

    at = NOW
    while at < local(10, month=12):
        world.sweep(at)
        at += timedelta(hours=step_hours)
    world.sweep(local(10, month=12))

    assert sorted(world.told(code)[3:]) == ["due_soon", "overdue", "overdue"]


def test_two_sweeps_at_once_fire_each_level_once(world: World) -> None:
    for _ in range(3):
        world.parts.filing.file([submitted() for _ in range(20)])

    sweeps = [eventlet.spawn(world.sweep, local(30, month=12)) for _ in range(3)]
    counts = [sweep.wait() for sweep in sweeps]

    assert sum(c.get("overdue", 0) for c in counts) == 120
    overdue = [e for e in world.events() if e.type == "complaint.overdue.v1"]
    assert len({(e.subject, e.data["stage"]) for e in overdue}) == len(overdue) == 120


def test_one_case_that_cannot_be_handled_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from complaints import sweeping

    bad, good = world.file(), world.file()
    original = sweeping.fire

    def failing(case: Any, *rest: Any) -> Any:
        if case.code == bad:
            raise ValueError("cannot be handled")
        return original(case, *rest)

    monkeypatch.setattr(sweeping, "fire", failing)
    world.sweep(local(30, month=12))
    assert "overdue" in world.told(good)
    assert world.told(bad) == ["filed"]

    monkeypatch.setattr(sweeping, "fire", original)
    world.sweep(local(30, month=12))
    assert world.told(bad).count("overdue") == 2


def test_a_question_stops_the_clock_and_an_unanswered_one_closes_the_case(world: World) -> None:
    code = world.assigned()
    world.clock.set(local(3))
    world.act(code, "request_info", OFFICER, question="Di sebelah mana?")

    assert world.sweep(local(10)) == {}
    assert world.sweep(local(30)) == {"closed": 1}

    shown = world.see(code, reporter(code))
    assert (shown["status"], shown["closed_by"], shown["reason"]) == ("closed", "timer", "info_not_provided")


def test_an_answer_nobody_got_closes_as_unreachable(world: World) -> None:
    code = world.resolved()

    world.sweep(local(30))

    assert (world.see(code)["status"], world.see(code)["reason"]) == ("closed", "unreachable")


def test_the_clock_of_silence_starts_when_the_answer_was_sent(world: World) -> None:
    code = world.resolved()
    world.parts.noticing.notice([outcome(world, code, "sent", local(9))])

    assert world.sweep(local(20)) == {}
    world.sweep(local(24))

    assert world.see(code)["reason"] == "silence"


def test_it_starts_when_the_reporter_saw_it_and_reading_changes_no_version(world: World) -> None:
    code = world.resolved()
    world.clock.set(local(9))

    version = world.see(code, reporter(code))["version"]
    world.clock.set(local(12))
    shown = world.see(code, reporter(code))

    assert shown["version"] == version
    assert shown["due"]["stage"] == "silence"
    assert shown["due"]["due_at"].startswith("2026-11-23")
    world.see(code, COORDINATOR)
    assert world.sweep(local(20)) == {}


def test_an_outcome_of_an_earlier_answer_starts_nothing(world: World) -> None:
    code = world.resolved()
    late = outcome(world, code, "sent", local(3))
    world.act(code, "dispute", reporter(code), reason="Masih berlubang")
    world.clock.set(local(4))
    world.act(code, "resolve", OFFICER, outcome="granted", answer="Kini sudah.")
    world.parts.noticing.notice([late])

    world.sweep(local(30))

    assert world.see(code)["reason"] == "unreachable"


def test_notices_in_any_order_and_any_number_show_the_furthest_state(world: World) -> None:
    code = world.resolved()
    sent = outcome(world, code, "sent", local(3))
    delivered = outcome(world, code, "delivered", local(3, "09:05"))
    skipped = outcome(
        world, code, "skipped", local(3), notification_id="n-2", audience="staff", reason="contact_missing"
    )

    for batch in ([delivered, skipped], [sent], [sent, delivered, sent]):
        world.parts.noticing.notice(batch)

    messages = [line for line in world.see(code)["timeline"] if line["type"] == "message"]
    assert sorted((m["state"], m["audience"], m["reason"]) for m in messages) == [
        ("delivered", "reporter", None),
        ("skipped", "staff", "contact_missing"),
    ]
    assert [m["state"] for m in world.see(code, reporter(code))["timeline"] if m["type"] == "message"] == [
        "delivered"
    ]


def test_a_notice_about_no_case_of_ours_is_harmless(world: World) -> None:
    event = make_event("notification.sent.v1", {"complaint_id": None, "notification_id": "n-9"})

    world.parts.noticing.notice([event, event])

    assert world.rows.notices.count_documents({}) == 0
    assert world.rows.inbox.count_documents({}) == 1
