from datetime import timedelta
from typing import Any

import eventlet
import pytest
from component.complaints.world import (
    ADMIN,
    COORDINATOR,
    INSPECTOR,
    OFFICER,
    VAULT_KEYS,
    World,
    as_json,
    reporter,
)

from complaints.errors import NotAllowed, NotValid, Stale, Unseen
from complaints.service import read_actor
from servicekit.sealing import generate_key


def test_a_case_goes_its_whole_way_and_tells_every_step(world: World) -> None:
    code = world.resolved()

    shown = world.act(code, "confirm", reporter(code))

    assert (shown["status"], shown["closed_by"], shown["version"]) == ("closed", "reporter", 5)
    assert world.told(code) == ["filed", "verified", "assigned", "resolved", "closed"]
    assert [event.aggregateversion for event in world.events(code)] == [1, 2, 3, 4, 5]
    assert world.rows.timers.count_documents({"code": code, "pending": True}) == 0


def test_the_loser_of_a_race_learns_what_changed(world: World) -> None:
    code = world.file()
    world.act(code, "verify", public_text="Ada lubang.")

    with pytest.raises(Stale) as refusal:
        world.act(code, "reject", version=1, ground="tidak_jelas", explanation="Tidak jelas.")

    current = refusal.value.current
    assert (current["status"], current["version"]) == ("verified", 2)
    assert [(c["version"], c["action"], c["from"], c["to"]) for c in current["changes"]] == [
        (2, "verify", "filed", "verified")
    ]
    assert world.see(code)["status"] == "verified"


def test_of_two_who_act_at_once_one_wins_and_one_is_told(world: World) -> None:
    code = world.file()
    outcomes: list[Any] = []

    def attempt(text: str) -> None:
        try:
            outcomes.append(world.act(code, "verify", version=1, public_text=text))
        except Stale as refusal:
            outcomes.append(refusal)

    threads = [eventlet.spawn(attempt, text) for text in ("Satu", "Dua", "Tiga", "Empat")]
    for thread in threads:
        thread.wait()

    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert world.told(code) == ["filed", "verified"]
    assert world.see(code)["version"] == 2


def test_an_action_repeated_by_its_key_answers_the_same_and_changes_nothing(world: World) -> None:
    code = world.file()
    first = world.act(code, "verify", version=1, key="k-1", public_text="Ada lubang.")
    world.act(code, "assign", unit="dpupr")

    again = world.act(code, "verify", version=1, key="k-1", public_text="Ada lubang.")

    assert again == first
    assert world.told(code) == ["filed", "verified", "assigned"]
    with pytest.raises(NotValid):
        world.act(code, "verify", version=1, key="k-1", public_text="Lain.")


def test_keys_belong_to_their_actor(world: World) -> None:
    code = world.assigned()

    world.act(code, "comment", OFFICER, version=None, key="same", text="Satu")
    world.act(code, "comment", reporter(code), version=None, key="same", text="Dua")

    assert [e["text"] for e in world.see(code)["timeline"] if e["type"] == "commented"] == ["Satu", "Dua"]


def test_a_refused_action_leaves_nothing_behind(world: World) -> None:
    code = world.file()
    before = world.rows.cases.find_one({"_id": code})

    for action, payload in (
        ("resolve", {"outcome": "granted", "answer": "x"}),
        ("assign", {"unit": "dpupr"}),
        ("reject", {"ground": "bukan_wewenang", "explanation": "x"}),
        ("merge", {"into": "0000000000000"}),
    ):
        with pytest.raises((Stale, NotAllowed, NotValid)):
            world.act(code, action, key=f"k-{action}", **payload)

    assert world.rows.cases.find_one({"_id": code}) == before
    assert world.told(code) == ["filed"]
    assert world.rows.remembered.count_documents({}) == 0


