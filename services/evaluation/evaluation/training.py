"""The catalogue of trainings, workshops and internships, and the way of people through it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from evaluation import events as told
from evaluation.calls import Once, not_permitted, read_cursor, read_limit, read_text, wire
from evaluation.city import CityRules
from evaluation.domain import enrolments as steps
from evaluation.domain.access import (
    ANY,
    PEOPLE,
    YES,
    Actor,
    Permissions,
    about_records,
    of_person,
    scopes,
)
from evaluation.domain.enrolments import CONFIRMED, POSSIBLE, Enrolment, Offer, read_offer
from evaluation.domain.entries import missing_quantity, of_enrolment
from evaluation.domain.jp import Activity, Conversion, convert
from evaluation.errors import NotAllowed, NotValid, Unseen, invalid
from evaluation.ledgering import Ledgering
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.people import PeopleStore
from evaluation.store.trainings import TrainingStore
from evaluation.times import milliseconds
from servicekit.ids import Clock
from servicekit.outbox import Outbox

_OFFER_ID = re.compile(r"^[a-z0-9][a-z0-9-]{0,79}$")
INTERNSHIPS = frozenset({"magang"})
_PERMISSION_OF = {
    "approve": "approve_enrolment",
    "confirm": "confirm",
    "complete": "complete",
    "withdraw": "withdraw",
}


class Training:
    def __init__(
        self,
        once: Once,
        outbox: Outbox,
        rows: TrainingStore,
        people: PeopleStore,
        advice: AdviceStore,
        ledgering: Ledgering,
        city: CityRules,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._once = once
        self._outbox = outbox
        self._rows = rows
        self._people = people
        self._advice = advice
        self._ledgering = ledgering
        self._city = city
        self._permissions = permissions
        self._clock = clock

    # The catalogue

    def trainings(self, actor: Actor, form: Any, open_only: Any, cursor: Any, limit: Any) -> dict[str, Any]:
        """The catalogue, a page at a time; `open_only` leaves out what takes nobody any more."""
        self._check_staff(actor)
        query: dict[str, Any] = {}
        wanted = read_text("form", form)
        if wanted is not None:
            query["form"] = wanted
        if open_only:
            today = self._city.today(self._clock.now())
            query |= {"status": steps.OPEN, "end": {"$gte": today.isoformat()}}
        offers, following = self._rows.offers(query, read_cursor(cursor), read_limit(limit))
        places = self._rows.places([offer.offer_id for offer in offers])
        return {"items": [self._shown(o, places[o.offer_id]) for o in offers], "next_cursor": following}

    def training(self, actor: Actor, offer_id: Any) -> dict[str, Any]:
        self._check_staff(actor)
        offer = self._rows.offer(read_text("offer_id", offer_id) or "")
        if offer is None:
            raise Unseen("training")
        return self._shown(offer, self._rows.places([offer.offer_id])[offer.offer_id])

    def _check_staff(self, actor: Actor) -> None:
        if not scopes(self._permissions, actor, "list_trainings"):
            raise not_permitted()

    def put_training(self, actor: Actor, value: Any, key: str | None) -> dict[str, Any]:
        """Add an offer, or replace one by its `offer_id`. The same offer again changes nothing."""
        if not scopes(self._permissions, actor, "offer"):
            raise not_permitted()
        id_ = value.get("offer_id") if isinstance(value, dict) else None
        if id_ is None:
            id_ = str(uuid4())
        if not isinstance(id_, str) or not _OFFER_ID.match(id_):
            raise invalid("/offer_id", "not_a_code", "Expected lower-case letters, digits and hyphens.")
        offer = read_offer(value, id_, self._city.jp.forms, INTERNSHIPS)
        missing = missing_quantity(self._preview(offer))
        if missing is not None:
            raise NotValid([missing])
        now = milliseconds(self._clock.now())

        def put(session: ClientSession) -> dict[str, Any]:
            self._rows.hold_offer(offer.offer_id, session)
            self._rows.put_offer(session, offer, now)
            self._promote(session, actor, offer, now)
            return self._shown(offer, self._rows.places([offer.offer_id], session)[offer.offer_id])

        return self._once.run(actor, key, {"call": "put_training", "offer": value}, put)

    def _preview(self, offer: Offer) -> Conversion:
        activity = Activity(
            offer.form, offer.end, offer.location, offer.days, offer.sessions, offer.programme_jp
        )
        return convert(self._city.jp.rules, activity, sample=self._city.sample)

    def jp_of(self, offer: Offer) -> int | None:
        return self._preview(offer).jp

    def _shown(self, offer: Offer, places: dict[str, int]) -> dict[str, Any]:
        preview = self._preview(offer)
        form = self._city.jp.forms.get(offer.form)
        shown: dict[str, Any] = wire(
            {
                "offer_id": offer.offer_id,
                "form": offer.form,
                "form_name": form.name.to_data() if form else None,
                "title": offer.title,
                "competencies": offer.competencies,
                "elements": offer.elements,
                "service_types": offer.service_types,
                "organiser": offer.organiser,
                "place": offer.place,
                "start": offer.start,
                "end": offer.end,
                "days": offer.days,
                "sessions": offer.sessions,
                "programme_jp": offer.programme_jp,
                "location": offer.location,
                "capacity": offer.capacity,
                **places,
                "jp_preview": preview.jp,
                "jp_rule": None
                if preview.rule_version is None
                else {
                    "version": preview.rule_version,
                    "certainty": preview.certainty.value if preview.certainty else None,
                    "example": preview.example,
                },
                "status": offer.status,
                "internship": offer.internship,
            }
        )
        return shown

    # Enrolments

    def enrol(self, actor: Actor, offer_id: Any, recommendation_id: Any, key: str | None) -> dict[str, Any]:
        """Ask for a place for oneself, perhaps on a recommendation; asking twice answers the first."""
        if not scopes(self._permissions, actor, "enrol"):
            raise not_permitted()
        wanted = read_text("offer_id", offer_id) or ""
        recommended = read_text("recommendation_id", recommendation_id)
        now = milliseconds(self._clock.now())
        today = self._city.today(now)

        def enrolled(session: ClientSession) -> dict[str, Any]:
            person = self._people.get(actor.ref or "", session)
            if person is None or not person.active:
                raise NotAllowed("not_staff", "The staff records do not know you yet.")
            offer = self._rows.hold_offer(wanted, session)
            if offer is None:
                raise Unseen("training")
            existing = self._rows.live_enrolment(wanted, person.staff_ref, session)
            if existing is not None:
                return self._enrolment(existing, offer, actor)
            enrolment = steps.request(
                str(uuid4()), offer, person.staff_ref, person.unit, person.rater_ref, now, today
            )
            if recommended is not None:
                self._take_up(session, actor, recommended, offer, enrolment, now)
                enrolment = replace(enrolment, recommendation_id=recommended)
            self._put(session, actor, "request", enrolment, now)
            return self._enrolment(enrolment, offer, actor)

        return self._once.run(actor, key, {"call": "enrol", "args": [wanted, recommended]}, enrolled)

    def _take_up(
        self,
        session: ClientSession,
        actor: Actor,
        recommendation_id: str,
        offer: Offer,
        enrolment: Enrolment,
        now: datetime,
    ) -> None:
        """Enrolling from a recommendation moves it on; it has to be approved by a person first."""
        found = self._advice.get(recommendation_id, session)
        if found is None or found["staff_ref"] != enrolment.staff_ref:
            raise invalid("/recommendation_id", "unknown_recommendation", "No such recommendation for you.")
        if found["state"] != "approved":
            raise NotAllowed("not_approved", "This recommendation is not approved, or was used already.")
        if offer.offer_id not in {option["offer_id"] for option in found["options"]} | set(
            found.get("offer_ids") or ()
        ):
            raise invalid("/offer_id", "not_recommended", "The recommendation names other offers.")
        link = {"at": now, "actor_ref": actor.ref, "action": "enrol"}
        self._advice.change(
            session, recommendation_id, {"state": "enrolled", "enrolment_id": enrolment.id}, link
        )

    def enrolments(
        self, actor: Actor, offer_id: Any, staff_ref: Any, state: Any, cursor: Any, limit: Any
    ) -> dict[str, Any]:
        """Enrolments the actor may see: her own, those of his people, or all for BKPSDM."""
        query: dict[str, Any] = {"$and": [self._scope(actor)]}
        for name, value in (("offer_id", offer_id), ("staff_ref", staff_ref), ("state", state)):
            wanted = read_text(name, value)
            if wanted is not None:
                query["$and"].append({name: wanted})
        rows, following = self._rows.enrolments(query, read_cursor(cursor), read_limit(limit))
        items = [self._enrolment(row, self._rows.offer(row.offer_id), actor) for row in rows]
        return {"items": items, "next_cursor": following}

    def _scope(self, actor: Actor) -> dict[str, Any]:
        if actor.ref is None:
            return {"_id": None}
        if scopes(self._permissions, actor, "confirm") & {ANY, YES}:
            return {}
        parts: list[dict[str, Any]] = [{"staff_ref": actor.ref}]
        if PEOPLE in scopes(self._permissions, actor, "approve_enrolment"):
            refs = self._people.refs_of_people(actor.ref, superior=True)
            parts.append({"staff_ref": {"$in": refs}})
        return {"$or": parts}

    def act(
        self, actor: Actor, enrolment_id: Any, action: Any, payload: Any, key: str | None
    ) -> dict[str, Any]:
        """Approve, confirm, complete or withdraw; nothing happened if it raises a refusal."""
        if not isinstance(action, str) or action not in POSSIBLE:
            raise invalid("/action", "unknown_action", f"Expected one of: {', '.join(POSSIBLE)}.")
        id_ = read_text("enrolment_id", enrolment_id) or ""
        now = milliseconds(self._clock.now())
        request = {"call": "enrolment", "args": [id_, action, payload]}
        return self._once.run(
            actor, key, request, lambda session: self._acted(session, actor, id_, action, payload, now)
        )

    def _acted(
        self, session: ClientSession, actor: Actor, id_: str, action: str, payload: Any, now: datetime
    ) -> dict[str, Any]:
        enrolment = self._rows.enrolment(id_, session)
        if enrolment is None or not self._may_see(actor, enrolment):
            raise Unseen("enrolment")
        if not self._may_act(actor, action, enrolment):
            raise not_permitted()
        steps.check_state(enrolment, action)
        offer = self._rows.hold_offer(enrolment.offer_id, session)
        if offer is None:
            raise Unseen("training")
        changed = self._step(session, actor, action, enrolment, offer, payload, now)
        self._put(session, actor, action, changed, now)
        if action == "withdraw":
            self._undo_recommendation(session, actor, enrolment, now)
            if enrolment.state == CONFIRMED:
                self._promote(session, actor, offer, now)
        return self._enrolment(changed, offer, actor)

    def _step(
        self,
        session: ClientSession,
        actor: Actor,
        action: str,
        enrolment: Enrolment,
        offer: Offer,
        payload: Any,
        now: datetime,
    ) -> Enrolment:
        match action:
            case "approve":
                return steps.approve(enrolment, actor.ref or "", now)
            case "confirm":
                taken = self._rows.places([offer.offer_id], session)[offer.offer_id]["taken"]
                return steps.confirm(enrolment, offer, taken, now)
            case "withdraw":
                return steps.withdraw(enrolment, now)
            case _:
                return self._completed(session, actor, enrolment, offer, payload, now)

    def _completed(
        self,
        session: ClientSession,
        actor: Actor,
        enrolment: Enrolment,
        offer: Offer,
        payload: Any,
        now: datetime,
    ) -> Enrolment:
        """Complete, enter the ledger and tell it, all in one transaction."""
        today = self._city.today(now)
        changed = steps.complete(enrolment, offer, payload, now, today)
        entry = self._ledgering.complete(session, actor, of_enrolment(changed, offer, now), now)
        if changed.recommendation_id is not None:
            link = {"at": now, "actor_ref": actor.ref, "action": "complete"}
            self._advice.change(session, changed.recommendation_id, {"state": "done"}, link)
        return replace(changed, entry_id=entry.entry_id)

    def _undo_recommendation(
        self, session: ClientSession, actor: Actor, enrolment: Enrolment, now: datetime
    ) -> None:
        if enrolment.recommendation_id is not None:
            link = {"at": now, "actor_ref": actor.ref, "action": "withdraw"}
            self._advice.change(
                session, enrolment.recommendation_id, {"state": "approved", "enrolment_id": None}, link
            )

    def _promote(self, session: ClientSession, actor: Actor, offer: Offer, now: datetime) -> None:
        """Give places that are free to those who wait, first come first."""
        while True:
            taken = self._rows.places([offer.offer_id], session)[offer.offer_id]["taken"]
            if offer.status == steps.CANCELLED or (offer.capacity is not None and taken >= offer.capacity):
                return
            first = self._rows.first_waiting(offer.offer_id, session)
            if first is None:
                return
            self._put(session, actor, "promote", steps.promote(first, now), now)

    def _put(
        self, session: ClientSession, actor: Actor, action: str, enrolment: Enrolment, now: datetime
    ) -> None:
        link = {"at": now, "actor_ref": actor.ref, "action": action, "state": enrolment.state}
        self._rows.put_enrolment(session, enrolment, link)
        if enrolment.state != steps.COMPLETED:
            self._outbox.append(session, [told.enrolled(enrolment, now)])

    def _may_see(self, actor: Actor, enrolment: Enrolment) -> bool:
        if actor.ref == enrolment.staff_ref:
            return True
        return any(self._may_act(actor, action, enrolment) for action in POSSIBLE)

    def _may_act(self, actor: Actor, action: str, enrolment: Enrolment) -> bool:
        person = self._people.get(enrolment.staff_ref)
        ref = enrolment.staff_ref
        permission = _PERMISSION_OF[action]
        if action == "approve":
            return bool(about_records(self._permissions, actor, permission, ref, person))
        return bool(of_person(self._permissions, actor, permission, ref, person))

    def _enrolment(self, enrolment: Enrolment, offer: Offer | None, actor: Actor) -> dict[str, Any]:
        shown: dict[str, Any] = wire(
            {
                "enrolment_id": enrolment.id,
                "offer_id": enrolment.offer_id,
                "title": offer.title if offer else None,
                "form": offer.form if offer else None,
                "start": offer.start if offer else None,
                "end": offer.end if offer else None,
                "staff_ref": enrolment.staff_ref,
                "unit": enrolment.unit,
                "rater_ref": enrolment.rater_ref,
                "state": enrolment.state,
                "recommendation_id": enrolment.recommendation_id,
                "requested_at": enrolment.requested_at,
                "changed_at": enrolment.changed_at,
                "report_ref": enrolment.report_ref,
                "back_home_project": enrolment.back_home_project,
                "evidence_ref": enrolment.evidence_ref,
                "entry_id": enrolment.entry_id,
                "actions": [
                    action
                    for action, states in POSSIBLE.items()
                    if enrolment.state in states and self._may_act(actor, action, enrolment)
                ],
            }
        )
        return shown
