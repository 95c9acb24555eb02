"""Every example of every contract that surveys consumes is read, and what is wrong is refused by a code."""

from zoneinfo import ZoneInfo

import pytest
from unit.surveys.conftest import ROOT

from servicekit.contracts import Contracts
from servicekit.sealing import KeyRing, generate_key
from servicekit.testing import make_event
from servicekit.topology import Topology
from surveys.errors import Unreadable
from surveys.incoming import read_closure, read_copy, read_reopening, read_submission, read_visit

CONTRACTS = Contracts.load(ROOT / "contracts")
TOPOLOGY = Topology.load(ROOT / "contracts")
ZONE = ZoneInfo("Asia/Jakarta")
COPIES = ("unit.changed.v1", "service.changed.v1", "department.changed.v1")


@pytest.mark.parametrize("type_", COPIES)
def test_every_example_of_a_copy_is_read(type_: str) -> None:
    for data in CONTRACTS.examples(type_):
        collection, row = read_copy(make_event(type_, data))

        assert (
            collection
            == {"unit": "units", "service": "services", "department": "departments"}[type_.split(".")[0]]
        )
        assert row["version"] == data["version"]


def test_every_example_of_a_closing_is_read() -> None:
    for data in CONTRACTS.examples("complaint.closed.v1"):
        closure = read_closure(make_event("complaint.closed.v1", data), ZONE)

        assert closure.source == f"case:{data['complaint_id']}:{data['closure_no']}"
        asked = data["contact_ref"] is not None and data["reason"] in ("confirmed", "silence")
        assert closure.invites is asked


def test_every_example_of_a_reopening_is_read() -> None:
    for data in CONTRACTS.examples("complaint.reopened.v1"):
        source = read_reopening(make_event("complaint.reopened.v1", data))

        assert source == f"case:{data['complaint_id']}:{data['closure_no']}"


def test_every_example_of_a_visit_is_read() -> None:
    for data in CONTRACTS.examples("service.delivered.v1"):
        visit = read_visit(make_event("service.delivered.v1", data, source="/departments/dpupr"), "complaint")

        assert visit.source == f"visit:dpupr:{data['visit_ref']}"
        assert visit.day.isoformat() == data["date"]


@pytest.mark.parametrize("data", [{}, {"complaint_id": "X"}, {"complaint_id": "X", "closure_no": True}])
def test_a_closing_without_what_we_need_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        read_closure(make_event("complaint.closed.v1", data), ZONE)


def test_a_case_that_does_not_say_that_it_is_open_to_all_is_not_asked_about() -> None:
    data = {**CONTRACTS.examples("complaint.closed.v1")[0]}
    del data["confidential"]

    assert read_closure(make_event("complaint.closed.v1", data), ZONE).invites is False


@pytest.mark.parametrize("block", [None, [], "text", 3])
def test_a_block_that_is_no_answer_is_unreadable(block: object) -> None:
    ring = KeyRing.parse(generate_key("s1"))
    event = make_event("survey.submitted.v1", {})
    sealed = ring.seal(block, recipient="surveys", context=event.id)
    with_block = make_event("survey.submitted.v1", {"answer_sealed": sealed}, id=event.id)

    for one in (event, with_block):
        with pytest.raises(Unreadable, match="^unreadable$"):
            read_submission(one, ring, ZONE)


def test_what_is_odd_in_a_submission_is_left_out_and_never_raises() -> None:
    ring = KeyRing.parse(generate_key("s1"))
    event = make_event("survey.submitted.v1", {})
    block = {
        "submission_id": 7,
        "body_hash": None,
        "mode": "telepathy",
        "date": "yesterday",
        "answers": [1, 2],
        "respondent": "female",
        "consents": None,
        "comment": {"a": 1},
        "device": 3,
    }
    sealed = ring.seal(block, recipient="surveys", context=event.id)

    found = read_submission(
        make_event("survey.submitted.v1", {"answer_sealed": sealed}, id=event.id, time=event.time), ring, ZONE
    )

    assert (found.mode, found.scores, found.respondent, found.comment) == ("", {}, {}, None)
    assert found.day == found.received_on == event.time.astimezone(ZONE).date()
    assert found.may_process is False


def test_a_long_comment_is_cut_to_what_fits_and_nothing_breaks() -> None:
    from surveys.domain.submission import MAX_COMMENT_BYTES, cut_comment

    cut = cut_comment("😀" * 5000)

    assert cut is not None
    assert len(cut.encode()) <= MAX_COMMENT_BYTES
    assert set(cut) == {"😀"}
    assert cut_comment(" \x00\n ") is None


def test_surveys_publishes_what_the_topology_says() -> None:
    for type_ in (
        "survey.invited.v1",
        "survey.reminder_due.v1",
        "survey.period_opened.v1",
        "survey.responded.v1",
        "survey.period_closed.v1",
        "survey.staff_aggregate_ready.v1",
        "improvement.planned.v1",
        "improvement.due_soon.v1",
        "improvement.done.v1",
        "event.rejected.v1",
    ):
        TOPOLOGY.route("surveys", type_)
        assert CONTRACTS.schemas[type_]
