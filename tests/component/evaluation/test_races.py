"""People who act at the same moment, and events that several replicas handle at once."""

from typing import Any

import eventlet
from component.evaluation.world import (
    HR,
    PERSON,
    RATER,
    RATING,
    World,
    act,
    closed,
    department,
    enrol,
    put,
    training_told,
    who,
    workshop,
)

from evaluation.errors import NotAllowed, Stale


def together(*calls: Any) -> list[Any]:
    """Run calls at the same moment; each outcome is its result or its refusal."""

    def attempt(call: Any) -> Any:
        try:
            return call()
        except (Stale, NotAllowed) as refusal:
            return refusal

    return [thread.wait() for thread in [eventlet.spawn(attempt, call) for call in calls]]


def test_of_two_ratings_at_once_one_counts_and_one_is_told(world: World) -> None:
    id_ = world.agreed()
    version = world.rows.evaluations.find_one({"_id": id_})["version"]

    outcomes = together(
        *(
            lambda level=level: world.act(id_, "rate", RATER, {**RATING, "results": level}, version=version)
            for level in ("di_bawah", "sesuai", "di_atas")
        )
    )

    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert world.rows.evaluation_history.count_documents({"action": "rate"}) == 1


def test_a_period_opened_at_once_is_opened_once(world: World) -> None:
    outcomes = together(*([world.open] * 4))

    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert world.rows.evaluations.count_documents({}) == 1


def test_the_last_place_is_given_once(world: World) -> None:
    put(world, workshop(capacity=1))
    people = ("dukcapil-1", "dukcapil-2", "dpupr-1", "bkpsdm-1")
    ids = [enrol(world, {"ref": ref, "roles": ["officer"]}) for ref in people]
    world.rows.enrolments.update_many({}, {"$set": {"state": "approved"}})

    together(*(lambda id_=id_: act(world, id_, "confirm", HR) for id_ in ids))

    states = sorted(row["state"] for row in world.rows.enrolments.find())
    assert states == ["confirmed", "waiting", "waiting", "waiting"]


def test_asking_at_once_is_one_enrolment(world: World) -> None:
    put(world)

    outcomes = together(*([lambda: enrol(world)] * 4))

    assert len(set(outcomes)) == 1
    assert world.rows.enrolments.count_documents({}) == 1


def test_replicas_that_handle_the_same_events_have_one_effect(world: World) -> None:
    world.tell(department("simpeg", ["dukcapil"], ["training.completed.v1"]))
    events = [*(closed(n) for n in range(1, 6)), training_told("dukcapil-1")]

    together(*([lambda: world.tell(*events)] * 3))

    assert world.rows.tallies.count_documents({"person": "dukcapil-1"}) == 5
    assert world.rows.entry_history.count_documents({}) == 1
    assert world.parts.ledgering.ledger(who(PERSON), None, 2026)["verified_jp"] == 10
