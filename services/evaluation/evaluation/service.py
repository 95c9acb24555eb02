"""The Nameko class: entrypoints only. Everything they do is in the modules that `wiring.py` puts together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from nameko.extensions import DependencyProvider

from evaluation.calls import read_actor
from evaluation.city import load_city
from evaluation.config import SERVICE, EvaluationConfig
from evaluation.errors import NotAllowed, NotValid, Refusal, Stale, Unseen
from evaluation.wiring import Parts, prepare, wire_parts
from servicekit import errors as kit
from servicekit.envelope import Event
from servicekit.errors import Outcomes
from servicekit.handling import handles
from servicekit.logs import get_logger
from servicekit.mongo import Mongo, MongoHandle
from servicekit.outbox import Outbox
from servicekit.relay import Relay
from servicekit.rpc import sealed_rpc
from servicekit.timers import periodic

log = get_logger(__name__)

Method = TypeVar("Method", bound=Callable[..., Any])


def translated(method: Method) -> Method:
    """Domain refusals as the kit's, which travel inside sealed replies."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Refusal as refusal:
            raise translate(refusal) from None

    return wrapper  # type: ignore[return-value]  # same signature, by functools.wraps


def translate(refusal: Refusal) -> kit.Refused:
    match refusal:
        case NotValid():
            return kit.Invalid([kit.FieldError(f.pointer, f.code, f.detail) for f in refusal.faults])
        case NotAllowed():
            return kit.Forbidden(refusal.code, refusal.detail)
        case Stale():
            return kit.Conflict(refusal.current, refusal.detail)
        case Unseen():
            return kit.NotFound(refusal.what)
        case _:
            return kit.Refused(str(refusal))


