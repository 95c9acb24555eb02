"""Timers that have come due, oldest first, until none is left. Nothing is skipped and nothing fires twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from complaints import metrics
from complaints.commands import canonical_code
from complaints.domain.access import Actor, Permissions, scopes
from complaints.domain.actions import Situation
from complaints.domain.case import Case
from complaints.domain.deadlines import next_level
from complaints.domain.firing import fire
from complaints.domain.history import Link, extend
from complaints.errors import NotAllowed, invalid
from complaints.events import case_event
from complaints.store import ClientSession
from complaints.store.cases import CaseStore, timer_id
from complaints.store.catalogue import CatalogueStore
from complaints.times import milliseconds
from servicekit.envelope import Event
from servicekit.ids import Clock
from servicekit.logs import describe, get_logger
from servicekit.mongo import MongoHandle, is_weather
from servicekit.outbox import Outbox

log = get_logger(__name__)

BATCH = 50


class Sweeping:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        cases: CaseStore,
        catalogue: CatalogueStore,
        permissions: Permissions,
        clock: Clock,
        *,
        development: bool,
    ) -> None:
        self._permissions = permissions
        self._clock = clock
        self._development = development
        self._db = db
        self._outbox = outbox
        self._cases = cases
        self._catalogue = catalogue

    def sweep(self, as_of: datetime, codes: Sequence[str] | None = None) -> dict[str, int]:
        """Fire every level that is due at `as_of`; answers how many of each kind.

        Every level fires in the transaction that stores its events, so a crash repeats and never
        doubles. One case that cannot be handled is left for the next sweep and reported; the others go on.
        """
        as_of = milliseconds(as_of)
        counts: Counter[str] = Counter()
        failed: list[str] = []
        self._catalogue.current()
        while rows := self._cases.due_timers(as_of, BATCH, failed, codes):
            try:
                counts += self._fired(rows, as_of)
                continue
            except Exception as error:
                if is_weather(error):
                    raise
                log.warning("sweep goes on one timer at a time", error=describe(error))
            for row in rows:
                try:
                    counts += self._fired([row], as_of)
                except Exception as error:
                    if is_weather(error):
                        raise
                    failed.append(row["_id"])
                    metrics.deadlines_failed_total.inc()
                    log.exception("timer failed", timer_id=row["_id"])
        return dict(counts)

    def travel(self, actor: Actor, as_of: Any, codes: Sequence[str] | None) -> dict[str, int]:
        """Sweep as of another time, for demonstrations and tests; production knows one time."""
        if not self._development:
            raise NotAllowed("not_here", "Only the development profile travels in time.")
        if not scopes(self._permissions, actor, "sweep"):
            raise NotAllowed("not_permitted", "Only an administrator runs the timers.")
        try:
            at = datetime.fromisoformat(as_of)
        except (TypeError, ValueError):
            at = None
        if at is None or at.tzinfo is None:
            raise invalid("/as_of", "not_a_time", "This field must be an ISO 8601 time with zone.")
        return self.sweep(at, None if codes is None else [canonical_code(code) for code in codes])

    def _fired(self, rows: Sequence[Mapping[str, Any]], as_of: datetime) -> Counter[str]:
        ids = [row["_id"] for row in rows]
        counts = self._db.transact(lambda session: self._fire(session, ids, as_of), timeout=10)
        now = self._clock.now()
        for row in rows:
            # A sweep as of tomorrow is early, not late.
            metrics.deadline_lag_seconds.observe(max((now - row["due_at"]).total_seconds(), 0))
        for event, count in counts.items():
            metrics.deadlines_fired_total.labels(event).inc(count)
        return counts

    def _fire(self, session: ClientSession, ids: Sequence[str], as_of: datetime) -> Counter[str]:
        rows = self._cases.pending_timers(ids, session)
        cases = self._cases.get_many({row["code"] for row in rows}, session)
        links: dict[str, list[Link]] = {code: [] for code in cases}
        told: list[Event] = []
        counts: Counter[str] = Counter()
        for row in rows:
            case = cases.get(row["code"])
            fired = None if case is None else self._level(case, row, as_of)
            if fired is None:
                continue
            cases[row["code"]], link, events = fired
            links[row["code"]].append(link)
            told += events
            counts.update(event.type.split(".")[1] for event in events)
        # First the fired rows, so that setting the cases' timers leaves them alone.
        self._cases.mark_fired(session, [row["_id"] for row in rows], as_of)
        for code, case in cases.items():
            self._cases.save(session, case, links[code], self._calendar(case))
        self._outbox.append(session, told)
        return counts

    def _level(
        self, case: Case, row: Mapping[str, Any], as_of: datetime
    ) -> tuple[Case, Link, list[Event]] | None:
        """Fire the level that a row stands for; None when the case has moved on and it no longer waits."""
        catalogue = self._catalogue.loaded
        city = catalogue.cities.get(case.city)
        if city is None:
            return None
        for clock in case.clocks:
            level = next_level(city.calendar, clock)
            if level is None or timer_id(case.code, clock.key, level.name) != row["_id"] or level.at > as_of:
                continue
            situation = Situation(as_of, None, "system", frozenset(), catalogue, city)
            step = fire(case, clock, level, situation)
            changed, link = extend(step.case, step.record, as_of)
            return changed, link, [case_event(changed, fact, self._clock.now()) for fact in step.facts]
        return None

    def _calendar(self, case: Case) -> Any:
        city = self._catalogue.loaded.cities.get(case.city)
        return city.calendar if city else None
