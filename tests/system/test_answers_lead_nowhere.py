"""Who holds a copy of all four databases, and knows 200 answers and their order, learns nothing.

The attacker is tests/support/linker.py. He has no keys, and not the operation log (docs/operations.md).
"""

from __future__ import annotations

import hashlib
import itertools
import random
from typing import Any
from urllib.parse import urlsplit

import pymongo
import pytest

from support.city import City
from support.counter import ELEMENTS, Counter, act_on_period, addresses, invitations, period, quarter, respond
from support.linker import Answered, chance, dump, link, small_sums, staff_by_order, times_on_answers
from support.waiting import eventually
from tanggap.local import Stack

UNIT, NUMBER, BATCH = "dinsos", 200, 5
STAFF = [f"dinsos-petugas-{number}" for number in range(1, 6)]
SERVICES = ("COMPLAINTS", "NOTIFICATIONS", "SURVEYS", "EVALUATION")


def patterns() -> list[dict[str, int]]:
    every = list(itertools.product((1, 2, 3, 4), repeat=len(ELEMENTS)))
    chosen = random.Random(34).sample(every, NUMBER)
    return [dict(zip(ELEMENTS, scores, strict=True)) for scores in chosen]


def dumps(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Every document of the four databases, in natural order."""
    found = {}
    for service in SERVICES:
        url = stack.env[f"TANGGAP_{service}_DB"]
        name = urlsplit(url).path.lstrip("/")
        with pymongo.MongoClient(url, tz_aware=True) as client:
            found |= dump(service.lower(), client[name])
    return found


@pytest.mark.timeout(300)
def test_copies_of_all_four_databases_join_no_answer_to_a_visit_a_contact_or_an_officer(
    stack: Stack, city: City
) -> None:
    counter = Counter.registered(city, "antrean-dinsos", UNIT, ["service.delivered.v1"])
    service = next(
        item["service_code"] for item in city.client.get(f"/v1/services?unit={UNIT}").json()["items"]
    )
    people = addresses(NUMBER, "dinsos")
    chooser = random.Random(7)
    officers = [chooser.choice(STAFF) for _ in people]
    visits = [counter.visit(*one, service) for one in zip(people, officers, strict=True)]
    for start in range(0, NUMBER, 50):
        assert counter.publish(*visits[start : start + 50]).status_code == 202
    tokens = invitations(city, people, within=150)

    answered = []
    for address, visit, officer, scores in zip(people, visits, officers, patterns(), strict=True):
        token = tokens[address]
        assert respond(city, token, scores).status_code == 202
        marks = {
            visit["data"]["visit_ref"],
            visit["data"]["contact_ref"],
            visit["id"],
            token,
            hashlib.sha256(token.encode()).hexdigest(),
        }
        answered.append(Answered(scores, frozenset(marks), officer))
    here = quarter()
    eventually(lambda: period(city, UNIT, here)["progress"]["n"] == NUMBER, within=60)
    assert act_on_period(city, UNIT, here, "close").status_code == 200
    found = dumps(stack)

    findings = link(found, answered)

    ways = {finding.way: finding.right for finding in findings}
    assert len([row for row in found["surveys.answers"] if row["unit"] == UNIT]) == NUMBER
    assert (ways["values"], ways["values to the officer"]) == (0, 0)
    assert findings[0].right <= chance(NUMBER // BATCH), findings[:5]
    assert times_on_answers(found, answered) == []
    assert small_sums(found, STAFF) == []
    right, at_most = staff_by_order(found, answered)
    assert right <= at_most
