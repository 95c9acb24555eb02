from datetime import timedelta
from typing import Any

import pytest
from component.evaluation.world import (
    NOW,
    PERSON,
    World,
    department,
    staff_changed,
    training_told,
    unit_changed,
    who,
)

from servicekit.errors import Retry

BOTH = ["staff.changed.v1", "training.completed.v1"]


@pytest.fixture
def hr_system(world: World) -> World:
    world.tell(department("simpeg", ["bkpsdm", "dukcapil"], BOTH))
    return world


def rejections(world: World) -> list[Any]:
    return [
        (e.data["event_id"], e.data["reason"], e.data["pointer"]) for e in world.events("event.rejected.v1")
    ]


def test_staff_follow_the_hr_system(hr_system: World) -> None:
    event = staff_changed("dukcapil-1", 4, position="Verifikator")

    assert hr_system.tell(event, event) == {}

    row = hr_system.rows.staff.find_one({"_id": "dukcapil-1"})
    assert (row["version"], row["position"], row["origin"]["event_id"]) == (4, "Verifikator", event.id)
    assert rejections(hr_system) == []


def test_an_older_version_of_a_person_is_ignored(hr_system: World) -> None:
    hr_system.tell(staff_changed("dukcapil-1", 4, position="Baru"))

    hr_system.tell(staff_changed("dukcapil-1", 3, position="Lama"))

    assert hr_system.rows.staff.find_one({"_id": "dukcapil-1"})["position"] == "Baru"
    assert rejections(hr_system) == []


def test_what_a_department_may_not_tell_is_refused_with_a_reason(hr_system: World) -> None:
    hr_system.tell(department("antrian", ["dukcapil"], ["service.delivered.v1"]))
    wrong_type = staff_changed("dukcapil-1", 9, source="antrian")
    wrong_unit = staff_changed("dpupr-1", 9, unit="dpupr")
    wrong_shape = staff_changed("dukcapil-1", 9, status="honorer")
    own_rater = staff_changed("dukcapil-1", 9, rater_ref="dukcapil-1")
    fine = staff_changed("dukcapil-2", 9, position="Tetap diterima")

    assert hr_system.tell(wrong_type, wrong_unit, wrong_shape, own_rater, fine) == {}

    assert rejections(hr_system) == [
        (wrong_type.id, "not_yours", None),
        (wrong_unit.id, "not_yours", "/unit"),
        (wrong_shape.id, "invalid", "/status"),
        (own_rater.id, "invalid", "/rater_ref"),
    ]
    assert hr_system.rows.staff.find_one({"_id": "dukcapil-2"})["position"] == "Tetap diterima"
    assert hr_system.rows.staff.find_one({"_id": "dukcapil-1"})["version"] == 0
    texts = str([event.data for event in hr_system.events("event.rejected.v1")])
    assert "honorer" not in texts


def test_a_refusal_repeats_no_more_than_its_event(hr_system: World) -> None:
    event = staff_changed("dpupr-1", 9, unit="dpupr")

    hr_system.tell(event)
    hr_system.tell(event)

    assert len(rejections(hr_system)) == 1


def test_a_department_that_is_not_known_yet_is_waited_for_a_minute(world: World) -> None:
    event = staff_changed("dukcapil-1", 4)
    assert isinstance(world.tell(event)[event.id], Retry)
    world.clock.advance(seconds=59)
    assert isinstance(world.tell(event)[event.id], Retry)

    world.clock.advance(seconds=2)

    assert world.tell(event) == {}
    assert rejections(world) == [(event.id, "department_unknown", None)]


def test_a_department_that_becomes_known_in_time_is_heard(world: World) -> None:
    event = staff_changed("dukcapil-1", 4)
    world.tell(event)

    world.tell(department("simpeg", ["dukcapil"], BOTH))

    assert world.tell(event) == {}
    assert world.rows.staff.find_one({"_id": "dukcapil-1"})["version"] == 4


def test_a_revoked_department_is_not_heard(hr_system: World) -> None:
    hr_system.tell(department("simpeg", ["bkpsdm", "dukcapil"], BOTH, version=2, active=False))
    event = staff_changed("dukcapil-1", 4)

    assert hr_system.tell(event) == {}

    assert rejections(hr_system) == [(event.id, "not_yours", None)]


