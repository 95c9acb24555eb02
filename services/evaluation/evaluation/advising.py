"""Recommendations: thought over when evidence changes and once a day, decided by a person.

    something changed ─▶ advice_wanted ─▶ the job: facts ─▶ drafts (pure) ─▶ proposed, told once
                                                └─ a proposal whose reason is gone expires

The job reads evidence and writes proposals. It knows no evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import uuid4

from evaluation import events as told
from evaluation.city import CityRules
from evaluation.domain import recommending
from evaluation.domain.display import showing_of_person
from evaluation.domain.evidence import ELEMENTS, comparison_of
from evaluation.domain.figures import plain
from evaluation.domain.periods import days_of
from evaluation.domain.recommending import Competency, Draft, ElementFigure, OfferFacts, PersonFacts
from evaluation.domain.staff import Staff
from evaluation.ledgering import Ledgering
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.facts import FactStore
from evaluation.store.people import PeopleStore
from evaluation.store.trainings import TrainingStore
from evaluation.times import milliseconds
from evaluation.training import Training
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox

log = get_logger(__name__)

BATCH = 100
PERSON, UNIT = "person", "unit"
PROPOSED, APPROVED, DECLINED, ENROLLED, DONE, EXPIRED = (
    "proposed",
    "approved",
    "declined",
    "enrolled",
    "done",
    "expired",
)
STATES = (PROPOSED, APPROVED, DECLINED, ENROLLED, DONE, EXPIRED)
_LIVE = (PROPOSED, APPROVED, ENROLLED)
MOST_OPTIONS = 5


class Advising:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        rows: AdviceStore,
        people: PeopleStore,
        facts: FactStore,
        trainings: TrainingStore,
        training: Training,
        ledgering: Ledgering,
        city: CityRules,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._rows = rows
        self._people = people
        self._facts = facts
        self._trainings = trainings
        self._training = training
        self._ledgering = ledgering
        self._city = city
        self._clock = clock

    def run(self) -> int:
        """Think over every subject for which something changed; answers how many proposals are new."""
        made = 0
        while wanted := self._rows.wanted(BATCH):
            offers = self._offers()
            for mark in wanted:
                made += self._db.transact(partial(self._think, mark=mark, offers=offers), timeout=10)
        return made

    def daily(self) -> int:
        """Let old proposals expire, and think everybody over again: gaps grow with the calendar alone."""
        now = milliseconds(self._clock.now())
        expired = self._rows.expire(self._city.today(now).isoformat(), now)
        last = ""
        while refs := self._people.active_refs(last, BATCH):
            self._rows.want(None, [f"person:{ref}" for ref in refs], now)
            last = refs[-1]
        return expired

    def _think(self, session: ClientSession, mark: dict[str, Any], offers: Sequence[OfferFacts]) -> int:
        kind, _, subject = mark["_id"].partition(":")
        today = self._city.today(self._clock.now())
        person = self._people.get(subject, session) if kind == PERSON else None
        if kind == UNIT:
            drafts = self.about_unit(subject, today)
        else:
            drafts = self.about_person(person, today, session) if person is not None else ()
        rater = person.rater_ref if person is not None else None
        made = self._settle(session, kind, subject, rater, drafts, offers, today)
        self._rows.done(session, mark)
        return made

    # What is known

    def advice_for(self, person: Staff, today: date, session: Any = None) -> recommending.Advice:
        """What could help a person, or why there is nothing to recommend."""
        if not person.is_asn:
            return recommending.Advice(nothing=recommending.nothing("not_asn"))
        policy = self._city.policy(today)
        facts = PersonFacts(
            staff_ref=person.staff_ref,
            unit=person.unit,
            today=today,
            figures=self._figures(person, policy),
            competencies=[
                Competency(key, levels["required"] or 0, levels.get("assessed"))
                for key, levels in sorted(person.competencies.items())
            ],
            verified_jp=self._ledgering.verified_jp(person, today.year, session),
        )
        return recommending.for_person(facts, policy)

    def about_person(self, person: Staff, today: date, session: Any = None) -> Sequence[Draft]:
        if not person.active:
            return ()
        return self.advice_for(person, today, session).drafts

    def _figures(self, person: Staff, policy: Any) -> list[ElementFigure]:
        """The newest figures of each unit and service type."""
        newest: dict[tuple[str, str], dict[str, Any]] = {}
        for result in self._facts.person_results(person.staff_ref):
            key = (result["unit"], result["service_type"])
            if key not in newest or _end(result["period"]) > _end(newest[key]["period"]):
                newest[key] = result
        figures = []
        for _, result in sorted(newest.items()):
            for element in ELEMENTS:
                n = int(result["facts"]["elements"].get(element, {}).get("n") or 0)
                showing = showing_of_person(n, policy, is_asn=person.is_asn, alone=False)
                comparison = comparison_of(element, result["facts"], policy) if showing.figure else None
                figures.append(
                    ElementFigure(
                        element, result["service_type"], result["period"], comparison, showing.reason
                    )
                )
        return figures

    def about_unit(self, unit: str, today: date) -> Sequence[Draft]:
        """What the newest published period of a unit says about its service; nobody is named by it."""
        results = self._facts.unit_results(unit)
        if not results:
            return ()
        newest = results[-1]
        elements = [
            recommending.UnitElement(
                row["key"],
                row.get("n"),
                Fraction(row["sum"], row["n"]) if row.get("n") and row.get("sum") is not None else None,
            )
            for row in newest["facts"]["elements"]
        ]
        facts = recommending.UnitFacts(unit=unit, period=newest["period"], elements=elements, today=today)
        return recommending.for_unit(facts, self._city.policy(today)).drafts

    def _offers(self) -> list[OfferFacts]:
        return [
            OfferFacts(
                offer.offer_id,
                offer.form,
                offer.title,
                offer.start,
                self._training.jp_of(offer),
                offer.competencies,
                offer.elements,
                offer.service_types,
            )
            for offer in self._trainings.open_offers()
        ]

    # What becomes of it

    def _settle(
        self,
        session: ClientSession,
        kind: str,
        subject: str,
        rater: str | None,
        drafts: Sequence[Draft],
        offers: Sequence[OfferFacts],
        today: date,
    ) -> int:
        """Propose what is new, once; refresh what still waits; let go what has lost its reason."""
        now = milliseconds(self._clock.now())
        known: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows.of_subject(kind, subject, session):
            known.setdefault(row["key"], []).append(row)
        made: list[dict[str, Any]] = []
        for draft in drafts:
            earlier = known.pop(draft.key, [])
            options = [_option(one) for one in recommending.options(draft, offers, today)[:MOST_OPTIONS]]
            last = max(earlier, key=lambda row: int(row["round"]), default=None)
            if last is None or (last["state"] not in _LIVE and last["expires_on"] < today.isoformat()):
                round_ = 1 if last is None else last["round"] + 1
                made.append(_row(draft, round_, rater, options, now))
            elif last["state"] == PROPOSED:
                self._rows.change(session, last["_id"], {**_content(draft), "options": options})
        for rows in known.values():
            for row in rows:
                if row["state"] == PROPOSED:
                    link = {"at": now, "actor_ref": None, "action": "reason_gone"}
                    self._rows.change(session, row["_id"], {"state": EXPIRED}, link)
        self._rows.insert(session, made)
        self._outbox.append(session, [told.recommended(row, now) for row in made])
        return len(made)


def _end(period: str) -> date:
    days = days_of(period)
    return days[1] if days else date.min


def _option(offer: OfferFacts) -> dict[str, Any]:
    return {
        "offer_id": offer.offer_id,
        "form": offer.form,
        "title": offer.title,
        "jp": offer.jp,
        "start": offer.start.isoformat(),
    }


def _content(draft: Draft) -> dict[str, Any]:
    data = None
    if draft.data is not None:
        low_high = draft.data.interval
        data = {
            "measure": draft.data.measure,
            "value": plain(draft.data.value),
            "n_shown": draft.data.n_shown,
            "interval": low_high and {"low": plain(low_high[0]), "high": plain(low_high[1])},
            "peer_mean": plain(draft.data.peer_mean),
        }
    return {
        "reason_codes": [code.value for code in draft.reason_codes],
        "certainty": draft.certainty.value,
        "data": data,
        "explanation": draft.explanation.to_data(),
    }


def _row(
    draft: Draft, round_: int, rater: str | None, options: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "_id": str(uuid4()),
        "key": draft.key,
        "round": round_,
        "kind": draft.kind,
        "staff_ref": draft.subject if draft.kind == PERSON else None,
        "unit": draft.unit,
        "rater_ref": rater,
        **_content(draft),
        "options": options,
        "offer_ids": [],
        "state": PROPOSED,
        "rule_version": draft.rule_version,
        "expires_on": draft.expires_on.isoformat(),
        "made_at": now,
        "enrolment_id": None,
        "history": [{"at": now, "actor_ref": None, "action": "propose"}],
    }
