"""The 300 requests that are shipped for replays."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway import filing
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.schemas import Filing, load
from tanggap import city as cities
from tanggap.replay.plan import ReplayMap

City = dict[str, Any]

EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\w")
NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
PHONE = re.compile(r"(?:\+62|08)[\d ]{8,}\d")
UNREACHABLE = re.compile(r"(?:\+62|0)8000000\d{3,4}")
IMPOSSIBLE_BIRTH = re.compile(r"1373\d\d000000\d{4}")


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    return folder / "sawahlunto" / "replay" / "requests.csv"


@pytest.fixture(scope="module")
def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_there_are_three_hundred_different_requests(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 300
    assert len({row["key"] for row in rows}) == 300
    assert len({row["description"] for row in rows}) == 300


def test_every_service_and_every_kind_is_asked_for(rows: list[dict[str, str]], sawahlunto: City) -> None:
    services = {service["code"] for service in sawahlunto["services"]}

    assert services - {row["service_code"] for row in rows} == set()
    assert {row["service_code"] for row in rows if not row["expect"]} <= services


def test_texts_are_short_and_long(rows: list[dict[str, str]]) -> None:
    lengths = [len(row["description"]) for row in rows if not row["expect"]]

    assert sum(length <= 25 for length in lengths) >= 5
    assert sum(length >= 400 for length in lengths) >= 20
    assert sum(2_900 <= length <= 3_500 for length in lengths) >= 5
    assert sum(7_000 <= length <= 10_000 for length in lengths) >= 3
    assert max(lengths) <= 10_000


def test_several_rows_are_faulty_on_purpose_each_in_its_own_field(rows: list[dict[str, str]]) -> None:
    faults = Counter(row["expect"] for row in rows if row["expect"])

    assert {
        "/description",
        "/service_code",
        "/location",
        "/reporter/email",
        "/reporter/phone",
        "/title",
    } <= set(faults)
    assert 10 <= sum(faults.values()) <= 30


def test_sound_rows_lie_in_the_city_and_answer_what_is_asked(
    rows: list[dict[str, str]], sawahlunto: City, contains: Callable[[City, float, float], bool]
) -> None:
    services = {service["code"]: service for service in sawahlunto["services"]}
    for row in rows:
        if row["expect"]:
            continue
        service = services[row["service_code"]]
        answers = json.loads(row["attributes"] or "{}")
        if row["lat"]:
            assert contains(sawahlunto["boundary"], float(row["lat"]), float(row["lon"])), row["key"]
        assert service["location"] != "required" or row["lat"], row["key"]
        for question in service["attributes"]:
            keys = {value["key"] for value in question["values"]}
            answer = answers.get(question["code"])
            assert answer is not None or not question["required"], (row["key"], question["code"])
            if answer is not None and keys:
                assert set(answer if isinstance(answer, list) else [answer]) <= keys, row["key"]
        assert set(answers) <= {question["code"] for question in service["attributes"]}, row["key"]


def test_nobody_in_them_can_be_reached(rows: list[dict[str, str]]) -> None:
    for row in rows:
        text = " ".join(value for name, value in row.items() if name != "expect")
        for email in EMAIL.findall(text):
            assert email.endswith(".example.invalid"), (row["key"], email)
        for number in NIK.findall(text):
            assert IMPOSSIBLE_BIRTH.fullmatch(number), (row["key"], number)
        for phone in PHONE.findall(text):
            assert UNREACHABLE.fullmatch(phone.replace(" ", "")), (row["key"], phone)


def test_some_texts_carry_personal_data_that_is_not_released(rows: list[dict[str, str]]) -> None:
    telling = [row for row in rows if PHONE.search(row["description"]) or NIK.search(row["description"])]

    assert len(telling) >= 5
    for row in rows:
        for released in (row["public_text"], row["title"]):
            assert not any(pattern.search(released) for pattern in (EMAIL, NIK, PHONE)), row["key"]


def test_every_status_has_its_actions_in_the_map(
    file: Path, rows: list[dict[str, str]], sawahlunto: City
) -> None:
    planned = ReplayMap.load(file.with_suffix(".yaml")).rows(file)
    units = {unit["code"] for unit in sawahlunto["units"]}

    assert len(planned) == len(rows)
    assert {plan.course.final for plan in planned} == {
        "filed",
        "verified",
        "assigned",
        "in_progress",
        "info_requested",
        "resolved",
        "closed",
        "rejected",
        "merged",
    }
    assert {row["target"] for row in rows} - {""} <= units
    assert all(plan.unit in units for plan, row in zip(planned, rows, strict=True) if not row["expect"])


def test_what_staff_must_write_is_written(rows: list[dict[str, str]]) -> None:
    for row in rows:
        if row["status"] in {"dijawab", "selesai", "selesai_loket", "menunggu", "ditolak", "bukan_wewenang"}:
            assert row["note"], row["key"]
        if row["status"] in {"disanggah", "dibuka_lagi"}:
            assert row["note"] and row["reply"], row["key"]
        assert (row["status"] == "ditolak") == bool(row["ground"]), row["key"]
        assert (row["status"] == "bukan_wewenang") == bool(row["referred_to"]), row["key"]
        assert (row["status"] == "digabung") == bool(row["refer"]), row["key"]
        assert row["public_text"] or row["expect"], row["key"]


def test_the_gateway_refuses_the_faulty_rows_at_the_field_they_name_and_takes_the_others(
    file: Path, rows: list[dict[str, str]], folder: Path
) -> None:
    bundle = cities.bundle(folder / "sawahlunto")
    for service in bundle["services"]:
        service["city"] = bundle["city"]["code"]
    desk = Caller(kind="staff", ref="loket-1", roles=("desk",))
    around = filing.Circumstances(Catalogue(bundle), desk, True, "desk", datetime(2026, 11, 24, tzinfo=UTC))

    for plan, row in zip(ReplayMap.load(file.with_suffix(".yaml")).rows(file), rows, strict=True):
        checked, errors = load(Filing(), plan.submission, "id")
        errors = [*errors, *filing.check(checked, around, errors)]

        assert {error.pointer for error in errors} == {row["expect"]} - {""}, row["key"]
