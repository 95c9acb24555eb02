"""The catalogue of cities: what an import changes, and what the domain decides by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from complaints.bundle import CalendarSchema, DeadlineSchema, ResolveWithinSchema, to_record
from complaints.domain.calendar import WorkingCalendar
from complaints.domain.city import Area, Attribute, Catalogue, City, District, Service
from complaints.domain.deadlines import ANY, RESOLVE, DeadlineRecord
from complaints.errors import Fault, NotValid

Document = dict[str, Any]

_FIRST_YEAR, _LAST_YEAR = 2015, 2045


@dataclass
class Changes:
    """What an import changes. Documents carry their version; what is unchanged keeps its old one."""

    units: list[Document] = field(default_factory=list)
    services: list[Document] = field(default_factory=list)
    city_changed: bool = False
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return self.city_changed or bool(self.units or self.services)


def changes_of(
    bundle: Mapping[str, Any],
    stored_units: Mapping[str, Document],
    stored_services: Mapping[str, Document],
    stored_city: Document | None,
) -> tuple[Document, Changes]:
    """The city's own document and what differs from the stored state; the same bundle twice changes nothing.

    What a bundle no longer names is not deleted, because cases refer to it: it becomes inactive.
    Raises NotValid when a code belongs to another city already.
    """
    code = bundle["city"]["code"]
    changes = Changes()
    for part, stored, changed in (
        ("units", stored_units, changes.units),
        ("services", stored_services, changes.services),
    ):
        _of_other_city(part, bundle[part], stored, code)
        wanted = {
            item["code"]: {**item, "city": code, "active": item.get("active", True)} for item in bundle[part]
        }
        gone = {
            c: {**_plain(item), "active": False}
            for c, item in stored.items()
            if item["city"] == code and c not in wanted and item["active"]
        }
        counts = {"added": 0, "changed": 0, "unchanged": 0, "deactivated": len(gone)}
        for item_code, item in {**wanted, **gone}.items():
            before = stored.get(item_code)
            digest = _digest(item)
            if before is not None and before["digest"] == digest:
                counts["unchanged"] += 1
                continue
            if item_code in wanted:
                counts["changed" if before else "added"] += 1
            changed.append({**item, "digest": digest, "version": (before["version"] if before else 0) + 1})
        changes.counts[part] = counts
    city = {name: bundle.get(name) for name in ("city", "deadlines", "calendar", "jurisdictions")}
    document = {"_id": code, **city, "digest": _digest(city)}
    changes.city_changed = stored_city is None or stored_city["digest"] != document["digest"]
    return document, changes


def _of_other_city(
    part: str, items: Iterable[Mapping[str, Any]], stored: Mapping[str, Document], city: str
) -> None:
    faults = [
        Fault(f"/{part}/{number}/code", "other_city", "This code belongs to another city.")
        for number, item in enumerate(items)
        if item["code"] in stored and stored[item["code"]]["city"] != city
    ]
    if faults:
        raise NotValid(faults)


def _plain(document: Document) -> Document:
    """A stored document as it was sent."""
    return {name: value for name, value in document.items() if name not in ("_id", "digest", "version")}


def _digest(item: Any) -> str:
    text = json.dumps(item, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def build(
    version: int,
    default_city: str,
    cities: Iterable[Document],
    units: Iterable[Document],
    services: Iterable[Document],
) -> Catalogue:
    """The stored catalogue as the domain's values."""
    by_city: dict[str, set[str]] = {}
    for unit in units:
        if unit["active"]:
            by_city.setdefault(unit["city"], set()).add(unit["code"])
    return Catalogue(
        version=version,
        cities={doc["_id"]: _city(doc, frozenset(by_city.get(doc["_id"], ()))) for doc in cities},
        services={doc["code"]: _service(doc) for doc in services},
        default_city=default_city,
    )


def _city(document: Document, units: frozenset[str]) -> City:
    city = document["city"]
    records = tuple(to_record(DeadlineSchema().load(row)) for row in document["deadlines"])
    boundaries = [_area(item) for item in document.get("jurisdictions") or () if item.get("boundary")]
    districts = tuple(
        District(d["code"], d["name"], tuple(v["name"] for v in d.get("villages") or ()))
        for d in city.get("districts") or ()
    )
    known = {district.code for district in districts}
    return City(
        code=city["code"],
        calendar=build_calendar(city, CalendarSchema().load(document["calendar"])),
        records=records,
        coordinator_unit=city["coordinator_unit"],
        inspectorate_unit=city["inspectorate_unit"],
        units=units,
        districts=districts,
        boundary=next((area for area in boundaries if area.code == city["code"]), None),
        areas=tuple(area for area in boundaries if area.code in known),
    )


def build_calendar(city: Document, calendar: Document) -> WorkingCalendar:
    """Holidays of the country, joint leave where the city observes it, corrected by the city's own list."""
    known = holidays.country_holidays(calendar["country"])
    categories = {"public"}
    if calendar["joint_leave"]:
        # The library lists Indonesia's "cuti bersama" as days off of the government.
        categories |= {"government"} & set(known.supported_categories)
    dates = holidays.country_holidays(
        calendar["country"],
        subdiv=calendar["subdivision"],
        years=range(_FIRST_YEAR, _LAST_YEAR),
        categories=tuple(sorted(categories)),
    )
    days_off = set(dates.keys())
    for override in calendar["overrides"] or ():
        (days_off.discard if override["working"] else days_off.add)(override["date"])
    hours = city["office_hours"]
    return WorkingCalendar(
        zone=ZoneInfo(city["timezone"]),
        weekdays=frozenset(hours["days"]),
        opens=_clock_time(hours["open"]),
        closes=_clock_time(hours["close"]),
        days_off=frozenset(days_off),
        receives_after_hours=bool(hours.get("receives_after_hours", False)),
    )


def _clock_time(value: Any) -> time:
    return value if isinstance(value, time) else time.fromisoformat(value)


def _service(document: Document) -> Service:
    attributes = {
        item["code"]: Attribute(
            item["code"],
            item["datatype"],
            bool(item.get("required")),
            frozenset(value["key"] for value in item.get("values") or ()),
        )
        for item in document.get("attributes") or ()
    }
    within = document.get("resolve_within")
    return Service(
        code=document["code"],
        city=document["city"],
        kind=document["kind"],
        unit=document["unit"],
        supervisory=bool(document.get("supervisory")),
        location=document.get("location") or "optional",
        active=document["active"],
        attributes=attributes,
        resolve_within=None if not within else _resolve_record(document["code"], within),
    )


def _resolve_record(service_code: str, within: Document) -> DeadlineRecord:
    own = {"id": f"resolve-{service_code}"[:80], "stage": RESOLVE, "kind": ANY, "supervisory_class": ANY}
    return to_record({**ResolveWithinSchema().load(within), **own, "effective_to": None})


def _area(jurisdiction: Document) -> Area:
    geometry = jurisdiction["boundary"]
    if geometry.get("type") == "Feature":
        geometry = geometry["geometry"]
    coordinates = geometry["coordinates"]
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    name = jurisdiction["name"]
    return Area(
        code=jurisdiction["code"],
        name=name["id"] if isinstance(name, dict) else str(name),
        polygons=tuple(
            tuple(tuple((float(point[0]), float(point[1])) for point in ring) for ring in rings)
            for rings in polygons
        ),
    )
