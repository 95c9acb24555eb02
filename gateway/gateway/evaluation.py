"""What can be done with evaluation, for JSON routes and pages alike: one method a route.

Every method takes the caller, raises `Problem` and nothing else on purpose. The gateway refuses early
whose roles lack the action; whose record it is, evaluation decides. Texts that evaluation keeps in both
languages come back in the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import calls, csv_files
from gateway.access import Access
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.problems import Problem
from gateway.rpc import Rpc
from gateway.schemas_chain import NewEvaluation, loaded
from gateway.snapshots import Snapshot
from gateway.wording import localised

SERVICE = "evaluation"
# Each action with the permission it needs.
EVALUATION_ACTIONS = {
    "expect": "expect",
    "agree": "agree",
    "rate": "rate",
    "finalise": "finalise",
    "import": "import_result",
    "read": "read",
    "hand-over": "hand_over",
    "object": "object",
    "decide": "decide",
    "follow-up": "follow_up",
}
ENROLMENT_ACTIONS = {
    "approve": "approve_enrolment",
    "confirm": "confirm",
    "complete": "complete",
    "withdraw": "withdraw",
}
ENTRY_ACTIONS = ("verify", "reject", "reverse")
RECOMMENDATION_DECISIONS = ("approve", "decline")
_NEW = NewEvaluation()


class Evaluation:
    def __init__(self, *, rpc: Rpc, access: Access, catalogue: Snapshot[Catalogue]) -> None:
        self._rpc = rpc
        self._access = access
        self._catalogue = catalogue

    async def me(self, caller: Caller) -> dict[str, Any]:
        """The caller's own record: staff, evaluations, evidence, recommendations, ledger."""
        return await self._ask("view_staff", "me", caller)

    async def staff(
        self, caller: Caller, unit: str | None = None, cursor: str | None = None, limit: int = 20
    ) -> dict[str, Any]:
        return await self._ask("view_staff", "staff", caller, unit=unit, cursor=cursor, limit=limit)

    async def staff_member(self, caller: Caller, staff_ref: str) -> dict[str, Any]:
        return await self._ask("view_staff", "staff_member", caller, staff_ref=staff_ref)

    async def import_staff(
        self, caller: Caller, rows: Sequence[Mapping[str, Any]], dry_run: bool, key: str | None = None
    ) -> dict[str, Any]:
        """{counts, verdicts [{row, staff_ref, verdict: new|changed|unchanged|refused, problems, changes}]}.

        A dry run changes nothing and says the same.
        """
        return await self._act(
            "import_staff", "import_staff", caller, key, rows=[dict(row) for row in rows], dry_run=dry_run
        )

    async def evidence(self, caller: Caller, subject: str, period: str | None = None) -> dict[str, Any]:
        """Evidence items about a person: {items}."""
        return await self._ask("evidence", "evidence", caller, subject=subject, period=period)

    async def comment_evidence(
        self, caller: Caller, evidence_id: str, text: str, key: str | None = None
    ) -> dict[str, Any]:
        """What the person says of an item about herself."""
        return await self._act(
            "comment_evidence", "comment_evidence", caller, key, evidence_id=evidence_id, text=text
        )

    async def unit_evidence(self, caller: Caller, unit: str, period: str | None = None) -> dict[str, Any]:
        return await self._ask("unit_evidence", "unit_evidence", caller, unit=unit, period=period)

    async def evaluations(
        self,
        caller: Caller,
        staff_ref: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        return await self._ask(
            "view", "evaluations", caller, staff_ref=staff_ref, state=state, cursor=cursor, limit=limit
        )

    async def open_evaluation(
        self, caller: Caller, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """Open a performance period: {staff_ref, start, end, official_record}."""
        self._access.require(caller, SERVICE, "open")
        opened = loaded(_NEW, body, caller.language)
        return await self._act("open", "open_evaluation", caller, key, **opened)

    async def evaluation(self, caller: Caller, evaluation_id: str) -> dict[str, Any]:
        return await self._ask("view", "evaluation", caller, evaluation_id=evaluation_id)

    async def act_on_evaluation(
        self,
        caller: Caller,
        evaluation_id: str,
        action: str,
        payload: dict[str, Any],
        version: int | None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Run one of EVALUATION_ACTIONS; the evaluation afterwards. `version` is the one last seen."""
        if action not in EVALUATION_ACTIONS:
            raise Problem("not-found")
        return await self._act(
            EVALUATION_ACTIONS[action],
            "act_on_evaluation",
            caller,
            key,
            evaluation_id=evaluation_id,
            action=action,
            version=version,
            payload=payload,
        )

    async def distribution(
        self, caller: Caller, unit: str, start: str, end: str, organisation: str
    ) -> dict[str, Any]:
        """Warnings about how the predikat of a unit are spread; nothing moves anybody's."""
        return await self._ask(
            "distribution",
            "distribution",
            caller,
            unit=unit,
            start=start,
            end=end,
            organisation=organisation,
        )

    async def trainings(
        self,
        caller: Caller,
        form: str | None = None,
        open: bool | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        return await self._ask(
            "list_trainings", "trainings", caller, form=form, open=open, cursor=cursor, limit=limit
        )

    async def training(self, caller: Caller, offer_id: str) -> dict[str, Any]:
        return await self._ask("list_trainings", "training", caller, offer_id=offer_id)

    async def put_training(
        self, caller: Caller, offer: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """A new offer, or with `offer_id` the changed one."""
        return await self._act("offer", "put_training", caller, key, offer=offer)

    async def enrol(
        self, caller: Caller, offer_id: str, recommendation_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Ask for a place for oneself."""
        return await self._act(
            "enrol", "enrol", caller, key, offer_id=offer_id, recommendation_id=recommendation_id
        )

    async def enrolments(
        self,
        caller: Caller,
        staff_ref: str | None = None,
        offer_id: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        return await self._ask(
            "list_trainings",
            "enrolments",
            caller,
            staff_ref=staff_ref,
            offer_id=offer_id,
            state=state,
            cursor=cursor,
            limit=limit,
        )

    async def act_on_enrolment(
        self, caller: Caller, enrolment_id: str, action: str, payload: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """Run one of ENROLMENT_ACTIONS; the enrolment afterwards."""
        if action not in ENROLMENT_ACTIONS:
            raise Problem("not-found")
        return await self._act(
            ENROLMENT_ACTIONS[action],
            "act_on_enrolment",
            caller,
            key,
            enrolment_id=enrolment_id,
            action=action,
            payload=payload,
        )

    async def ledger(self, caller: Caller, staff_ref: str | None, year: int) -> dict[str, Any]:
        """Learning hours (JP) of a year; without `staff_ref` the caller's own."""
        return await self._ask("ledger", "ledger", caller, staff_ref=staff_ref or caller.ref, year=year)

    async def ledger_csv(self, caller: Caller, staff_ref: str | None, year: int) -> str:
        """The same ledger as a table, one line an entry."""
        return csv_files.ledger(await self.ledger(caller, staff_ref, year), caller.language)

    async def claim_entry(
        self, caller: Caller, entry: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """Claim a training of one's own; it counts once it is verified."""
        return await self._act("claim", "claim_entry", caller, key, entry=entry)

    async def act_on_entry(
        self, caller: Caller, entry_id: str, action: str, payload: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """verify, reject or reverse."""
        if action not in ENTRY_ACTIONS:
            raise Problem("not-found")
        return await self._act(
            "verify", "act_on_entry", caller, key, entry_id=entry_id, action=action, payload=payload
        )

    async def recommendations(
        self,
        caller: Caller,
        state: str | None = None,
        staff_ref: str | None = None,
        unit: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> dict[str, Any]:
        return await self._ask(
            "recommendations",
            "recommendations",
            caller,
            state=state,
            staff_ref=staff_ref,
            unit=unit,
            cursor=cursor,
            limit=limit,
        )

    async def decide_recommendation(
        self,
        caller: Caller,
        recommendation_id: str,
        decision: str,
        reason: str | None = None,
        offer_ids: Sequence[str] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """approve (with the offers chosen) or decline (with a reason)."""
        if decision not in RECOMMENDATION_DECISIONS:
            raise Problem("not-found")
        return await self._act(
            "approve",
            "decide_recommendation",
            caller,
            key,
            recommendation_id=recommendation_id,
            decision=decision,
            reason=reason,
            offer_ids=list(offer_ids or ()),
        )

    async def _ask(self, permission: str, method: str, caller: Caller, **args: Any) -> dict[str, Any]:
        self._access.require(caller, SERVICE, permission)
        return self._named(await calls.ask(self._rpc, SERVICE, method, caller, **args), caller)

    async def _act(
        self, permission: str, method: str, caller: Caller, key: str | None, **args: Any
    ) -> dict[str, Any]:
        self._access.require(caller, SERVICE, permission)
        key = calls.known_key(key)
        return self._named(await calls.act(self._rpc, SERVICE, method, caller, key, **args), caller)

    def _named(self, view: dict[str, Any], caller: Caller) -> dict[str, Any]:
        named: dict[str, Any] = localised(view, caller.language)
        if self._catalogue.current is not None and named.get("unit"):
            named["unit_name"] = self._catalogue.current.unit_name(named["unit"], caller.language)
        return named
