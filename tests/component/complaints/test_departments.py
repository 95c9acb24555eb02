"""Departments are registered while the service runs, and their events move cases as a person would."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from component.complaints.world import ADMIN, COORDINATOR, INSPECTOR, OFFICER, World, actor_of, as_json

from complaints.errors import NotAllowed, NotValid, Unseen
from servicekit.envelope import Event
from servicekit.testing import make_event

CODE = "tiket-pupr"
ONE, TWO = "1" * 64, "2" * 64


def put(world: World, code: str = CODE, actor: Any = ADMIN, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": {"id": "Tiket PUPR", "en": "Tickets of public works"},
        "unit": "dpupr",
        "units": [],
        "types": ["case.progressed.v1"],
        "key_hash": ONE,
        "active": True,
    }
    return world.parts.departments.put(actor_of(actor), code, **{**usual, **changes})


@pytest.fixture
def registered(world: World) -> World:
    put(world)
    return world


def moved(world: World, code: str, action: str = "progress", department: str = CODE, **changes: Any) -> Event:
    """A department's event about a case, now; `changes` replace or add fields of its data."""
    id_ = changes.pop("id", None)
    time = changes.pop("time", world.clock.now())
    data = {"complaint_id": code, "action": action, "at": world.clock.now().isoformat(), **changes}
    source = f"/departments/{department}"
    return make_event("case.progressed.v1", data, source=source, subject=code, id=id_, time=time)


def refusals(world: World) -> list[dict[str, Any]]:
    return [dict(event.data) for event in world.events() if event.type == "event.rejected.v1"]


def refused(world: World, event: Event) -> dict[str, Any]:
    """Hand in one event and answer its refusal."""
    assert world.parts.progressing.take([event]) == {}
    (found,) = [refusal for refusal in refusals(world) if refusal["event_id"] == event.id]
    return found


# The registry


def test_a_registered_department_is_told_and_published_at_once(world: World) -> None:
    assert world.parts.departments.published(None, None) == {"version": 0, "departments": []}

    shown = put(world)

    assert shown["keys"] == [{"until": None}]
    event = world.events(CODE)[-1]
    assert (event.type, event.data["units"], event.data["active"]) == (
        "department.changed.v1",
        ["dpupr"],
        True,
    )
    snapshot = world.parts.departments.published(None, 0)
    assert snapshot["version"] == 1
    assert snapshot["departments"][0]["keys"] == [{"until": None, "hash": ONE}]
    assert world.parts.departments.published(None, 1) == {"version": 1, "unchanged": True}


def test_the_same_registration_again_is_no_change(world: World) -> None:
    first = put(world)

    assert put(world) == first
    assert world.parts.departments.published(None, 1) == {"version": 1, "unchanged": True}
    assert world.told(CODE) == ["changed"]


def test_a_rotation_reaches_the_gateway_and_tells_nobody(registered: World) -> None:
    admin = actor_of(ADMIN)

    registered.parts.departments.act(admin, CODE, "rotate", TWO)
    again = registered.parts.departments.act(admin, CODE, "rotate", TWO)

    (department,) = registered.parts.departments.published(None, 1)["departments"]
    until = (registered.clock.now() + timedelta(hours=24)).isoformat()
    assert department["keys"] == [{"until": None, "hash": TWO}, {"until": until, "hash": ONE}]
    assert again["version"] == 1
    assert registered.told(CODE) == ["changed"]
    registered.clock.advance(hours=25)
    (later,) = registered.parts.departments.published(None, None)["departments"]
    assert later["keys"] == [{"until": None, "hash": TWO}]


def test_a_revoked_department_has_no_key_left_and_everybody_is_told(registered: World) -> None:
    shown = registered.parts.departments.act(actor_of(ADMIN), CODE, "revoke", None)

    assert (shown["active"], shown["keys"]) == (False, [])
    assert registered.events(CODE)[-1].data["active"] is False
    with pytest.raises(NotAllowed):
        registered.parts.departments.act(actor_of(ADMIN), CODE, "rotate", TWO)
    with pytest.raises(NotValid):
        put(registered, key_hash=None)
    assert put(registered, key_hash=TWO)["active"]


