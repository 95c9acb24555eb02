"""Recommendations as people see and decide them: the person, her rating officer, BKPSDM, a head of unit."""

from __future__ import annotations

from typing import Any

from evaluation import events as told
from evaluation.advising import APPROVED, DECLINED, PERSON, PROPOSED, STATES, UNIT, Advising
from evaluation.calls import Once, not_permitted, read_cursor, read_limit, read_text, wire
from evaluation.city import CityRules
from evaluation.domain.access import ANY, PEOPLE, Actor, Permissions, of_person, scopes
from evaluation.domain.payloads import Payload
from evaluation.errors import NotAllowed, NotValid, Unseen, invalid
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.people import PeopleStore
from evaluation.store.trainings import TrainingStore
from evaluation.times import milliseconds
from servicekit.ids import Clock
from servicekit.outbox import Outbox

Document = dict[str, Any]

_FROM_FIGURES = frozenset({"low_kompetensi", "low_perilaku"})
_HIDDEN = {
    "id": "Angka di balik rekomendasi ini hanya dapat dilihat pegawai yang bersangkutan dan penilainya.",
    "en": "Only the person and her rating officer see the figures behind this recommendation.",
}
_DECISIONS = {"approve": APPROVED, "approved": APPROVED, "decline": DECLINED, "declined": DECLINED}


