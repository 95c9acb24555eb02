"""What can be done with surveys, for JSON routes and pages alike.

Every method takes the caller, raises `Problem` and nothing else on purpose, and answers within the
deadlines of the intake (2.5 s) and of RPC (2 s for queries, 5 s for actions). Texts that surveys keeps in
both languages come back in the caller's.
"""

from __future__ import annotations

from typing import Any

from gateway import calls, csv_files, paper, survey_answers
from gateway.access import Access
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.intake import NotConfirmed
from gateway.messages import field_error, sentence
from gateway.problems import Problem
from gateway.questionnaires import Questionnaire, Questionnaires
from gateway.rpc import Rpc
from gateway.schemas_chain import NewCounter, NewImprovement, loaded
from gateway.snapshots import Snapshot
from gateway.survey_answers import Circumstances
from gateway.survey_intake import KINDS, MODES, STATES, SurveyIntake
from gateway.wording import localised
from servicekit.ids import Clock

SERVICE = "surveys"
PERIOD_ACTIONS = ("open", "population", "close", "publish", "correct")
IMPROVEMENT_ACTIONS = ("start", "complete", "cancel")
COMMENT_DECISIONS = ("publish", "hide")
HELD_DECISIONS = ("accept", "discard")
_COUNTER, _IMPROVEMENT = NewCounter(), NewImprovement()


