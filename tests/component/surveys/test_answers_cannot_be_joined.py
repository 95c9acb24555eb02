"""With the whole database at hand nobody joins an answer to its invitation, its case or a person.

200 distinct patterns, handed in by invitation in the order in which the cases were closed, with releases in
between: the attacker knows all of it (see support/linker.py), but for the keys.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from component.surveys.conftest import make_world
from component.surveys.world import KEYS, PERIOD, World, as_json, closed, fingerprint, submitted

from support.database import create_database, drop_database
from support.linker import Answered, chance, dump, link, small_sums, staff_by_order, times_on_answers

NUMBER, BATCH = 200, 5
STAFF = [f"staf-{number:03d}" for number in range(60, 65)]


@dataclass
class Handed:
    """What was handed in, in order, and the dumps of the database afterwards."""

    answered: list[Answered]
    while_open: dict[str, list[dict[str, Any]]]
    after_close: dict[str, list[dict[str, Any]]]


def patterns(number: int) -> list[dict[str, int]]:
    chooser = random.Random(20261124)
    every = list(itertools.product((1, 2, 3, 4), repeat=len(KEYS)))
    return [dict(zip(KEYS, scores, strict=True)) for scores in chooser.sample(every, number)]


def hand_in(world: World) -> Handed:
    """Each case is closed, its reporter answers at once, the clock runs on, the sweep runs now and then."""
    chooser = random.Random(7)
    answered = []
    for number, scores in enumerate(patterns(NUMBER)):
        staff = chooser.choice(STAFF)
        rare = number in (17, 18, 101)
        case = closed(service_code="irigasi" if rare else "jalan", handler_ref=staff)
        world.case(case)
        told = next(one for one in world.events("survey.invited.v1") if one.causationid == case.id)
        token = told.data["token_path"].removeprefix("/survei/")
        helped = {"mode": "assisted", "assisted_by": "staf-099"} if number % 9 == 0 else {}
        comment = f"Saran ke-{number:03d} dari warga" if number % 3 == 0 else None
        world.answer(submitted(scores, token=token, comment=comment, **helped))
        marks = {
            case.subject,
            f"case:{case.subject}:1",
            case.data["contact_ref"],
            told.data["invite_id"],
            token,
            fingerprint(token),
        }
        answered.append(Answered(scores, frozenset(marks), staff))
        world.clock.advance(timedelta(minutes=37))
        if number % 4 == 3:
            world.sweep()
    while_open = dump("surveys", world.rows)
    world.act("close")
    return Handed(answered, while_open, dump("surveys", world.rows))


@pytest.fixture(scope="module")
def handed(mongodb_url: str) -> Iterator[Handed]:
    database = create_database(mongodb_url)
    world = make_world(database.url)
    yield hand_in(world)
    world.db.client.close()
    drop_database(database)


def test_no_way_of_joining_is_better_than_chance_within_a_batch(handed: Handed) -> None:
    for dumps in (handed.while_open, handed.after_close):
        findings = link(dumps, handed.answered)

        released = len(dumps["surveys.answers"])
        assert released > NUMBER // 2
        assert findings[0].right <= chance(released // BATCH), findings[:5]
        ways = {one.way: one.right for one in findings}
        assert (ways["values"], ways["values to the officer"]) == (0, 0)


def test_answers_carry_no_time_and_officers_are_not_found_by_order(handed: Handed) -> None:
    assert times_on_answers(handed.after_close, handed.answered) == []
    assert small_sums(handed.after_close, STAFF) == []
    right, at_most = staff_by_order(handed.after_close, handed.answered)
    assert right <= at_most


def test_an_answer_holds_only_what_is_named(handed: Handed) -> None:
    answers = handed.after_close["surveys.answers"]

    assert len(answers) == NUMBER
    assert {frozenset(row) for row in answers} == {
        frozenset("_id period unit questionnaire_version scores respondent mode service_code".split())
    }
    # Three answers about irigasi among 197 about jalan: shown, they would be found.
    assert {row["service_code"] for row in answers} <= {"jalan", None}
    for value in ("irigasi", "assisted"):
        alone = [row for row in answers if value in (row["service_code"], row["mode"])]
        assert not alone or len(alone) >= BATCH


def test_nothing_of_an_answer_is_readable_before_its_release(handed: Handed) -> None:
    waiting = [*handed.while_open["surveys.pending"], *handed.while_open["surveys.pending_comments"]]

    assert len(handed.while_open["surveys.pending"]) >= BATCH
    assert all(set(row) == {"_id", "group", "sealed"} for row in waiting)
    assert "Saran ke-" not in as_json(waiting)


def test_spent_invitations_keep_three_fields_and_released_comments_are_apart(handed: Handed) -> None:
    invites, comments = handed.after_close["surveys.invites"], handed.after_close["surveys.comments"]

    assert {frozenset(row) for row in invites} == {frozenset({"_id", "state", "period"})}
    assert {frozenset(row) for row in comments} == {
        frozenset({"_id", "unit", "period", "state", "text", "may_publish"})
    }
    assert len(comments) == len(range(0, NUMBER, 3))
    assert not {row["_id"] for row in comments} & {
        row["_id"] for row in handed.after_close["surveys.answers"]
    }


def test_the_order_of_comments_tells_nothing(handed: Handed) -> None:
    order = [int(row["text"][9:12]) // 3 for row in handed.after_close["surveys.comments"]]

    right = sum(place == number for place, number in enumerate(order))
    assert right <= chance(len(order) // BATCH)


def test_events_of_answers_are_untraced_and_carry_the_periods_midnight(handed: Handed) -> None:
    told = [row for row in handed.after_close["surveys.outbox"] if row["type"] == "survey.responded.v1"]

    assert len(told) == NUMBER
    assert {row["body"]["time"] for row in told} == {"2026-12-31T17:00:00Z"}
    for row in told:
        assert not {"correlationid", "causationid", "traceparent"} & set(row["body"])
        assert row["_id"][14] == "4"
        assert row["key"] == f"dpupr:{PERIOD}"
    ids = {row["body"]["data"]["response_id"] for row in told}
    assert not ids & {row["_id"] for row in handed.after_close["surveys.answers"]}


def test_six_answers_leave_no_last_one_alone(world: World) -> None:
    for scores in patterns(6):
        world.answer(submitted(scores, token=world.invite()))
        world.sweep()

    # Released at five, the sixth would be found as the one that came last.
    assert world.rows.answers.count_documents({}) == 0
    world.act("close")
    assert world.rows.answers.count_documents({}) == 6


def leaky_order(handed: Handed) -> dict[str, Any]:
    order = {tuple(sorted(one.scores.items())): place for place, one in enumerate(handed.answered)}
    rows = handed.after_close["surveys.answers"]
    return {"surveys.answers": sorted(rows, key=lambda row: order[tuple(sorted(row["scores"].items()))])}


def leaky_value(handed: Handed) -> dict[str, Any]:
    marks = {tuple(sorted(one.scores.items())): sorted(one.marks) for one in handed.answered}
    rows = [
        {**row, "batch_ref": marks[tuple(sorted(row["scores"].items()))][0]}
        for row in handed.after_close["surveys.answers"]
    ]
    return {"surveys.answers": rows}


@pytest.mark.parametrize("leak", [leaky_order, leaky_value])
def test_the_attacker_finds_what_leaks(handed: Handed, leak: Callable[[Handed], dict[str, Any]]) -> None:
    findings = link({**handed.after_close, **leak(handed)}, handed.answered)

    assert findings[0].right == NUMBER
