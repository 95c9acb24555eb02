from typing import Any

import pytest
from component.complaints.world import (
    ADMIN,
    COORDINATOR,
    NOW,
    World,
    as_json,
    new_code,
    reporter,
    submitted,
)
from unit.complaints.bundles import bundle

from complaints.service import read_actor
from servicekit.errors import Reject
from servicekit.testing import make_event


def test_a_batch_with_every_kind_of_duplicate_makes_each_case_once(world: World) -> None:
    one, two = submitted(), submitted()
    same_code_other_id = submitted(one.subject)

    world.parts.filing.file([one, two, one, same_code_other_id])
    world.parts.filing.file([two, one])
    world.parts.filing.file([submitted(two.subject)])

    assert world.rows.cases.count_documents({}) == 2
    assert world.told(one.subject) == ["filed"]
    assert world.told(two.subject) == ["filed"]
    assert world.rows.vault.count_documents({}) == 2
    assert world.rows.history.count_documents({}) == 2


def test_a_thousand_times_the_same_event_is_one_case(world: World) -> None:
    event = submitted()

    for _ in range(10):
        world.parts.filing.file([event] * 100)

    assert world.rows.cases.count_documents({}) == 1
    assert world.told(event.subject) == ["filed"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"service_code": "tidak-ada"}, "service_unknown"),
        ({"block": {"attributes": {"aneh.$x": "y"}}}, "attribute_unknown"),
        ({"block": {"description": "x" * 60_000}}, "text_too_long"),
        ({"case_sealed": "v1.k9.AAAA.BBBB"}, "sealed_block_unreadable"),
        ({"block": {"location": {"lat": "utara"}}}, "location_unreadable"),
        ({"kind": "keluhan"}, "kind_changed"),
    ],
)
def test_what_cannot_be_taken_as_it_is_becomes_a_visible_case(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    code = world.file(**changes)

    shown = world.see(code)
    assert shown["needs_review"]
    assert reason in shown["review_reasons"]
    assert world.events(code)[0].data["needs_review"]
    assert world.parts.reading.list(read_actor(COORDINATOR), {"needs_review": True}, None, 10)["items"]


def test_a_catalogue_that_changes_meanwhile_loses_no_filing(world: World) -> None:
    before = [world.file() for _ in range(5)]
    without = bundle(services=bundle()["services"][1:])

    world.parts.importing.take(read_actor(ADMIN), without)
    after = [world.file(catalogue_version=1) for _ in range(5)]

    assert all(world.see(code)["status"] == "filed" for code in before + after)
    assert all("service_removed" in world.see(code)["review_reasons"] for code in after)
    assert not any(world.see(code)["needs_review"] for code in before)


def test_a_filing_before_any_catalogue_is_adopted_with_its_deadlines_running_from_receipt(
    empty_world: World,
) -> None:
    code = empty_world.file()
    assert empty_world.see(code)["review_reasons"] == ["service_unknown"]

    empty_world.parts.importing.take(read_actor(ADMIN), bundle())

    shown = empty_world.see(code)
    assert shown["city"] == "kota"
    assert shown["due"]["stage"] == "verify"
    assert empty_world.rows.timers.count_documents({"code": code, "pending": True}) == 2


def test_an_event_without_a_code_is_set_aside_and_its_neighbours_are_stored(world: World) -> None:
    bad, good = make_event("complaint.submitted.v1", {}, subject="nothing"), submitted()

    assert world.parts.filing.file([bad, good]) == {bad.id: Reject("no_tracking_code")}
    assert world.see(good.subject)["status"] == "filed"


def test_a_race_for_one_code_is_seen_and_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    event = submitted()
    world.file(code=event.subject)
    cases = world.parts.filing._cases
    looks: list[set[str]] = []
    existing = cases.existing

    def blind_once(codes: Any, session: Any) -> set[str]:
        looks.append(set() if not looks else existing(codes, session))
        return looks[-1]

    monkeypatch.setattr(cases, "existing", blind_once)
    world.parts.filing.file([event])

    assert looks == [set(), {event.subject}]
    assert world.rows.cases.count_documents({}) == 1


def test_what_no_database_can_hold_is_a_case_without_its_content(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from complaints import filing

    monkeypatch.setattr("complaints.incoming._plain", lambda value: object())
    event = submitted(block={"attributes": {"a": 1}})

    assert filing.Filing.file(world.parts.filing, [event]) == {}
    shown = world.see(event.subject)
    assert "content_not_storable" in shown["review_reasons"]
    assert shown["description"] is None


def test_the_reporter_lies_in_the_vault_alone(world: World) -> None:
    code = world.file()

    for name in world.rows.list_collection_names():
        stored = as_json([{**d} for d in world.rows[name].find()])
        assert "Ani Contoh" not in stored, name
        assert "ani@example.invalid" not in stored, name
    events = as_json([event.data for event in world.events(code)])
    for personal in ("Ani", "0812", "lubang besar", "Jalan Contoh", "100.77"):
        assert personal not in events, personal


def test_the_reporter_opens_her_case_by_its_secret_and_nobody_elses(world: World) -> None:
    code, other = world.file(), world.file(confidential=True)

    assert world.see(code, reporter(code))["access"] == "reporter"
    assert world.see(code, reporter(other))["access"] == "public"
    assert world.see(other, reporter(other))["access"] == "reporter"
    assert world.see(other, reporter(code)) is None
    assert world.see(new_code(), reporter(code)) is None


def test_the_clock_starts_at_receipt_however_late_it_is_stored(world: World) -> None:
    world.clock.advance(hours=30)

    code = world.file(received_at=NOW.isoformat())

    assert world.see(code)["due"]["due_at"].startswith("2026-11-05T09:00:00")


def test_a_new_day_off_moves_open_deadlines_and_no_finished_one(world: World) -> None:
    code, finished = world.file(), world.file()
    world.act(finished, "reject", ground="tidak_jelas", explanation="Tidak jelas.")
    kept = world.rows.cases.find_one({"_id": finished})
    changed = bundle()
    changed["calendar"]["overrides"].append(
        {"date": "2026-11-04", "name": "Libur", "working": False, "source": "uji"}
    )

    world.parts.importing.take(read_actor(ADMIN), changed)

    assert world.see(code)["due"]["due_at"].startswith("2026-11-06T09:00:00")
    assert world.rows.cases.find_one({"_id": finished}) == kept
    history = world.parts.reading.history(read_actor(ADMIN), code)
    assert history["verified"]
    assert history["items"][-1]["action"] == "recount"
    timers = world.rows.timers.find({"code": code, "pending": True})
    assert {timer["_id"].split(":")[1] for timer in timers} == {"verify.1", "resolve.1"}
