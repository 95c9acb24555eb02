"""Evaluations: opened by HR, rated by the rating officer, opened by the person, objected to and decided.

Only calls of people come here. No handler of an event holds this class, and none may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from evaluation import events as told
from evaluation.calibrating import Calibrating
from evaluation.calls import Once, not_permitted, read_cursor, read_day, read_limit, read_text
from evaluation.city import CityRules
from evaluation.domain import evaluations as workflow
from evaluation.domain import matrix, objections
from evaluation.domain.access import (
    ANY,
    DECIDER,
    NO_ACCESS,
    PEOPLE,
    PROGRESS,
    PROGRESS_LEVEL,
    Actor,
    Permissions,
    level,
    may_act,
    scopes,
)
from evaluation.domain.evaluations import ISSUED, Evaluation, Predikat, Step
from evaluation.domain.payloads import Payload
from evaluation.errors import NotAllowed, Stale, Unseen, invalid
from evaluation.evidencing import Evidencing
from evaluation.store import ClientSession
from evaluation.store.evaluations import EvaluationStore, OpenedAlready
from evaluation.store.people import PeopleStore
from evaluation.times import milliseconds
from evaluation.views import view
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.outbox import Outbox

log = get_logger(__name__)

# Reading and handing over change no result, so they may be done on any version.
_UNVERSIONED = frozenset({"read", "hand-over"})


class Rating:
    def __init__(
        self,
        once: Once,
        outbox: Outbox,
        rows: EvaluationStore,
        people: PeopleStore,
        evidencing: Evidencing,
        calibrating: Calibrating,
        city: CityRules,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._once = once
        self._outbox = outbox
        self._rows = rows
        self._people = people
        self._evidencing = evidencing
        self._calibrating = calibrating
        self._city = city
        self._permissions = permissions
        self._clock = clock

    def open(
        self, actor: Actor, staff_ref: Any, start: Any, end: Any, record: Any, key: str | None
    ) -> dict[str, Any]:
        """Open a period for a person; its official record is the city's choice unless named."""
        if not scopes(self._permissions, actor, "open"):
            raise not_permitted()
        ref = read_text("staff_ref", staff_ref) or ""
        first, last = read_day("start", start), read_day("end", end)
        kind = self._record(record, last)
        now = milliseconds(self._clock.now())
        request = {"call": "open", "args": [ref, start, end, kind]}

        def opened(session: ClientSession) -> dict[str, Any]:
            person = self._people.get(ref, session)
            if person is None:
                raise invalid("/staff_ref", "unknown_staff", "No member of staff has this reference.")
            evaluation = workflow.open_new(str(uuid4()), person, first, last, kind, now)
            self._rows.insert(session, evaluation, _link(actor, "open", None, now))
            self._outbox.append(session, [told.opened(evaluation, now)])
            return self._shown(evaluation, actor, session)

        try:
            return self._once.run(actor, key, request, opened)
        except OpenedAlready:
            other = self._rows.same_period(ref, first, last)
            current = {"evaluation_id": other.id, "version": other.version} if other else {}
            raise Stale(current, "This person has an evaluation of this period already.") from None

    def _record(self, record: Any, last: date) -> str:
        if record is None:
            return self._city.policy(last).official_record
        if isinstance(record, Mapping):
            record = record.get("kind")
        if record not in workflow.RECORDS:
            raise invalid(
                "/official_record", "unknown_value", f"Expected one of: {', '.join(workflow.RECORDS)}."
            )
        return str(record)

    def evaluation(self, actor: Actor, evaluation_id: Any) -> dict[str, Any]:
        """One evaluation as the actor sees it. Raises Unseen where for him it does not exist."""
        return self._shown(self._visible(actor, evaluation_id, None), actor, None)

    def _visible(self, actor: Actor, evaluation_id: Any, session: ClientSession | None) -> Evaluation:
        found = self._rows.get(read_text("evaluation_id", evaluation_id) or "", session)
        if found is None or level(self._permissions, actor, found) == NO_ACCESS:
            raise Unseen("evaluation")
        return found

    def evaluations(
        self, actor: Actor, staff_ref: Any, state: Any, cursor: Any, limit: Any
    ) -> dict[str, Any]:
        """The evaluations the actor may see, the newest first: her own, his people's, or how far all are."""
        query: dict[str, Any] = {"$and": [self._scope(actor)]}
        wanted, state = read_text("staff_ref", staff_ref), read_text("state", state)
        if wanted is not None:
            query["$and"].append({"staff_ref": wanted})
        if state is not None:
            if state not in workflow.STATES:
                raise invalid("/state", "unknown_value", f"Expected one of: {', '.join(workflow.STATES)}.")
            query["$and"].append({"state": state})
        rows, following = self._rows.page(query, read_cursor(cursor), read_limit(limit))
        items = [
            view(row, actor, level(self._permissions, actor, row), self._permissions, full=False)
            for row in rows
        ]
        return {"items": items, "next_cursor": following}

    def _scope(self, actor: Actor) -> dict[str, Any]:
        found = scopes(self._permissions, actor, "view")
        if found & {PROGRESS, ANY}:
            return {}
        if not found or actor.ref is None:
            return {"_id": None}
        parts: list[dict[str, Any]] = [{"staff_ref": actor.ref}]
        if PEOPLE in found:
            parts.append({"rater_ref": actor.ref})
        if found & {PEOPLE, DECIDER}:
            decided = {"$in": [workflow.OBJECTED, workflow.DECIDED]}
            parts.append({"decider_ref": actor.ref, "state": decided})
        return {"$or": parts}

    def act(
        self,
        actor: Actor,
        evaluation_id: Any,
        action: Any,
        version: Any,
        payload: Any,
        key: str | None,
    ) -> dict[str, Any]:
        """One action. Raises Unseen, NotAllowed, NotValid, or Stale with how it stands now; nothing happened
        then. The same key within a day answers what it answered first."""
        action = action.replace("_", "-") if isinstance(action, str) else action
        if action not in workflow.ACTIONS:
            raise invalid("/action", "unknown_action", f"Expected one of: {', '.join(workflow.ACTIONS)}.")
        now = milliseconds(self._clock.now())
        request = {"call": "act", "args": [evaluation_id, action, version, payload]}
        result = self._once.run(
            actor,
            key,
            request,
            lambda session: self._acted(session, actor, evaluation_id, action, version, payload, now),
        )
        log.info("evaluation acted on", evaluation_id=result["evaluation_id"], action=action)
        return result

    def _acted(
        self,
        session: ClientSession,
        actor: Actor,
        evaluation_id: Any,
        action: str,
        version: Any,
        payload: Any,
        now: datetime,
    ) -> dict[str, Any]:
        evaluation = self._visible(actor, evaluation_id, session)
        self._check_conflict(session, actor, action, evaluation)
        if not may_act(self._permissions, actor, action, evaluation):
            raise not_permitted()
        self._check_version(actor, action, version, evaluation, session)
        workflow.check_state(evaluation, action)
        step = self._step(session, actor, action, evaluation, payload, now)
        if step is None:
            return self._shown(evaluation, actor, session)
        changed = step.evaluation
        link = _link(actor, action, step.reason, now)
        self._rows.save(session, changed, link, seal=step.sealed)
        self._outbox.append(session, [told.told(name, changed, now) for name in step.told])
        return self._shown(changed, actor, session)

    def _check_conflict(
        self, session: ClientSession, actor: Actor, action: str, evaluation: Evaluation
    ) -> None:
        """Nobody rates or decides about oneself; nor about a person whose open objection he has to decide."""
        own = actor.ref == evaluation.staff_ref
        if own and action in ("expect", "rate", "finalise", "import", "decide", "follow-up"):
            raise NotAllowed("conflict_of_interest", "Nobody rates oneself.")
        if action == "decide" and actor.ref == evaluation.rater_ref:
            raise NotAllowed("conflict_of_interest", "The rating officer does not decide about his rating.")
        if action in ("rate", "finalise") and actor.ref is not None:
            if self._rows.decides_open_objection(evaluation.staff_ref, actor.ref, session):
                raise NotAllowed(
                    "conflict_of_interest", "You have to decide an open objection of this person first."
                )

    def _check_version(
        self, actor: Actor, action: str, version: Any, evaluation: Evaluation, session: ClientSession
    ) -> None:
        if version is None and action in _UNVERSIONED:
            return
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise invalid("/version", "required", "The version that you saw is required.")
        if version != evaluation.version and action not in _UNVERSIONED:
            current = self._shown(evaluation, actor, session)
            raise Stale(current, "The evaluation has changed since you looked at it.")

    def _step(
        self,
        session: ClientSession,
        actor: Actor,
        action: str,
        evaluation: Evaluation,
        payload: Any,
        now: datetime,
    ) -> Step | None:
        today = self._city.today(now)
        match action:
            case "expect":
                return workflow.expect(evaluation, payload)
            case "agree":
                return workflow.agree(evaluation)
            case "rate":
                return workflow.rate(evaluation, payload, self._citable(evaluation), now)
            case "finalise":
                return self._finalised(evaluation, payload, now)
            case "import":
                table = self._city.matrix(evaluation.end)
                return workflow.import_result(evaluation, payload, _labels(table), table.version, now)
            case "read":
                return workflow.start_clock(evaluation, "read", now, self._city.object_until(today))
            case "hand-over":
                return self._handed_over(evaluation, payload, now, today)
            case "object":
                id_ = str(uuid4())
                until = self._city.object_until(today)
                return objections.file_objection(
                    self._with_decider(session, evaluation), payload, id_, now, today, until
                )
            case "decide":
                return self._decided(evaluation, payload, actor, now)
            case _:
                return workflow.follow_up(evaluation, payload, now)

    def _with_decider(self, session: ClientSession, evaluation: Evaluation) -> Evaluation:
        """Whom the staff record names by now, where it named no superior when the period was opened."""
        if evaluation.decider_ref is not None:
            return evaluation
        person = self._people.get(evaluation.staff_ref, session)
        superior = person.superior_ref if person is not None else None
        if superior in (evaluation.rater_ref, evaluation.staff_ref):
            superior = None
        return replace(evaluation, decider_ref=superior)

    def _citable(self, evaluation: Evaluation) -> Sequence[Mapping[str, Any]]:
        person = self._people.get(evaluation.staff_ref)
        if person is None:
            return ()
        return self._evidencing.items_within(person, evaluation.start, evaluation.end)

    def _predikat_of(self, evaluation: Evaluation) -> workflow.PredikatOf:
        table = self._city.matrix(evaluation.end)

        def issued(results: str, behaviour: str) -> Predikat:
            found = matrix.predikat(table, results, behaviour)
            return Predikat(found.key, found.label.to_data(), found.matrix_version, ISSUED)

        return issued

    def _finalised(self, evaluation: Evaluation, payload: Any, now: datetime) -> Step:
        organisation = self._calibrating.organisation(Payload(payload).value("organisation"), evaluation.end)
        step = workflow.finalise(evaluation, self._predikat_of(evaluation), organisation, (), now)
        warnings = self._calibrating.warnings(step.evaluation)
        return workflow.finalise(evaluation, self._predikat_of(evaluation), organisation, warnings, now)

    def _handed_over(self, evaluation: Evaluation, payload: Any, now: datetime, today: date) -> Step | None:
        """HR records that the result was handed over, today or on an earlier day since it was final."""
        read = Payload(payload)
        on = read.day("on", required=False) or today
        first = self._city.today(evaluation.finalised_at or now)
        if not first <= on <= today:
            read.fault("on", "out_of_range", "Between the day it became final and today.")
        read.check()
        return workflow.start_clock(evaluation, "hand_over", now, self._city.object_until(on))

    def _decided(self, evaluation: Evaluation, payload: Any, actor: Actor, now: datetime) -> Step:
        objections.check_decider(evaluation, actor.ref)
        return objections.decide(
            evaluation,
            payload,
            predikat_of=self._predikat_of(evaluation),
            labels=_labels(self._city.matrix(evaluation.end)),
            warnings_for=self._calibrating.warnings,
            at=now,
        )

    def _shown(self, evaluation: Evaluation, actor: Actor, session: ClientSession | None) -> dict[str, Any]:
        seen = level(self._permissions, actor, evaluation)
        evidence: Sequence[Mapping[str, Any]] = ()
        versions: Sequence[Mapping[str, Any]] = ()
        if seen != PROGRESS_LEVEL:
            evidence = self._citable(evaluation)
            versions = self._rows.versions(evaluation.id, session)
        return view(
            evaluation,
            actor,
            seen,
            self._permissions,
            evidence=evidence,
            history=self._rows.history(evaluation.id, session),
            versions=versions,
        )


def _labels(table: Any) -> dict[str, dict[str, str]]:
    return {key: label.to_data() for key, label in table.labels.items()}


def _link(actor: Actor, action: str, reason: str | None, at: datetime) -> dict[str, Any]:
    return {"at": at, "actor_ref": actor.ref, "action": action, "reason": reason}
