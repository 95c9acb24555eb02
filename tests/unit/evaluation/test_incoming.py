"""Every example of every type we consume reads, with fields in it that nobody has heard of."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation import incoming
from evaluation.domain.entries import read_completed
from evaluation.domain.staff import read_row
from servicekit.contracts import Contracts
from servicekit.testing import FrozenClock, make_event

ROOT = Path(__file__).parents[3]
CONTRACTS = Contracts.load(ROOT / "contracts")
TOPOLOGY = yaml.safe_load((ROOT / "contracts" / "topology.yaml").read_text())
CONSUMED = sorted(t for one in TOPOLOGY["consumes"]["evaluation"].values() for t in one["types"])
NOW = FrozenClock().now()

READERS: dict[str, Any] = {
    "complaint.closed.v1": incoming.closure,
    "complaint.reopened.v1": incoming.reopening,
    "complaint.disputed.v1": incoming.dispute,
    "survey.period_closed.v1": incoming.unit_result,
    "survey.staff_aggregate_ready.v1": incoming.person_result,
    "unit.changed.v1": incoming.named,
    "service.changed.v1": incoming.named,
    "department.changed.v1": incoming.department,
}


def read(type_: str, data: Any) -> Any:
    if type_ == "staff.changed.v1":
        person, faults = read_row(data)
        assert faults == []
        return person
    if type_ == "training.completed.v1":
        entry, faults = read_completed(data, {"event_id": "e"}, NOW)
        assert faults == []
        return entry
    return READERS[type_](make_event(type_, data))


@pytest.mark.parametrize("type_", CONSUMED)
def test_every_example_reads(type_: str) -> None:
    examples = CONTRACTS.examples(type_)

    assert examples
    for data in examples:
        assert read(type_, {**data, "unheard_of": {"a": 1}})


@pytest.mark.parametrize("type_", sorted(READERS))
def test_an_event_without_its_fields_is_unreadable_and_no_crash(type_: str) -> None:
    for data in ({}, {"unit": 7, "name": [], "stages": {}, "elements": 3, "types": 1, "units": "x"}):
        with pytest.raises(incoming.Unreadable):
            READERS[type_](make_event(type_, data))


def test_a_department_that_does_not_say_that_it_is_active_is_not() -> None:
    data = {k: v for k, v in CONTRACTS.examples("department.changed.v1")[0].items() if k != "active"}

    assert incoming.department(make_event("department.changed.v1", data))["active"] is False


@pytest.mark.parametrize("type_", ["complaint.closed.v1", "survey.period_closed.v1"])
def test_what_no_database_holds_is_unreadable(type_: str) -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    for surplus in ({"baru\x00": 1}, {"baru": [{"a": 2**63}]}, {"baru": deep}):
        data = {**CONTRACTS.examples(type_)[0], "inspectorate": False, "confidential": False, **surplus}

        with pytest.raises(incoming.Unreadable, match="unstorable"):
            READERS[type_](make_event(type_, data))
