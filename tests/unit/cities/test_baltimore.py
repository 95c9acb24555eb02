"""The map of the 311 sample; what needs the sample itself is skipped where it is absent."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tanggap import city as cities
from tanggap.replay.plan import ReplayMap, Row

City = dict[str, Any]
Contains = Callable[[City, float, float], bool]


@pytest.fixture(scope="module")
def sample(folder: Path) -> Path:
    file = folder.parents[1] / "shared" / "data" / "baltimore-311.csv"
    if not file.exists():
        pytest.skip("the 311 sample is not here: ../shared/data/baltimore-311.csv")
    return file


@pytest.fixture(scope="module")
def rows(sample: Path) -> list[dict[str, str]]:
    with sample.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def planned(sample: Path, folder: Path) -> list[Row]:
    return ReplayMap.load(folder / "baltimore" / "replay" / "baltimore.yaml").rows(sample)


def is_exact(row: dict[str, str]) -> bool:
    points = (row["Latitude"], row["Longitude"])
    return all(points) and not any(float(value).is_integer() for value in points)


def test_complaints_takes_the_bundle(folder: Path, faults_of: Callable[[City], list[Any]]) -> None:
    assert faults_of(cities.bundle(folder / "baltimore")) == []


def test_whole_degrees_lie_outside(baltimore: City, contains: Contains) -> None:
    assert not contains(baltimore["boundary"], 39.0, -77.0)
    assert not contains(baltimore["boundary"], 39.0, -76.0)


def test_codes_cannot_meet_those_of_another_city(baltimore: City) -> None:
    codes = [entry["code"] for part in ("units", "services") for entry in baltimore[part]]

    assert [code for code in codes if not code.startswith("bal-")] == []


def test_exact_points_of_named_neighbourhoods_lie_inside(
    rows: list[dict[str, str]], baltimore: City, contains: Contains
) -> None:
    outside = [
        row
        for row in rows
        if is_exact(row)
        and not contains(baltimore["boundary"], float(row["Latitude"]), float(row["Longitude"]))
    ]

    assert len(outside) == 183
    assert [row for row in outside if row["Neighborhood"]] == []


def test_every_request_type_has_its_service_and_every_agency_its_unit(
    planned: list[Row], baltimore: City
) -> None:
    services = {service["code"] for service in baltimore["services"]}
    units = {unit["code"] for unit in baltimore["units"]}

    assert len(planned) == 10_000
    assert {row.submission["service_code"] for row in planned} == services
    assert {row.unit for row in planned} <= units


def test_every_row_gets_a_contact_of_its_own_that_cannot_be_reached(planned: list[Row]) -> None:
    addresses = [row.submission["reporter"]["email"] for row in planned]

    assert len(set(addresses)) == len(planned)
    assert all(address.endswith(".example.invalid") for address in addresses)


def test_nothing_of_the_original_is_lost(planned: list[Row], rows: list[dict[str, str]]) -> None:
    for plan, row in zip(planned, rows, strict=True):
        kept = " ".join(plan.submission["attributes"].values())
        lost = [value for value in row.values() if value and value not in kept and value != row["SRType"]]
        assert lost == [], plan.key
        assert row["SRType"] in plan.submission["description"]


def test_statuses_become_the_states_they_mean(planned: list[Row], rows: list[dict[str, str]]) -> None:
    meant = Counter((row["SRStatus"], plan.course.final) for plan, row in zip(planned, rows, strict=True))

    assert meant == {
        ("Closed", "closed"): 9567,
        ("Closed (Duplicate)", "merged"): 207,
        ("Open (Duplicate)", "merged"): 8,
        ("New (Duplicate)", "merged"): 2,
        ("Closed (Transferred)", "rejected"): 18,
        ("Pending", "info_requested"): 17,
        ("Open", "in_progress"): 113,
        ("In Progress", "in_progress"): 1,
        ("New", "filed"): 67,
    }


def test_the_sample_itself_is_not_in_the_repository(folder: Path) -> None:
    assert list((folder / "baltimore").rglob("*.csv")) == []


def test_points_of_whole_degrees_are_left_out_and_counted(
    planned: list[Row], rows: list[dict[str, str]]
) -> None:
    left_out = [row for row in planned if row.point_left_out]

    assert len(left_out) == 892
    assert all("lat" not in row.submission.get("location", {}) for row in left_out)
    assert [
        row.key for row in left_out if not row.submission["attributes"]["original_place"].startswith("39, ")
    ] == []
    assert (
        sum("lat" in row.submission.get("location", {}) for row in planned)
        == sum(map(is_exact, rows))
        == 8518
    )


def test_duplicates_are_joined_to_the_same_matter_in_the_same_neighbourhood(
    planned: list[Row], rows: list[dict[str, str]]
) -> None:
    by_key = {row["ServiceRequestNum"]: row for row in rows}
    merging = [plan for plan in planned if plan.course.final == "merged"]

    joined = [(by_key[plan.key], by_key[plan.same_matter]) for plan in merging if plan.same_matter]

    assert len(joined) > 50
    assert all(plan.otherwise is not None and plan.otherwise.final == "rejected" for plan in merging)
    for row, first in joined:
        assert row["Neighborhood"]
        assert (row["SRType"], row["Neighborhood"]) == (first["SRType"], first["Neighborhood"])
        assert "Duplicate" not in first["SRStatus"]
