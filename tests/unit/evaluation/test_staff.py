from typing import Any

import pytest

from evaluation.domain.staff import differences, digest, read_row

ROW = {
    "staff_ref": "dukcapil-1",
    "version": 3,
    "unit": "dukcapil",
    "status": "asn_pns",
    "position": "Petugas loket",
    "service_types": ["information", "document"],
    "rater_ref": "dukcapil-kepala",
    "superior_ref": "sekda-1",
    "competencies": {"digital": {"required": 2, "assessed": None}},
    "active": True,
}


def codes(**changes: Any) -> list[tuple[str, str]]:
    person, faults = read_row({**ROW, **changes})
    assert (person is None) == bool(faults)
    return [(fault.pointer, fault.code) for fault in faults]


def test_a_row_of_text_reads_as_an_event_does() -> None:
    written = {
        **ROW,
        "version": "3",
        "service_types": " document ; information;document",
        "competencies": "digital=2",
        "active": "Ya",
        "rater_ref": " dukcapil-kepala ",
    }

    assert read_row(written) == read_row(ROW)
    assert read_row(written)[1] == []


def test_empty_cells_are_absent_ones() -> None:
    person, faults = read_row({**ROW, "rater_ref": "", "superior_ref": " ", "active": "", "version": ""})

    assert person is not None, faults
    assert (person.rater_ref, person.superior_ref, person.active, person.version) == (None, None, True, 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"staff_ref": None}, ("/staff_ref", "required")),
        ({"staff_ref": "a b"}, ("/staff_ref", "not_a_reference")),
        ({"staff_ref": "x" * 81}, ("/staff_ref", "not_a_reference")),
        ({"unit": "Dinas X"}, ("/unit", "unit_code")),
        ({"status": "honorer"}, ("/status", "unknown_value")),
        ({"position": 7}, ("/position", "not_a_text")),
        ({"service_types": "DOKUMEN"}, ("/service_types", "not_a_list")),
        ({"rater_ref": "dukcapil-1"}, ("/rater_ref", "own_rater")),
        ({"superior_ref": "dukcapil-1"}, ("/superior_ref", "own_superior")),
        ({"superior_ref": "dukcapil-kepala"}, ("/superior_ref", "superior_is_rater")),
        ({"competencies": "digital"}, ("/competencies", "not_competencies")),
        ({"competencies": {"digital": {"required": 99}}}, ("/competencies/digital", "not_a_level")),
        ({"competencies": {"digital": 3}}, ("/competencies/digital", "not_a_level")),
        ({"active": "mungkin"}, ("/active", "not_a_flag")),
        ({"version": -1}, ("/version", "not_a_number")),
        ({"version": True}, ("/version", "not_a_number")),
    ],
)
def test_each_wrong_field_is_named(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert codes(**changes) == [expected]


@pytest.mark.parametrize("row", [None, 7, "x", []])
def test_what_is_no_row_is_refused(row: Any) -> None:
    assert read_row(row)[1][0].code == "not_an_object"


def test_faults_name_no_value_of_the_input() -> None:
    _, faults = read_row({"staff_ref": "rahasia sekali", "unit": "RAHASIA", "status": "rahasia"})

    assert "rahasia" not in str(faults).lower()


def test_differences_are_old_and_new() -> None:
    before, after = read_row(ROW)[0], read_row({**ROW, "unit": "dpupr", "version": 9})[0]
    assert before is not None and after is not None

    assert differences(before, after) == {"unit": ["dukcapil", "dpupr"]}
    assert differences(before, before) == {}
    assert differences(None, before)["status"] == [None, "asn_pns"]
    assert digest(before) != digest(after)


def test_the_digest_leaves_the_version_out() -> None:
    before, after = read_row(ROW)[0], read_row({**ROW, "version": 9})[0]
    assert before is not None and after is not None

    assert digest(before) == digest(after)


def test_only_civil_servants_are_rated() -> None:
    rated = {status: read_row({**ROW, "status": status})[0] for status in ("asn_pns", "asn_pppk", "non_asn")}

    assert {status: person.is_asn for status, person in rated.items() if person} == {
        "asn_pns": True,
        "asn_pppk": True,
        "non_asn": False,
    }
