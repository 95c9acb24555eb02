"""Staff: the import with a verdict per row, and who may look at a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from evaluation.calls import Once, not_permitted, read_cursor, read_limit, read_text, wire
from evaluation.domain.access import (
    ANY,
    PEOPLE,
    SELF,
    Actor,
    Permissions,
    about_records,
    scopes,
)
from evaluation.domain.staff import Staff, differences, read_row
from evaluation.errors import Fault, Unseen, invalid
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.people import PeopleStore
from evaluation.times import milliseconds
from servicekit.ids import Clock
from servicekit.logs import get_logger

log = get_logger(__name__)

MOST_ROWS = 5000
NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"


class Staffing:
    def __init__(
        self, once: Once, people: PeopleStore, advice: AdviceStore, permissions: Permissions, clock: Clock
    ) -> None:
        self._once = once
        self._people = people
        self._advice = advice
        self._permissions = permissions
        self._clock = clock

    def import_staff(self, actor: Actor, rows: Any, dry_run: bool, key: str | None) -> dict[str, Any]:
        """Compare rows with the stored records, and store what differs unless it is a dry run.

        A refused row leaves the others alone. The same rows again change nothing. The import is an edit by
        BKPSDM: it keeps the version of a record, so that the HR system's next change still counts.
        """
        if not scopes(self._permissions, actor, "import_staff"):
            raise not_permitted()
        if not isinstance(rows, list) or len(rows) > MOST_ROWS:
            raise invalid("/rows", "not_a_list", f"Expected a list of at most {MOST_ROWS} rows.")
        if not isinstance(dry_run, bool):
            raise invalid("/dry_run", "not_a_flag", "Expected true or false.")
        now = milliseconds(self._clock.now())
        request = {"call": "import_staff", "rows": rows, "dry_run": dry_run}
        result = self._once.run(
            actor,
            None if dry_run else key,
            request,
            lambda session: self._imported(session, rows, dry_run, now),
            timeout=30,
        )
        log.info("staff imported", dry_run=dry_run, counts=result["counts"])
        return result

    def _imported(
        self, session: ClientSession, rows: Sequence[Any], dry_run: bool, now: datetime
    ) -> dict[str, Any]:
        read = [read_row(row) for row in rows]
        known = self._people.get_many((p.staff_ref for p, _ in read if p is not None), session)
        units = self._people.known_units()
        seen: set[str] = set()
        verdicts, changed = [], []
        for number, ((person, faults), row) in enumerate(zip(read, rows, strict=True), 1):
            faults = list(faults)
            if person is not None and person.staff_ref in seen:
                faults.append(Fault("/staff_ref", "twice", "This person is in an earlier row already."))
            if person is not None and units and person.unit not in units:
                faults.append(Fault("/unit", "unknown_unit", "This unit is not in the city's catalogue."))
            if person is None or faults:
                verdicts.append(_verdict(number, _ref_of(row), REFUSED, faults, {}))
                continue
            seen.add(person.staff_ref)
            before = known.get(person.staff_ref)
            changes = differences(before, person)
            verdict = NEW if before is None else CHANGED if changes else UNCHANGED
            verdicts.append(_verdict(number, person.staff_ref, verdict, [], changes))
            if verdict != UNCHANGED:
                changed.append(replace(person, version=before.version if before else person.version))
        if not dry_run:
            for person in changed:
                self._people.put(session, person, now)
            self._advice.want(session, [f"person:{person.staff_ref}" for person in changed], now)
        counts = Counter(verdict["verdict"] for verdict in verdicts)
        return {
            "dry_run": dry_run,
            "counts": {name: counts[name] for name in (NEW, CHANGED, UNCHANGED, REFUSED)},
            "verdicts": verdicts,
        }

    def staff(self, actor: Actor, unit: Any, cursor: Any, limit: Any) -> dict[str, Any]:
        """The records the actor may see, a page at a time, in the order of references."""
        found = scopes(self._permissions, actor, "view_staff")
        query: dict[str, Any] = {}
        if ANY not in found:
            query = {"_id": {"$in": self._visible_refs(actor, found)}}
        wanted = read_text("unit", unit)
        if wanted is not None:
            query["unit"] = wanted
        people, following = self._people.page(query, read_cursor(cursor), read_limit(limit))
        return {"items": [shown(person) for person in people], "next_cursor": following}

    def _visible_refs(self, actor: Actor, found: frozenset[str]) -> list[str]:
        refs: list[str] = []
        if actor.ref is not None and found & {SELF, PEOPLE}:
            refs.append(actor.ref)
        if actor.ref is not None and PEOPLE in found:
            refs += self._people.refs_of_people(actor.ref, superior=True)
        return refs

    def staff_member(self, actor: Actor, staff_ref: Any) -> dict[str, Any]:
        """One record. Raises Unseen for one that is absent or not the actor's to see."""
        ref = read_text("staff_ref", staff_ref) or ""
        person = self._people.get(ref)
        if person is None or not self.may_see(actor, ref, person):
            raise Unseen("staff")
        return shown(person)

    def may_see(self, actor: Actor, ref: str, person: Staff | None) -> bool:
        """Everybody who may see staff at all sees the own record."""
        if about_records(self._permissions, actor, "view_staff", ref, person):
            return True
        return actor.ref == ref and bool(scopes(self._permissions, actor, "view_staff"))

    def own(self, actor: Actor) -> dict[str, Any] | None:
        """The actor's own record, or None when staff have not been told of her."""
        person = self._people.get(actor.ref) if actor.ref else None
        return None if person is None else shown(person)


def shown(person: Staff) -> dict[str, Any]:
    found: dict[str, Any] = wire({"staff_ref": person.staff_ref, "version": person.version, **person.facts()})
    return {**found, "rated": person.is_asn and person.active}


def _verdict(
    row: int, ref: str | None, verdict: str, faults: Sequence[Fault], changes: dict[str, list[Any]]
) -> dict[str, Any]:
    return {
        "row": row,
        "staff_ref": ref,
        "verdict": verdict,
        "problems": [
            {"pointer": one["pointer"], "code": one["code"], "message": one["detail"]}
            for one in (asdict(fault) for fault in faults)
        ],
        "changes": changes,
    }


def _ref_of(row: Any) -> str | None:
    ref = row.get("staff_ref") if isinstance(row, dict) else None
    return ref if isinstance(ref, str) else None