def test_every_wrong_field_is_named(world: World) -> None:
    code = world.file()

    with pytest.raises(NotValid) as refusal:
        world.act(code, "verify", public_title=5, supervisory={"value": "ya"})

    assert {fault.pointer for fault in refusal.value.faults} == {
        "/public_text",
        "/public_title",
        "/supervisory/value",
        "/supervisory/reason",
    }
    with pytest.raises(NotValid) as refusal:
        world.act(code, "verify", version=None, public_text="x")
    assert refusal.value.faults[0].pointer == "/version"


def test_a_case_of_the_inspectorate_is_nowhere_for_anybody_else(world: World) -> None:
    code = world.file(service_code="pungli", block={"description": "Pungutan liar"})
    other = world.assigned()
    world.act(code, "verify", INSPECTOR, public_text="Pungutanliarunik", public_title="Laporan")
    world.act(code, "assign", INSPECTOR, unit="inspektorat")
    outsiders: list[Any] = [
        None,
        COORDINATOR,
        OFFICER,
        {"ref": "s-1", "roles": ["desk"], "unit": "diskominfo"},
        {"ref": "s-2", "roles": ["unit_head"], "unit": "inspektorat"},
        {"ref": "s-3", "roles": ["officer"], "unit": "inspektorat"},
    ]

    for who in outsiders:
        actor = read_actor(who)
        assert world.see(code, who) is None
        for filters in ({}, {"text": "Pungutanliarunik"}, {"text": code}, {"service_code": ["pungli"]}):
            page = world.parts.reading.list(actor, filters, None, 50)
            assert code not in as_json(page).replace("-", ""), (who, filters)
        whole = world.parts.reading.list(actor, {}, None, 50)
        assert sum(whole["counts"]["by_status"].values()) <= 1
        for attempt in (
            lambda actor=actor: world.parts.reading.history(actor, code),
            lambda actor=actor: world.parts.reading.reveal(actor, code, "ingin tahu"),
            lambda who=who: world.act(code, "support", who, version=None),
            lambda who=who: world.act(code, "comment", who, version=None, text="x"),
        ):
            with pytest.raises(Unseen):
                attempt()
        if who in (COORDINATOR, OFFICER):
            assert world.parts.reading.figures(actor)["total"] == 1
    with pytest.raises(NotValid):
        world.act(other, "merge", into=code)
    assert world.see(code, INSPECTOR)["unit"] == "inspektorat"
    assert world.see(code, reporter(code))["status"] == "assigned"
    inspected = world.parts.reading.list(read_actor(INSPECTOR), {}, None, 50)
    assert len(inspected["items"]) == 1


def test_the_coordinator_who_hands_a_case_to_the_inspectorate_sees_it_no_more(world: World) -> None:
    code = world.file()

    shown = world.act(
        code, "verify", public_text="x", supervisory={"value": True, "reason": "Petugas meminta uang"}
    )

    assert (shown["access"], shown["actions"], shown["description"]) == ("none", [], None)
    assert world.see(code) is None
    assert world.events(code)[-1].data["inspectorate"]


def test_who_reported_is_told_for_a_reason_that_the_reporter_can_read(world: World) -> None:
    code = world.assigned()

    found = world.parts.reading.reveal(read_actor(OFFICER), code, "Perlu janji temu di lokasi")

    assert found["reporter"]["name"] == "Ani Contoh"
    timeline = world.see(code, reporter(code))["timeline"]
    assert [line["text"] for line in timeline if line["type"] == "revealed"] == ["Perlu janji temu di lokasi"]
    history = world.parts.reading.history(read_actor(COORDINATOR), code)
    assert history["verified"]
    assert history["items"][-1]["actor_ref"] == "staf-017"
    with pytest.raises(NotValid):
        world.parts.reading.reveal(read_actor(OFFICER), code, " ")


def test_the_unit_never_learns_an_anonymous_reporter(world: World) -> None:
    code = world.assigned(anonymous=True)

    with pytest.raises(NotAllowed):
        world.parts.reading.reveal(read_actor(OFFICER), code, "Perlu menelepon")
    assert world.parts.reading.reveal(read_actor(COORDINATOR), code, "Perlu menelepon")["reporter"]


