from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.complaints.factories import (
    CATALOGUE,
    CITY,
    COORDINATOR,
    HEAD,
    INSPECTOR,
    NOW,
    OFFICER,
    OTHER_CODE,
    REPORTER_ACTOR,
    did,
    filed,
    local,
    situation,
    stepped,
)

from complaints.domain.actions import (
    Action,
    Assign,
    Bounce,
    Comment,
    Confirm,
    Dispute,
    Merge,
    Progress,
    ProvideInfo,
    Reject,
    Reopen,
    RequestInfo,
    Resolve,
    Support,
    Verify,
)
from complaints.domain.case import STATUSES, Case
from complaints.domain.course import HELD, RUNNING, answer_reached
from complaints.domain.deadlines import next_level
from complaints.domain.firing import fire
from complaints.domain.workflow import NAME_OF, TRANSITIONS, perform, possible
from complaints.errors import NotAllowed, NotValid, Refusal, WrongState


def verified(**changes: Any) -> Case:
    return did(filed(**changes), Verify("Ada lubang."), local(2, "10:00"))


def assigned(**changes: Any) -> Case:
    return did(verified(**changes), Assign("dpupr"), local(2, "11:00"))


def resolved(**changes: Any) -> Case:
    return did(assigned(**changes), Resolve("granted", "Sudah ditambal."), local(4), OFFICER, "unit")


def closed() -> Case:
    return did(resolved(), Confirm(), local(5), REPORTER_ACTOR, "own")


def facts(step: Any) -> list[str]:
    return [fact.name for fact in step.facts]


def test_the_way_of_a_case_from_filing_to_the_reporters_confirmation() -> None:
    case = filed()
    assert (case.status, case.version, case.unit) == ("filed", 1, None)
    case = did(case, Verify("Ada lubang.", "Lubang"), local(2, "10:00"))
    assert (case.status, case.public.description) == ("verified", "Ada lubang.")  # type: ignore[union-attr]
    case = did(case, Assign("dpupr", "staf-017"), local(2, "11:00"))
    assert (case.status, case.unit, case.officer) == ("assigned", "dpupr", "staf-017")
    case = did(case, Progress("Survei"), local(3), OFFICER, "unit")
    assert case.status == "in_progress"
    case = did(case, Resolve("granted", "Sudah ditambal."), local(4), OFFICER, "unit")
    assert case.status == "resolved"
    step = stepped(case, Confirm(), local(5), REPORTER_ACTOR, "own")
    assert (step.case.status, step.case.closed_by, step.case.reason) == ("closed", "reporter", "confirmed")
    assert step.case.version == 6
    assert facts(step) == ["closed"]


def test_staff_who_confirm_for_the_citizen_close_as_staff() -> None:
    assert did(resolved(), Confirm(), local(5)).closed_by == "staff"


def test_verifying_needs_a_service_of_the_catalogue() -> None:
    unknown = filed(service_code="tidak-ada")

    with pytest.raises(NotValid) as refusal:
        did(unknown, Verify("Teks."), local(2))
    assert refusal.value.faults[0].pointer == "/service_code"
    assert did(unknown, Verify("Teks.", service_code="jalan"), local(2)).kind == "complaint"


def test_a_supervisory_case_goes_to_the_inspectorate_and_its_deadline_is_set_anew() -> None:
    case = filed()
    before = case.clock("resolve")

    case = did(case, Verify("Teks.", supervisory=True, supervisory_reason="Pungli"), local(2))

    after = case.clock("resolve")
    assert case.inspectorate
    assert case.unit == "inspektorat"
    assert before is not None
    assert after is not None
    assert (after.record.span.amount, after.started_at) == (60, before.started_at)
    assert (after.number, after.fired) == (2, ())
    assert case.clocks[1].stopped_at == local(2)


def test_an_inspectorate_case_is_never_assigned_to_the_unit_it_concerns() -> None:
    case = did(filed(service_code="pungli"), Verify("Teks."), local(2), INSPECTOR, "inspectorate")

    with pytest.raises(NotValid):
        did(case, Assign("dpupr"), local(2), INSPECTOR, "inspectorate")
    assert did(case, Assign("inspektorat"), local(2), INSPECTOR, "inspectorate").status == "assigned"


def test_a_unit_head_may_name_an_officer_but_not_hand_the_case_on() -> None:
    case = assigned()

    assert did(case, Assign("dpupr", "staf-017"), local(3), HEAD, "unit").officer == "staf-017"
    with pytest.raises(NotAllowed):
        did(case, Assign("dlh"), local(3), HEAD, "unit")