class Deciding:
    def __init__(
        self,
        once: Once,
        outbox: Outbox,
        rows: AdviceStore,
        people: PeopleStore,
        trainings: TrainingStore,
        advising: Advising,
        city: CityRules,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._once = once
        self._outbox = outbox
        self._rows = rows
        self._people = people
        self._trainings = trainings
        self._advising = advising
        self._city = city
        self._permissions = permissions
        self._clock = clock

    def recommendations(
        self, actor: Actor, state: Any, staff_ref: Any, unit: Any, cursor: Any, limit: Any
    ) -> dict[str, Any]:
        """The recommendations the actor may see; for one person without any, also why there is none."""
        query: Document = {"$and": [self._scope(actor)]}
        wanted = {"state": read_text("state", state), "staff_ref": read_text("staff_ref", staff_ref)}
        wanted["unit"] = read_text("unit", unit)
        if wanted["state"] is not None and wanted["state"] not in STATES:
            raise invalid("/state", "unknown_value", f"Expected one of: {', '.join(STATES)}.")
        query["$and"] += [{name: value} for name, value in wanted.items() if value is not None]
        rows, following = self._rows.page(query, read_cursor(cursor), read_limit(limit))
        answer: Document = {"items": [self._shown(row, actor) for row in rows], "next_cursor": following}
        if not rows and cursor is None:
            answer["nothing"] = self._nothing(actor, wanted["staff_ref"] or actor.ref)
        return answer

    def _nothing(self, actor: Actor, ref: str | None) -> Document | None:
        person = self._people.get(ref or "")
        if person is None or self._sees(actor, {"kind": PERSON, "staff_ref": ref}) != "figures":
            return None
        advice = self._advising.advice_for(person, self._city.today(self._clock.now()))
        if advice.nothing is None:
            return None
        return {"reason": advice.nothing.reason, "explanation": advice.nothing.explanation.to_data()}

    def _scope(self, actor: Actor) -> Document:
        """Which rows the actor may know of. BKPSDM does not see what is only a question to the person."""
        found = scopes(self._permissions, actor, "recommendations")
        if not found or actor.ref is None:
            return {"_id": None}
        parts: list[Document] = [{"kind": PERSON, "staff_ref": actor.ref}]
        if PEOPLE in found:
            refs = self._people.refs_of_people(actor.ref, superior=False)
            parts.append({"kind": PERSON, "staff_ref": {"$in": [ref for ref in refs if ref != actor.ref]}})
        if self._heads_a_unit(actor, found):
            parts.append({"kind": UNIT, "unit": actor.unit})
        if ANY in found:
            parts += [{"kind": UNIT}, {"kind": PERSON, "certainty": "finding"}]
        return {"$or": parts}

    def _heads_a_unit(self, actor: Actor, found: frozenset[str]) -> bool:
        return bool(found) and "unit_head" in actor.roles and actor.unit is not None

    def _sees(self, actor: Actor, row: Document, action: str = "recommendations") -> str | None:
        """`figures`, `reasons` (without the figures behind them), or None: unknown to this actor."""
        found = scopes(self._permissions, actor, action)
        if not found or actor.ref is None:
            return None
        if row["kind"] == UNIT:
            own = self._heads_a_unit(actor, found) and actor.unit == row["unit"]
            return "figures" if own or ANY in found else None
        ref = row["staff_ref"]
        if actor.ref == ref:
            return "figures"
        person = self._people.get(ref)
        if PEOPLE in of_person(self._permissions, actor, action, ref, person):
            return "figures"
        if ANY in found and row.get("certainty", "finding") == "finding":
            return "reasons"
        return None

    def _shown(self, row: Document, actor: Actor) -> Document:
        sees = self._sees(actor, row)
        hidden = sees == "reasons" and bool(_FROM_FIGURES & set(row["reason_codes"]))
        shown: Document = wire(
            {
                "recommendation_id": row["_id"],
                "kind": row["kind"],
                "staff_ref": row["staff_ref"],
                "unit": row["unit"],
                "reason_codes": row["reason_codes"],
                "certainty": row["certainty"],
                "data": None if hidden else row["data"],
                "explanation": _HIDDEN if hidden else row["explanation"],
                "options": row["options"],
                "offer_ids": row["offer_ids"],
                "state": row["state"],
                "rule_version": row["rule_version"],
                "expires_on": row["expires_on"],
                "reason": row.get("decision_reason"),
                "enrolment_id": row.get("enrolment_id"),
                "actions": self._actions(actor, row),
            }
        )
        return shown

    def _actions(self, actor: Actor, row: Document) -> list[str]:
        may = self._sees(actor, row, "approve") is not None and actor.ref != row["staff_ref"]
        return ["approve", "decline"] if may and row["state"] == PROPOSED else []

    def decide(
        self,
        actor: Actor,
        recommendation_id: Any,
        decision: Any,
        reason: Any,
        offer_ids: Any,
        key: str | None,
    ) -> Document:
        """Approve or decline, once. Declining needs a reason; approving may name other open offers."""
        state = _DECISIONS.get(decision) if isinstance(decision, str) else None
        if state is None:
            raise invalid("/decision", "unknown_value", "Expected one of: approve, decline.")
        id_ = read_text("recommendation_id", recommendation_id) or ""
        read = Payload({"reason": reason, "offer_ids": offer_ids})
        why = read.text("reason", required=state == DECLINED)
        offers = read.texts("offer_ids", most=10, limit=80)
        read.check()
        now = milliseconds(self._clock.now())

        def decided(session: ClientSession) -> Document:
            row = self._rows.get(id_, session)
            if row is None or self._sees(actor, row) is None:
                raise Unseen("recommendation")
            if self._sees(actor, row, "approve") is None:
                raise not_permitted()
            if actor.ref == row["staff_ref"]:
                raise NotAllowed("conflict_of_interest", "Nobody decides about one's own recommendation.")
            if row["state"] != PROPOSED:
                raise NotAllowed("wrong_state", f"Not possible while it is {row['state']}.")
            changes: Document = {"state": state, "decision_reason": why}
            if state == APPROVED:
                changes["offer_ids"] = self._chosen(session, row, offers)
                self._outbox.append(session, [told.approved(row, changes["offer_ids"], now)])
            link = {"at": now, "actor_ref": actor.ref, "action": decision, "reason": why}
            self._rows.change(session, id_, changes, link)
            return self._shown({**row, **changes}, actor)

        return self._once.run(
            actor, key, {"call": "decide", "args": [id_, decision, reason, offer_ids]}, decided
        )

    def _chosen(self, session: ClientSession, row: Document, offers: list[str]) -> list[str]:
        """The offers an approval names; those of the proposal where it names none."""
        if not offers:
            return [option["offer_id"] for option in row["options"]]
        if row["kind"] == UNIT and not row["options"] and "system_cause" in row["reason_codes"]:
            raise NotAllowed("no_training", "A cause in the system is mended by the unit's improvement plan.")
        read = Payload(None)
        for number, offer_id in enumerate(offers):
            offer = self._trainings.offer(offer_id, session)
            if offer is None or offer.status != "open":
                read.fault(f"offer_ids/{number}", "unknown_offer", "No open offer has this id.")
        if read.faults:
            raise NotValid(read.faults)
        return offers
