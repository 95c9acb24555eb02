from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.complaints.factories import CATALOGUE, CITY, CODE, NOW, local, submission

from complaints.domain.case import Location
from complaints.domain.city import EMPTY, Area, Catalogue
from complaints.domain.filing import file_case, review_reasons
from complaints.incoming import read_submission
from servicekit.sealing import KeyRing, generate_key
from servicekit.testing import make_event

RING = KeyRing.parse(generate_key("k1"))
BLOCK: dict[str, Any] = {
    "title": "Lubang",
    "description": "Ada lubang.",
    "location": {"lat": -0.68, "lon": 100.77, "address": "Jalan Contoh"},
    "attributes": {"lebar": "kecil"},
    "reporter": {"name": "Ani", "email": "ani@example.invalid", "phone": None},
    "secret_hash": "ab" * 32,
    "filed_by": None,
}


def data(block: Any = BLOCK, **changes: Any) -> dict[str, Any]:
    usual = {
        "tracking_code": CODE,
        "service_code": "jalan",
        "kind": "complaint",
        "channel": "web",
        "accepted_at": NOW.isoformat(),
        "received_at": NOW.isoformat(),
        "anonymous": False,
        "confidential": False,
        "language": "id",
        "catalogue_version": 3,
        "contact_ref": "c-1",
        "case_sealed": RING.seal(block, recipient="complaints", context=CODE),
        "contact_sealed": None,
    }
    return {**usual, **changes}


def read(block: Any = BLOCK, **changes: Any) -> Any:
    event = make_event("complaint.submitted.v1", data(block, **changes), subject=CODE, time=NOW)
    found = read_submission(event, RING)
    assert found is not None
    return found


def reasons(catalogue: Catalogue = CATALOGUE, **changes: Any) -> tuple[str, ...]:
    given = submission(**changes)
    return review_reasons(given, catalogue.services.get(given.service_code), catalogue, NOW)


def test_a_sound_submission_needs_no_review_and_its_clocks_run_from_receipt() -> None:
    step = file_case(submission(received_at=local(2, "08:30")), "r-1", CATALOGUE, local(2, "12:00"))

    assert not step.case.needs_review
    assert {c.stage: c.started_at for c in step.case.clocks} == {
        "verify": local(2, "08:30"),
        "resolve": local(2, "08:30"),
    }
    assert step.facts[0].name == "filed"


def test_a_supervisory_service_is_the_inspectorates_from_the_start() -> None:
    case = file_case(submission(service_code="pungli"), None, CATALOGUE, NOW).case

    assert (case.inspectorate, case.unit) == (True, "inspektorat")
    assert case.clock("resolve").record.span.amount == 60  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"service_code": "tidak-ada"}, "service_unknown"),
        ({"service_code": "lama"}, "service_removed"),
        ({"kind": "document"}, "kind_changed"),
        ({"attributes": (("aneh", "x"),)}, "attribute_unknown"),
        ({"attributes": (("lebar", "raksasa"),)}, "attribute_value_unknown"),
        ({"attributes": (("lebar", ["kecil", "raksasa"]),)}, "attribute_value_unknown"),
        ({"title": "x" * 201}, "title_too_long"),
        ({"description": "x" * 10_001}, "text_too_long"),
        ({"description": "   "}, "text_missing"),
        ({"received_at": NOW + timedelta(days=1)}, "received_in_future"),
        ({"problems": ("sealed_block_unreadable",)}, "sealed_block_unreadable"),
    ],
)
def test_what_cannot_be_taken_as_it_is_gets_reviewed_and_says_why(
    changes: dict[str, Any], reason: str
) -> None:
    assert reasons(**changes) == (reason,)
    case = file_case(submission(**changes), None, CATALOGUE, NOW).case
    assert case.needs_review
    assert case.status == "filed"


def test_a_text_of_eight_and_a_half_thousand_characters_is_no_reason() -> None:
    assert reasons(description="x" * 8_500) == ()


