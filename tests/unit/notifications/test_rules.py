from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.audiences import Staff, about_case, is_known, resolve_staff
from notifications.domain.delivery import Reason
from notifications.domain.rules import Rule, faults_in, matches

FIELDS = {
    "thing.happened.v1": {
        "stage": ("verify", "resolve"),
        "level": None,
        "unit": None,
        "contact_ref": None,
        "officer_ref": None,
    }
}
STAFF = [
    Staff("kord", frozenset({"coordinator"})),
    Staff("staf-a", frozenset({"officer"}), "a"),
    Staff("kepala-a", frozenset({"unit_head"}), "a"),
    Staff("loket-a", frozenset({"desk"}), "a"),
    Staff("staf-b", frozenset({"officer"}), "b"),
    Staff("insp", frozenset({"inspector"}), "inspektorat"),
]


def rule(**changes: Any) -> Rule:
    parts: dict[str, Any] = {
        "id": "r",
        "event_type": "thing.happened.v1",
        "audience": "unit",
        "channels": ("inbox",),
        "template": "t",
        "category": "staff",
    }
    return Rule(**{**parts, **changes})


@pytest.mark.parametrize(
    ("when", "data", "holds"),
    [
        ({}, {}, True),
        ({"a": {"eq": 1}}, {"a": 1}, True),
        ({"a": {"eq": 1}}, {"a": True}, False),
        ({"a": {"eq": True}}, {"a": True}, True),
        ({"a": {"eq": False}}, {}, False),
        ({"a": {"in": ["x", "y"]}}, {"a": "y"}, True),
        ({"a": {"in": ["x"]}}, {"a": None}, False),
        ({"a": {"exists": True}}, {"a": None}, False),
        ({"a": {"exists": False}}, {}, True),
        ({"a": {"gte": 2, "lte": 4}}, {"a": 3}, True),
        ({"a": {"gte": 2}}, {"a": None}, False),
        ({"a": {"gte": 2}}, {"a": True}, False),
        ({"a": {"lte": "2026-11-24T10:00:00+07:00"}}, {"a": "2026-11-24T02:59:00Z"}, True),
        ({"a": {"gte": "2026-11-24T10:00:00+07:00"}}, {"a": "kemarin"}, False),
        ({"a": {"eq": 1}, "b": {"eq": 2}}, {"a": 1, "b": 3}, False),
    ],
)
def test_conditions_hold(when: Any, data: dict[str, Any], holds: bool) -> None:
    assert matches(when, data) is holds


@given(st.dictionaries(st.sampled_from("ab"), st.one_of(st.none(), st.booleans(), st.integers(), st.text())))
def test_no_value_of_an_event_breaks_a_condition(data: dict[str, Any]) -> None:
    operators: list[dict[str, Any]] = [
        {"eq": 1},
        {"in": [1, "x"]},
        {"exists": True},
        {"gte": 1},
        {"lte": "x"},
    ]

    for operator in operators:
        assert matches({"a": operator}, data) in (True, False)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"event_type": "nothing.v1"}, "there is no event"),
        ({"when": {"nope": {"eq": 1}}}, "has no field nope"),
        ({"when": {"level": {"like": 1}}}, "unknown operator like"),
        ({"when": {"level": {"in": []}}}, "list that is not empty"),
        ({"when": {"level": {"exists": "yes"}}}, "true or false"),
        ({"when": {"level": {"eq": None}}}, "exists: false"),
        ({"when": {"stage": {"eq": "verifi"}}}, "no value 'verifi'"),
        ({"when": {"stage": {"in": ["verify", "x"]}}}, "no value 'x'"),
        ({"audience": "everybody"}, "unknown audience"),
        ({"audience": "role:king"}, "unknown audience"),
        ({"audience": "escalation"}, "needs the field to_role"),
        ({"audience": "reporter"}, "reporters have no inbox"),
        ({"channels": ()}, "at least one"),
        ({"channels": ("inbox", "inbox")}, "once"),
        ({"channels": ("pigeon",)}, "unknown channel"),
        ({"category": "spam"}, "unknown category"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_fault(changes: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults_in(rule(**changes), FIELDS))


def test_a_right_rule_has_no_faults() -> None:
    assert faults_in(rule(when={"stage": {"in": ["verify"]}, "level": {"gte": 1}}), FIELDS) == []


@pytest.mark.parametrize(
    ("audience", "data", "refs"),
    [
        ("role:coordinator", {}, ["kord"]),
        ("unit", {"unit": "a"}, ["kepala-a", "staf-a"]),
        ("unit_head", {"unit": "a"}, ["kepala-a"]),
        ("assignee", {"officer_ref": "staf-b"}, ["staf-b"]),
        ("escalation", {"to_role": "unit_head", "to_unit": "a"}, ["kepala-a"]),
        ("escalation", {"to_role": "coordinator", "to_unit": None}, ["kord"]),
        ("person", {"staff_ref": "staf-a"}, ["staf-a"]),
        ("rater", {"rater_ref": "kepala-a"}, ["kepala-a"]),
        ("decider", {"decider_ref": "kord"}, ["kord"]),
        ("owner", {"owner_ref": "loket-a"}, ["loket-a"]),
    ],
)
def test_an_audience_is(audience: str, data: dict[str, Any], refs: list[str]) -> None:
    found = resolve_staff(audience, {"inspectorate": False, **data}, STAFF)

    assert [member.ref for member in found.staff] == refs


@pytest.mark.parametrize("audience", ["unit", "unit_head", "assignee", "person", "rater", "decider", "owner"])
def test_without_a_unit_or_an_officer_nobody_is_meant(audience: str) -> None:
    found = resolve_staff(audience, {"inspectorate": False, "unit": None, "officer_ref": None}, STAFF)

    assert (found.staff, found.nobody) == ((), Reason.AUDIENCE_EMPTY)


@given(
    st.sampled_from(["unit", "unit_head", "assignee", "escalation", "role:coordinator", "role:inspector"]),
    st.fixed_dictionaries(
        {
            "unit": st.sampled_from([None, "a", "b", "inspektorat"]),
            "officer_ref": st.sampled_from([None, *(member.ref for member in STAFF)]),
            "to_role": st.sampled_from(["coordinator", "unit_head", "inspector", "leader"]),
            "to_unit": st.sampled_from([None, "a", "inspektorat"]),
        },
        optional={"inspectorate": st.sampled_from([True, None])},
    ),
)
def test_a_guarded_case_never_reaches_anybody_but_inspectors(audience: str, data: dict[str, Any]) -> None:
    found = resolve_staff(audience, data, STAFF)

    assert all("inspector" in member.roles for member in found.staff)
    assert bool(found.staff) is (found.nobody is None)


def test_a_guarded_case_with_the_wrong_audience_says_secrecy() -> None:
    assert resolve_staff("unit", {"inspectorate": True, "unit": "a"}, STAFF).nobody is Reason.SECRECY


def test_what_is_about_no_case_has_no_secrecy_of_cases() -> None:
    found = resolve_staff("unit_head", {"unit": "a"}, STAFF, case=False)

    assert [member.ref for member in found.staff] == ["kepala-a"]


@pytest.mark.parametrize("type_", ["complaint.filed.v1", "thing.happened.v1", "event.happened.v1"])
def test_an_event_that_we_do_not_know_counts_as_one_about_a_case(type_: str) -> None:
    assert about_case(type_)


def test_audiences_are_known_by_name() -> None:
    assert is_known("reporter")
    assert is_known("visitor")
    assert is_known("department")
    assert is_known("person")
    assert is_known("role:leader")
    assert not is_known("role:")
    assert not is_known("followers")
