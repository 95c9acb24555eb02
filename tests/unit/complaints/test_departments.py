"""The registry's decisions, and how a department reads a refusal."""

import random
from datetime import timedelta
from typing import Any

import pytest
from unit.complaints.factories import CONTRACTS, NOW

from complaints.domain.departments import OVERLAP, Department, Key, registered, revoked, rotated
from complaints.errors import NotAllowed, NotValid, Stale, Unseen, WrongState, invalid
from complaints.events import department_changed
from complaints.progressing import happened_at, in_order, translated
from servicekit.contracts import Contracts
from servicekit.testing import make_event

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64


def put(before: Department | None = None, **changes: Any) -> Department:
    usual: dict[str, Any] = {
        "code": "tiket-pupr",
        "name": ("Tiket PUPR", "Tickets of public works"),
        "unit": "dpupr",
        "units": ["dlh"],
        "types": ["case.progressed.v1"],
        "active": True,
        "key_digest": ONE,
    }
    return registered(before, **{**usual, **changes})


def test_a_department_speaks_for_its_own_unit_and_those_it_names() -> None:
    department = put()

    assert department.units == ("dlh", "dpupr")
    assert department.speaks_for("dpupr")
    assert department.speaks_for("dlh")
    assert not department.speaks_for("dishub")
    assert not department.speaks_for(None)


def test_it_acts_as_an_officer_of_the_unit_that_has_the_case() -> None:
    department = put()

    assert department.as_officer_of("dlh").unit == "dlh"
    actor = department.as_officer_of("dishub")
    assert (actor.unit, actor.ref, actor.roles) == ("dpupr", "dept-tiket-pupr", ("officer",))


def test_the_same_registration_again_changes_nothing() -> None:
    first = put()

    assert first.version == 1
    assert put(first) == first
    assert put(first, key_digest=None) == first


def test_only_what_others_are_told_is_a_new_version() -> None:
    first = put()

    assert rotated(first, TWO, NOW).version == 1
    assert put(first, types=["case.progressed.v1", "staff.changed.v1"]).version == 2
    assert revoked(first).version == 2
    assert revoked(revoked(first)) == revoked(first)


def test_a_rotation_leaves_the_old_key_a_day_and_no_older_one() -> None:
    once = rotated(put(), TWO, NOW)
    later = NOW + timedelta(hours=1)
    twice = rotated(once, THREE, later)

    assert once.keys == (Key(TWO), Key(ONE, NOW + OVERLAP))
    assert rotated(once, TWO, later) == once
    assert twice.keys == (Key(THREE), Key(TWO, later + OVERLAP))


def test_registering_with_another_key_ends_every_key_of_before() -> None:
    assert put(rotated(put(), TWO, NOW), key_digest=THREE).keys == (Key(THREE),)


def test_a_revoked_department_has_no_key_and_can_come_back_with_a_new_one() -> None:
    gone = revoked(rotated(put(), TWO, NOW))

    assert (gone.active, gone.keys) == (False, ())
    assert not gone.speaks_for("dpupr")
    back = put(gone, key_digest=THREE)
    assert (back.active, back.version, back.keys) == (True, 3, (Key(THREE),))


def test_what_is_told_of_a_department_validates_and_holds_no_key() -> None:
    event = department_changed(put(), NOW)

    Contracts.load(CONTRACTS).validate(event)
    assert (event.subject, event.aggregateversion) == ("tiket-pupr", 1)
    assert ONE not in event.to_bytes().decode()


def moved(case: str, at: str, version: int | None = None) -> Any:
    data = {"complaint_id": case, "action": "progress", "at": at, "version": version}
    return make_event("case.progressed.v1", data, source="/departments/tiket-pupr")


def test_events_of_a_case_are_ordered_by_version_or_else_by_time() -> None:
    timed = [moved("7K3M9QXD4TRWH", f"2026-11-24T0{hour}:00:00+07:00") for hour in (1, 2, 3)]
    # The department's clock jumped, its versions did not.
    versioned = [moved("2N8PFA6Y0KVCJ", f"2026-11-24T0{9 - v}:00:00Z", v) for v in (4, 5, 6)]
    chance = random.Random(3)

    for _ in range(20):
        shuffled = [*timed, *versioned]
        chance.shuffle(shuffled)
        ordered = in_order(shuffled)
        assert [e for e in ordered if e in timed] == timed
        assert [e for e in ordered if e in versioned] == versioned


def test_one_spelling_of_a_code_is_as_good_as_another() -> None:
    later = moved("7k3m-9qxd-4trw-h", "2026-11-24T03:00:00Z")
    earlier = moved("7K3M9QXD4TRWH", "2026-11-24T02:00:00Z")

    assert in_order([later, earlier]) == [earlier, later]


@pytest.mark.parametrize("at", [None, 5, "yesterday", "2026-11-24T02:00:00"])
def test_a_time_that_cannot_be_read_is_the_time_of_the_event(at: Any) -> None:
    event = moved("7K3M9QXD4TRWH", at)

    assert happened_at(event) == event.time


@pytest.mark.parametrize(
    ("refusal", "reason", "pointer"),
    [
        (invalid("/answer", "required", "x"), "invalid", "/answer"),
        (NotValid(invalid("/note", "too_long", "x").faults), "invalid", "/note"),
        (invalid("/target_unit", "unknown_unit", "x"), "unknown_unit", "/target_unit"),
        (NotAllowed("not_permitted", "x"), "not_yours", "/complaint_id"),
        (NotAllowed("bound", "x"), "not_allowed", "/complaint_id"),
        (NotAllowed("service_unknown", "x"), "not_allowed", "/complaint_id"),
        (Unseen("x"), "unknown_case", "/complaint_id"),
        (Stale({"status": "closed", "version": 9}, "x"), "too_late", "/complaint_id"),
        (Stale({"status": "assigned", "version": 4}, "x"), "conflict", "/version"),
        (Stale({"status": "resolved", "version": 3}, "x"), "not_allowed", "/complaint_id"),
        (WrongState("bounce", "resolved"), "not_allowed", "/complaint_id"),
    ],
)
def test_a_refusal_becomes_a_reason_with_a_place(refusal: Any, reason: str, pointer: str) -> None:
    why = translated(refusal, 3)

    assert (why.reason, why.pointer) == (reason, pointer)
