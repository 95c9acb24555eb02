"""What was published follows from the answers alone, and whoever altered one is found out."""

from typing import Any

import pytest
from component.surveys.world import (
    AUDITOR,
    COORDINATOR,
    LEADER,
    OFFICER,
    PERIOD,
    PUBLIC,
    UNIT_HEAD,
    World,
    actor_of,
)

from surveys.domain.canonical import answer_digest, inputs_hash
from surveys.errors import NotAllowed, WrongState


def fill(world: World, *numbers: int, unit: str = "dpupr", **block: Any) -> None:
    for value, number in enumerate(numbers, start=1):
        world.paper(number, value, unit=unit, **block)


def closed_with(world: World, number: int, unit: str = "dpupr") -> dict[str, Any]:
    world.paper(number, 3, unit=unit)
    world.act("close", unit)
    result: dict[str, Any] = world.result(unit)
    return result


def test_a_correction_is_a_new_version_and_the_old_one_stays(world: World) -> None:
    closed_with(world, 12)
    world.act("publish")

    world.act(
        "correct", reason="Jumlah pengguna belum lengkap", population={"n": 20, "origin": "Loket"}, key="c-1"
    )
    world.act(
        "correct", reason="Jumlah pengguna belum lengkap", population={"n": 20, "origin": "Loket"}, key="c-1"
    )

    result = world.result(actor=PUBLIC)
    assert (result["state"], result["population"], result["target"]) == ("corrected", 20, 19)
    assert [(one["version"], one["reason"]) for one in result["versions"]] == [
        (1, None),
        (2, "Jumlah pengguna belum lengkap"),
    ]
    assert [one["version"] for one in world.events_of("survey.period_closed.v1")] == [1, 2]
    assert result["versions"][0]["inputs_hash"] == result["versions"][1]["inputs_hash"]


def test_what_was_published_is_recomputed_from_the_export_alone(world: World) -> None:
    fill(world, 1, 2, 9, 13)
    world.act("close")
    world.act("publish")
    result = world.result(actor=AUDITOR)

    pages, cursor = [], None
    while True:
        page = world.parts.reading.answers(actor_of(AUDITOR), "dpupr", PERIOD, cursor, 10)
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    exported = [{name: value for name, value in one.items() if name != "digest"} for one in pages]
    digests = [answer_digest(one) for one in exported]

    assert digests == [one["digest"] for one in pages]
    assert {one["id"]: one["digest"] for one in pages} == {
        one["id"]: one["digest"] for one in result["inputs"]
    }
    assert result["inputs_hash"] == inputs_hash(
        unit="dpupr",
        period=PERIOD,
        questionnaire_version=result["questionnaire_version"],
        band_version=result["band_version"],
        method=result["method"],
        digests=digests,
    )
    total = sum(sum(one["scores"].values()) for one in exported)
    assert f"{25 * total / (9 * 25):.2f}" == result["ikm"]


def test_an_altered_answer_is_named_and_no_correction_makes_it_right(world: World) -> None:
    closed_with(world, 12)
    world.act("publish")
    victim = world.rows.answers.find_one()
    assert world.result(actor=AUDITOR)["altered"] == []

    world.rows.answers.update_one({"_id": victim["_id"]}, {"$set": {"scores.waktu": 4}})

    assert world.result(actor=AUDITOR)["altered"] == [victim["_id"]]
    with pytest.raises(WrongState) as refused:
        world.act("correct", reason="Menghitung kembali")
    assert refused.value.current == {"reason": "answers_altered", "answers": [victim["_id"]]}
    assert world.result(actor=PUBLIC)["ikm"] == "75.00"


@pytest.mark.parametrize("change", ["added", "removed"])
def test_an_answer_that_was_added_or_removed_is_named_too(world: World, change: str) -> None:
    closed_with(world, 12)
    some = world.rows.answers.find_one()
    if change == "added":
        world.rows.answers.insert_one({**some, "_id": "padding"})
    else:
        world.rows.answers.delete_one({"_id": some["_id"]})

    assert world.result(actor=AUDITOR)["altered"] == ["padding" if change == "added" else some["_id"]]


def test_a_forged_figure_is_not_signed(world: World) -> None:
    closed_with(world, 12)
    world.act("publish")

    world.rows.closings.update_one({}, {"$set": {"figures.inputs_hash": "0" * 64, "figures.ikm": "99.00"}})

    assert world.result(actor=PUBLIC)["signature_valid"] is False


def test_answers_are_exported_only_of_closed_periods_and_only_to_some(world: World) -> None:
    world.paper(12)

    with pytest.raises(WrongState):
        world.parts.reading.answers(actor_of(AUDITOR), "dpupr", PERIOD, None, None)
    world.act("close")
    for actor in (COORDINATOR, UNIT_HEAD, OFFICER, LEADER, PUBLIC):
        with pytest.raises(NotAllowed):
            world.parts.reading.answers(actor_of(actor), "dpupr", PERIOD, None, None)
