"""Order, duplicates and redelivery of events change no result: permuted and repeated, they end alike."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from component.surveys.world import (
    KEYS,
    NOW,
    PERIOD,
    World,
    closed,
    delivered,
    department_changed,
    new_code,
    reopened,
    service_changed,
    submitted,
    unit_changed,
)

from servicekit.envelope import Event

STAFF = ("staf-061", "staf-062", "staf-063")
Handler = Callable[[World, Event], dict[str, Any]]


def case(world: World, event: Event) -> dict[str, Any]:
    return world.case(event)


def visit(world: World, event: Event) -> dict[str, Any]:
    return world.visit(event)


def answer(world: World, event: Event) -> dict[str, Any]:
    return world.answer(event)


def copy(world: World, event: Event) -> dict[str, Any]:
    return world.parts.registry.on_catalogue_changed([event])


def recorded() -> list[tuple[Handler, Event]]:
    """A stream as it may come in any order: closings, reopenings, visits, answers, the catalogue."""
    chooser = random.Random(3)
    stream: list[tuple[Handler, Event]] = [
        (copy, unit_changed("dlh", 1)),
        (copy, unit_changed("dlh", 3)),
        (copy, unit_changed("dlh", 2, short="Dinas LH")),
        (copy, service_changed("sampah", "dlh")),
        (copy, department_changed("dlh", "dlh")),
    ]
    for number in range(24):
        code = new_code()
        stream.append((case, closed(code, handler_ref=chooser.choice(STAFF))))
        if number % 4 == 0:
            stream.append((case, reopened(code)))
    stream += [(visit, delivered(handler_ref=chooser.choice(STAFF))) for _ in range(6)]
    stream += [(visit, delivered("dlh", unit="dlh", service_code="sampah")) for _ in range(3)]
    stream += [(visit, delivered(service_code="tidak-ada")) for _ in range(2)]
    for _ in range(20):
        scores = {key: chooser.randint(1, 4) for key in KEYS}
        sex = chooser.choice(["male", "female"])
        block = {"mode": "paper_import", "unit": chooser.choice(["dpupr", "dlh"]), "respondent": {"sex": sex}}
        stream.append((answer, submitted(scores, **block)))
    stream.append((answer, submitted({"waktu": 7}, mode="paper_import", unit="dpupr")))
    return stream


def play(world: World, stream: list[tuple[Handler, Event]], *, sweeps: bool) -> None:
    """Deliver a stream; what is to be retried comes again a minute later, as the broker brings it."""
    waiting = list(stream)
    for _ in range(4):
        again = []
        for number, (handler, event) in enumerate(waiting):
            if event.id in handler(world, event):
                again.append((handler, event))
            if sweeps and number % 9 == 0:
                world.sweep()
        waiting = again
        world.clock.advance(timedelta(minutes=1))
    assert waiting == []


def answer_invitations(world: World, seed: int, *, repeat: bool) -> None:
    """Everybody who was invited and not taken back answers by a pattern that follows from her case."""
    told = world.events("survey.invited.v1")
    live = {row["source"]: row for row in world.rows.invites.find({"state": "open", "kind": "case"})}
    events = []
    for source, invite in sorted(live.items()):
        token = next(
            one.data["token_path"].removeprefix("/survei/")
            for one in told
            if one.data["invite_id"] == invite["invite_id"]
        )
        chooser = random.Random(source)
        scores = {key: chooser.randint(1, 4) for key in KEYS}
        events.append(submitted(scores, token=token, respondent={"sex": "female"}))
    random.Random(seed).shuffle(events)
    for event in events:
        assert world.answer(event, *([event] if repeat else [])) == {}
        world.clock.advance(timedelta(seconds=1))


def settled(world: World) -> dict[str, Any]:
    """The final state without what is random or counts time."""
    world.clock.set(NOW + timedelta(days=60))
    world.sweep()
    apart = ("at", "inputs_hash", "signature")
    figures = {}
    for row in world.rows.closings.find():
        figures[row["period"], row["version"]] = {k: v for k, v in row["figures"].items() if k not in apart}
    counted = ("accepted", "refused", "served", "state", "held")
    answers = Counter(
        (row["period"], *sorted(row["scores"].items()), *sorted(row["respondent"].items()))
        for row in world.rows.answers.find()
    )
    return {
        "figures": figures,
        "periods": {
            row["_id"]: {name: row.get(name) for name in counted} for row in world.rows.periods.find()
        },
        "answers": answers,
        "sources": {row["_id"]: row["outcome"] for row in world.rows.sources.find()},
        "spent": Counter(row["period"] for row in world.rows.invites.find({"state": "spent"})),
        "units": {row["_id"]: row for row in world.rows.units.find()},
        "officers": Counter((row["unit"], row["service_type"]) for row in world.rows.officers.find()),
        "refusals": Counter(one["event_id"] for one in world.events_of("event.rejected.v1")),
        "responded": Counter(one["unit"] for one in world.events_of("survey.responded.v1")),
        "people": sorted(
            (one["staff_ref"], one["n"], str(one["elements"]), str(one["strata"]), str(one["peers"]))
            for one in world.events_of("survey.staff_aggregate_ready.v1")
        ),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_permuted_and_repeated_stream_ends_in_the_same_state(
    new_world: Callable[[], World], seed: int
) -> None:
    stream = recorded()
    plain, shuffled = new_world(), new_world()
    for world in (plain, shuffled):
        world.sweep()
    play(plain, stream, sweeps=False)
    answer_invitations(plain, 0, repeat=False)
    expected = settled(plain)
    chooser = random.Random(seed)
    mixed = [*stream, *chooser.sample(stream, len(stream) // 2)]
    chooser.shuffle(mixed)

    play(shuffled, mixed, sweeps=True)
    answer_invitations(shuffled, seed, repeat=True)
    # Replayed as a whole, long after everything took effect.
    play(shuffled, stream, sweeps=False)

    found = settled(shuffled)
    for name, state in expected.items():
        assert found[name] == state, name
    assert expected["figures"][f"dpupr:{PERIOD}", 1]["ikm"] is not None
    assert expected["periods"][f"dpupr:{PERIOD}"]["refused"] == {"wrong_scale": 1}
