from datetime import UTC, datetime
from typing import Any

import pytest
from component.evaluation.world import (
    COLLEAGUE,
    HR,
    OTHER_RATER,
    PERSON,
    RATER,
    World,
    aggregate,
    example,
    period_closed,
    who,
    workshop,
)

from evaluation.errors import NotAllowed, NotValid, Unseen


@pytest.fixture
def early(world: World) -> World:
    """Before anybody owes JP: only figures lead to proposals."""
    world.clock.set(datetime(2026, 9, 1, 2, 0, tzinfo=UTC))
    world.rows.advice_wanted.delete_many({})
    world.parts.training.put_training(who(HR), workshop(start="2026-12-01", end="2026-12-02"), None)
    return world


def listed(world: World, actor: Any = PERSON, **filters: Any) -> Any:
    names = ("state", "staff_ref", "unit", "cursor", "limit")
    return world.parts.deciding.recommendations(who(actor), *(filters.get(name) for name in names))


def decide(world: World, id_: str, decision: str, actor: Any = RATER, **changes: Any) -> Any:
    reason, offers = changes.get("reason"), changes.get("offer_ids")
    return world.parts.deciding.decide(who(actor), id_, decision, reason, offers, changes.get("key"))


def low(world: World, n: int = 60, mean: float = 2.3) -> Any:
    world.tell(aggregate("dukcapil-1", n=n, mean=mean))
    world.parts.advising.run()
    return listed(world)["items"]


def test_a_low_figure_is_a_proposal_with_its_reason_and_data(early: World) -> None:
    (found,) = low(early)

    assert found["reason_codes"] == ["low_kompetensi"]
    assert (found["state"], found["certainty"], found["kind"]) == ("proposed", "finding", "person")
    assert found["data"]["n_shown"] == "60"
    assert found["data"]["peer_mean"] == 3.3
    assert found["explanation"]["id"]
    assert [option["offer_id"] for option in found["options"]] == ["workshop-loket"]
    (event,) = early.events("training.recommended.v1")
    assert "reason_codes" not in event.data


def test_the_same_evidence_again_proposes_nothing_new(early: World) -> None:
    low(early)
    early.tell(aggregate("dukcapil-1", n=60, mean=2.3))
    early.parts.advising.run()
    early.parts.advising.daily()
    early.parts.advising.run()

    assert len(listed(early)["items"]) == 1
    assert len(early.events("training.recommended.v1")) == 1


def test_a_proposal_whose_reason_is_gone_expires(early: World) -> None:
    low(early)

    early.tell(aggregate("dukcapil-1", n=90, mean=3.5))
    early.parts.advising.run()

    assert [item["state"] for item in listed(early)["items"]] == ["expired"]
    assert listed(early, state="proposed")["nothing"]["reason"] == "no_gap"


def test_a_proposal_that_nobody_decides_expires(early: World) -> None:
    low(early)
    early.clock.advance(days=181)

    early.parts.advising.daily()

    assert [item["state"] for item in listed(early)["items"]] == ["expired"]


def test_below_the_minimum_nothing_is_recommended_and_the_reason_is_said(early: World) -> None:
    early.rows.advice_wanted.insert_one({"_id": "person:dukcapil-1", "at": early.clock.now()})
    early.parts.advising.run()

    found = listed(early)

    assert (found["items"], found["nothing"]["reason"]) == ([], "no_data")
    assert "rekomendasi" in found["nothing"]["explanation"]["id"].lower()


def test_causes_in_the_system_are_the_units_and_no_training_of_its_people(early: World) -> None:
    elements = [
        {"key": "prosedur", "n": 62, "sum": 150, "nrr": "2.4194", "band": "D"},
        {"key": "perilaku", "n": 62, "sum": 230, "nrr": "3.7097", "band": "A"},
    ]
    early.tell(period_closed(elements=elements, lowest=["prosedur"]))
    early.parts.advising.run()

    assert listed(early)["items"] == []
    (found,) = listed(early, RATER)["items"]
    assert (found["kind"], found["reason_codes"], found["options"]) == ("unit", ["system_cause"], [])
    assert found["staff_ref"] is None
    with pytest.raises(NotAllowed):
        decide(early, found["recommendation_id"], "approve", offer_ids=["workshop-loket"])
    decide(early, found["recommendation_id"], "approve")
    assert early.events("training.approved.v1")[0].data["offer_ids"] == []


