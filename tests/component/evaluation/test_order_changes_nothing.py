"""Order, duplicates and redelivery of events change no result."""

import random
from typing import Any

import pytest
from component.evaluation.world import (
    HR,
    PERSON,
    RATER,
    World,
    aggregate,
    closed,
    department,
    period_closed,
    reopened,
    staff_changed,
    training_told,
    unit_changed,
    who,
)

from servicekit.envelope import Event
from servicekit.errors import Retry

FACTS = (
    "staff",
    "departments",
    "units",
    "services",
    "cases",
    "tallies",
    "unit_results",
    "person_results",
    "entries",
)
VOLATILE = {"changed_at", "entered_at"}


def stream() -> list[Event]:
    """A recorded day: staff move, cases close, reopen and close again, results are corrected."""
    types = ["staff.changed.v1", "training.completed.v1"]
    return [
        unit_changed("dukcapil"),
        unit_changed("dpupr"),
        unit_changed("dukcapil", version=2),
        department("simpeg", ["bkpsdm", "dukcapil", "dpupr"], types),
        department("diklat", ["bkpsdm", "dukcapil", "dpupr"], types, version=2),
        staff_changed("dukcapil-1", 1, unit="dpupr"),
        staff_changed("dukcapil-1", 2, unit="dukcapil"),
        staff_changed("dukcapil-1", 3, unit="dukcapil", position="Petugas loket"),
        staff_changed("dukcapil-1", 3, unit="dukcapil", position="Verifikator", source="diklat"),
        staff_changed("dukcapil-2", 1),
        staff_changed("dukcapil-2", 1, source="diklat"),
        staff_changed("honorer-4", 1, status="non_asn", rater_ref=None, superior_ref=None),
        *(closed(n, handler="dukcapil-1", late=n % 5 == 0) for n in range(1, 16)),
        *(closed(n, handler="dukcapil-2", late=n % 3 == 0) for n in range(20, 35)),
        closed(50),
        reopened(50),
        closed(50, closure_no=2, handler="dukcapil-2", at="2026-09-10T08:00:00+07:00"),
        closed(51),
        reopened(51),
        closed(52, inspectorate=True),
        closed(53, confidential=True),
        closed(54),
        closed(54, closure_no=2, confidential=True),
        period_closed(version=1),
        period_closed(version=2, ikm="80.10"),
        period_closed(unit="dpupr"),
        aggregate("dukcapil-1", n=12),
        aggregate("dukcapil-1", n=40),
        aggregate("dukcapil-2", n=15, mean=3.5),
        training_told("dukcapil-1"),
        training_told("dukcapil-1", source="diklat"),
        training_told("dukcapil-1", organiser="LAN", source="diklat"),
        training_told("dukcapil-2", form="magang", title="Magang", days=10),
    ]


def deliver(world: World, events: list[Event]) -> None:
    """As the broker does: what asks for a retry comes again later, until it is taken."""
    waiting = list(events)
    for _ in range(40):
        verdicts = world.tell(*waiting)
        assert all(isinstance(verdict, Retry) for verdict in verdicts.values()), verdicts
        waiting = [event for event in waiting if event.id in verdicts]
        if not waiting:
            return
        world.clock.advance(seconds=5)
    raise AssertionError(f"never taken: {[event.type for event in waiting]}")


def state(world: World) -> Any:
    found: dict[str, Any] = {}
    for name in FACTS:
        rows = []
        for row in world.rows[name].find().sort("_id", 1):
            row = {key: value for key, value in row.items() if key not in VOLATILE}
            if name == "staff":
                row["units"] = sorted(row["units"])
            rows.append(row)
        found[name] = rows
    seen = [world.parts.evidencing.evidence(who(a), "dukcapil-1", None)["items"] for a in (RATER, PERSON)]
    assert seen[0] == seen[1]
    found["evidence"] = seen[0]
    found["unit_evidence"] = world.parts.evidencing.unit_evidence(who(HR), "dukcapil", None)["items"]
    return found


def clear(world: World) -> None:
    for name in world.rows.list_collection_names():
        world.rows[name].delete_many({})
    world.parts.departments._waiting.clear()


@pytest.mark.parametrize("seed", range(6))
def test_a_shuffled_and_repeated_stream_ends_in_the_same_state(empty_world: World, seed: int) -> None:
    events = stream()
    deliver(empty_world, events)
    expected = state(empty_world)
    assert any(item["value"] is not None for item in expected["evidence"])
    clear(empty_world)

    chance = random.Random(seed)
    again = events + chance.choices(events, k=len(events) // 2)
    chance.shuffle(again)
    deliver(empty_world, again)
    deliver(empty_world, chance.sample(events, k=len(events)))

    assert state(empty_world) == expected


def test_the_proposals_at_the_end_are_the_same_in_any_order(empty_world: World) -> None:
    events = stream()
    proposed = []
    for order in (events, list(reversed(events))):
        clear(empty_world)
        deliver(empty_world, order)
        empty_world.parts.advising.run()
        rows = empty_world.rows.recommendations.find({"state": "proposed"}).sort("key", 1)
        proposed.append([(row["key"], row["data"], row["reason_codes"]) for row in rows])

    assert proposed[0] == proposed[1]
    assert proposed[0]
