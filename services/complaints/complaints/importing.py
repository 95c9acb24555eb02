"""Importing a city's catalogue: one transaction for what changed and for telling it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from complaints.bundle import check_bundle
from complaints.catalogue import changes_of
from complaints.domain.access import Actor, Permissions, scopes
from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Record
from complaints.domain.course import with_clocks, with_stays
from complaints.domain.deadlines import recomputed
from complaints.domain.history import extend
from complaints.errors import NotAllowed
from complaints.events import service_changed, unit_changed
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.times import milliseconds
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox

log = get_logger(__name__)

_ADOPT = 200


class Importing:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        cases: CaseStore,
        catalogue: CatalogueStore,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._cases = cases
        self._catalogue = catalogue
        self._permissions = permissions
        self._clock = clock

    def take(self, actor: Actor, bundle: Any) -> dict[str, Any]:
        """Merge a city into the catalogue; the same bundle again changes and tells nothing.

        Raises NotValid naming every fault by its pointer, before anything is written.
        """
        if not scopes(self._permissions, actor, "import_catalogue"):
            raise NotAllowed("not_permitted", "Only an administrator changes the catalogue.")
        check_bundle(bundle)
        now = milliseconds(self._clock.now())
        before = self._calendar(bundle["city"]["code"])
        result = self._db.transact(lambda session: self._taken(session, actor, bundle, now), timeout=20)
        self._adopt(now)
        after = self._calendar(bundle["city"]["code"])
        if before is not None and after != before:
            self._recount(bundle["city"]["code"], now)
        log.info("catalogue imported", catalogue_version=result["version"], city=bundle["city"]["code"])
        return result

    def _calendar(self, city: str) -> WorkingCalendar | None:
        known = self._catalogue.current().cities.get(city)
        return known.calendar if known else None

    def _taken(
        self, session: ClientSession, actor: Actor, bundle: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        units, services, stored = self._catalogue.stored(bundle["city"]["code"], session)
        city, changes = changes_of(bundle, units, services, stored)
        version = self._catalogue.apply(session, city, changes, actor.ref or "", now)
        told = [unit_changed(unit, now) for unit in changes.units]
        told += [service_changed(service, now) for service in changes.services]
        self._outbox.append(session, told)
        return {"version": version, **changes.counts}

    def _adopt(self, now: datetime) -> None:
        """Start the clocks of cases that were filed before there was any catalogue."""
        while codes := self._cases.without_city(_ADOPT):
            self._catalogue.current()
            for code in codes:
                self._db.transact(partial(self._adopted, code=code, now=now))
            log.info("cases adopted by a city", count=len(codes))

    def _adopted(self, session: ClientSession, *, code: str, now: datetime) -> None:
        catalogue = self._catalogue.loaded
        case = self._cases.get(code, session)
        city = catalogue.city_of(case.service_code) if case else None
        if case is None or case.city or city is None:
            return
        service = catalogue.services.get(case.service_code)
        if service is not None:
            inspectorate = service.supervisory
            unit = city.inspectorate_unit if inspectorate else case.unit
            case = replace(case, kind=service.kind, inspectorate=inspectorate, unit=unit)
        case = replace(case, city=city.code, area=city.area_of(case.location))
        case = with_clocks(case, catalogue, city, now)
        case = with_stays(None, replace(case, stays=()), city, now, None)
        record = Record("adopt", None, "system", case.status, case.status, {"city": city.code})
        changed, link = extend(case, record, now)
        self._cases.save(session, changed, [link], city.calendar)

    def _recount(self, city: str, now: datetime) -> None:
        """Move the open deadlines of a city whose calendar changed; finished ones stay as they were."""
        last, moved = "", 0
        while codes := self._cases.open_codes(city, last, _ADOPT):
            for code in codes:
                moved += self._db.transact(partial(self._recounted, code=code, now=now))
            last = codes[-1]
        log.info("deadlines moved with the calendar", city=city, count=moved)

    def _recounted(self, session: ClientSession, *, code: str, now: datetime) -> bool:
        case = self._cases.get(code, session)
        city = self._catalogue.loaded.cities.get(case.city) if case else None
        if case is None or city is None:
            return False
        clocks = tuple(recomputed(city.calendar, clock) for clock in case.clocks)
        if clocks == case.clocks:
            return False
        moved = {c.key: c.due_at.isoformat() for c, old in zip(clocks, case.clocks, strict=True) if c != old}
        record = Record("recount", None, "system", case.status, case.status, moved)
        changed, link = extend(replace(case, clocks=clocks), record, now)
        self._cases.save(session, changed, [link], city.calendar)
        return True