def test_after_two_bounces_the_coordinators_decision_binds() -> None:
    case = assigned()
    for target, day in (("dlh", 3), ("dpupr", 4)):
        case = did(case, Bounce(target, "Bukan wewenang kami"), local(day), OFFICER, "unit")
        assert (case.status, case.unit) == ("verified", None)
        step = stepped(case, Assign(target), local(day, "10:00"))
        case = step.case

    assert case.bounces == 2
    assert step.facts[0].data["binding"] is True
    with pytest.raises(NotAllowed) as refusal:
        did(case, Bounce("dlh", "Bukan kami"), local(5), OFFICER, "unit")
    assert refusal.value.code == "bound"


def test_bouncing_names_another_existing_unit() -> None:
    for target in ("dpupr", "tidak-ada"):
        with pytest.raises(NotValid):
            did(assigned(), Bounce(target, "Bukan kami"), local(3), OFFICER, "unit")


@pytest.mark.parametrize("before", [filed, verified, assigned])
def test_asking_pauses_the_clock_and_the_answer_leads_back(before: Any) -> None:
    case = before()
    clock = case.clock("resolve")
    asked = did(case, RequestInfo("Di mana tepatnya?"), local(3))
    paused = asked.clock("resolve")
    assert paused is not None
    assert paused.is_paused
    assert asked.clock("info_wait").runs  # type: ignore[union-attr]

    step = stepped(asked, ProvideInfo("Di depan pasar."), local(5), REPORTER_ACTOR, "own")

    assert step.case.status == case.status
    assert step.facts[0].data["paused_minutes"] == 960
    assert CITY.calendar.working_minutes(clock.due_at, step.case.clock("resolve").due_at) == 960  # type: ignore[union-attr]


def test_a_citizen_is_not_asked_for_ever() -> None:
    case = assigned()
    for day in (3, 4, 5):
        case = did(case, RequestInfo("Apa?"), local(day), OFFICER, "unit")
        case = did(case, ProvideInfo("Ini."), local(day, "10:00"), REPORTER_ACTOR, "own")

    with pytest.raises(NotAllowed):
        did(case, RequestInfo("Apa lagi?"), local(6), OFFICER, "unit")


def test_a_dispute_returns_to_the_same_unit_and_a_second_one_escalates() -> None:
    first = stepped(resolved(), Dispute("Masih berlubang"), local(5), REPORTER_ACTOR, "own")
    assert (first.case.status, first.case.unit, facts(first)) == ("assigned", "dpupr", ["disputed"])

    again = did(first.case, Resolve("granted", "Sudah."), local(6), OFFICER, "unit")
    second = stepped(again, Dispute("Belum"), local(9), REPORTER_ACTOR, "own")

    assert facts(second) == ["disputed", "escalated"]
    assert second.facts[1].data["to_role"] == "unit_head"


def test_not_our_authority_names_who_is_responsible() -> None:
    with pytest.raises(NotValid) as refusal:
        did(filed(), Reject("bukan_wewenang", "Jalan nasional."), local(2))
    assert refusal.value.faults[0].pointer == "/referred_to"
    case = did(filed(), Reject("bukan_wewenang", "Jalan nasional.", "BPJN"), local(2))
    assert (case.status, case.referred_to) == ("rejected", "BPJN")


def test_reopening_goes_back_to_the_unit_within_the_window_from_closing() -> None:
    step = stepped(closed(), Reopen("Rusak lagi"), local(20), REPORTER_ACTOR, "own")
    assert (step.case.status, step.case.unit, step.facts[0].data["closure_no"]) == ("assigned", "dpupr", 1)

    commented = did(closed(), Comment("Terima kasih"), local(30), REPORTER_ACTOR, "own")
    with pytest.raises(NotAllowed) as refusal:
        did(commented, Reopen("Rusak lagi"), local(10, month=12), REPORTER_ACTOR, "own")
    assert refusal.value.code == "window_over"


def test_reopening_a_case_that_no_unit_had_leads_back_to_where_it_was() -> None:
    ground = Reject("tidak_jelas", "Tidak jelas.")

    assert did(did(filed(), ground, local(2)), Reopen("Saya jelaskan"), local(3)).status == "filed"
    assert did(did(verified(), ground, local(2)), Reopen("Saya jelaskan"), local(3)).status == "verified"


