"""Periods begin: with the first event that needs one, by the sweep, or by an administrator."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from surveys.city import City
from surveys.domain.periods import OPEN, Period, missing_between, period_of
from surveys.events import period_opened
from surveys.store import ClientSession, Document
from surveys.store.copies import Copies
from surveys.store.periods import Periods, period_id, span

log = get_logger(__name__)


class Opening:
    def __init__(
        self, db: MongoHandle, outbox: Outbox, periods: Periods, copies: Copies, city: City, clock: Clock
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._periods = periods
        self._copies = copies
        self._city = city
        self._clock = clock

    def period_for(self, unit: str, day: date) -> Period:
        """The collecting period of a unit that a day belongs to, by the policy of that day."""
        policy = self._city.policy
        return period_of(day, policy.kind(unit, day), policy.number("stays_open_days", day))

    def ensure(
        self,
        session: ClientSession | None,
        unit: str,
        day: date,
        today: date,
        seen: dict[Any, Any] | None = None,
    ) -> Document | None:
        """The period that a day belongs to, opened if it has begun and still takes answers.

        None where no period can be: the day lies ahead, or long back. A closed period is returned as it is.
        Without a session nothing is opened, and the period is returned as it would be. `seen` remembers
        for the length of one transaction what was found.
        """
        if seen is None:
            return self._ensured(session, unit, day, today)
        if (unit, day, today) not in seen:
            seen[unit, day, today] = self._ensured(session, unit, day, today)
        found: Document | None = seen[unit, day, today]
        return found

    def _ensured(self, session: ClientSession | None, unit: str, day: date, today: date) -> Document | None:
        known = self._periods.holding(unit, day.isoformat(), session)
        if known is not None:
            return known
        period = self.period_for(unit, day)
        if not period.starts_on <= today <= period.closes_on:
            return None
        return self.draft(unit, period) if session is None else self.open(session, unit, period)

    def open(self, session: ClientSession, unit: str, period: Period) -> Document | None:
        """Open a period and tell it; None as for `draft`."""
        row = self.draft(unit, period)
        if row is not None:
            self._periods.insert(session, row)
            self._outbox.append(session, [period_opened(row, self._clock.now())])
        return row

    def draft(self, unit: str, period: Period, state: str = OPEN) -> Document | None:
        """A period with the questionnaire, bands and minimums of its first day.

        None where no questionnaire or band table was in force on that day.
        """
        try:
            questionnaire = self._city.asked_on(period.starts_on)
            table = self._city.table_on(period.starts_on)
        except LookupError:
            return None
        return {
            "_id": period_id(unit, period.code),
            "unit": unit,
            "code": period.code,
            "kind": period.kind,
            "starts_on": period.starts_on.isoformat(),
            "ends_on": period.ends_on.isoformat(),
            "closes_on": period.closes_on.isoformat(),
            "state": state,
            "questionnaire_version": questionnaire.version,
            "band_version": table.version,
            "minimum_n": self._city.policy.number("minimum_n", period.starts_on),
            "served": 0,
            "accepted": {},
            "refused": {},
            "population": None,
            "published_on": None,
            "version": 0,
        }

    def open_missing(self) -> int:
        """Open what should be open for every active unit; a period missed while nobody ran is made up for.

        Those that are over when they are opened are closed by the next step of the sweep.
        """
        today = self._city.today(self._clock.now())
        opened = 0
        for unit in self._copies.units():
            latest = self._periods.latest(unit["_id"])
            first = today if latest is None else span(latest).ends_on
            kind = self._city.policy.kind(unit["_id"], today)
            days = self._city.policy.number("stays_open_days", today)
            for period in missing_between(first, today, kind, days):
                opened += self._db.transact(partial(self._open_once, unit=unit["_id"], period=period))
        return opened

    def _open_once(self, session: ClientSession, unit: str, period: Period) -> int:
        known = self._periods.holding(unit, period.starts_on.isoformat(), session)
        if known is not None or self.open(session, unit, period) is None:
            return 0
        log.info("period opened", unit=unit, period=period.code)
        return 1
