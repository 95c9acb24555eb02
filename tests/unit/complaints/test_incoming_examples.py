"""Everything that the contracts give as an example of what we consume can be read."""

from typing import Any

import pytest
from unit.complaints.factories import CONTRACTS
from unit.complaints.test_filing import RING

from complaints.incoming import read_outcome, read_submission
from servicekit.contracts import Contracts
from servicekit.testing import make_event
from servicekit.topology import Topology

SCHEMAS = Contracts.load(CONTRACTS)
OUTCOMES = Topology.load(CONTRACTS).consumer("complaints", "on_message_outcome").types


def examples(*types: str) -> list[Any]:
    return [(type_, example) for type_ in types for example in SCHEMAS.examples(type_)]


@pytest.mark.parametrize(("type_", "data"), examples("complaint.submitted.v1"))
def test_every_example_of_a_submission_is_read(type_: str, data: dict[str, Any]) -> None:
    found = read_submission(make_event(type_, data, subject=data["tracking_code"]), RING)

    assert found is not None
    assert (found.submission.code, found.submission.channel) == (data["tracking_code"], data["channel"])
    # Examples are sealed for nobody.
    assert found.submission.problems == ("sealed_block_unreadable",)


@pytest.mark.parametrize(("type_", "data"), examples(*OUTCOMES))
def test_every_example_of_an_outcome_is_read(type_: str, data: dict[str, Any]) -> None:
    found = read_outcome(make_event(type_, data, subject=data["notification_id"]))

    if data["complaint_id"] is None:
        assert found is None
        return
    assert found is not None
    assert (found.code, found.event_id) == (data["complaint_id"], data["event_id"])
    assert found.notice.state == type_.split(".")[1]
    assert found.notice.reason == data.get("reason")


@pytest.mark.parametrize("type_", ["complaint.submitted.v1", *OUTCOMES])
def test_what_a_newer_producer_adds_or_an_older_one_lacks_does_no_harm(type_: str) -> None:
    for data in SCHEMAS.examples(type_):
        code = data.get("tracking_code") or data["complaint_id"]
        read: Any = read_outcome if "notification" in type_ else lambda event: read_submission(event, RING)
        for changed in ({**data, "brand_new": {"a": 1}}, {"tracking_code": code, "complaint_id": code}):
            assert code is None or read(make_event(type_, changed, subject=code)) is not None