def test_only_an_administrator_keeps_the_registry(registered: World) -> None:
    for who in (COORDINATOR, OFFICER, {"ref": "dept-tiket-pupr", "roles": ["department"], "unit": "dpupr"}):
        actor = actor_of(who)
        for attempt in (
            lambda who=who: put(registered, actor=who),
            lambda actor=actor: registered.parts.departments.act(actor, CODE, "revoke", None),
            lambda actor=actor: registered.parts.departments.published(actor, None),
        ):
            with pytest.raises(NotAllowed):
                attempt()
    shown = registered.parts.departments.published(actor_of(ADMIN), None)
    assert ONE not in as_json(shown)


def test_every_wrong_field_of_a_registration_is_named(world: World) -> None:
    with pytest.raises(NotValid) as refusal:
        put(
            world,
            code="Tiket_PUPR",
            name={"en": "x"},
            unit="dinas-khayalan",
            units=["dpupr", "lain"],
            types=["complaint.filed.v1"],
            key_hash="tgd_secret",
            active="ya",
        )

    assert {fault.pointer for fault in refusal.value.faults} == {
        "/code",
        "/name/id",
        "/unit",
        "/units/1",
        "/types/0",
        "/key_hash",
        "/active",
    }
    with pytest.raises(NotValid):
        put(world, types=[])
    with pytest.raises(Unseen):
        world.parts.departments.act(actor_of(ADMIN), "nobody", "revoke", None)
    with pytest.raises(NotValid):
        world.parts.departments.act(actor_of(ADMIN), CODE, "rotate", "short")
    assert world.events(CODE) == []


# Its events


def test_a_department_moves_its_case_the_whole_way(registered: World) -> None:
    code = registered.assigned()
    spelled = f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12]}".lower()

    first = moved(registered, spelled, note="Tim di lokasi.", public=True, officer_ref="dpupr-1")
    registered.parts.progressing.take([first])
    registered.clock.advance(hours=2)
    done = moved(registered, code, "resolve", version=4, outcome="granted", answer="Sudah ditambal.")
    registered.parts.progressing.take([done])

    seen = registered.see(code)
    assert (seen["status"], seen["version"], seen["outcome"]) == ("resolved", 5, "granted")
    assert registered.told(code) == ["filed", "verified", "assigned", "progressed", "resolved"]
    assert refusals(registered) == []
    history = registered.parts.reading.history(actor_of(COORDINATOR), code)
    assert history["verified"]
    step = history["items"][3]
    assert (step["action"], step["actor_ref"], step["by"]) == ("progress", "dept-tiket-pupr", "staff")
    assert (step["details"]["officer_ref"], step["details"]["event_id"]) == ("dpupr-1", first.id)


def test_a_department_sends_a_case_back(registered: World) -> None:
    code = registered.assigned()

    registered.parts.progressing.take(
        [moved(registered, code, "bounce", target_unit="diskominfo", reason="Ini taman kota.")]
    )

    assert registered.see(code)["status"] == "verified"
    assert registered.events(code)[-1].data["target_unit"] == "diskominfo"


def test_a_repeated_event_moves_a_case_once(registered: World) -> None:
    code = registered.assigned()
    event = moved(registered, code, note="Tim di lokasi.")

    for batch in ([event, event], [event], [replace(event, time=event.time + timedelta(hours=1))]):
        assert registered.parts.progressing.take(batch) == {}

    assert registered.told(code) == ["filed", "verified", "assigned", "progressed"]
    assert registered.see(code)["version"] == 4


