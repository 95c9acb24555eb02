"""Improvement plans: what is done about the lowest element, by whom, until when, and with what evidence."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from servicekit.envelope import format_time
from servicekit.ids import Clock
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from surveys.access import Access, Actor, Once
from surveys.city import City
from surveys.domain.improvement import (
    ACTIONS,
    CANCELLED,
    DONE,
    NEEDS,
    PLANNED,
    follow_up_score,
    is_overdue,
    next_state,
)
from surveys.domain.periods import OPEN, SHOWN
from surveys.errors import Fault, NotValid, Unseen, WrongState, invalid
from surveys.events import improvement
from surveys.store import ClientSession, Document
from surveys.store.periods import Improvements, Periods, period_id


class Planning:
    def __init__(
        self,
        *,
        db: MongoHandle,
        once: Once,
        outbox: Outbox,
        improvements: Improvements,
        periods: Periods,
        access: Access,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._once = once
        self._outbox = outbox
        self._improvements = improvements
        self._periods = periods
        self._access = access
        self._city = city
        self._clock = clock

    def plans(self, actor: Actor, unit: Any, period: Any) -> dict[str, Any]:
        """Plans by due day: the public those of published periods, staff those of their units too."""
        for name, value in (("unit", unit), ("period", period)):
            if not isinstance(value, str | None):
                raise invalid(f"/{name}", "not_a_text", "This must be a text.")
        query = {name: value for name, value in (("unit", unit), ("period", period)) if value}
        rows = self._improvements.of(query)
        ids = sorted({period_id(row["unit"], row["period"]) for row in rows})
        shown = {row["_id"] for row in self._periods.get_many(ids) if row["state"] in SHOWN}
        seen = [
            row
            for row in rows
            if period_id(row["unit"], row["period"]) in shown
            or self._access.may(actor, "progress", row["unit"])
        ]
        return {"items": [self._view(row) for row in seen]}

    def of(self, unit: str, period: str) -> list[dict[str, Any]]:
        return [self._view(row) for row in self._improvements.of({"unit": unit, "period": period})]

    def follow_up(self, period: Document) -> int | None:
        """0 to 5 for the speed of follow-up since the publication (PEKPPP); None without any plan.

        While something is open it is the score that can still be reached.
        """
        query = {"unit": period["unit"], "period": period["code"], "state": {"$ne": CANCELLED}}
        rows = self._improvements.of(query)
        if not rows:
            return None
        done = [date.fromisoformat(row["done_on"]) for row in rows if row["state"] == DONE]
        return follow_up_score(
            date.fromisoformat(period["published_on"]),
            max(done, default=None),
            all_done=len(done) == len(rows),
            today=self._city.today(self._clock.now()),
        )

    def plan(self, actor: Actor, given: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """Plan an improvement of an element of a closed period, and tell whoever is in charge."""
        unit = given.get("unit")
        self._access.require(actor, "plan", unit if isinstance(unit, str) else None)
        result: dict[str, Any] = self._once.run(
            actor, key, ["plan_improvement", dict(given)], lambda session: self._planned(session, given)
        )
        return result

    def act(self, actor: Actor, rtl_id: Any, action: Any, payload: Any, key: str | None) -> dict[str, Any]:
        """start, complete (with evidence) or cancel (with a reason)."""
        if action not in ACTIONS:
            raise invalid("/action", "unknown_action", f"An action is one of {', '.join(ACTIONS)}.")
        given = payload if isinstance(payload, Mapping) else {}
        result: dict[str, Any] = self._once.run(
            actor,
            key,
            ["act_on_improvement", rtl_id, action, dict(given)],
            lambda session: self._acted(session, actor, rtl_id, action, given),
        )
        return result

    def warn(self) -> int:
        """Tell once of each plan that is due soon and not done."""
        today = self._city.today(self._clock.now())
        days = self._city.policy.number("improvement_warn_days", today)
        count = 0
        for row in self._improvements.due_soon((today + timedelta(days=days)).isoformat()):
            count += self._db.transact(partial(self._warn, id_=row["_id"]))
        return count

    def _warn(self, session: ClientSession, id_: str) -> int:
        row = self._improvements.get(id_, session)
        if row is None or row["warned"] or row["state"] in (DONE, CANCELLED):
            return 0
        self._improvements.change(session, id_, {"warned": True})
        self._outbox.append(session, [improvement("due_soon", row, self._clock.now())])
        return 1

    def _planned(self, session: ClientSession, given: Mapping[str, Any]) -> dict[str, Any]:
        unit, code = given.get("unit"), given.get("period")
        known = isinstance(unit, str) and isinstance(code, str)
        period = self._periods.get(period_id(str(unit), str(code)), session) if known else None
        if period is None:
            raise Unseen("period")
        if period["state"] == OPEN:
            raise WrongState({"reason": "period_open"}, "An open period has no figures to improve on yet.")
        now = self._clock.now()
        row = self._read(given, period, self._city.today(now))
        row |= {"_id": str(uuid.uuid4()), "state": PLANNED, "warned": False, "planned_at": format_time(now)}
        self._improvements.insert(session, row)
        self._outbox.append(session, [improvement("planned", row, now)])
        return self._view(row)

    def _read(self, given: Mapping[str, Any], period: Document, today: date) -> Document:
        faults = []
        questionnaire = self._city.questionnaire(period["questionnaire_version"])
        if given.get("element") not in questionnaire.keys:
            faults.append(
                Fault("/element", "unknown_element", "Name an element of the questionnaire by its key.")
            )
        action, owner = _text(given.get("action"), 1000), _text(given.get("owner_ref"), 80)
        if action is None or len(action) < 3:
            faults.append(Fault("/action", "required", "Say what will be done, in 3 to 1,000 characters."))
        if owner is None:
            faults.append(Fault("/owner_ref", "required", "Name who is in charge."))
        due_on = _day(given.get("due_on"))
        if due_on is None:
            faults.append(Fault("/due_on", "not_a_date", "A day is written YYYY-MM-DD."))
        elif due_on < today:
            faults.append(Fault("/due_on", "in_the_past", "The due day must be still to come."))
        if faults or due_on is None:
            raise NotValid(faults)
        return {
            "unit": period["unit"],
            "period": period["code"],
            "element": given["element"],
            "action": action,
            "owner_ref": owner,
            "due_on": due_on.isoformat(),
        }

    def _acted(
        self, session: ClientSession, actor: Actor, rtl_id: Any, action: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        row = self._improvements.get(rtl_id, session) if isinstance(rtl_id, str) else None
        if row is None:
            raise Unseen("improvement")
        if action == "cancel" or not self._access.may(actor, "plan", row["unit"]):
            right = "plan" if action == "cancel" else "carry_out"
            self._access.require(actor, right, row["unit"], owner=row["owner_ref"])
        state = next_state(row["state"], action)
        if state is None:
            raise WrongState({"reason": "state", **self._view(row)}, f"The plan is {row['state']} already.")
        now = self._clock.now()
        change: Document = {"state": state}
        if action in NEEDS:
            name = NEEDS[action]
            value = _text(given.get(name), 200 if name == "evidence_ref" else 500)
            if value is None:
                raise invalid(f"/{name}", "required", f"This action needs {name}.")
            change[name] = value
        if state == DONE:
            change["done_on"] = self._done_on(given, self._city.today(now)).isoformat()
        self._improvements.change(session, row["_id"], change)
        changed = {**row, **change}
        if state == DONE:
            self._outbox.append(session, [improvement("done", changed, now)])
        return self._view(changed)

    def _done_on(self, given: Mapping[str, Any], today: date) -> date:
        if given.get("done_on") is None:
            return today
        day = _day(given["done_on"])
        if day is None or day > today:
            raise invalid("/done_on", "not_a_date", "A day that is not still to come, written YYYY-MM-DD.")
        return day

    def _view(self, row: Document) -> dict[str, Any]:
        today = self._city.today(self._clock.now())
        names = ("unit", "period", "element", "action", "owner_ref", "due_on", "state")
        return {
            "rtl_id": row["_id"],
            **{name: row[name] for name in names},
            "done_on": row.get("done_on"),
            "evidence_ref": row.get("evidence_ref"),
            "reason": row.get("reason"),
            "overdue": is_overdue(row["state"], date.fromisoformat(row["due_on"]), today),
        }


def _text(value: Any, longest: int) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= longest else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
