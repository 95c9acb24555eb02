"""Counters, comments and improvement plans: who may do what, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from component.surveys.world import (
    ADMIN,
    COORDINATOR,
    LEADER,
    NOW,
    OFFICER,
    PERIOD,
    PUBLIC,
    RING,
    UNIT_HEAD,
    World,
    actor_of,
    submitted,
)

from servicekit import tokens
from surveys.errors import NotAllowed, NotValid, Unseen, WrongState

DUE = "2026-12-20"


def plan(world: World, actor: Any = UNIT_HEAD, key: str | None = None, **changes: Any) -> dict[str, Any]:
    given = {
        "unit": "dpupr",
        "period": PERIOD,
        "element": "pengaduan",
        "action": "Pasang papan cara mengadu di setiap loket",
        "owner_ref": "staf-017",
        "due_on": DUE,
        **changes,
    }
    return world.parts.planning.plan(actor_of(actor), given, key)


def act(world: World, rtl_id: str, action: str, actor: Any = UNIT_HEAD, **payload: Any) -> dict[str, Any]:
    return world.parts.planning.act(actor_of(actor), rtl_id, action, payload, None)


def published(world: World) -> None:
    world.paper(12)
    world.act("close")
    world.act("publish")


def test_a_counter_has_a_signed_link_that_ends(world: World) -> None:
    made = world.parts.counters.create(
        actor_of(UNIT_HEAD),
        {"unit": "dpupr", "service_code": "jalan", "counter": "Loket 2", "valid_days": 30},
        "k-1",
    )
    again = world.parts.counters.create(
        actor_of(UNIT_HEAD),
        {"unit": "dpupr", "service_code": "jalan", "counter": "Loket 2", "valid_days": 30},
        "k-1",
    )

    token = tokens.read(RING, made["token"], NOW.date())
    assert (token.kind, token.expires_on) == ("q", NOW.date() + timedelta(days=29))
    assert made["token_path"] == f"/survei/{made['token']}"
    assert again == made
    assert len(world.parts.counters.links(actor_of(UNIT_HEAD), None)["items"]) == 1


def test_a_revoked_counter_takes_no_more_answers(world: World) -> None:
    made = world.parts.counters.create(actor_of(ADMIN), {"unit": "dpupr", "counter": "Loket 1"}, None)
    world.answer(submitted(4, token=made["token"], mode="qr_counter"))

    world.parts.counters.revoke(actor_of(ADMIN), made["counter_id"], None)
    world.answer(submitted(4, token=made["token"], mode="qr_counter"))

    assert world.parts.intake.invitation(made["token"])["state"] == "revoked"
    assert world.period()["accepted"] == {"qr_counter": 1}
    assert world.period()["refused"] == {"link_revoked": 1}
    assert world.parts.counters.links(actor_of(ADMIN), "dpupr")["items"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"unit": "tidak-ada"}, "/unit"),
        ({"service_code": "ktp"}, "/service_code"),
        ({"counter": " "}, "/counter"),
        ({"valid_days": 0}, "/valid_days"),
        ({"valid_days": 1000}, "/valid_days"),
        ({"valid_days": "30"}, "/valid_days"),
    ],
)
def test_a_wrong_counter_is_named(world: World, changes: dict[str, Any], pointer: str) -> None:
    given = {"unit": "dpupr", "service_code": None, "counter": "Loket 1", "valid_days": 30, **changes}

    with pytest.raises(NotValid) as refused:
        world.parts.counters.create(actor_of(ADMIN), given, None)

    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_counters_belong_to_their_unit(world: World) -> None:
    world.counter("dpupr")
    world.counter("dukcapil")

    own = world.parts.counters.links(actor_of(UNIT_HEAD), None)["items"]

    assert [one["unit"] for one in own] == ["dpupr"]
    for actor in (OFFICER, LEADER, PUBLIC):
        with pytest.raises(NotAllowed):
            world.parts.counters.links(actor_of(actor), "dpupr")
    with pytest.raises(NotAllowed):
        world.parts.counters.create(actor_of(UNIT_HEAD), {"unit": "dukcapil", "counter": "Loket 1"}, None)


def commented(world: World, *, may_publish: bool = True) -> list[dict[str, Any]]:
    consents = {"process": True, "publish_comment": may_publish}
    world.paper(12, comment="Pak Contoh di loket 2 sangat membantu", consents=consents)
    world.act("close")
    found: list[dict[str, Any]] = world.parts.moderating.comments(
        actor_of(COORDINATOR), "dpupr", PERIOD, "new", None, 50
    )["items"]
    return found


def test_a_comment_is_published_without_names_after_a_look(world: World) -> None:
    first, second, *_ = commented(world)
    moderate = world.parts.moderating.moderate

    moderate(actor_of(COORDINATOR), first["comment_id"], "publish", "Petugas di loket 2 membantu", None)
    moderate(actor_of(COORDINATOR), second["comment_id"], "hide", None, None)
    assert world.result(actor=PUBLIC)["comments"] == []
    world.act("publish")

    assert world.result(actor=PUBLIC)["comments"] == ["Petugas di loket 2 membantu"]


def test_a_comment_without_consent_is_never_published(world: World) -> None:
    first = commented(world, may_publish=False)[0]

    with pytest.raises(WrongState) as refused:
        world.parts.moderating.moderate(actor_of(COORDINATOR), first["comment_id"], "publish", "Baik", None)

    assert refused.value.current["reason"] == "no_consent"


def test_the_unit_itself_does_not_moderate(world: World) -> None:
    first = commented(world)[0]

    for actor in (UNIT_HEAD, OFFICER, LEADER, PUBLIC):
        with pytest.raises(NotAllowed):
            world.parts.moderating.comments(actor_of(actor), "dpupr", None, None, None, None)
        with pytest.raises(NotAllowed):
            world.parts.moderating.moderate(actor_of(actor), first["comment_id"], "hide", None, None)
        with pytest.raises(NotAllowed):
            world.parts.moderating.held(actor_of(actor), "dpupr")


def test_a_plan_goes_from_planned_to_done_with_evidence(world: World) -> None:
    published(world)
    assert "no_improvement_plan" in world.result(actor=PUBLIC)["cautions"]

    made = plan(world, key="p-1")
    assert plan(world, key="p-1") == made
    started = act(world, made["rtl_id"], "start", OFFICER)
    done = act(world, made["rtl_id"], "complete", OFFICER, evidence_ref="SK-12/2026", done_on="2026-11-24")

    assert (started["state"], done["state"], done["evidence_ref"]) == ("in_progress", "done", "SK-12/2026")
    (planned,) = world.events_of("improvement.planned.v1")
    assert (planned["owner_ref"], planned["due_on"], planned["element"]) == ("staf-017", DUE, "pengaduan")
    (told,) = world.events_of("improvement.done.v1")
    assert (told["done_on"], told["evidence_ref"]) == ("2026-11-24", "SK-12/2026")
    public = world.result(actor=PUBLIC)
    assert [one["state"] for one in public["improvements"]] == ["done"]
    assert public["follow_up_score"] == 5
    assert "no_improvement_plan" not in public["cautions"]
    assert world.act("publish") == []


def test_a_plan_needs_evidence_to_be_done_and_a_reason_to_be_cancelled(world: World) -> None:
    published(world)
    rtl_id = plan(world)["rtl_id"]

    for action, pointer in (("complete", "/evidence_ref"), ("cancel", "/reason")):
        with pytest.raises(NotValid) as refused:
            act(world, rtl_id, action)
        assert refused.value.faults[0].pointer == pointer
    act(world, rtl_id, "cancel", reason="Digabung dengan rencana lain")
    with pytest.raises(WrongState):
        act(world, rtl_id, "complete", evidence_ref="SK-1")


def test_a_plan_is_for_a_closed_period_an_element_and_a_day_to_come(world: World) -> None:
    world.paper(12)
    with pytest.raises(WrongState):
        plan(world)
    world.act("close")

    with pytest.raises(NotValid) as refused:
        plan(world, element="unsur-8", action="", owner_ref=None, due_on="2026-11-01")

    assert [fault.pointer for fault in refused.value.faults] == [
        "/element",
        "/action",
        "/owner_ref",
        "/due_on",
    ]
    with pytest.raises(Unseen):
        plan(world, period="2026-Q1")


def test_who_may_plan_and_who_may_carry_out(world: World) -> None:
    published(world)
    for actor in (OFFICER, LEADER, PUBLIC, {**UNIT_HEAD, "unit": "dukcapil"}):
        with pytest.raises(NotAllowed):
            plan(world, actor)
    rtl_id = plan(world, COORDINATOR)["rtl_id"]

    with pytest.raises(NotAllowed):
        act(world, rtl_id, "start", {**OFFICER, "ref": "staf-018"})
    with pytest.raises(NotAllowed):
        act(world, rtl_id, "cancel", OFFICER, reason="Tidak perlu")
    assert act(world, rtl_id, "start", OFFICER)["state"] == "in_progress"


def test_the_public_sees_plans_of_published_periods_only(world: World) -> None:
    world.paper(12)
    world.act("close")
    plan(world)
    plans = world.parts.planning.plans

    assert plans(actor_of(PUBLIC), "dpupr", None)["items"] == []
    assert len(plans(actor_of(OFFICER), "dpupr", None)["items"]) == 1
    world.act("publish")
    assert len(plans(actor_of(PUBLIC), "dpupr", PERIOD)["items"]) == 1


def test_a_plan_that_is_due_soon_is_told_once(world: World) -> None:
    published(world)
    plan(world)
    act(world, plan(world, element="waktu")["rtl_id"], "complete", evidence_ref="SK-2")

    world.later(18)
    world.sweep()
    assert world.events("improvement.due_soon.v1") == []
    world.later(1)
    world.sweep()
    world.sweep()

    (told,) = world.events_of("improvement.due_soon.v1")
    assert (told["element"], told["due_on"]) == ("pengaduan", DUE)
    world.later(20)
    assert world.parts.planning.plans(actor_of(OFFICER), "dpupr", None)["items"][-1]["due_on"] == DUE
    assert any(
        one["overdue"] for one in world.parts.planning.plans(actor_of(OFFICER), "dpupr", None)["items"]
    )