def test_a_repeated_refusal_is_told_once(registered: World) -> None:
    event = moved(registered, "0000000000000")

    registered.parts.progressing.take([event, event])
    registered.parts.progressing.take([event])

    assert [refusal["reason"] for refusal in refusals(registered)] == ["unknown_case"]


def test_two_departments_may_number_their_events_alike(registered: World) -> None:
    put(registered, "tiket-dua")
    code, other = registered.assigned(), registered.assigned()

    registered.parts.progressing.take(
        [moved(registered, code, id="1"), moved(registered, other, department="tiket-dua", id="1")]
    )

    assert [registered.see(c)["status"] for c in (code, other)] == ["in_progress", "in_progress"]


def test_a_bad_event_does_not_disturb_its_neighbours(registered: World) -> None:
    cases = [registered.assigned() for _ in range(3)]
    good = [moved(registered, code) for code in cases]
    bad = [
        moved(registered, "0000000000000"),
        moved(registered, cases[0], "dance"),
        make_event("case.progressed.v1", {}, source=f"/departments/{CODE}", time=registered.clock.now()),
        moved(registered, cases[1], department="unknown"),
    ]
    batch = [event for pair in zip([*good, bad[3]], bad, strict=True) for event in pair]

    registered.parts.progressing.take(batch)

    assert [registered.see(code)["status"] for code in cases] == ["in_progress"] * 3
    assert {refusal["event_id"] for refusal in refusals(registered)} == {event.id for event in bad}


def test_a_batch_out_of_order_ends_as_it_was_meant(registered: World) -> None:
    code = registered.assigned()
    events = []
    for minute, (action, payload) in enumerate(
        [
            ("progress", {"note": "Mulai."}),
            ("progress", {"note": "Selesai digali."}),
            ("resolve", {"outcome": "partial", "answer": "Sebagian ditambal."}),
        ]
    ):
        at = (registered.clock.now() + timedelta(minutes=minute)).isoformat()
        events.append(moved(registered, code, action, **{**payload, "at": at}))
    registered.clock.advance(hours=1)

    registered.parts.progressing.take(list(reversed(events)))

    assert registered.told(code)[3:] == ["progressed", "progressed", "resolved"]
    assert refusals(registered) == []