def test_an_erased_reporter_is_gone_and_the_history_still_verifies(world: World) -> None:
    code = world.assigned()
    keeper = world.erasing()
    sealed = world.rows.vault.find_one({})["sealed"]

    assert keeper.erase(code, "staf-001", "Permintaan pelapor", world.clock.now())
    assert not keeper.erase(code, "staf-001", "Sekali lagi", world.clock.now())

    assert sealed not in [row.get("sealed") for row in world.rows.vault.find()]
    assert world.rows.vault.count_documents({"key": {"$exists": True}}) == 0
    assert "reveal" not in world.see(code)["actions"]
    assert world.parts.reading.reveal(read_actor(COORDINATOR), code, "Permintaan")["reporter"] is None
    assert world.parts.reading.history(read_actor(COORDINATOR), code)["verified"]
    assert world.told(code) == ["filed", "verified", "assigned"]


def test_reporters_are_forgotten_some_time_after_their_cases_ended(world: World) -> None:
    old, recent, still_open = world.resolved(), world.resolved(), world.assigned()
    world.act(old, "confirm", reporter(old))
    day = world.clock.now()
    world.clock.advance(hours=24)
    world.act(recent, "confirm", reporter(recent))
    keeper = world.erasing()
    later = day + timedelta(hours=1)

    assert keeper.expire(later, "staf-001", "Jadwal retensi", world.clock.now()) == 1
    assert keeper.expire(later, "staf-001", "Jadwal retensi", world.clock.now()) == 0

    known = {row["_id"] for row in world.rows.cases.find({"reporter_ref": {"$ne": None}})}
    assert known == {recent, still_open}
    assert world.parts.reading.history(read_actor(COORDINATOR), old)["verified"]


def test_data_keys_move_under_a_new_wrapping_key(world: World) -> None:
    code = world.assigned()
    rotated = f"{generate_key('v2')},{VAULT_KEYS}"

    assert world.erasing(rotated).rewrap() == 1
    assert world.erasing(rotated).rewrap() == 0

    only_new = world.vault(rotated.split(",")[0])
    ref = world.rows.cases.find_one({"_id": code})["reporter_ref"]
    assert only_new.open(ref)["name"] == "Ani Contoh"  # type: ignore[index]


def test_a_changed_history_is_found(world: World) -> None:
    code = world.assigned()
    assert world.parts.reading.history(read_actor(ADMIN), code)["verified"]

    world.rows.history.update_one({"_id": f"{code}:000002"}, {"$set": {"actor_ref": "staf-999"}})

    assert not world.parts.reading.history(read_actor(ADMIN), code)["verified"]


def test_merging_joins_the_supporters_of_both(world: World) -> None:
    one, two = world.assigned(), world.file()
    world.act(one, "support", None, version=None, key="11111111-1111-4111-8111-111111111111")

    shown = world.act(two, "merge", into=one)

    assert shown["status"] == "merged"
    assert shown["merged_into"].replace("-", "") == one
    assert world.see(one)["supporters"] == 2


def test_backdating_is_for_development_and_for_times_that_can_be(world: World) -> None:
    code = world.file()
    world.clock.advance(hours=48)

    shown = world.act(code, "verify", public_text="x", as_of="2026-11-02T05:00:00+00:00")
    assert shown["timeline"][-1]["at"] == "2026-11-02T05:00:00+00:00"

    for wrong in ("2026-10-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"):
        with pytest.raises(NotValid):
            world.act(code, "assign", unit="dpupr", as_of=wrong)
    world.parts = world.rewired(profile="production")
    with pytest.raises(NotValid):
        world.act(code, "assign", unit="dpupr", as_of="2026-11-02T06:00:00+00:00")
    with pytest.raises(NotAllowed):
        world.parts.sweeping.travel(read_actor(ADMIN), "2027-01-01T00:00:00+00:00", None)