class Surveys:
    def __init__(
        self,
        *,
        rpc: Rpc,
        answers: SurveyIntake,
        catalogue: Snapshot[Catalogue],
        questionnaires: Snapshot[Questionnaires],
        access: Access,
        clock: Clock,
    ) -> None:
        self._rpc = rpc
        self._answers = answers
        self._catalogue = catalogue
        self._questionnaires = questionnaires
        self._access = access
        self._clock = clock

    def questionnaire(self, caller: Caller, version: str | None = None) -> dict[str, Any]:
        """The questionnaire asked now, or a version of it, in the caller's language.

        {id, version, valid_from, source, certainty, lead, privacy, consent {version, process, contact,
        publish_comment}, elements [{key, list_order, question_order, name, question, labels [4]}] as they
        are asked, respondent [{key, name, options [{key, name}]}], elements_about_people}. Raises
        questionnaire-unavailable before the first snapshot, not-found for a version that does not exist.
        """
        found = self._find(version)
        if found is None:
            raise Problem("not-found")
        return {**found.view(caller.language), "elements_about_people": self._about_people()}

    async def invitation(self, token: str, caller: Caller) -> dict[str, Any]:
        """What a link opens: {state: "open", checked, kind: invite|counter, unit, unit_name, service_code,
        service_name, counter, period, questionnaire_version, expires_on}.

        `checked` is false while surveys is away: then only the link's signature and date were looked at,
        what only surveys knows is null, and an answer is taken all the same. Raises link-unknown,
        link-expired, link-revoked, already-answered or period-closed, with what is known of the invitation
        as `invitation`. Looking spends nothing.
        """
        self._access.require(caller, SERVICE, "answer")
        read = self._answers.token(token, self._around(caller, None).today)
        try:
            view = await calls.ask(self._rpc, SERVICE, "invitation", None, token=read.text)
        except Problem as problem:
            if problem.slug != "service-unavailable":
                raise
            view = {"state": "open", **dict.fromkeys(("unit", "service_code", "counter", "period"))}
            return {
                **view,
                "kind": KINDS[read.kind],
                "checked": False,
                "questionnaire_version": self._current().version,
                "expires_on": read.expires_on.isoformat(),
            }
        named = self._named({**view, "checked": True}, caller)
        if view.get("state") in STATES:
            told = ("kind", "unit", "unit_name", "expires_on")
            raise Problem(
                STATES[view["state"]], invitation={name: named[name] for name in told if name in named}
            )
        return named

    async def submit(
        self, body: dict[str, Any], caller: Caller, *, device: str | None = None
    ) -> dict[str, Any]:
        """Check an answer and make it durable: {submission_id, status: "received", receipt}.

        The same submission gives the same receipt and one answer; sent while surveys is away it is taken
        all the same. `device` is the page's device cookie; surveys gets a stand-in of it that changes
        daily. Raises invalid-input with every field at fault, before anything is sent; the link's problems
        as `invitation` does; submission-conflict when another body came under this submission id;
        unauthenticated or forbidden for a unit named without a link by somebody who may not assist;
        intake-unavailable, after which the same body is to be sent again.
        """
        self._access.require(caller, SERVICE, "answer")
        around = self._around(caller, body.get("questionnaire_version"))
        answer, errors = survey_answers.check(body, around)
        # A link that is none, or a right that is missing, weighs more than a field at fault.
        token = self._answers.token(answer["token"], around.today) if answer.get("token") else None
        if token is None and answer.get("unit"):
            self._require_assist(caller, answer["unit"])
        mode = "assisted" if around.assists or token is None else MODES[token.kind]
        if (channel := answer.get("channel")) in (*MODES.values(), "assisted") and channel != mode:
            errors.append(field_error("/channel", "other_channel", caller.language))
        if errors:
            raise Problem("invalid-input", errors=errors)
        submission = await self._answers.identify(answer["submission_id"], body, token)
        if token is not None:
            answer["token"] = token.text
        stand_in = self._answers.keys.device(device, around.today) if device else None
        try:
            await self._answers.hand_over(answer, submission, around, mode=mode, device=stand_in)
        except NotConfirmed:
            raise Problem("intake-unavailable", detail=sentence("send_again", caller.language)) from None
        return {
            "submission_id": answer["submission_id"],
            "status": "received",
            "receipt": submission.receipt,
        }

    async def paper(
        self, caller: Caller, unit: str, order: str | None, content: bytes, key: str | None = None
    ) -> dict[str, Any]:
        """Take a batch of paper questionnaires as CSV: {unit, batch, accepted, refused, unavailable, rows
        [{row, verdict: accepted|refused|unavailable, problems [{pointer, code, message}]}]}.

        `row` counts the file's rows, the header being 1. A refused row stops no other; the same file again
        adds nothing, and a corrected file adds only what was corrected if it comes with the `batch` of the
        first as its key. `order` (list or question) must be named for a header of U1 to U9. Raises
        invalid-input for a file that cannot be read as a whole; intake-unavailable, with the key to repeat
        with, when no row could be made durable.
        """
        self._access.require(caller, SERVICE, "paper_import")
        around = self._around(caller, None)
        if around.catalogue.unit(unit) is None:
            raise Problem(
                "invalid-query", errors=[field_error("/query/unit", "unknown_unit", caller.language)]
            )
        self._access.require_in_unit(caller, SERVICE, "paper_import", unit)
        rows = paper.read(content, order, around)
        batch = calls.known_key(key) if key else paper.digest(content)
        keys = self._answers.keys

        async def publish(row: paper.Row) -> None:
            submission_id = keys.paper_id(unit, batch, row.number, row.cells)
            answer = {**row.answer, "submission_id": submission_id, "unit": unit}
            submission = keys.identify(submission_id, row.cells)[0]
            await self._answers.hand_over(answer, submission, around, mode="paper_import")

        verdicts = await paper.publish_all(rows, publish, caller.language)
        counts = {name: sum(row["verdict"] == name for row in verdicts) for name in paper.VERDICTS}
        if counts["unavailable"] and not counts["accepted"]:
            raise Problem("intake-unavailable", headers={"Idempotency-Key": batch}, idempotency_key=batch)
        return {"unit": unit, "batch": batch, **counts, "rows": verdicts}

    async def results(
        self, caller: Caller, unit: str | None = None, year: int | None = None
    ) -> dict[str, Any]:
        """Published results: {items}."""
        self._access.require(caller, SERVICE, "results")
        return await self._ask("results", caller, unit=unit, year=year)

    async def result(self, unit: str, period: str, caller: Caller) -> dict[str, Any]:
        """One unit's result of one period, as far as this caller may see it, and what is missing."""
        self._access.require(caller, SERVICE, "results")
        return await self._ask("result", caller, unit=unit, period=period)

    async def result_csv(self, unit: str, period: str, caller: Caller) -> str:
        """The same result as a table: one line an element, then the index."""
        return csv_files.result(await self.result(unit, period, caller), caller.language)

    async def periods(
        self,
        caller: Caller,
        unit: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "progress")
        return await self._ask("periods", caller, unit=unit, state=state, cursor=cursor, limit=limit)

    async def act_on_period(
        self,
        caller: Caller,
        unit: str,
        period: str,
        action: str,
        payload: dict[str, Any],
        key: str | None = None,
    ) -> dict[str, Any]:
        """open, population, close, publish or correct; the period's view afterwards."""
        if action not in PERIOD_ACTIONS:
            raise Problem("not-found")
        self._access.require(caller, SERVICE, "manage")
        return await self._act(
            "act_on_period", caller, key, unit=unit, period=period, action=action, payload=payload
        )

    async def answers(
        self, caller: Caller, unit: str, period: str, cursor: str | None = None, limit: int = 100
    ) -> dict[str, Any]:
        """Raw answers of a period without anybody in them, for `tanggap verify`."""
        self._access.require(caller, SERVICE, "export")
        return await self._ask("answers", caller, unit=unit, period=period, cursor=cursor, limit=limit)

    async def counters(self, caller: Caller, unit: str | None = None) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "counters")
        return await self._ask("counters", caller, unit=unit)

    async def create_counter(
        self, caller: Caller, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """A new link for a counter: {unit, service_code, counter, valid_days}. Shown once."""
        self._access.require(caller, SERVICE, "counters")
        counter = loaded(_COUNTER, body, caller.language)
        return await self._act("create_counter", caller, key, **counter)

    async def revoke_counter(self, caller: Caller, counter_id: str, key: str | None = None) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "counters")
        return await self._act("revoke_counter", caller, key, counter_id=counter_id)

    async def comments(
        self,
        caller: Caller,
        unit: str | None = None,
        period: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        self._access.require(caller, SERVICE, "moderate")
        return await self._ask(
            "comments", caller, unit=unit, period=period, state=state, cursor=cursor, limit=limit
        )

    async def moderate(
        self, caller: Caller, comment_id: str, decision: str, text: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """publish (with `text`, the comment without names) or hide."""
        if decision not in COMMENT_DECISIONS:
            raise Problem("not-found")
        self._access.require(caller, SERVICE, "moderate")
        return await self._act(
            "moderate_comment", caller, key, comment_id=comment_id, decision=decision, text=text
        )

    async def held(self, caller: Caller, unit: str | None = None) -> dict[str, Any]:
        """Answers held for review because too many came from one counter or device."""
        self._access.require(caller, SERVICE, "moderate")
        return await self._ask("held", caller, unit=unit)

    async def review_held(
        self, caller: Caller, held_id: str, decision: str, reason: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        if decision not in HELD_DECISIONS:
            raise Problem("not-found")
        self._access.require(caller, SERVICE, "moderate")
        return await self._act("review_held", caller, key, held_id=held_id, decision=decision, reason=reason)

    async def improvements(
        self, caller: Caller, unit: str | None = None, period: str | None = None
    ) -> dict[str, Any]:
        """Improvement plans; the public sees those of published periods."""
        self._access.require(caller, SERVICE, "results")
        return await self._ask("improvements", caller, unit=unit, period=period)

    async def plan(self, caller: Caller, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        """Plan an improvement: {unit, period, element, action, owner_ref, due_on}."""
        self._access.require(caller, SERVICE, "plan")
        improvement = loaded(_IMPROVEMENT, body, caller.language)
        return await self._act("plan_improvement", caller, key, **improvement)

    async def act_on_improvement(
        self, caller: Caller, rtl_id: str, action: str, payload: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """start, complete (with evidence_ref) or cancel (with reason)."""
        if action not in IMPROVEMENT_ACTIONS:
            raise Problem("not-found")
        self._access.require(caller, SERVICE, "plan" if action == "cancel" else "carry_out")
        return await self._act(
            "act_on_improvement", caller, key, rtl_id=rtl_id, action=action, payload=payload
        )

    def _current(self) -> Questionnaire:
        found = self._find(None)
        if found is None:
            raise Problem("questionnaire-unavailable")
        return found

    def _find(self, version: str | None) -> Questionnaire | None:
        known = self._questionnaires.current
        if known is None or known.current is None:
            raise Problem("questionnaire-unavailable")
        return known.current if version is None else known.find(version)

    def _about_people(self) -> list[str]:
        known = self._questionnaires.current
        return list(known.document.get("elements_about_people") or ()) if known else []

    def _around(self, caller: Caller, version: Any) -> Circumstances:
        """What an answer is checked against; a version that nobody knows is refused as a field."""
        catalogue = self._catalogue.current
        if catalogue is None:
            raise Problem("catalogue-unavailable")
        questionnaire = self._find(version if isinstance(version, str) and version else None)
        if questionnaire is None:
            raise Problem(
                "invalid-input",
                errors=[field_error("/questionnaire_version", "unknown_version", caller.language)],
            )
        return Circumstances(
            caller,
            catalogue,
            questionnaire,
            self._clock.now(),
            caller.is_staff and self._access.allows(caller, SERVICE, "assist"),
        )

    def _require_assist(self, caller: Caller, unit: str) -> None:
        """Only staff may name the unit themselves; everybody else is told about the link and the QR code."""
        try:
            self._access.require(caller, SERVICE, "assist")
            self._access.require_in_unit(caller, SERVICE, "assist", unit)
        except Problem as problem:
            raise Problem(
                problem.slug, detail=sentence("use_the_link", caller.language), headers=problem.headers
            ) from None

    async def _ask(self, method: str, caller: Caller, **args: Any) -> dict[str, Any]:
        answer = await calls.ask(self._rpc, SERVICE, method, caller, **args)
        return self._named(answer, caller)

    async def _act(self, method: str, caller: Caller, key: str | None, **args: Any) -> dict[str, Any]:
        answer = await calls.act(self._rpc, SERVICE, method, caller, calls.known_key(key), **args)
        return self._named(answer, caller)

    def _named(self, view: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """The view in the caller's language, its unit and service with their names."""
        named: dict[str, Any] = localised(view, caller.language)
        catalogue = self._catalogue.current
        if catalogue is None:
            return named
        for part in (named, *(item for item in named.get("items") or () if isinstance(item, dict))):
            if "unit" in part:
                part["unit_name"] = catalogue.unit_name(part["unit"], caller.language)
            if "service_code" in part:
                part["service_name"] = catalogue.service_name(part["service_code"], caller.language)
        return named