def test_merging_needs_an_open_case_of_the_same_visibility() -> None:
    other = replace(filed(), code=OTHER_CODE)
    step, gained = perform(verified(), Merge(OTHER_CODE), situation(NOW, other=other))
    assert (step.case.status, step.case.merged_into) == ("merged", OTHER_CODE)
    assert gained is not None
    assert gained.supporters == 1

    for wrong in (
        None,
        replace(other, inspectorate=True),
        replace(other, confidential=True),
        replace(other, status="closed"),
        replace(other, code=verified().code),
    ):
        with pytest.raises(NotValid):
            perform(verified(), Merge(OTHER_CODE), situation(NOW, other=wrong))


def test_comments_and_support_count_no_version() -> None:
    case = verified()

    assert did(case, Comment("Halo"), local(3), REPORTER_ACTOR, "own").version == case.version
    assert did(case, Support(), local(3)).version == case.version


def test_a_comment_never_moves_a_clock() -> None:
    case = assigned()

    assert did(case, Comment("Cepat ya"), local(9), REPORTER_ACTOR, "own").clocks == case.clocks


def test_a_case_does_not_grow_for_ever() -> None:
    case = filed()
    full = replace(case, timeline=case.timeline * 500)

    with pytest.raises(NotAllowed):
        did(full, Comment("Satu lagi"), local(3))


def test_a_citizen_cannot_write_an_internal_comment() -> None:
    assert (
        not did(filed(), Comment("x", internal=True), local(3), REPORTER_ACTOR, "own").timeline[-1].internal
    )


def test_what_does_not_exist_in_a_state_is_refused() -> None:
    with pytest.raises(WrongState):
        did(filed(), Resolve("granted", "x"), local(2), OFFICER, "unit")
    with pytest.raises(WrongState):
        did(closed(), Confirm(), local(6), REPORTER_ACTOR, "own")


def test_silence_starts_when_the_answer_was_sent_or_seen_and_the_first_of_both_counts() -> None:
    case = resolved()
    assert case.clock("silence").basis == ""  # type: ignore[union-attr]
    sent = answer_reached(case, CITY, local(6), "sent")
    seen = answer_reached(sent, CITY, local(9), "seen")
    earlier = answer_reached(sent, CITY, local(5), "seen")

    assert seen == sent
    assert sent.clock("silence").due_at == local(20, "16:00")  # type: ignore[union-attr]
    assert earlier.clock("silence").started_at == local(5)  # type: ignore[union-attr]


@pytest.mark.parametrize(("basis", "reason"), [("", "unreachable"), ("sent", "silence"), ("seen", "silence")])
def test_the_timer_closes_after_silence_and_tells_the_unreachable_apart(basis: str, reason: str) -> None:
    case = resolved()
    if basis:
        case = answer_reached(case, CITY, local(4, "10:00"), basis)

    step = due(case, "silence")

    assert (step.case.status, step.case.closed_by, step.case.reason) == ("closed", "timer", reason)
    assert step.facts[0].data["outcome"] == "granted"


def test_a_question_without_answer_closes_by_the_timer() -> None:
    step = due(did(assigned(), RequestInfo("Apa?"), local(3), OFFICER, "unit"), "info_wait")

    assert (step.case.status, step.case.reason, step.case.outcome) == ("closed", "info_not_provided", None)


def due(case: Case, stage: str) -> Any:
    clock = case.clock(stage)
    assert clock is not None
    level = next_level(CITY.calendar, clock)
    assert level is not None
    assert level.name == "due"
    return fire(case, clock, level, situation(level.at, by="system", actor_ref=None))


def test_closing_charges_each_unit_its_own_time_and_leaves_out_waiting() -> None:
    case = did(assigned(), Bounce("dlh", "Bukan kami"), local(3), OFFICER, "unit")
    case = did(case, Assign("dlh"), local(3, "10:00"))
    case = did(case, RequestInfo("Di mana?"), local(4), OFFICER, "unit")
    case = did(case, ProvideInfo("Di sini."), local(5), REPORTER_ACTOR, "own")
    case = did(case, Resolve("partial", "Sebagian."), local(6), OFFICER, "unit")
    told = stepped(case, Confirm(), local(10), REPORTER_ACTOR, "own").facts[0].data

    stages = {(s["stage"], s["unit"]): s for s in told["stages"]}
    assert stages["verify", None]["working_minutes"] == 60
    assert stages["verify", None]["handler_ref"] == "staf-002"
    assert stages["resolve", "dpupr"]["working_minutes"] == 360
    assert stages["resolve", "dpupr"]["bounced"] is True
    assert stages["resolve", "dlh"]["working_minutes"] == 360 + 60 + 420 + 60
    assert stages["resolve", "dlh"]["paused_minutes"] == 480
    assert told["working_minutes"] == CITY.calendar.working_minutes(NOW, local(6)) - 480
    assert told["pauses"] == [{"from": local(4), "to": local(5), "working_minutes": 480}]
    assert (told["bounces"], told["disputes"], told["closure_no"]) == (1, 0, 1)
    assert told["first_answer_at"] == local(4)
    assert not told["overdue"]