class Wired(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """The service's parts, built once per process. Wrong tables of a city stop the process at its start."""

    def setup(self) -> None:
        self._config: EvaluationConfig = self.container.config["TANGGAP"]
        self._clock = self.container.config.get("CLOCK")
        self._city = load_city(self._config.city_dir, sample=self._config.sample)
        self._parts: Parts | None = None

    def get_dependency(self, worker_ctx: Any) -> Callable[[MongoHandle, Outbox], Parts]:
        return self._get

    def _get(self, db: MongoHandle, outbox: Outbox) -> Parts:
        if self._parts is None:
            self._parts = wire_parts(self._config, db, outbox, self._clock, self._city)
        return self._parts


class EvaluationService:
    name = SERVICE

    db = Mongo(prepare=prepare)
    outbox = Relay()
    wired = Wired()

    @property
    def parts(self) -> Parts:
        parts: Parts = self.wired(self.db, self.outbox)
        return parts

    # Events. None of them reaches an evaluation.

    @handles("on_catalogue_changed", batch=100)
    def on_catalogue_changed(self, events: list[Event]) -> Outcomes:
        return self.parts.registry.on_catalogue_changed(events)

    @handles("on_case_event", batch=100, linger=0.25)
    def on_case_event(self, events: list[Event]) -> Outcomes:
        return self.parts.gathering.on_case_event(events)

    @handles("on_survey_event", batch=50)
    def on_survey_event(self, events: list[Event]) -> Outcomes:
        return self.parts.gathering.on_survey_event(events)

    @handles("on_department_event", batch=50)
    def on_department_event(self, events: list[Event]) -> Outcomes:
        return self.parts.departments.on_department_event(events)

    @periodic("recommend", every=15)
    def recommend(self) -> None:
        """What changed leads to proposals within a quarter of a minute; they wait for a person."""
        made = self.parts.advising.run()
        if made:
            log.info("recommendations proposed", count=made)

    @periodic("recommend_daily", every=6 * 3600)
    def recommend_daily(self) -> None:
        expired = self.parts.advising.daily()
        if expired:
            log.info("recommendations expired", count=expired)

    # Staff

    @sealed_rpc
    @translated
    def me(self, actor: Any) -> dict[str, Any]:
        """What the service has for the actor herself; `staff` is null while no record knows her."""
        who = read_actor(actor)
        found: dict[str, Any] = {"staff": self.parts.staffing.own(who), "evaluations": [], "ledger": None}
        found |= {"evidence": [], "recommendations": []}
        if found["staff"] is None:
            return found
        parts = self.parts
        found["evaluations"] = parts.rating.evaluations(who, who.ref, None, None, None)["items"]
        found["ledger"] = parts.ledgering.ledger(who, who.ref, None)
        found["evidence"] = parts.evidencing.evidence(who, who.ref, None)["items"]
        advice = parts.deciding.recommendations(who, None, who.ref, None, None, None)
        return found | {"recommendations": advice["items"], "nothing": advice.get("nothing")}

    @sealed_rpc
    @translated
    def staff(
        self, actor: Any, unit: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> dict[str, Any]:
        return self.parts.staffing.staff(read_actor(actor), unit, cursor, limit)

    @sealed_rpc
    @translated
    def staff_member(self, actor: Any, staff_ref: str) -> dict[str, Any]:
        return self.parts.staffing.staff_member(read_actor(actor), staff_ref)

    @sealed_rpc
    @translated
    def import_staff(
        self, actor: Any, rows: Any, dry_run: bool = False, key: str | None = None
    ) -> dict[str, Any]:
        return self.parts.staffing.import_staff(read_actor(actor), rows, dry_run, key)

    # Evidence

    @sealed_rpc
    @translated
    def evidence(self, actor: Any, subject: str | None = None, period: str | None = None) -> dict[str, Any]:
        return self.parts.evidencing.evidence(read_actor(actor), subject, period)

    @sealed_rpc
    @translated
    def comment_evidence(
        self, actor: Any, evidence_id: str, text: Any, key: str | None = None
    ) -> dict[str, Any]:
        """The same text twice in a row is one comment, so a repeated request changes nothing."""
        return self.parts.evidencing.comment(read_actor(actor), evidence_id, text)

    @sealed_rpc
    @translated
    def unit_evidence(self, actor: Any, unit: str, period: str | None = None) -> dict[str, Any]:
        return self.parts.evidencing.unit_evidence(read_actor(actor), unit, period)

    # Evaluations

    @sealed_rpc
    @translated
    def evaluations(
        self,
        actor: Any,
        staff_ref: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return self.parts.rating.evaluations(read_actor(actor), staff_ref, state, cursor, limit)

    @sealed_rpc
    @translated
    def evaluation(self, actor: Any, evaluation_id: str) -> dict[str, Any]:
        return self.parts.rating.evaluation(read_actor(actor), evaluation_id)

    @sealed_rpc
    @translated
    def open_evaluation(
        self,
        actor: Any,
        staff_ref: Any,
        start: Any,
        end: Any,
        official_record: Any = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        return self.parts.rating.open(read_actor(actor), staff_ref, start, end, official_record, key)

    @sealed_rpc
    @translated
    def act_on_evaluation(
        self,
        actor: Any,
        evaluation_id: str,
        action: str,
        version: Any = None,
        payload: Any = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        return self.parts.rating.act(read_actor(actor), evaluation_id, action, version, payload or {}, key)

    @sealed_rpc
    @translated
    def distribution(
        self, actor: Any, unit: Any = None, start: Any = None, end: Any = None, organisation: Any = None
    ) -> dict[str, Any]:
        return self.parts.calibrating.distribution(read_actor(actor), unit, start, end, organisation)

    # Trainings

    @sealed_rpc
    @translated
    def trainings(
        self,
        actor: Any,
        form: str | None = None,
        open: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return self.parts.training.trainings(read_actor(actor), form, open, cursor, limit)

    @sealed_rpc
    @translated
    def training(self, actor: Any, offer_id: str) -> dict[str, Any]:
        return self.parts.training.training(read_actor(actor), offer_id)

    @sealed_rpc
    @translated
    def put_training(self, actor: Any, offer: Any, key: str | None = None) -> dict[str, Any]:
        return self.parts.training.put_training(read_actor(actor), offer, key)

    @sealed_rpc
    @translated
    def enrol(
        self, actor: Any, offer_id: str, recommendation_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        return self.parts.training.enrol(read_actor(actor), offer_id, recommendation_id, key)

    @sealed_rpc
    @translated
    def enrolments(
        self,
        actor: Any,
        offer_id: str | None = None,
        staff_ref: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return self.parts.training.enrolments(read_actor(actor), offer_id, staff_ref, state, cursor, limit)

    @sealed_rpc
    @translated
    def act_on_enrolment(
        self, actor: Any, enrolment_id: str, action: str, payload: Any = None, key: str | None = None
    ) -> dict[str, Any]:
        return self.parts.training.act(read_actor(actor), enrolment_id, action, payload or {}, key)

    # The ledger

    @sealed_rpc
    @translated
    def ledger(self, actor: Any, staff_ref: str | None = None, year: int | None = None) -> dict[str, Any]:
        return self.parts.ledgering.ledger(read_actor(actor), staff_ref, year)

    @sealed_rpc
    @translated
    def claim_entry(self, actor: Any, entry: Any, key: str | None = None) -> dict[str, Any]:
        return self.parts.ledgering.claim(read_actor(actor), entry, key)

    @sealed_rpc
    @translated
    def act_on_entry(
        self, actor: Any, entry_id: str, action: str, payload: Any = None, key: str | None = None
    ) -> dict[str, Any]:
        return self.parts.ledgering.act(read_actor(actor), entry_id, action, payload or {}, key)

    # Recommendations

    @sealed_rpc
    @translated
    def recommendations(
        self,
        actor: Any,
        state: str | None = None,
        staff_ref: str | None = None,
        unit: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return self.parts.deciding.recommendations(read_actor(actor), state, staff_ref, unit, cursor, limit)

    @sealed_rpc
    @translated
    def decide_recommendation(
        self,
        actor: Any,
        recommendation_id: str,
        decision: str,
        reason: Any = None,
        offer_ids: Any = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        who = read_actor(actor)
        return self.parts.deciding.decide(who, recommendation_id, decision, reason, offer_ids, key)
