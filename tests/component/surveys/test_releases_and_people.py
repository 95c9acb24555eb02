"""Batches leave their pools by the clock; of people there are sums alone, and only of enough answers."""

import random
from typing import Any

from component.surveys.world import (
    KEYS,
    PERIOD,
    World,
    as_json,
    closed,
    delivered,
    submitted,
)

STAFF = ("staf-061", "staf-062", "staf-063")


def answered(world: World, number: int, staff: str, value: int = 4, **case: Any) -> None:
    for _ in range(number):
        world.answer(submitted(value, token=world.invite(handler_ref=staff, **case)))


def aggregates(world: World) -> dict[str, Any]:
    return {one["staff_ref"]: one for one in world.events_of("survey.staff_aggregate_ready.v1")}


def test_nothing_is_released_by_an_arrival(world: World) -> None:
    world.paper(40)

    assert world.rows.answers.count_documents({}) == 0
    assert world.events("survey.responded.v1") == []


def test_the_sweep_releases_whole_batches_and_keeps_five_back(world: World) -> None:
    world.paper(9)
    assert "released" not in world.sweep()

    world.paper(3)
    assert world.sweep()["released"] == 7

    assert world.rows.pending.count_documents({}) == 5
    assert len(world.events("survey.responded.v1")) == 7
    assert world.result()["progress"]["n"] == 12


def test_pools_of_different_modes_and_units_do_not_mix(world: World) -> None:
    world.paper(8)
    world.paper(8, unit="dukcapil")
    world.answer(*(world.assisted(4) for _ in range(8)))

    assert "released" not in world.sweep()


def test_at_the_close_all_that_is_left_is_released_together(world: World) -> None:
    world.paper(3)
    world.answer(*(world.assisted(4) for _ in range(2)))

    world.act("close")

    assert world.rows.pending.count_documents({}) == 0
    # Two and three: neither way of answering is shared by five.
    assert [row["mode"] for row in world.rows.answers.find()] == [None] * 5


def test_a_large_pool_is_emptied_piece_by_piece(world: World) -> None:
    world.paper(450)

    world.act("close")

    assert world.rows.answers.count_documents({}) == 450
    assert world.result()["n"] == 450


def test_comments_have_a_pool_of_their_own(world: World) -> None:
    world.paper(12, comment="Antrean panjang, petugas ramah.")
    world.sweep()

    assert world.rows.comments.count_documents({}) == 0
    assert world.rows.pending_comments.count_documents({}) == 7
    assert len({len(row["sealed"]) for row in world.rows.pending_comments.find()}) == 1
    world.act("close")
    assert world.rows.comments.count_documents({}) == 12


def test_an_officer_with_ten_answers_among_three_has_sums(world: World) -> None:
    answered(world, 10, STAFF[0], 4)
    answered(world, 9, STAFF[1], 3)
    answered(world, 12, STAFF[2], 2)

    world.act("close")

    told = aggregates(world)
    assert set(told) == {STAFF[0], STAFF[2]}
    first = told[STAFF[0]]
    assert (first["unit"], first["period"], first["service_type"], first["n"]) == (
        *("dpupr", PERIOD, "complaint", 10),
    )
    assert first["elements"]["perilaku"] == {"n": 10, "sum": 40, "sum_of_squares": 160}
    assert first["peers"]["n"] == 31
    assert first["peers"]["kompetensi"]["sum"] == 40 + 27 + 24
    assert first["peers"]["kompetensi"]["people"] == 3
    assert first["strata"] == [
        {
            "outcome": "granted",
            "channel": "web",
            "service_code": "jalan",
            "n": 10,
            "sums": {"kompetensi": 40, "perilaku": 40},
        }
    ]
    assert first["strata_city"][0]["n"] == 31


def test_a_single_officer_has_no_personal_figure(world: World) -> None:
    answered(world, 30, STAFF[0])

    world.act("close")

    assert aggregates(world) == {}
    assert world.result()["n"] == 30


def test_a_visit_counts_for_the_officer_at_the_counter(world: World) -> None:
    answered(world, 1, STAFF[1])
    answered(world, 1, STAFF[2])
    for _ in range(10):
        visit = delivered(handler_ref=STAFF[0])
        world.visit(visit)
        told = next(one for one in world.events("survey.invited.v1") if one.causationid == visit.id)
        world.answer(submitted(3, token=told.data["token_path"].removeprefix("/survei/")))

    world.act("close")

    told = aggregates(world)[STAFF[0]]
    assert told["strata"][0]["outcome"] is None
    assert told["strata"][0]["channel"] == "counter"


def test_sums_about_people_are_sealed_and_of_one_size(world: World) -> None:
    answered(world, 10, STAFF[0])
    world.sweep()
    small = world.rows.tallies.find_one()["sealed"]
    answered(world, 20, STAFF[1])
    world.sweep()
    large = world.rows.tallies.find_one()["sealed"]

    assert len(small) == len(large)
    assert "staf-" not in as_json(list(world.rows.tallies.find()))


def test_messages_about_people_carry_no_trace(world: World) -> None:
    for staff in STAFF:
        answered(world, 10, staff)
    world.act("close")

    for told in world.events("survey.staff_aggregate_ready.v1"):
        assert (told.correlationid, told.causationid, told.traceparent) == (None, None, None)
        assert told.time.isoformat() == "2026-12-31T17:00:00+00:00"
        assert told.id[14] == "4"


def test_people_are_compared_with_every_unit_when_periods_end_together(world: World) -> None:
    for staff in STAFF:
        answered(world, 10, staff, 4)
        answered(world, 10, f"air-{staff}", 2, unit="perumdam", service_code="air")

    world.later(60)
    world.sweep()

    told = aggregates(world)
    assert len(told) == 6
    assert {one["peers"]["n"] for one in told.values()} == {60}


def test_sums_about_people_are_forgotten_some_time_after_the_close(world: World) -> None:
    answered(world, 10, STAFF[0])
    world.later(60)
    world.sweep()
    assert world.rows.tallies.count_documents({"_id": f"dpupr:{PERIOD}"}) == 1

    world.later(60)
    world.sweep()

    assert world.rows.tallies.count_documents({"_id": f"dpupr:{PERIOD}"}) == 0


def test_random_answers_are_neither_lost_nor_doubled_by_releases(world: World) -> None:
    chooser = random.Random(11)
    given = []
    for _ in range(60):
        scores = {key: chooser.randint(1, 4) for key in KEYS}
        given.append(tuple(sorted(scores.items())))
        mode = chooser.choice(["paper_import", "assisted"])
        world.answer(submitted(scores, mode=mode, unit="dpupr"))
        if chooser.random() < 0.3:
            world.sweep()
    world.case(closed())
    world.act("close")

    found = [tuple(sorted(row["scores"].items())) for row in world.rows.answers.find()]
    assert sorted(found) == sorted(given)
