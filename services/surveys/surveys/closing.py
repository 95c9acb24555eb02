"""A period ends: its pools are emptied, its figures computed and signed, what may be told is told.

In one transaction. Computed twice it gives the same; a correction adds a version and rewrites none.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date, timedelta

from servicekit.envelope import format_time
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from surveys.city import City
from surveys.computing import Computing, altered, pooled_population
from surveys.domain import tallies
from surveys.domain.figures import METHOD
from surveys.domain.periods import CLOSED, OPEN, ROLLING_YEAR, following, quarters_of, rolling_year
from surveys.domain.submission import INVITE_LINK, NOT_REVIEWED
from surveys.errors import WrongState
from surveys.events import period_closed, staff_aggregate
from surveys.opening import Opening
from surveys.pool import Pool
from surveys.releasing import Releasing
from surveys.store import ClientSession, Document
from surveys.store.answers import Answers
from surveys.store.copies import Copies
from surveys.store.periods import Periods, period_id, span

log = get_logger(__name__)

CASES = "cases"
"""Where the number of users comes from, if nobody entered it: from closed cases and reported visits."""
TALLIES_KEPT_DAYS = 60
"""Sums about people outlive the closing, since other units close later and are compared with them."""


class Closing:
    def __init__(
        self,
        *,
        db: MongoHandle,
        outbox: Outbox,
        answers: Answers,
        periods: Periods,
        copies: Copies,
        opening: Opening,
        releasing: Releasing,
        computing: Computing,
        pool: Pool,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._answers = answers
        self._periods = periods
        self._copies = copies
        self._opening = opening
        self._releasing = releasing
        self._computing = computing
        self._pool = pool
        self._city = city
        self._clock = clock

    def empty_pools(self, id_: str) -> None:
        """Release everything that waits of a period that is over, without closing it yet."""
        self._releasing.drain(id_)
        self._db.transact(lambda session: self._emptied(session, id_), timeout=30)

    def close_due(self, id_: str) -> bool:
        """Close an open period; whether this call did."""
        return bool(self._db.transact(lambda session: self.close(session, id_, by=None), timeout=30))

    def _emptied(self, session: ClientSession, id_: str) -> None:
        period = self._periods.get(id_, session)
        if period is not None and period["state"] == OPEN:
            self._releasing.release_all(session, period)

    def close(self, session: ClientSession, id_: str, *, by: str | None) -> bool:
        """Release all that is left, compute, tell, and open the next period. False if it was closed."""
        period = self._periods.get(id_, session)
        if period is None or period["state"] != OPEN:
            return False
        self._releasing.release_all(session, period)
        unreviewed = self._answers.drop_held(session, {"period": id_})
        if unreviewed:
            self._periods.count(session, id_, f"refused.{NOT_REVIEWED}", unreviewed)
        self._compute(session, period, [id_], version=1, reason=None, by=by)
        self._tell_about_people(session, period)
        self._open_next(session, period)
        if self._city.policy.kind(period["unit"], span(period).starts_on) == ROLLING_YEAR:
            self._pool_year(session, period)
        log.info("period closed", unit=period["unit"], period=period["code"])
        return True

    def correct(self, session: ClientSession, period: Document, reason: str, by: str | None) -> None:
        """Compute again as a new version; the old one stays visible.

        Raises WrongState where an answer is no longer what the version before was computed from: a
        correction must not make that look right.
        """
        before = self._periods.computed(period["_id"], session=session)
        parts = [period_id(period["unit"], code) for code in quarters_of(period["code"])]
        changed = altered(before["inputs"] if before else [], list(self._answers.of(parts, session)))
        if changed:
            raise WrongState(
                {"reason": "answers_altered", "answers": changed[:20]},
                "Answers differ from those that were computed before.",
            )
        version = int(period["version"]) + 1
        self._compute(session, period, parts, version=version, reason=reason, by=by)

    def population(self, period: Document, modes: dict[str, int]) -> tuple[int | None, str | None]:
        """The users of the unit in a period: as entered, or as counted where nobody came uncounted."""
        entered = period["population"]
        if entered is not None:
            return entered["n"], entered["origin"]
        if period["served"] and not set(modes) - {INVITE_LINK}:
            return period["served"], CASES
        return None, None

    def _compute(
        self,
        session: ClientSession,
        period: Document,
        parts: list[str],
        *,
        version: int,
        reason: str | None,
        by: str | None,
    ) -> None:
        rows = list(self._answers.of(parts, session))
        documents = self._periods.get_many(parts, session)
        if period["kind"] == ROLLING_YEAR and period["population"] is None:
            numbers = [self.population(one, accepted(one)) for one in documents]
            population, origin = pooled_population(numbers)
        else:
            population, origin = self.population(period, accepted(period))
        found = self._computing.computed(
            period,
            rows,
            population=population,
            population_origin=origin,
            modes=sum((Counter(accepted(one)) for one in documents), Counter()),
            complete=len(documents) == len(quarters_of(period["code"])),
        )
        now = self._clock.now()
        self._periods.keep_computed(
            session,
            {
                "_id": str(uuid.uuid4()),
                "period": period["_id"],
                "version": version,
                "at": format_time(now),
                "reason": reason,
                "by": by,
                **found,
            },
        )
        change: Document = {"version": version}
        if period["state"] == OPEN:
            change["state"] = CLOSED
        self._periods.change(session, period["_id"], {"$set": change})
        self._outbox.append(session, [period_closed(period, version, found["figures"], now)])

    def _tell_about_people(self, session: ClientSession, period: Document) -> None:
        own = self._pool.open_tally(period["_id"], self._answers.tally(period["_id"], session))
        everybody = [
            self._pool.open_tally(id_, sealed)
            for id_, sealed in self._answers.tallies_of(period["code"], session)
        ]
        rule = self._city.policy.person(span(period).starts_on)
        officers = self._copies.officers(period["unit"], session)
        found = tallies.aggregates(own, tallies.pooled(everybody), officers, rule)
        told = [staff_aggregate(period, aggregate, METHOD, self._city.zone) for aggregate in found]
        self._outbox.append(session, told, traced=False)

    def _open_next(self, session: ClientSession, period: Document) -> None:
        days = self._city.policy.number("stays_open_days", span(period).ends_on)
        coming = following(span(period), days)
        today = self._city.today(self._clock.now())
        known = self._periods.holding(period["unit"], coming.starts_on.isoformat(), session)
        if known is None and coming.starts_on <= today:
            self._opening.open(session, period["unit"], coming)

    def _pool_year(self, session: ClientSession, quarter: Document) -> None:
        """The rolling year that ends with a quarter that has just been closed."""
        year = rolling_year(span(quarter))
        row = self._opening.draft(quarter["unit"], year, state=CLOSED)
        if row is None or self._periods.get(row["_id"], session) is not None:
            return
        for name in ("questionnaire_version", "band_version", "minimum_n"):
            row[name] = quarter[name]
        self._periods.insert(session, row)
        parts = [period_id(quarter["unit"], code) for code in quarters_of(year.code)]
        self._compute(session, row, parts, version=1, reason=None, by=None)

    def forget_tallies(self, today: date) -> None:
        """Drop the sums about people of periods that were closed long ago."""
        before = today - timedelta(days=TALLIES_KEPT_DAYS)
        self._answers.drop_tallies(self._periods.closed_long_ago(before.isoformat()))


def accepted(period: Document) -> dict[str, int]:
    """How many answers count so far, by the way they came, those that still wait included."""
    return {mode: int(n) for mode, n in period["accepted"].items() if n}