def test_what_was_told_too_late_or_from_the_future_is_refused_and_its_neighbour_counts(
    hr_system: World,
) -> None:
    long_ago, soon = NOW - timedelta(days=46), NOW + timedelta(minutes=6)
    old = staff_changed("dukcapil-1", 9, at=long_ago)
    early = training_told("dukcapil-1", at=soon)
    good = staff_changed("dukcapil-2", 9, position="Tetap diterima", at=NOW - timedelta(days=45))

    assert hr_system.tell(old, early, good) == {}

    assert rejections(hr_system) == [(old.id, "too_late", None), (early.id, "invalid", None)]
    too_late, ahead = (event.data["message"] for event in hr_system.events("event.rejected.v1"))
    assert "45 days" in too_late["en"]
    assert "masa depan" in ahead["id"]
    assert hr_system.rows.staff.find_one({"_id": "dukcapil-1"})["version"] == 0
    assert hr_system.rows.staff.find_one({"_id": "dukcapil-2"})["position"] == "Tetap diterima"
    assert hr_system.rows.entries.count_documents({}) == 0


def test_an_unknown_unit_is_waited_for_and_then_refused(hr_system: World) -> None:
    hr_system.tell(department("simpeg", ["bkpsdm", "dukcapil", "baru"], BOTH, version=2))
    event = staff_changed("dukcapil-1", 4, unit="baru")
    assert isinstance(hr_system.tell(event)[event.id], Retry)

    hr_system.clock.advance(seconds=61)
    assert hr_system.tell(event) == {}
    assert rejections(hr_system) == [(event.id, "unknown_unit", "/unit")]

    hr_system.tell(unit_changed("baru"), staff_changed("dukcapil-1", 4, unit="baru"))
    assert hr_system.rows.staff.find_one({"_id": "dukcapil-1"})["unit"] == "baru"


def test_two_claims_of_one_version_end_alike_in_either_order(hr_system: World) -> None:
    one, two = staff_changed("dukcapil-1", 4, position="A"), staff_changed("dukcapil-1", 4, position="B")
    hr_system.tell(one, two)
    first = hr_system.rows.staff.find_one({"_id": "dukcapil-1"})
    told = rejections(hr_system)

    hr_system.rows.staff.delete_one({"_id": "dukcapil-1"})
    hr_system.rows.inbox.delete_many({})
    hr_system.rows.outbox.delete_many({})
    hr_system.tell(two, one)

    second = hr_system.rows.staff.find_one({"_id": "dukcapil-1"})
    assert first["position"] == second["position"]
    assert told == rejections(hr_system)
    assert [reason for _, reason, _ in told] == ["conflict"]


def test_a_completed_training_is_verified_in_the_ledger(hr_system: World) -> None:
    event = training_told("dukcapil-1", jp=500)

    hr_system.tell(event, event, training_told("dukcapil-1"))

    year = hr_system.parts.ledgering.ledger(who(PERSON), None, 2026)
    assert [(e["jp"], e["status"], e["rule_version"]) for e in year["entries"]] == [
        (10, "verified", "perlan-10-2018")
    ]
    assert (year["verified_jp"], year["gap_jp"], year["target_jp"]) == (10, 10, 20)


def test_a_training_of_somebody_unknown_or_of_another_unit_is_refused(hr_system: World) -> None:
    unknown = training_told("hantu-1")
    other = training_told("dpupr-1")
    bare = training_told("dukcapil-1", days=None)
    half = training_told("dukcapil-1", days=1.5)

    assert isinstance(hr_system.tell(unknown, other, bare, half)[unknown.id], Retry)
    hr_system.clock.advance(seconds=61)
    hr_system.tell(unknown)

    assert rejections(hr_system) == [
        (other.id, "not_yours", "/staff_ref"),
        (bare.id, "invalid", "/days"),
        (half.id, "invalid", "/days"),
        (unknown.id, "unknown_staff", "/staff_ref"),
    ]
    assert hr_system.rows.entries.count_documents({}) == 0


def test_a_form_without_a_rule_waits_and_does_not_count(hr_system: World) -> None:
    hr_system.tell(training_told("dukcapil-1", form="bimtek", title="Bimtek arsip"))

    year = hr_system.parts.ledgering.ledger(who(PERSON), None, 2026)

    assert [(e["jp"], e["status"]) for e in year["entries"]] == [(None, "awaiting_rule")]
    assert (year["verified_jp"], year["awaiting_rule"]) == (0, 1)
