"""Mutated events reach every consumer of a whole installation, and change nothing about what comes after."""

from collections.abc import Iterator

import pytest
from fuzz.events import Fuzzer, sources

from support.city import City
from support.installation import city_of, started
from tanggap.local import Stack

SEED = 20261124
COUNT = 900


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One of its own: what mutated events do here would be in the way of the tests that count."""
    with started("test-hostile") as stack:
        yield stack


@pytest.fixture(scope="module")
def city(stack: Stack) -> City:
    return city_of(stack)


@pytest.mark.system
def test_hostile_events_leave_no_queue_stuck_no_handler_raising_and_the_next_case_filed(
    stack: Stack, city: City
) -> None:
    fuzzer = Fuzzer(stack, SEED)

    fuzzer.send(COUNT)
    left = fuzzer.drained(within=60)

    assert len(fuzzer.sent) == len({one.type for one in sources()})
    assert (left, fuzzer.raised(), fuzzer.failed()) == ({}, {}, {})
    assert fuzzer.dead(), "not one of them was refused"
    assert fuzzer.ready()
    assert city.view(city.filed()["tracking_code"])["status"] == "filed"
