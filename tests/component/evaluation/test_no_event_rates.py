"""No event path can change a rating: every consumed type is told while one is made, and after it is final."""

from typing import Any

import pytest
import yaml
from component.evaluation.world import (
    CONTRACTS,
    HANDLERS,
    RATER,
    World,
    aggregate,
    closed,
    department,
    example,
    period_closed,
    reopened,
    staff_changed,
    training_told,
    unit_changed,
)

from servicekit.testing import make_event

RATED = ("evaluations", "evaluation_versions", "evaluation_history")


def every_event() -> list[Any]:
    """One of each consumed type at least, about the very person who is rated, her rater and her unit."""
    events = [
        department("simpeg", ["dukcapil"], ["staff.changed.v1", "training.completed.v1"]),
        unit_changed("dukcapil", version=9),
        make_event("service.changed.v1", example("service.changed.v1"), source="/complaints"),
        *(closed(number, late=True) for number in range(1, 40)),
        reopened(3),
        period_closed(ikm="20.00"),
        aggregate("dukcapil-1", n=200, mean=1.2),
        training_told("dukcapil-1"),
        staff_changed("dukcapil-1", 7, rater_ref="dpupr-kepala", superior_ref="walikota"),
        staff_changed("dukcapil-1", 8, status="non_asn", rater_ref=None, superior_ref=None, active=False),
        staff_changed("dukcapil-kepala", 7, active=False, rater_ref=None, superior_ref=None),
    ]
    events.append(make_event("complaint.disputed.v1", example("complaint.disputed.v1"), source="/complaints"))
    return events


def test_the_events_told_are_all_that_are_consumed() -> None:
    topology = yaml.safe_load((CONTRACTS / "topology.yaml").read_text())
    consumed = {t for one in topology["consumes"]["evaluation"].values() for t in one["types"]}

    assert consumed <= {event.type for event in every_event()}
    assert consumed <= set(HANDLERS)


@pytest.mark.parametrize("stage", ["opened", "agreed", "rated", "finalised", "objected"])
def test_no_event_changes_an_evaluation(world: World, stage: str) -> None:
    if stage == "opened":
        id_ = world.open()["evaluation_id"]
    elif stage == "agreed":
        id_ = world.agreed()
    elif stage == "rated":
        id_ = world.rated()
    else:
        id_ = world.finalised()
    if stage == "objected":
        world.act(id_, "object", {"ref": "dukcapil-1", "roles": ["officer"]}, {"reason": "Tidak setuju."})
    before = world.dump(*RATED)

    verdicts = world.tell(*every_event())
    world.parts.advising.run()
    world.parts.advising.daily()
    world.parts.advising.run()

    assert verdicts == {}
    assert world.dump(*RATED) == before
    assert world.rows.entries.count_documents({"staff_ref": "dukcapil-1"}) == 1
    assert world.parts.rating.evaluation(_actor(RATER), id_)["state"] == stage


def test_what_handles_events_holds_no_way_to_an_evaluation(world: World) -> None:
    """The parts that handle events and run jobs were not given the store of evaluations."""
    parts = world.parts
    for part in (parts.registry, parts.departments, parts.gathering, parts.advising):
        held = _reachable(part)
        assert not any(type(one).__name__ in ("EvaluationStore", "Rating") for one in held), part


def _reachable(part: Any) -> list[Any]:
    found, todo = [], [part]
    while todo:
        one = todo.pop()
        if any(one is other for other in found) or not type(one).__module__.startswith("evaluation."):
            continue
        found.append(one)
        todo += vars(one).values() if hasattr(one, "__dict__") else []
    return found


def _actor(actor: Any) -> Any:
    from component.evaluation.world import who

    return who(actor)
