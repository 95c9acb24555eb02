"""What every city's catalogue has to be, whichever city it is."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

DATATYPES = {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}
LISTS = {"singlevaluelist", "multivaluelist"}
KINDS = {"complaint", "aspiration", "information", "document"}
STANDARD = {"requirements", "procedure", "time", "cost", "product", "place", "hours", "legal_basis"}
UNITS_OF_TIME = {"HK", "calendar_day", "hour", "count"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

City = dict[str, Any]


def in_both_languages(text: Any) -> bool:
    return set(text) >= {"id", "en"} and all(
        isinstance(text[key], str) and text[key].strip() for key in ("id", "en")
    )


def test_codes_are_unique_short_and_plain(city: City) -> None:
    for part in ("units", "services"):
        codes = [entry["code"] for entry in city[part]]

        assert [code for code, count in Counter(codes).items() if count > 1] == []
        assert [code for code in codes if len(code) > 60 or not CODE.fullmatch(code)] == []


def test_every_unit_that_is_named_exists(city: City) -> None:
    units = {unit["code"] for unit in city["units"]}

    named = {service["unit"] for service in city["services"]}
    named |= {city["city"]["coordinator_unit"], city["city"]["inspectorate_unit"]}
    named |= {unit["parent"] for unit in city["units"] if unit["parent"]}
    named |= {district["unit"] for district in city["city"]["districts"]}

    assert named - units == set()


def test_names_and_descriptions_are_in_both_languages(city: City) -> None:
    untranslated = [unit["code"] for unit in city["units"] if not in_both_languages(unit["name"])]
    untranslated += [
        service["code"]
        for service in city["services"]
        for text in (
            service["name"],
            service["description"],
            service["group"],
            *([service["notice"]] if "notice" in service else []),
        )
        if not in_both_languages(text)
    ]

    assert untranslated == []


def test_services_are_of_known_kinds_and_say_whether_they_need_a_place(city: City) -> None:
    odd = [
        service["code"]
        for service in city["services"]
        if service["kind"] not in KINDS
        or service["location"] not in {"required", "optional", "none"}
        or not isinstance(service["supervisory"], bool)
        or not service["keywords"]
    ]

    assert odd == []


def test_questions_are_well_formed(city: City) -> None:
    faults = []
    for service in city["services"]:
        codes = [question["code"] for question in service["attributes"]]
        if len(set(codes)) != len(codes):
            faults.append((service["code"], "repeated"))
        for order, question in enumerate(service["attributes"], start=1):
            keys = [value["key"] for value in question.get("values", [])]
            translated = [question["description"], *(value["name"] for value in question.get("values", []))]
            sound = (
                question["datatype"] in DATATYPES
                and question["order"] == order
                and isinstance(question["required"], bool)
                and (len(keys) >= 2) == (question["datatype"] in LISTS)
                and len(set(keys)) == len(keys)
                and all(isinstance(key, str) for key in keys)
                and all(in_both_languages(text) for text in translated)
            )
            if not sound:
                faults.append((service["code"], question["code"]))

    assert faults == []


def test_standards_are_complete(city: City) -> None:
    incomplete = [
        (service["code"], part)
        for service in city["services"]
        for standard in (service["standard"], service.get("standard_en") or service["standard"])
        for part in STANDARD
        if not standard.get(part)
    ]

    assert incomplete == []


def test_every_deadline_has_a_source_a_date_and_a_certainty(city: City) -> None:
    for row in city["deadlines"]:
        assert row["source"], row["id"]
        assert row["certainty"] in {"confirmed", "unconfirmed"}, row["id"]
        assert date.fromisoformat(row["effective_from"]) < date(2026, 1, 1), row["id"]
        assert row["unit"] in UNITS_OF_TIME and row["amount"] > 0, row["id"]
    for service in city["services"]:
        own = service.get("resolve_within")
        assert own is None or (own["source"] and own["amount"] > 0 and own["unit"] in UNITS_OF_TIME), service[
            "code"
        ]


def test_every_kind_has_a_deadline_for_every_stage(city: City) -> None:
    stages = {"verify", "assign", "first_response", "resolve", "info_wait", "silence", "reopen_window"}

    uncovered = [
        (kind, supervisory_class, stage)
        for kind in KINDS
        for supervisory_class in ("ordinary", "supervisory")
        for stage in stages
        if not any(
            row["stage"] == stage and row["kind"] in {kind, "*"} and row["class"] in {supervisory_class, "*"}
            for row in city["deadlines"]
        )
        and (kind == "complaint" or supervisory_class == "ordinary")
    ]

    assert uncovered == []


def test_time_zone_hours_and_calendar_are_usable(city: City) -> None:
    hours = city["city"]["office_hours"]

    assert ZoneInfo(city["city"]["timezone"])
    assert hours["open"] < hours["close"]
    assert set(hours["days"]) <= set(range(7))
    assert all({"date", "name", "working", "source"} <= set(day) for day in city["calendar"]["overrides"])


def test_boundary_is_a_closed_ring_that_says_it_is_a_sketch(
    city: City, contains: Callable[[City, float, float], bool]
) -> None:
    (ring,) = city["boundary"]["geometry"]["coordinates"]

    assert ring[0] == ring[-1]
    assert "not an official boundary" in city["boundary"]["properties"]["note"]
    assert not contains(city["boundary"], 0.0, 0.0)
