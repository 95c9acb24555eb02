"""The sample city: complete, possible under the workflow, and about nobody."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from complaints.commands import read_action

City = dict[str, Any]

PHONE = re.compile(r"\+62800000\d{4}")
PERSONAL = re.compile(r"[\w.+-]+@[\w.-]+|(?<!\d)\d{16}(?!\d)|(?<!\d)(?:\+62|08)\d[\d ]{6,}")
ROLES = {
    "coordinator",
    "desk",
    "officer",
    "unit_head",
    "inspector",
    "hr",
    "rater",
    "leader",
    "admin",
    "auditor",
}
AFTER = {
    "verify": ({"filed"}, "verified"),
    "assign": ({"verified", "assigned", "in_progress"}, "assigned"),
    "bounce": ({"assigned", "in_progress"}, "verified"),
    "request_info": ({"filed", "verified", "assigned", "in_progress"}, "info_requested"),
    "provide_info": ({"info_requested"}, None),
    "progress": ({"assigned", "in_progress"}, "in_progress"),
    "resolve": ({"assigned", "in_progress"}, "resolved"),
    "confirm": ({"resolved"}, "closed"),
    "dispute": ({"resolved"}, "assigned"),
    "reject": ({"filed", "verified", "assigned"}, "rejected"),
    "reopen": ({"closed", "rejected"}, "assigned"),
    "merge": ({"filed", "verified", "assigned", "in_progress"}, "merged"),
}
# What the issue asks to be seen in a sample.
MUST_SHOW = {
    "referred_elsewhere",
    "water_outage",
    "illegal_levy",
    "document_paused",
    "information_refused",
    "overdue_unassigned",
    "bounced",
    "disputed",
    "timer",
    "unreachable",
    "merged",
    "reopened",
    "confirmed",
    "partial",
    "aspiration",
    "supporters",
    "english",
    "anonymous",
    "confidential",
    "confirmed_by_desk",
    "info_not_provided",
    "supervisory_by_verify",
}


@pytest.fixture(scope="module")
def cases(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(
        (folder / "sawahlunto" / "sample" / "cases.yaml").read_text(encoding="utf-8")
    )["cases"]
    return found


@pytest.fixture(scope="module")
def staff(folder: Path) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((folder / "sawahlunto" / "sample" / "staff.yaml").read_text(encoding="utf-8"))
    return {person["ref"]: person for person in document["staff"]}


def test_staff_are_invented_and_belong_to_units(staff: dict[str, dict[str, Any]], sawahlunto: City) -> None:
    units = {unit["code"] for unit in sawahlunto["units"]}

    for person in staff.values():
        assert person["email"].endswith(".example.invalid"), person["ref"]
        assert PHONE.fullmatch(person["phone"]), person["ref"]
        assert person["roles"] and set(person["roles"]) <= ROLES, person["ref"]
        assert person["unit"] is None or person["unit"] in units, person["ref"]


def test_every_role_that_acts_on_a_case_is_there(staff: dict[str, dict[str, Any]]) -> None:
    held = {role for person in staff.values() for role in person["roles"]}

    assert {"admin", "coordinator", "desk", "officer", "unit_head", "inspector", "leader", "auditor"} <= held


def test_the_cases_show_what_a_sample_has_to_show(cases: list[dict[str, Any]]) -> None:
    shown = {what for case in cases for what in case["shows"]}

    assert len(cases) >= 40
    assert MUST_SHOW - shown == set()


def test_keys_are_unique_and_refer_to_earlier_cases(cases: list[dict[str, Any]]) -> None:
    known: set[str] = set()
    for case in cases:
        for action in case["actions"]:
            for value in (action.get("payload") or {}).values():
                if isinstance(value, str) and value.startswith("case:"):
                    assert value.removeprefix("case:") in known, case["key"]
        assert case["key"] not in known
        known.add(case["key"])


def test_cases_answer_the_questions_of_their_service(cases: list[dict[str, Any]], sawahlunto: City) -> None:
    services = {service["code"]: service for service in sawahlunto["services"]}
    for case in cases:
        service = services[case["service_code"]]
        questions = {question["code"]: question for question in service["attributes"]}
        assert set(case["attributes"]) <= set(questions), case["key"]
        for code, question in questions.items():
            answer = case["attributes"].get(code)
            keys = {value["key"] for value in question["values"]}
            assert answer is not None or not question["required"], (case["key"], code)
            if answer is not None and keys:
                assert set(answer if isinstance(answer, list) else [answer]) <= keys, (case["key"], code)
            if answer is not None and question["datatype"] == "datetime":
                assert set(answer) == {"days_ago", "at"}, (case["key"], code)


def test_cases_lie_in_the_city_where_their_service_needs_a_place(
    cases: list[dict[str, Any]], sawahlunto: City, contains: Callable[[City, float, float], bool]
) -> None:
    services = {service["code"]: service for service in sawahlunto["services"]}
    for case in cases:
        place = case["location"] or {}
        if "lat" in place:
            assert contains(sawahlunto["boundary"], place["lat"], place["lon"]), case["key"]
        needed = services[case["service_code"]]["location"]
        assert needed != "required" or "lat" in place, case["key"]
        assert needed != "none" or not place, case["key"]


def test_actions_follow_the_workflow_in_time(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        state, last = "filed", (0, case["filed"]["at"])
        before_question = state
        for action in case["actions"]:
            if "day" in action:
                moment = (action["day"], action["at"])
                assert last <= moment, (case["key"], action)
                assert action["day"] <= case["filed"]["working_days_ago"], (case["key"], action)
                last = moment
            if action["action"] not in AFTER:
                continue
            sources, target = AFTER[action["action"]]
            assert state in sources, (case["key"], state, action["action"])
            before_question = state if action["action"] == "request_info" else before_question
            state = target or before_question


def test_those_who_act_are_allowed_to(
    cases: list[dict[str, Any]], staff: dict[str, dict[str, Any]], sawahlunto: City, folder: Path
) -> None:
    table = yaml.safe_load((folder.parent / "contracts" / "permissions.yaml").read_text(encoding="utf-8"))
    services = {service["code"]: service for service in sawahlunto["services"]}
    for case in cases:
        unit = None
        inspectorate = services[case["service_code"]]["supervisory"]
        assert "desk" in staff[case["filed"]["by"]]["roles"]
        for action in case["actions"]:
            actor = staff.get(action["by"])
            roles = actor["roles"] if actor else [action["by"]]
            scopes = {table["complaints"][action["action"]].get(role) for role in roles} - {None}
            assert scopes, (case["key"], action)
            if "unit" in scopes and actor:
                assert actor["unit"] == unit, (case["key"], action)
            if inspectorate and actor:
                assert "inspectorate" in scopes, (case["key"], action)
            payload = action.get("payload") or {}
            inspectorate = inspectorate or bool(payload.get("supervisory", {}).get("value"))
            unit = payload["unit"] if action["action"] == "assign" else unit


def test_refusals_name_a_known_ground_and_the_new_owner(cases: list[dict[str, Any]], folder: Path) -> None:
    wording = yaml.safe_load((folder / "sawahlunto" / "wording.yaml").read_text(encoding="utf-8"))
    for case in cases:
        for action in case["actions"]:
            if action["action"] != "reject":
                continue
            payload = action["payload"]
            assert payload["ground"] in wording["ground"], case["key"]
            assert (payload["ground"] == "bukan_wewenang") == bool(payload.get("referred_to")), case["key"]


def test_people_in_the_sample_cannot_be_reached(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        reporter = case["reporter"] or {}
        assert (reporter.get("email") or "x.example.invalid").endswith(".example.invalid"), case["key"]
        assert PHONE.fullmatch(reporter.get("phone") or "+628000000000"), case["key"]


def test_what_is_released_holds_no_personal_data(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        for action in case["actions"]:
            for name in ("public_text", "public_title"):
                text = (action.get("payload") or {}).get(name, "")
                assert not PERSONAL.search(text), (case["key"], text)


def test_complaints_understands_every_payload(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        for action in case["actions"]:
            payload = {
                name: "7K3M9QXD4TRWH" if str(value).startswith("case:") else value
                for name, value in (action.get("payload") or {}).items()
            }

            read, as_of = read_action(action["action"], payload)

            assert read is not None and as_of is None, (case["key"], action)
