"""Actions on periods: open, population, close, publish, correct. Each is done once, whatever is repeated.

(absent) ──open──▶ open ──close──▶ closed ──publish──▶ published ──correct──▶ corrected
                                      └───────correct (new version, still closed)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from servicekit.ids import Clock
from servicekit.logs import get_logger
from surveys.access import ANYWHERE, Access, Actor, Once
from surveys.city import City
from surveys.closing import Closing
from surveys.computing import Computing
from surveys.domain.periods import (
    CORRECTED,
    OPEN,
    PUBLISHED,
    QUARTER,
    ROLLING_YEAR,
    SHOWN,
    Period,
    collecting,
    parse,
    quarters_of,
)
from surveys.domain.publication import NO_PLAN, REVEALS_SMALL
from surveys.domain.suppression import Table, reveals_small, suppress_beside
from surveys.errors import NotAllowed, Unseen, WrongState, invalid
from surveys.opening import Opening
from surveys.store import ClientSession, Document
from surveys.store.copies import Copies
from surveys.store.periods import Improvements, Periods, period_id

log = get_logger(__name__)

ACTIONS = ("open", "population", "close", "publish", "correct")
MODE_TABLE = "mode"


class Acting:
    def __init__(
        self,
        *,
        once: Once,
        periods: Periods,
        improvements: Improvements,
        copies: Copies,
        opening: Opening,
        closing: Closing,
        computing: Computing,
        access: Access,
        city: City,
        clock: Clock,
        development: bool,
    ) -> None:
        self._once = once
        self._periods = periods
        self._improvements = improvements
        self._copies = copies
        self._opening = opening
        self._closing = closing
        self._computing = computing
        self._access = access
        self._city = city
        self._clock = clock
        self._development = development

    def act(
        self, actor: Actor, unit: Any, code: Any, action: Any, payload: Any, key: str | None
    ) -> list[str]:
        """Do one action on a unit's period; answers warnings.

        Raises Unseen, NotAllowed, NotValid, or WrongState with what is missing; then nothing happened.
        """
        if action not in ACTIONS:
            raise invalid("/action", "unknown_action", f"An action is one of {', '.join(ACTIONS)}.")
        self._access.require(actor, "manage", unit if isinstance(unit, str) else None)
        period = self._period(unit, code)
        given = payload if isinstance(payload, Mapping) else {}
        if action == "close":
            self._prepare_close(actor, unit, period)
        warnings: list[str] = self._once.run(
            actor,
            key,
            ["act_on_period", unit, period.code, action, dict(given)],
            lambda session: self._acted(session, actor, unit, period, action, given),
            timeout=30,
        )
        log.info("period acted on", unit=unit, period=period.code, action=action)
        return warnings

    def _period(self, unit: Any, code: Any) -> Period:
        known = self._copies.unit(unit) if isinstance(unit, str) else None
        if known is None:
            raise Unseen("unit")
        try:
            today = self._city.today(self._clock.now())
            return parse(code, self._city.policy.number("stays_open_days", today))
        except ValueError:
            raise invalid(
                "/period", "not_a_period", "A period is written 2026-Q3, 2026-H2 or 2026."
            ) from None

    def _acted(
        self,
        session: ClientSession,
        actor: Actor,
        unit: str,
        period: Period,
        action: str,
        payload: Mapping[str, Any],
    ) -> list[str]:
        if action == "open":
            return self._open(session, actor, unit, period, payload)
        row = self._periods.get(period_id(unit, period.code), session)
        if row is None:
            raise Unseen("period")
        match action:
            case "population":
                return self._set_population(session, row, payload)
            case "close":
                self._closing.close(session, row["_id"], by=actor.ref)
                return []
            case "publish":
                return self._publish(session, row)
            case _:
                return self._correct(session, row, payload, actor)

    def _open(
        self, session: ClientSession, actor: Actor, unit: str, period: Period, payload: Mapping[str, Any]
    ) -> list[str]:
        if not self._access.scopes(actor, "manage") & ANYWHERE:
            raise NotAllowed("not_permitted", "Periods open by themselves; only an administrator opens one.")
        known = self._periods.get(period_id(unit, period.code), session)
        if known is not None:
            return []
        kind = collecting(self._city.policy.kind(unit, period.starts_on))
        if period.kind != kind:
            raise invalid("/period", "wrong_kind", f"This unit collects answers by {kind}.")
        today = self._city.today(self._clock.now())
        closes_on = self._closing_day(payload, period, today)
        if today < period.starts_on:
            raise invalid("/period", "not_begun", "This period has not begun yet.")
        if today > closes_on:
            raise invalid(
                "/closes_at", "period_over", "This period is over; name a day that is still to come."
            )
        if self._periods.holding(unit, period.starts_on.isoformat(), session) is not None:
            raise WrongState({"reason": "overlap"}, "The unit has another period on these days.")
        longer = Period(period.code, period.kind, period.starts_on, period.ends_on, closes_on)
        if self._opening.open(session, unit, longer) is None:
            raise invalid("/period", "no_questionnaire", "No questionnaire was in force on its first day.")
        return []

    def _closing_day(self, payload: Mapping[str, Any], period: Period, today: date) -> date:
        value = payload.get("closes_at") or payload.get("closes_on")
        if value is None:
            return period.closes_on
        if not self._development:
            raise invalid("/closes_at", "not_here", "Only the development profile opens a period for longer.")
        try:
            at = datetime.fromisoformat(str(value))
            day = at.astimezone(self._city.zone).date() if at.tzinfo else at.date()
        except ValueError:
            raise invalid("/closes_at", "not_a_time", "This field must be an ISO 8601 day or time.") from None
        if day < today:
            raise invalid("/closes_at", "in_the_past", "The last day for answers must be still to come.")
        return day

    def _set_population(self, session: ClientSession, row: Document, payload: Mapping[str, Any]) -> list[str]:
        if row["state"] != OPEN:
            raise WrongState(
                {"reason": "not_open", "state": row["state"]},
                "The period is closed; a correction may name another population.",
            )
        self._periods.change(session, row["_id"], {"$set": {"population": read_population(payload)}})
        return []

    def _prepare_close(self, actor: Actor, unit: str, period: Period) -> None:
        """Refuse what may not be closed, and empty large pools before the short transaction."""
        row = self._periods.get(period_id(unit, period.code))
        if row is None or row["state"] != OPEN:
            return
        today = self._city.today(self._clock.now()).isoformat()
        if not self._development and today <= row["closes_on"]:
            raise WrongState(
                {"reason": "still_open", "closes_on": row["closes_on"]},
                "The period takes answers until the end of this day.",
            )
        self._closing.empty_pools(row["_id"])

    def _publish(self, session: ClientSession, row: Document) -> list[str]:
        if row["state"] == OPEN:
            raise WrongState(
                {"reason": "period_open", "missing": ["period_open"]}, "The period is still open."
            )
        computed = self._periods.computed(row["_id"], session=session)
        if computed is None:
            raise Unseen("period")
        warnings = self._warnings(session, row, computed)
        if row["state"] in SHOWN:
            return warnings
        reasons = list(computed["figures"]["missing"])
        if not reasons and self._reveals(session, row):
            reasons.append(REVEALS_SMALL)
        if reasons:
            raise WrongState(
                {"reason": "not_publishable", "missing": reasons}, "Figures may not be shown yet."
            )
        today = self._city.today(self._clock.now()).isoformat()
        tables = self._tables(session, row, computed)
        change = {"state": PUBLISHED, "published_on": today, "tables": tables}
        self._periods.change(session, row["_id"], {"$set": change})
        return warnings

    def _correct(
        self, session: ClientSession, row: Document, payload: Mapping[str, Any], actor: Actor
    ) -> list[str]:
        reason = str(payload.get("reason") or "").strip()
        if not 3 <= len(reason) <= 500:
            raise invalid("/reason", "required", "State what is corrected and why, in 3 to 500 characters.")
        if row["state"] == OPEN:
            raise WrongState({"reason": "period_open"}, "An open period has no figures to correct.")
        if payload.get("population") is not None:
            row = {**row, "population": read_population(payload["population"])}
            self._periods.change(session, row["_id"], {"$set": {"population": row["population"]}})
        self._closing.correct(session, row, reason, actor.ref)
        if row["state"] in SHOWN:
            self._periods.change(session, row["_id"], {"$set": {"state": CORRECTED}})
        return []

    def _warnings(self, session: ClientSession, row: Document, computed: Document) -> list[str]:
        """What ought to be there and does not block: a plan for the lowest element."""
        first = computed["figures"]["lowest"][:1]
        query = {"unit": row["unit"], "period": row["code"], "state": {"$ne": "cancelled"}}
        planned = {one["element"] for one in self._improvements.of(query, session)}
        return [] if not first or first[0] in planned else [NO_PLAN]

    def _reveals(self, session: ClientSession, row: Document) -> bool:
        """Whether subtraction would then give a period with too few answers."""
        shown = self._periods.of_unit(row["unit"], SHOWN, session)
        sets = [quarters_of(one["code"]) for one in shown if one["kind"] in (QUARTER, ROLLING_YEAR)]
        own = quarters_of(row["code"])
        numbers = {}
        for code in {code for one in [*sets, own] for code in one}:
            computed = self._periods.computed(period_id(row["unit"], code), session=session)
            numbers[code] = computed["numbers"]["n"] if computed else 0
        return reveals_small(numbers, sets, own, int(row["minimum_n"]))

    def _tables(self, session: ClientSession, row: Document, computed: Document) -> dict[str, Any]:
        """The respondents' tables as they may be shown beside those that are public already."""
        minimum = self._computing.guards(row).minimum_cell
        parts = quarters_of(row["code"])
        earlier = [one for one in self._periods.of_unit(row["unit"], SHOWN, session) if one.get("tables")]
        bare = {**computed["numbers"]["respondents"], MODE_TABLE: computed["numbers"]["modes"]}
        tables = {}
        for name, cells in bare.items():
            published = [
                Table(tuple(quarters_of(one["code"])), one["tables"]["n"], one["tables"]["cells"][name])
                for one in earlier
                if name in one["tables"]["cells"]
            ]
            tables[name] = suppress_beside(parts, cells, published, minimum)
        return {"n": computed["numbers"]["n"], "cells": tables}


def read_population(payload: Any) -> dict[str, Any]:
    """{n, origin}. Raises NotValid."""
    given = payload if isinstance(payload, Mapping) else {}
    n, origin = given.get("n", given.get("population")), str(given.get("origin") or "").strip()
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 10_000_000:
        raise invalid("/n", "not_a_number", "State how many users the unit served, as a whole number from 1.")
    if not 2 <= len(origin) <= 200:
        raise invalid("/origin", "required", "State where this number comes from, in 2 to 200 characters.")
    return {"n": n, "origin": origin}


__all__ = ["ACTIONS", "MODE_TABLE", "Acting", "read_population"]