def test_a_case_that_arrives_late_is_overdue_on_arrival() -> None:
    case = did(verified(), Assign("dpupr"), local(1, month=12))
    case = did(case, Resolve("granted", "Sudah."), local(2, month=12), OFFICER, "unit")
    told = stepped(case, Confirm(), local(3, month=12), REPORTER_ACTOR, "own").facts[0].data

    assert told["overdue"]
    assert told["overdue_on_arrival"]


ACTIONS: list[tuple[Action, Any, str]] = [
    (Verify("Teks."), COORDINATOR, "city"),
    (Verify("Teks.", supervisory=True, supervisory_reason="x"), COORDINATOR, "city"),
    (Assign("dpupr"), COORDINATOR, "city"),
    (Assign("dlh", "staf-1"), COORDINATOR, "city"),
    (Assign("inspektorat"), INSPECTOR, "inspectorate"),
    (Bounce("dlh", "x"), OFFICER, "unit"),
    (Bounce("dpupr", "x"), OFFICER, "unit"),
    (RequestInfo("?"), OFFICER, "unit"),
    (ProvideInfo("!"), REPORTER_ACTOR, "own"),
    (Progress("x", True), OFFICER, "unit"),
    (Resolve("granted", "x"), OFFICER, "unit"),
    (Confirm(), REPORTER_ACTOR, "own"),
    (Dispute("x"), REPORTER_ACTOR, "own"),
    (Reject("tidak_jelas", "x"), COORDINATOR, "city"),
    (Reopen("x"), REPORTER_ACTOR, "own"),
    (Comment("x"), REPORTER_ACTOR, "own"),
    (Support(), COORDINATOR, "city"),
]
TIMER = "timer"
moves = st.lists(
    st.tuples(st.sampled_from([*range(len(ACTIONS)), TIMER]), st.integers(0, 4000)), min_size=1, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(moves=moves)
def test_no_sequence_of_actions_leads_out_of_the_workflow(moves: list[tuple[Any, int]]) -> None:
    case, at = filed(), NOW
    for move, minutes in moves:
        at += timedelta(minutes=minutes)
        before = case
        case = _moved(case, move, at)

        assert case.status in STATUSES
        workflow_changes = sum(
            e.type not in ("commented", "due_soon", "overdue", "escalated") for e in case.timeline
        )
        assert case.version == workflow_changes
        assert case.version - before.version in (0, 1)
        assert {c.stage for c in case.clocks if c.runs} <= RUNNING[case.status]
        assert {c.stage for c in case.clocks if c.is_paused} <= HELD.get(case.status, frozenset())
        assert len({c.key for c in case.clocks}) == len(case.clocks)
        assert all(len(set(c.fired)) == len(c.fired) for c in case.clocks)
        assert sum(stay.ended_at is None for stay in case.stays) <= 1
        if case.status in ("assigned", "in_progress", "resolved"):
            assert case.unit is not None
        if case.inspectorate:
            assert case.unit == "inspektorat"


def _moved(case: Case, move: Any, at: Any) -> Case:
    if move == TIMER:
        for clock in case.clocks:
            level = next_level(CITY.calendar, clock)
            if level is not None and level.at <= at:
                return fire(case, clock, level, situation(at, by="system", actor_ref=None)).case
        return case
    action, actor, scope = ACTIONS[move]
    name = NAME_OF[type(action).__name__]
    try:
        after, _ = perform(case, action, situation(at, actor, scope))
    except WrongState:
        assert name not in possible(case)
        return case
    except Refusal:
        return case
    assert case.status in TRANSITIONS[name].sources
    return after.case


def test_the_catalogue_of_these_tests_covers_every_action() -> None:
    named = {NAME_OF[type(action).__name__] for action, _, _ in ACTIONS} | {"merge"}

    assert named == set(TRANSITIONS)
    assert CATALOGUE.services["pungli"].supervisory
