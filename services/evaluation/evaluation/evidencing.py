"""Showing evidence: the same items to the person and her rating officer, at the same time.

Items follow from stored facts whenever somebody looks; what a rating cites is frozen into it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from evaluation.calls import not_permitted, read_text, wire
from evaluation.city import CityRules
from evaluation.domain.access import (
    PEOPLE,
    SELF,
    Actor,
    Permissions,
    of_person,
    of_unit,
    scopes,
)
from evaluation.domain.evidence import (
    About,
    Item,
    alone_types,
    ikm_item,
    person_case_items,
    person_survey_items,
    unheard_items,
    unit_case_items,
)
from evaluation.domain.payloads import Payload
from evaluation.domain.periods import days_of, ends_within
from evaluation.domain.staff import Staff
from evaluation.errors import Unseen, invalid
from evaluation.store import ClientSession
from evaluation.store.facts import FactStore
from evaluation.store.people import PeopleStore
from evaluation.times import milliseconds
from servicekit.ids import Clock, uuid7
from servicekit.mongo import MongoHandle

MOST_COMMENTS = 50
MOST_PERIODS = 6
"""How many periods are shown where nobody names one; `periods` lists all there are."""


class Evidencing:
    def __init__(
        self,
        db: MongoHandle,
        facts: FactStore,
        people: PeopleStore,
        city: CityRules,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._db = db
        self._facts = facts
        self._people = people
        self._city = city
        self._permissions = permissions
        self._clock = clock

    def evidence(self, actor: Actor, subject: Any, period: Any) -> dict[str, Any]:
        """A person's items, newest periods first. Raises Unseen where the actor may not know of them."""
        ref = read_text("subject", subject) or actor.ref or ""
        person = self._people.get(ref)
        if person is None or not self._may_see(actor, person):
            raise Unseen("evidence")
        wanted = _period(period)
        known = self.periods_of(person)
        periods = [wanted] if wanted else known[:MOST_PERIODS]
        items = self._commented(person, [item for one in periods for item in self.items_of(person, one)])
        return {
            "subject_ref": ref,
            "unit": person.unit,
            "items": wire(items),
            "periods": known,
            "policy_version": self._policy().version,
        }

    def _may_see(self, actor: Actor, person: Staff) -> bool:
        if of_person(self._permissions, actor, "evidence", person.staff_ref, person):
            return True
        found = scopes(self._permissions, actor, "evidence")
        return actor.ref == person.staff_ref and bool(found & {SELF, PEOPLE})

    def comment(self, actor: Actor, evidence_id: Any, text: Any) -> dict[str, Any]:
        """The person adds her view to an item about herself; nothing is ever taken out."""
        if SELF not in scopes(self._permissions, actor, "comment_evidence"):
            raise not_permitted()
        read = Payload({"text": text})
        said = read.text("text")
        read.check()
        person = self._people.get(actor.ref or "")
        item = None if person is None else self._item(person, evidence_id)
        if person is None or item is None:
            raise Unseen("evidence")
        now = milliseconds(self._clock.now())
        row = {
            "_id": uuid7(),
            "evidence_id": item["evidence_id"],
            "subject_ref": person.staff_ref,
            "at": now,
            "text": said,
        }

        def add(session: ClientSession) -> None:
            earlier = self._facts.comments(person.staff_ref).get(item["evidence_id"], [])
            if len(earlier) >= MOST_COMMENTS:
                raise invalid("/text", "too_many", f"At most {MOST_COMMENTS} comments.")
            if earlier and earlier[-1]["text"] == said:
                return
            self._facts.add_comment(session, row)

        self._db.transact(add)
        (commented,) = self._commented(person, [item])
        found: dict[str, Any] = wire(commented)
        return found

    def _item(self, person: Staff, evidence_id: Any) -> Item | None:
        for period in self.periods_of(person):
            for item in self.items_of(person, period):
                if item["evidence_id"] == evidence_id:
                    return item
        return None

    def unit_evidence(self, actor: Actor, unit: Any, period: Any) -> dict[str, Any]:
        """A unit's items, newest period first. They say nothing about a person."""
        code = read_text("unit", unit) or ""
        if not scopes(self._permissions, actor, "unit_evidence"):
            raise not_permitted()
        if not of_unit(self._permissions, actor, "unit_evidence", code):
            raise Unseen("unit")
        wanted = _period(period)
        known = self._unit_periods(code)
        periods = [wanted] if wanted else known[:MOST_PERIODS]
        items = [item for one in periods for item in self.unit_items(code, one)]
        return {"unit": code, "items": wire([{**item, "comments": []} for item in items]), "periods": known}

    # What the others compute from

    def items_within(self, person: Staff, start: date, end: date) -> list[Item]:
        """What a rating of a period may cite: the person's items, and her unit's index."""
        found: list[Item] = []
        for period in self.periods_of(person):
            if ends_within(period, start, end):
                found += self.items_of(person, period)
        for result in self._facts.unit_results(person.unit):
            if ends_within(result["period"], start, end):
                found.append(ikm_item(person.unit, result["facts"], self._policy_of(result["period"])))
        return self._commented(person, found)

    def periods_of(self, person: Staff) -> list[str]:
        """The periods in which there is something to say about a person, or to say why not; newest first."""
        found = set(self._facts.worked_in(person.staff_ref))
        found |= {result["period"] for result in self._facts.person_results(person.staff_ref)}
        found |= {result["period"] for result in self._facts.unit_results(person.unit)}
        return sorted(found, key=_newest_first)

    def items_of(self, person: Staff, period: str) -> list[Item]:
        """A person's items of one period, from cases and from surveys."""
        return [*self._case_items(person, period), *self._survey_items(person, period)]

    def unit_items(self, unit: str, period: str) -> list[Item]:
        policy = self._policy_of(period)
        items = unit_case_items(About(unit, unit, period), self._facts.tallies(period, unit, None), policy)
        for result in self._facts.unit_results(unit):
            if result["period"] == period:
                items.append(ikm_item(unit, result["facts"], policy))
        return items

    def _case_items(self, person: Staff, period: str) -> list[Item]:
        units = self._facts.units_worked_in(person.staff_ref, period)
        if not units:
            return []
        policy = self._policy_of(period)
        city = self._facts.city(period, people=True)
        items: list[Item] = []
        for unit in units:
            about = About(person.staff_ref, unit, period, person.is_asn)
            own = self._facts.tallies(period, unit, person.staff_ref)
            alone = alone_types(self._facts.officers(period, unit))
            items += person_case_items(about, own, city, alone, policy)
        return items

    def _survey_items(self, person: Staff, period: str) -> list[Item]:
        policy = self._policy_of(period)
        results = [r for r in self._facts.person_results(person.staff_ref) if r["period"] == period]
        if not results:
            told = any(r["period"] == period for r in self._facts.unit_results(person.unit))
            about = About(person.staff_ref, person.unit, period, person.is_asn, self._is_alone(person))
            return unheard_items(about, policy) if told else []
        items: list[Item] = []
        for result in results:
            about = About(person.staff_ref, result["unit"], period, person.is_asn)
            items += person_survey_items(about, result["service_type"], result["facts"], policy)
        return items

    def _is_alone(self, person: Staff) -> bool:
        """Whether nobody else in the unit handles what she does, as far as the staff records say."""
        own = set(person.service_types)
        for other in self._people.colleagues(person.unit):
            if other.staff_ref != person.staff_ref and (own & set(other.service_types) or not own):
                return False
        return True

    def _commented(self, person: Staff, items: list[Item]) -> list[Item]:
        comments = self._facts.comments(person.staff_ref)
        return [
            {
                **item,
                "comments": [
                    {"by": "self", "at": row["at"], "text": row["text"]}
                    for row in comments.get(item["evidence_id"], ())
                ],
            }
            for item in items
        ]

    def _unit_periods(self, unit: str) -> list[str]:
        found = set(self._facts.unit_periods(unit))
        found |= {result["period"] for result in self._facts.unit_results(unit)}
        return sorted(found, key=_newest_first)

    def _policy(self) -> Any:
        return self._city.policy(self._city.today(self._clock.now()))

    def _policy_of(self, period: str) -> Any:
        """The policy in force on the period's last day, or today while it lasts."""
        today = self._city.today(self._clock.now())
        days = days_of(period)
        return self._city.policy(min(days[1], today) if days else today)


def _newest_first(period: str) -> tuple[int, int, str]:
    days = days_of(period)
    if days is None:
        return (0, 0, period)
    return (-days[1].toordinal(), -days[0].toordinal(), period)


def _period(value: Any) -> str | None:
    code = read_text("period", value)
    if code is not None and days_of(code) is None:
        raise invalid("/period", "not_a_period", "Expected a period such as 2026-Q3, 2026-H2 or 2026.")
    return code