def test_a_point_is_checked_again_only_when_the_catalogue_changed_meanwhile() -> None:
    square = Area("kota", "Kota", ((((100.0, -1.0), (101.0, -1.0), (101.0, 0.0), (100.0, 0.0)),),))
    from dataclasses import replace

    newer = replace(CATALOGUE, version=4, cities={"kota": replace(CITY, boundary=square)})
    outside = Location(3.0, 98.0, None)

    assert reasons(newer, location=outside) == ("location_outside",)
    assert reasons(newer) == ()
    assert reasons(replace(newer, version=3), location=outside) == ()


def test_a_filing_before_any_catalogue_is_a_case_too() -> None:
    case = file_case(submission(), None, EMPTY, NOW).case

    assert case.review_reasons == ("service_unknown",)
    assert case.clocks == ()


def test_the_reporters_block_is_apart_from_the_submission() -> None:
    found = read()

    assert found.reporter == {"name": "Ani", "email": "ani@example.invalid"}
    assert "Ani" not in repr(found.submission)
    assert found.submission.problems == ()


def test_a_block_that_does_not_open_is_kept_for_later() -> None:
    token = KeyRing.parse(generate_key("k9")).seal(BLOCK, recipient="complaints", context=CODE)

    found = read(case_sealed=token)

    assert found.submission.problems == ("sealed_block_unreadable",)
    assert found.submission.unopened == token


def test_without_a_tracking_code_there_is_nothing_to_file_under() -> None:
    event = make_event("complaint.submitted.v1", {}, subject="nothing")

    assert read_submission(event, RING) is None


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({**BLOCK, "location": "di pasar"}, "location_unreadable"),
        ({**BLOCK, "location": {"lat": 999, "lon": 1}}, "location_unreadable"),
        ({**BLOCK, "location": {"lat": 1}}, "location_unreadable"),
        ({**BLOCK, "attributes": ["x"]}, "attributes_unreadable"),
        ({**BLOCK, "attributes": {str(n): n for n in range(200)}}, "attributes_cut"),
        ({**BLOCK, "reporter": "Ani"}, "reporter_unreadable"),
        ("teks saja", "sealed_block_unreadable"),
    ],
)
def test_each_part_that_cannot_be_read_is_a_reason(block: Any, reason: str) -> None:
    assert reason in read(block).submission.problems


def test_an_unreadable_visibility_hides_the_case() -> None:
    assert read(confidential="maybe").submission.confidential


def test_nothing_that_a_database_cannot_hold_gets_through() -> None:
    block = {
        **BLOCK,
        "title": "a\x00b",
        "attributes": {"a.b$": 2**63 + 5, "deep": {"a": [1]}, "n": [{"x": 1}]},
    }

    found = read(block).submission

    assert found.title == "ab"
    assert dict(found.attributes) == {"a.b$": str(2**63 + 5), "deep": '{"a": [1]}', "n": ['{"x": 1}']}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    block=st.fixed_dictionaries({}, optional=dict.fromkeys(BLOCK, json_values)),
    envelope=st.fixed_dictionaries({}, optional={n: json_values for n in data() if n != "tracking_code"}),
)
def test_whatever_comes_under_a_code_becomes_a_case_that_can_be_stored(block: Any, envelope: Any) -> None:
    import bson

    from complaints.events import case_event
    from complaints.store.documents import case_from_document, case_to_document

    found = read(block, **{"case_sealed": RING.seal(block, recipient="complaints", context=CODE), **envelope})

    step = file_case(found.submission, None, CATALOGUE, NOW)
    document = case_to_document(step.case, CITY.calendar)
    stored = bson.decode(
        bson.encode(document), bson.CodecOptions(tz_aware=True, document_class=dict[str, Any])
    )
    assert case_from_document(stored).status == "filed"
    assert case_event(step.case, step.facts[0], NOW).to_bytes()
