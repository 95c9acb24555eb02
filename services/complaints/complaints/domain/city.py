"""The catalogue as the domain needs it: cities, units, services, and where a point lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache

from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Location
from complaints.domain.deadlines import RESOLVE, DeadlineRecord, choose_record

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Area:
    """A polygon with holes, or several, in longitude and latitude."""

    code: str
    name: str
    polygons: tuple[tuple[Ring, ...], ...] = field(repr=False)

    def contains(self, lat: float, lon: float) -> bool:
        return any(
            _in_ring(rings[0], lat, lon) and not any(_in_ring(hole, lat, lon) for hole in rings[1:])
            for rings in self.polygons
            if rings
        )


def _in_ring(ring: Ring, lat: float, lon: float) -> bool:
    inside = False
    previous_lon, previous_lat = ring[-1]
    for this_lon, this_lat in ring:
        if (this_lat > lat) != (previous_lat > lat):
            crossing = this_lon + (lat - this_lat) / (previous_lat - this_lat) * (previous_lon - this_lon)
            if lon < crossing:
                inside = not inside
        previous_lon, previous_lat = this_lon, this_lat
    return inside


@dataclass(frozen=True)
class District:
    code: str
    name: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attribute:
    code: str
    datatype: str
    required: bool
    keys: frozenset[str]


@dataclass(frozen=True)
class Service:
    code: str
    city: str
    kind: str
    unit: str
    supervisory: bool
    location: str
    active: bool
    attributes: Mapping[str, Attribute]
    resolve_within: DeadlineRecord | None = None


@dataclass(frozen=True)
class City:
    code: str
    calendar: WorkingCalendar
    records: tuple[DeadlineRecord, ...]
    coordinator_unit: str
    inspectorate_unit: str
    units: frozenset[str]
    districts: tuple[District, ...] = ()
    boundary: Area | None = None
    areas: tuple[Area, ...] = ()

    def record(
        self, stage: str, kind: str, supervisory_class: str, day: date, service: Service | None
    ) -> DeadlineRecord | None:
        """The record in force for a stage on a day. A service's own time wins over the city's.

        What the service's record leaves out, warnings and escalation, it takes from the city's.
        """
        chosen = (stage, kind, supervisory_class, day)
        if chosen not in self._chosen:
            self._chosen[chosen] = choose_record(self.records, *chosen)
        record = self._chosen[chosen]
        own = service.resolve_within if service is not None and stage == RESOLVE else None
        if own is None or own.effective_from > day:
            return record
        if record is None:
            return own
        return _completed(own, record)

    @cached_property
    def _chosen(self) -> dict[tuple[str, str, str, date], DeadlineRecord | None]:
        return {}

    @cached_property
    def _places(self) -> list[tuple[str, str]]:
        """Names that an address may contain, each with its district; the longest, most exact one first."""
        places = [
            (place.casefold(), district.name)
            for district in self.districts
            for place in (district.name, *district.places)
        ]
        return sorted(places, key=lambda named: (len(named[0]), named[1]), reverse=True)

    def limit(self, stage: str, kind: str, supervisory_class: str, day: date) -> int | None:
        """A limit that counts, such as how often a case may be sent back; None when there is none."""
        record = choose_record(self.records, stage, kind, supervisory_class, day)
        return None if record is None else record.span.amount

    def area_of(self, location: Location | None) -> str | None:
        """The district a location lies in: by polygon, otherwise by the place its address names."""
        if location is None:
            return None
        if location.lat is not None and location.lon is not None:
            for area in self.areas:
                if area.contains(location.lat, location.lon):
                    return area.name
        if not location.address:
            return None
        address = location.address.casefold()
        return next((name for place, name in self._places if place in address), None)


@lru_cache(maxsize=1024)
def _completed(own: DeadlineRecord, record: DeadlineRecord) -> DeadlineRecord:
    return replace(
        own,
        warn_before=own.warn_before or record.warn_before,
        escalate_after=own.escalate_after or record.escalate_after,
    )


@dataclass(frozen=True)
class Catalogue:
    """One version of everything the city offers. Cases are decided by the version loaded at the time."""

    version: int
    cities: Mapping[str, City]
    services: Mapping[str, Service]
    default_city: str = ""

    def city_of(self, service_code: str) -> City | None:
        service = self.services.get(service_code)
        return self.cities.get(service.city if service else self.default_city)


EMPTY = Catalogue(0, {}, {})
