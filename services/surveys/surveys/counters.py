"""Links and QR codes of counters: a citizen who walked in answers without leaving a contact."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from servicekit import tokens
from servicekit.ids import Clock
from servicekit.sealing import KeyRing
from surveys.access import Access, Actor, Once
from surveys.city import City
from surveys.errors import Fault, NotValid, Unseen, invalid
from surveys.placing import COUNTER
from surveys.store import ClientSession, Document
from surveys.store.copies import Copies
from surveys.store.invites import REVOKED, Invites

ACTIVE = "active"


class Counters:
    def __init__(
        self,
        *,
        once: Once,
        invites: Invites,
        copies: Copies,
        access: Access,
        ring: KeyRing,
        city: City,
        clock: Clock,
    ) -> None:
        self._once = once
        self._invites = invites
        self._copies = copies
        self._access = access
        self._ring = ring
        self._city = city
        self._clock = clock

    def links(self, actor: Actor, unit: Any) -> dict[str, Any]:
        if not isinstance(unit, str | None):
            raise invalid("/unit", "not_a_text", "A unit is named by its code.")
        narrowed = self._access.visible_unit(actor, "counters", unit or None)
        rows = self._invites.counters({"unit": narrowed} if narrowed else {})
        return {"items": [self._view(row) for row in rows]}

    def create(self, actor: Actor, given: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """A link for one counter, good for some days and from any device. Raises NotValid."""
        unit = given.get("unit")
        self._access.require(actor, "counters", unit if isinstance(unit, str) else None)
        result: dict[str, Any] = self._once.run(
            actor, key, ["create_counter", dict(given)], lambda session: self._created(session, given)
        )
        return result

    def revoke(self, actor: Actor, counter_id: Any, key: str | None) -> dict[str, Any]:
        """End a link at once; answers that were given by it stay."""
        result: dict[str, Any] = self._once.run(
            actor,
            key,
            ["revoke_counter", counter_id],
            lambda session: self._revoked(session, actor, counter_id),
        )
        return result

    def _created(self, session: ClientSession, given: Mapping[str, Any]) -> dict[str, Any]:
        today = self._city.today(self._clock.now())
        most = self._city.policy.number("counter_valid_days", today)
        faults = []
        unit = given.get("unit")
        known = self._copies.unit(unit, session) if isinstance(unit, str) else None
        if known is None or not known["active"]:
            faults.append(Fault("/unit", "unknown_unit", "Name an active unit by its code."))
        service_code = given.get("service_code") or None
        service = self._copies.service(service_code, session) if isinstance(service_code, str) else None
        if service_code is not None and (service is None or service["unit"] != unit):
            faults.append(Fault("/service_code", "unknown_service", "Name a service of this unit, or none."))
        label = given.get("counter")
        if not isinstance(label, str) or not 1 <= len(label.strip()) <= 80:
            faults.append(Fault("/counter", "required", "Name the counter, in 1 to 80 characters."))
        days = given.get("valid_days")
        days = most if days is None else days
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= most:
            faults.append(Fault("/valid_days", "out_of_range", f"A link is good for 1 to {most} days."))
        if faults:
            raise NotValid(faults)
        expires_on = today + timedelta(days=int(days) - 1)
        token = tokens.mint(self._ring, COUNTER, expires_on)
        row = {
            "_id": str(uuid.uuid4()),
            "fingerprint": token.fingerprint,
            # It hangs on a wall for everybody to read, so it is kept to be printed again.
            "token": token.text,
            "state": ACTIVE,
            "unit": unit,
            "service_code": service_code,
            "counter": str(label).strip(),
            "created_on": today.isoformat(),
            "expires_on": expires_on.isoformat(),
        }
        self._invites.insert_counter(session, row)
        return self._view(row)

    def _revoked(self, session: ClientSession, actor: Actor, counter_id: Any) -> dict[str, Any]:
        row = self._invites.counter_by_id(counter_id, session) if isinstance(counter_id, str) else None
        if row is None:
            raise Unseen("counter")
        self._access.require(actor, "counters", row["unit"])
        self._invites.revoke_counter(session, row["_id"])
        return self._view({**row, "state": REVOKED})

    def _view(self, row: Document) -> dict[str, Any]:
        over = date.fromisoformat(row["expires_on"]) < self._city.today(self._clock.now())
        return {
            "counter_id": row["_id"],
            "unit": row["unit"],
            "service_code": row["service_code"],
            "counter": row["counter"],
            "state": "expired" if over and row["state"] == ACTIVE else row["state"],
            "token": row["token"],
            "token_path": f"/survei/{row['token']}",
            "created_on": row["created_on"],
            "expires_on": row["expires_on"],
        }
