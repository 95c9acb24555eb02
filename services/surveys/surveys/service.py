"""The Nameko class: entrypoints only. Everything they do is in the modules that `wiring.py` puts together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from nameko.extensions import DependencyProvider

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
from surveys.access import read_actor
from surveys.config import SERVICE, SurveysConfig
from surveys.domain.questionnaire import PERSONAL_ELEMENTS
from surveys.errors import NotAllowed, NotValid, Refusal, WrongState
from surveys.wiring import Parts, prepare, wire_parts

log = get_logger(__name__)

Method = TypeVar("Method", bound=Callable[..., Any])


def translated(method: Method) -> Method:
    """Our refusals as the kit's, which travel inside sealed replies."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Refusal as refusal:
            raise _translate(refusal) from None

    return wrapper  # type: ignore[return-value]  # same signature, by functools.wraps


def _translate(refusal: Refusal) -> kit.Refused:
    match refusal:
        case NotValid():
            return kit.Invalid([kit.FieldError(f.pointer, f.code, f.detail) for f in refusal.faults])
        case NotAllowed():
            return kit.Forbidden(refusal.code, refusal.detail)
        case WrongState():
            return kit.Conflict(refusal.current, refusal.detail)
        case _:
            return kit.NotFound(str(refusal))


class Wired(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """The service's parts, built once per process, when the first worker needs them."""

    def setup(self) -> None:
        self._config: SurveysConfig = self.container.config["TANGGAP"]
        self._clock = self.container.config.get("CLOCK")
        self._parts: Parts | None = None

    def get_dependency(self, worker_ctx: Any) -> Callable[[MongoHandle, Outbox], Parts]:
        return self._get

    def _get(self, db: MongoHandle, outbox: Outbox) -> Parts:
        if self._parts is None:
            self._parts = wire_parts(self._config, db, outbox, self._clock)
        return self._parts


class SurveysService:
    name = SERVICE

    db = Mongo(prepare=prepare)
    outbox = Relay()
    wired = Wired()

    @property
    def parts(self) -> Parts:
        parts: Parts = self.wired(self.db, self.outbox)
        return parts

    @handles("on_answers", batch=50)
    def on_answers(self, events: list[Event]) -> Outcomes:
        """Every answer that was accepted counts once, waits for review, or is counted with its reason."""
        return self.parts.intake.on_answers(events)

    @handles("on_case_event", batch=50)
    def on_case_event(self, events: list[Event]) -> Outcomes:
        """A closed case invites, a reopened one takes the invitation back."""
        return self.parts.inviting.on_case_event(events)

    @handles("on_department_event", batch=50)
    def on_department_event(self, events: list[Event]) -> Outcomes:
        """A visit at a counter invites; what is not right is refused so that its sender can read it."""
        return self.parts.delivering.on_department_event(events)

    @handles("on_catalogue_changed", batch=100)
    def on_catalogue_changed(self, events: list[Event]) -> Outcomes:
        return self.parts.registry.on_catalogue_changed(events)

    @periodic("sweep", every=15)
    def sweep_timers(self) -> None:
        """Releases, reminders, expiries, periods that begin and end, plans that fall due."""
        counts = self.parts.sweeping.sweep()
        if counts:
            log.info("swept", counts=counts)

    @sealed_rpc
    @translated
    def questionnaires(self, known_version: int | None = None) -> dict[str, Any]:
        """Every questionnaire, and which one is asked today; only the version when the caller has it."""
        city = self.parts.city
        current = city.asked_on(city.today(self.parts.clock.now()))
        version = city.revision_with(current)
        if known_version is not None and known_version == version:
            return {"version": version, "unchanged": True}
        return {
            "version": version,
            "current": {"id": current.id},
            "questionnaires": list(city.documents),
            "elements_about_people": list(PERSONAL_ELEMENTS),
        }

    @sealed_rpc
    @translated
    def invitation(self, token: Any) -> dict[str, Any]:
        """What a link opens. Looking spends nothing."""
        return self.parts.intake.invitation(token)

    @sealed_rpc
    @translated
    def check_submission(
        self, token: Any = None, submission_key: Any = None, body_hash: Any = None
    ) -> dict[str, Any]:
        return self.parts.intake.check(token, submission_key, body_hash)

    @sealed_rpc
    @translated
    def results(self, unit: Any = None, year: Any = None) -> dict[str, Any]:
        return self.parts.reading.results(unit, year)

    @sealed_rpc
    @translated
    def result(self, actor: Any, unit: Any, period: Any) -> dict[str, Any]:
        return self.parts.reading.result(read_actor(actor), unit, period)

    @sealed_rpc
    @translated
    def periods(
        self, actor: Any, unit: Any = None, state: Any = None, cursor: Any = None, limit: Any = None
    ) -> dict[str, Any]:
        return self.parts.reading.periods(read_actor(actor), unit, state, cursor, limit)

    @sealed_rpc
    @translated
    def act_on_period(
        self, actor: Any, unit: Any, period: Any, action: Any, payload: Any = None, key: Any = None
    ) -> dict[str, Any]:
        """open, population, close, publish or correct; the result afterwards, with warnings."""
        caller = read_actor(actor)
        warnings = self.parts.acting.act(caller, unit, period, action, payload, key)
        return {**self.parts.reading.result(caller, unit, period), "warnings": warnings}

    @sealed_rpc
    @translated
    def answers(
        self, actor: Any, unit: Any, period: Any, cursor: Any = None, limit: Any = None
    ) -> dict[str, Any]:
        return self.parts.reading.answers(read_actor(actor), unit, period, cursor, limit)

    @sealed_rpc
    @translated
    def counters(self, actor: Any, unit: Any = None) -> dict[str, Any]:
        return self.parts.counters.links(read_actor(actor), unit)

    @sealed_rpc
    @translated
    def create_counter(
        self,
        actor: Any,
        unit: Any = None,
        service_code: Any = None,
        counter: Any = None,
        valid_days: Any = None,
        key: Any = None,
    ) -> dict[str, Any]:
        given = {"unit": unit, "service_code": service_code, "counter": counter, "valid_days": valid_days}
        return self.parts.counters.create(read_actor(actor), given, key)

    @sealed_rpc
    @translated
    def revoke_counter(self, actor: Any, counter_id: Any, key: Any = None) -> dict[str, Any]:
        return self.parts.counters.revoke(read_actor(actor), counter_id, key)

    @sealed_rpc
    @translated
    def comments(
        self,
        actor: Any,
        unit: Any = None,
        period: Any = None,
        state: Any = None,
        cursor: Any = None,
        limit: Any = None,
    ) -> dict[str, Any]:
        return self.parts.moderating.comments(read_actor(actor), unit, period, state, cursor, limit)

    @sealed_rpc
    @translated
    def moderate_comment(
        self, actor: Any, comment_id: Any, decision: Any, text: Any = None, key: Any = None
    ) -> dict[str, Any]:
        return self.parts.moderating.moderate(read_actor(actor), comment_id, decision, text, key)

    @sealed_rpc
    @translated
    def held(self, actor: Any, unit: Any = None) -> dict[str, Any]:
        return self.parts.moderating.held(read_actor(actor), unit)

    @sealed_rpc
    @translated
    def review_held(
        self, actor: Any, held_id: Any, decision: Any, reason: Any = None, key: Any = None
    ) -> dict[str, Any]:
        return self.parts.moderating.review(read_actor(actor), held_id, decision, reason, key)

    @sealed_rpc
    @translated
    def improvements(self, actor: Any, unit: Any = None, period: Any = None) -> dict[str, Any]:
        return self.parts.planning.plans(read_actor(actor), unit, period)

    @sealed_rpc
    @translated
    def plan_improvement(
        self,
        actor: Any,
        unit: Any = None,
        period: Any = None,
        element: Any = None,
        action: Any = None,
        owner_ref: Any = None,
        due_on: Any = None,
        key: Any = None,
    ) -> dict[str, Any]:
        given = {"unit": unit, "period": period, "element": element, "action": action}
        given |= {"owner_ref": owner_ref, "due_on": due_on}
        return self.parts.planning.plan(read_actor(actor), given, key)

    @sealed_rpc
    @translated
    def act_on_improvement(
        self, actor: Any, rtl_id: Any, action: Any, payload: Any = None, key: Any = None
    ) -> dict[str, Any]:
        return self.parts.planning.act(read_actor(actor), rtl_id, action, payload, key)
