"""Surveys and evaluation in memory, as the pages call them; `failing` is raised by whatever is called next."""

import copy
from dataclasses import dataclass, field
from typing import Any

from gateway.callers import Caller
from gateway.problems import FieldError, Problem
from gateway.wording import localised
from support import evaluation_data, survey_data


@dataclass
class Recorded:
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    failing: Problem | None = None

    def note(self, *call: Any) -> None:
        self.calls.append(call)
        failing, self.failing = self.failing, None
        if failing is not None:
            raise failing


@dataclass
class FakeSurveys(Recorded):
    """Answers like `gateway.surveys.Surveys`. `away` plays the service being away: links are still read."""

    known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=survey_data.results)
    invitations: dict[str, dict[str, Any]] = field(
        default_factory=lambda: copy.deepcopy(survey_data.INVITATIONS)
    )
    counters_known: list[dict[str, Any]] = field(default_factory=lambda: copy.deepcopy(survey_data.COUNTERS))
    held_known: list[dict[str, Any]] = field(default_factory=lambda: copy.deepcopy(survey_data.HELD))
    comments_known: list[dict[str, Any]] = field(default_factory=lambda: copy.deepcopy(survey_data.COMMENTS))
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    away: bool = False
    has_questionnaire: bool = True

    def questionnaire(self, caller: Caller, version: str | None = None) -> dict[str, Any]:
        if not self.has_questionnaire:
            raise Problem("questionnaire-unavailable")
        if version not in (None, survey_data.QUESTIONNAIRE["version"]):
            raise Problem("not-found")
        found: dict[str, Any] = localised(copy.deepcopy(survey_data.QUESTIONNAIRE), caller.language)
        return found

    async def invitation(self, token: str, caller: Caller) -> dict[str, Any]:
        self.note("invitation", token, caller)
        if token in survey_data.PROBLEMS:
            raise Problem(survey_data.PROBLEMS[token], invitation={"unit": "dpupr"})
        if token not in self.invitations:
            raise Problem("link-unknown")
        found = copy.deepcopy(self.invitations[token])
        if self.away:
            found |= dict.fromkeys(("unit", "service_code", "counter", "period")) | {"checked": False}
        return found

    async def submit(
        self, body: dict[str, Any], caller: Caller, *, device: str | None = None
    ) -> dict[str, Any]:
        self.note("submit", body, caller, device)
        errors = []
        if not body["answers"]:
            errors.append(FieldError("/answers", "no_answer", "Jawab."))
        if not body["consents"]["process"]:
            errors.append(FieldError("/consents/process", "consent_required", "Setuju."))
        if not body.get("token") and not body.get("unit"):
            errors.append(FieldError("/token", "link_required", "Tautan."))
        errors += [
            FieldError(f"/answers/{key}", "out_of_range", "1 sampai 4.")
            for key, score in body["answers"].items()
            if score not in (1, 2, 3, 4)
        ]
        if errors:
            raise Problem("invalid-input", errors=errors)
        if body["submission_id"] not in self.accepted and body.get("token") in survey_data.PROBLEMS:
            raise Problem(survey_data.PROBLEMS[body["token"]])
        self.accepted.setdefault(body["submission_id"], body)
        if body.get("token") == survey_data.OPEN:
            self.invitations.pop(survey_data.OPEN, None)
        return {"submission_id": body["submission_id"], "status": "received", "receipt": "ABCDE-FGHJK"}

    async def results(
        self, caller: Caller, unit: str | None = None, year: int | None = None
    ) -> dict[str, Any]:
        self.note("results", caller, unit, year)
        items = [
            one
            for one in self.known.values()
            if one["state"] in ("published", "corrected")
            and unit in (None, one["unit"])
            and (year is None or one["period"].startswith(str(year)))
        ]
        found: dict[str, Any] = localised({"items": copy.deepcopy(items)}, caller.language)
        return found

    async def result(self, unit: str, period: str, caller: Caller) -> dict[str, Any]:
        self.note("result", unit, period, caller)
        if (unit, period) not in self.known:
            raise Problem("not-found")
        found: dict[str, Any] = localised(copy.deepcopy(self.known[unit, period]), caller.language)
        return found

    async def periods(
        self,
        caller: Caller,
        unit: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("periods", caller, unit, state, cursor, limit)
        items = [one for one in self.known.values() if state in (None, one["state"])]
        return {"items": localised(copy.deepcopy(items), caller.language), "next_cursor": None}

    async def act_on_period(
        self,
        caller: Caller,
        unit: str,
        period: str,
        action: str,
        payload: dict[str, Any],
        key: str | None = None,
    ) -> dict[str, Any]:
        self.note("act_on_period", unit, period, action, payload, caller, key)
        return self.known[unit, period]

    async def counters(self, caller: Caller, unit: str | None = None) -> dict[str, Any]:
        self.note("counters", caller, unit)
        return {"items": self.counters_known}

    async def create_counter(
        self, caller: Caller, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        self.note("create_counter", body, caller, key)
        return {"counter_id": "loket-3", "token_path": f"/survei/{survey_data.COUNTER}"}

    async def revoke_counter(self, caller: Caller, counter_id: str, key: str | None = None) -> dict[str, Any]:
        self.note("revoke_counter", counter_id, caller, key)
        return {"counter_id": counter_id, "state": "revoked"}

    async def comments(
        self,
        caller: Caller,
        unit: str | None = None,
        period: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("comments", caller, unit, period)
        return {"items": self.comments_known}

    async def moderate(
        self, caller: Caller, comment_id: str, decision: str, text: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        self.note("moderate", comment_id, decision, text, caller, key)
        return {"comment_id": comment_id}

    async def held(self, caller: Caller, unit: str | None = None) -> dict[str, Any]:
        self.note("held", caller, unit)
        return {"items": self.held_known}

    async def review_held(
        self, caller: Caller, held_id: str, decision: str, reason: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        self.note("review_held", held_id, decision, reason, caller, key)
        return {"held_id": held_id}

    async def plan(self, caller: Caller, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        self.note("plan", body, caller, key)
        return survey_data.improvement(9)

    async def act_on_improvement(
        self, caller: Caller, rtl_id: str, action: str, payload: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        self.note("act_on_improvement", rtl_id, action, payload, caller, key)
        return survey_data.improvement(9)


@dataclass
class FakeEvaluation(Recorded):
    """Answers like `gateway.evaluation.Evaluation`."""

    known: dict[str, dict[str, Any]] = field(default_factory=evaluation_data.evaluations)
    record: dict[str, Any] | None = field(default_factory=lambda: copy.deepcopy(evaluation_data.MINE))
    offers: list[dict[str, Any]] = field(default_factory=lambda: copy.deepcopy(evaluation_data.OFFERS))
    enrolled: list[dict[str, Any]] = field(
        default_factory=lambda: [evaluation_data.enrolment("ikut-1", "requested")]
    )
    recommended: list[dict[str, Any]] = field(
        default_factory=lambda: copy.deepcopy(evaluation_data.RECOMMENDATIONS)
    )

    async def me(self, caller: Caller) -> dict[str, Any]:
        self.note("me", caller)
        if self.record is None:
            return {"staff": None, "evaluations": [], "ledger": None}
        found: dict[str, Any] = localised(self.record, caller.language)
        return found

    async def evidence(self, caller: Caller, subject: str, period: str | None = None) -> dict[str, Any]:
        self.note("evidence", caller, subject)
        if self.record is None:
            raise Problem("not-found")
        return {"items": copy.deepcopy(evaluation_data.EVIDENCE)}

    async def evaluations(
        self,
        caller: Caller,
        staff_ref: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("evaluations", caller, cursor)
        return {"items": list(self.known.values()), "next_cursor": None}

    async def open_evaluation(
        self, caller: Caller, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        self.note("open_evaluation", body, caller, key)
        return self.known["sepakat"]

    async def evaluation(self, caller: Caller, evaluation_id: str) -> dict[str, Any]:
        self.note("evaluation", evaluation_id, caller)
        if evaluation_id not in self.known:
            raise Problem("not-found")
        found: dict[str, Any] = localised(copy.deepcopy(self.known[evaluation_id]), caller.language)
        return found

    async def act_on_evaluation(
        self,
        caller: Caller,
        evaluation_id: str,
        action: str,
        payload: dict[str, Any],
        version: int | None,
        key: str | None = None,
    ) -> dict[str, Any]:
        self.note("act_on_evaluation", evaluation_id, action, payload, version, caller, key)
        if action == "read":
            self.known[evaluation_id] = evaluation_data.evaluations()["terbuka"] | {
                "evaluation_id": evaluation_id
            }
        return self.known[evaluation_id]

    async def comment_evidence(
        self, caller: Caller, evidence_id: str, text: str, key: str | None = None
    ) -> dict[str, Any]:
        self.note("comment_evidence", evidence_id, text, caller, key)
        return {"evidence_id": evidence_id}

    async def trainings(
        self,
        caller: Caller,
        form: str | None = None,
        open: bool | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("trainings", caller, form)
        items = [one for one in self.offers if form in (None, one["form"])]
        return {"items": localised(items, caller.language), "next_cursor": None}

    async def enrol(
        self, caller: Caller, offer_id: str, recommendation_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        self.note("enrol", offer_id, recommendation_id, caller, key)
        made = evaluation_data.enrolment("ikut-9", "requested", str(caller.ref), offer_id)
        self.enrolled.append(made)
        return made

    async def enrolments(
        self,
        caller: Caller,
        staff_ref: str | None = None,
        offer_id: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("enrolments", caller)
        return {"items": self.enrolled, "next_cursor": None}

    async def act_on_enrolment(
        self, caller: Caller, enrolment_id: str, action: str, payload: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        self.note("act_on_enrolment", enrolment_id, action, payload, caller, key)
        return self.enrolled[0]

    async def recommendations(
        self,
        caller: Caller,
        state: str | None = None,
        staff_ref: str | None = None,
        unit: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self.note("recommendations", caller, state)
        items = [
            one
            for one in self.recommended
            if state in (None, one["state"]) and staff_ref in (None, one["staff_ref"])
        ]
        nothing = None if items else {"reason": "no_gap", "explanation": evaluation_data.both("Tidak ada.")}
        page = {"items": items, "next_cursor": None, "nothing": nothing}
        found: dict[str, Any] = localised(page, caller.language)
        return found

    async def decide_recommendation(
        self,
        caller: Caller,
        recommendation_id: str,
        decision: str,
        reason: str | None = None,
        offer_ids: list[str] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        self.note("decide_recommendation", recommendation_id, decision, reason, offer_ids, caller, key)
        return self.recommended[0]