def test_hr_reads_reasons_and_no_figures(early: World) -> None:
    low(early)

    (found,) = listed(early, HR)["items"]

    assert found["reason_codes"] == ["low_kompetensi"]
    assert found["data"] is None
    assert "2.3" not in str(found) and "2,3" not in str(found)


def test_a_question_to_the_person_is_not_hrs_to_see(early: World) -> None:
    (found,) = low(early, n=30, mean=1.6)
    assert found["certainty"] == "consider"

    assert listed(early, HR)["items"] == []
    with pytest.raises(Unseen):
        decide(early, found["recommendation_id"], "approve", HR)
    assert len(listed(early, RATER)["items"]) == 1


def test_nobody_else_learns_of_a_recommendation(early: World) -> None:
    (found,) = low(early)

    for actor in (COLLEAGUE, OTHER_RATER, {"ref": "sekda-1", "roles": ["rater"]}, None):
        assert listed(early, actor)["items"] == []
        with pytest.raises(Unseen):
            decide(early, found["recommendation_id"], "approve", actor)
    with pytest.raises(NotAllowed):
        decide(early, found["recommendation_id"], "approve", PERSON)


def test_from_a_recommendation_to_its_end(early: World) -> None:
    (found,) = low(early)
    id_ = found["recommendation_id"]
    with pytest.raises(NotAllowed):
        early.parts.training.enrol(who(PERSON), "workshop-loket", id_, None)

    approved = decide(early, id_, "approve")
    assert (approved["state"], approved["offer_ids"]) == ("approved", ["workshop-loket"])
    with pytest.raises(NotAllowed):
        decide(early, id_, "approve")
    with pytest.raises(NotValid):
        early.parts.training.enrol(who(COLLEAGUE), "workshop-loket", id_, None)
    enrolment = early.parts.training.enrol(who(PERSON), "workshop-loket", id_, None)["enrolment_id"]
    assert listed(early)["items"][0]["state"] == "enrolled"
    for action, actor in (("approve", RATER), ("confirm", HR)):
        early.parts.training.act(who(actor), enrolment, action, {}, None)
    early.clock.set(datetime(2026, 12, 2, 2, 0, tzinfo=UTC))
    early.parts.training.act(who(HR), enrolment, "complete", {}, None)

    assert listed(early, state="done")["items"][0]["recommendation_id"] == id_


def test_declining_needs_a_reason(early: World) -> None:
    (found,) = low(early)

    with pytest.raises(NotValid):
        decide(early, found["recommendation_id"], "decline")
    with pytest.raises(NotValid):
        decide(early, found["recommendation_id"], "approve", offer_ids=["tiada"])
    with pytest.raises(NotValid):
        decide(early, found["recommendation_id"], "mungkin")
    shown = decide(early, found["recommendation_id"], "decline", reason="Sedang cuti.")

    assert (shown["state"], shown["reason"]) == ("declined", "Sedang cuti.")
    early.parts.advising.daily()
    early.parts.advising.run()
    assert len(early.rows.recommendations.distinct("_id")) == 1


def test_a_gap_of_hours_is_told_from_the_end_of_the_third_quarter(world: World) -> None:
    world.parts.advising.daily()
    world.parts.advising.run()

    codes = [item["reason_codes"] for item in listed(world)["items"]]

    assert codes == [["jp_gap"]]
    assert listed(world, {"ref": "honorer-4", "roles": ["officer"]})["items"] == []
    assert example("training.recommended.v1")