@pytest.mark.parametrize(
    ("changes", "reason", "pointer"),
    [
        ({"complaint_id": "0000000000000"}, "unknown_case", "/complaint_id"),
        ({"complaint_id": "???"}, "invalid", "/complaint_id"),
        ({"action": "close"}, "invalid", "/action"),
        ({"action": "resolve", "answer": "Sudah."}, "invalid", "/outcome"),
        ({"action": "resolve", "outcome": "granted"}, "invalid", "/answer"),
        ({"action": "bounce", "target_unit": "dpupr", "reason": "x"}, "invalid", "/target_unit"),
        ({"action": "bounce", "target_unit": "khayalan", "reason": "x"}, "unknown_unit", "/target_unit"),
        ({"reporter_phone": "081234567890"}, "invalid", "/reporter_phone"),
        ({"at": "2026-11-02T04:00:00+00:00"}, "invalid", "/at"),
        ({"version": 2}, "conflict", "/version"),
        ({"version": 9}, "conflict", "/version"),
        ({"version": "3"}, "invalid", "/version"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason_and_a_place(
    registered: World, changes: dict[str, Any], reason: str, pointer: str
) -> None:
    code = registered.assigned()
    before = registered.rows.cases.find_one({"_id": code})

    found = refused(registered, moved(registered, code, **changes))

    assert (found["reason"], found["pointer"], found["department"]) == (reason, pointer, CODE)
    assert "081234567890" not in as_json(found)
    assert registered.rows.cases.find_one({"_id": code}) == before


def test_a_case_of_another_unit_is_not_theirs(registered: World) -> None:
    code = registered.assigned()
    registered.act(code, "assign", unit="diskominfo")

    assert refused(registered, moved(registered, code))["reason"] == "not_yours"

    put(registered, units=["diskominfo"])
    registered.parts.progressing.take([moved(registered, code)])
    assert registered.see(code)["status"] == "in_progress"


def test_a_case_of_the_inspectorate_does_not_exist_for_a_department(world: World) -> None:
    put(world, "tiket-inspektorat", unit="inspektorat")
    code = world.file(service_code="pungli")
    world.act(code, "verify", INSPECTOR, public_text="x")
    world.act(code, "assign", INSPECTOR, unit="inspektorat")

    found = refused(world, moved(world, code, department="tiket-inspektorat"))
    absent = refused(world, moved(world, "0000000000000", department="tiket-inspektorat"))

    assert found["reason"] == absent["reason"] == "unknown_case"
    assert found["message"] == absent["message"]


def test_a_confidential_case_of_another_unit_is_unknown(registered: World) -> None:
    code = registered.file(confidential=True)

    assert refused(registered, moved(registered, code))["reason"] == "unknown_case"


def test_what_the_workflow_does_not_allow_is_refused(registered: World) -> None:
    waiting = registered.file()
    registered.act(waiting, "verify", public_text="x")
    done = registered.resolved()

    assert refused(registered, moved(registered, waiting))["reason"] == "not_yours"
    assert refused(registered, moved(registered, done))["reason"] == "not_allowed"


def test_a_case_that_is_over_makes_an_event_too_late(registered: World) -> None:
    code = registered.resolved()
    registered.act(code, "confirm", COORDINATOR)

    assert refused(registered, moved(registered, code))["reason"] == "too_late"


def test_an_unregistered_revoked_or_wrong_kind_of_publisher_is_told_so(registered: World) -> None:
    code = registered.assigned()
    put(registered, "hr", types=["staff.changed.v1"])
    registered.parts.departments.act(actor_of(ADMIN), CODE, "revoke", None)

    reasons = {
        department: refused(registered, moved(registered, code, department=department))["reason"]
        for department in ("nobody", "hr", CODE)
    }

    assert reasons == {"nobody": "department_unknown", "hr": "not_yours", CODE: "not_yours"}
    assert registered.see(code)["status"] == "assigned"


def test_an_event_older_than_ids_are_remembered_is_too_late(registered: World) -> None:
    code = registered.assigned()
    event = moved(registered, code)
    registered.clock.advance(days=46)

    assert refused(registered, event)["reason"] == "too_late"
    early = moved(registered, code, time=registered.clock.now() + timedelta(minutes=6))
    assert refused(registered, early)["reason"] == "invalid"


def test_an_event_that_somebody_overtook_is_refused_unless_it_names_the_version(registered: World) -> None:
    code = registered.assigned()
    old = moved(registered, code, "resolve", outcome="granted", answer="Sudah.")
    registered.parts.progressing.take(
        [moved(registered, code, "resolve", outcome="granted", answer="Sudah.")]
    )
    registered.clock.advance(hours=2)
    registered.act(code, "dispute", COORDINATOR, reason="Belum ditambal.")

    assert refused(registered, old)["reason"] == "conflict"
    assert registered.see(code)["status"] == "assigned"

    named = moved(registered, code, version=5)
    registered.parts.progressing.take([named])
    assert registered.see(code)["status"] == "in_progress"


def test_an_older_move_of_the_department_s_own_does_not_follow_a_newer_one(registered: World) -> None:
    code = registered.assigned()
    old = moved(registered, code, note="Dijadwalkan.")
    registered.clock.advance(minutes=1)
    registered.parts.progressing.take([moved(registered, code, note="Sudah di lokasi.")])

    assert refused(registered, old)["reason"] == "conflict"


def test_two_who_act_at_once_do_not_both_win(registered: World) -> None:
    code = registered.assigned()
    registered.act(code, "progress", OFFICER)

    found = refused(registered, moved(registered, code, version=3))

    assert found["reason"] == "conflict"
