import copy
from datetime import date
from typing import Any

import pytest
from unit.complaints.bundles import bundle

from complaints.bundle import check_bundle
from complaints.catalogue import build, changes_of
from complaints.domain.case import Location
from complaints.errors import NotValid


def stored(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["code"]: item for item in items}


def built(given: dict[str, Any] | None = None) -> Any:
    city, changes = changes_of(given or bundle(), {}, {}, None)
    return build(1, "kota", [city], changes.units, changes.services)


def test_the_same_bundle_again_changes_nothing() -> None:
    city, first = changes_of(bundle(), {}, {}, None)

    _, again = changes_of(copy.deepcopy(bundle()), stored(first.units), stored(first.services), city)

    assert first.counts["units"] == {"added": 3, "changed": 0, "unchanged": 0, "deactivated": 0}
    assert not again.any
    assert again.counts["services"]["unchanged"] == 2


def test_a_change_counts_the_version_of_that_item_alone() -> None:
    city, first = changes_of(bundle(), {}, {}, None)
    changed = bundle()
    changed["services"][0]["name"] = {"id": "Jalan berlubang"}

    _, second = changes_of(changed, stored(first.units), stored(first.services), city)

    assert [(s["code"], s["version"]) for s in second.services] == [("jalan", 2)]
    assert second.units == []


def test_what_a_bundle_no_longer_names_becomes_inactive_and_can_come_back() -> None:
    city, first = changes_of(bundle(), {}, {}, None)
    without = bundle(services=bundle()["services"][:1])
    _, gone = changes_of(without, stored(first.units), stored(first.services), city)
    assert [(s["code"], s["active"]) for s in gone.services] == [("pungli", False)]

    now_stored = {**stored(first.services), **stored(gone.services)}
    _, same = changes_of(without, stored(first.units), now_stored, city)
    _, back = changes_of(bundle(), stored(first.units), now_stored, city)

    assert not same.any
    assert [(s["code"], s["active"], s["version"]) for s in back.services] == [("pungli", True, 3)]


def test_a_code_of_another_city_is_refused() -> None:
    _, first = changes_of(bundle(), {}, {}, None)
    other = bundle()
    other["city"] = {**other["city"], "code": "lain"}

    with pytest.raises(NotValid) as refusal:
        changes_of(other, stored(first.units), stored(first.services), None)
    assert refusal.value.faults[0].code == "other_city"


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (("city", "timezone"), "Mars/Olympus", "/city/timezone"),
        (("city", "coordinator_unit"), "tidak-ada", "/city/coordinator_unit"),
        (("city", "office_hours"), {"days": [0], "open": "16:00", "close": "08:00"}, "/city/office_hours"),
        (("services", 0, "unit"), "tidak-ada", "/services/0/unit"),
        (("services", 1, "code"), "jalan", "/services/1/code"),
        (("services", 0, "kind"), "keluhan", "/services/0/kind"),
        (("units", 2, "code"), "Huruf Besar", "/units/2/code"),
        (("calendar", "country"), "XX", "/calendar/country"),
        (("deadlines", 0, "unit"), "fortnight", "/deadlines/0/unit"),
        (("deadlines", 3, "source"), "", "/deadlines/3/source"),
    ],
)
def test_a_fault_is_named_by_its_pointer(path: tuple[Any, ...], value: Any, pointer: str) -> None:
    given = bundle()
    place = given
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(NotValid) as refusal:
        check_bundle(given)
    assert pointer in {fault.pointer for fault in refusal.value.faults}


@pytest.mark.parametrize("bad", [None, [], "x", {}, {"city": 5}])
def test_what_is_no_bundle_is_refused(bad: Any) -> None:
    with pytest.raises(NotValid):
        check_bundle(bad)


def test_a_city_without_a_deadline_for_a_stage_is_refused() -> None:
    without = [row for row in bundle()["deadlines"] if row["stage"] != "silence"]

    with pytest.raises(NotValid) as refusal:
        check_bundle(bundle(deadlines=without))
    assert refusal.value.faults[0].pointer == "/deadlines"


def test_the_calendar_knows_holidays_joint_leave_and_the_citys_own_days() -> None:
    calendar = built().cities["kota"].calendar

    assert not calendar.is_working_day(date(2026, 8, 17))
    assert not calendar.is_working_day(date(2026, 12, 24))
    assert not calendar.is_working_day(date(2026, 12, 1))
    assert calendar.is_working_day(date(2026, 12, 2))


def test_joint_leave_counts_only_where_the_city_observes_it() -> None:
    without = bundle(calendar={"country": "ID", "joint_leave": False, "overrides": []})

    assert built(without).cities["kota"].calendar.is_working_day(date(2026, 12, 24))


def test_a_service_brings_its_own_time_and_takes_the_rest_from_the_city() -> None:
    catalogue = built()

    record = catalogue.cities["kota"].record(
        "resolve", "complaint", "ordinary", date(2026, 11, 2), catalogue.services["jalan"]
    )

    assert (record.span.amount, record.source) == (7, "SOP")
    assert len(record.warn_before) == 1


def test_areas_come_from_polygons_or_from_the_place_an_address_names() -> None:
    city = built().cities["kota"]

    assert city.boundary.contains(-0.5, 100.5)
    assert not city.boundary.contains(0.5, 100.5)
    assert city.area_of(Location(None, None, "Dekat masjid, desa santur")) == "Barangin"
    assert city.area_of(Location(None, None, "Entah di mana")) is None
