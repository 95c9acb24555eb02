"""What departments can do over HTTP, and what admins can do with departments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway import calls, department_events
from gateway.access import Access
from gateway.callers import Caller
from gateway.department_events import id_of
from gateway.intake import Intake, NotConfirmed
from gateway.messages import sentence
from gateway.problems import Problem
from gateway.registry import REF_PREFIX, Department, Registry
from gateway.rpc import Rpc, ServiceAway, ServiceBroken
from gateway.schemas_chain import DepartmentEntry, loaded
from gateway.snapshots import Snapshot
from gateway.wording import localised
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import Refused
from servicekit.ids import Clock

log = logging.getLogger(__name__)

SERVICE = "departments"
EXCHANGE = "departments.events"
_ENTRY = DepartmentEntry()
_UNCONFIRMED = "event-not-confirmed"
ACTIONS = ("rotate", "revoke")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one event. `id` is the sender's, if it could be read; no problem means accepted."""

    id: str | None
    problem: Problem | None

    @property
    def status(self) -> str:
        """accepted, refused, or unavailable: not confirmed, and to be sent again with the same id."""
        if self.problem is None:
            return "accepted"
        return "unavailable" if self.problem.slug == _UNCONFIRMED else "refused"

    def body(self, language: str) -> dict[str, Any]:
        """{id, status, problem?}, the problem as in RFC 9457 without the request's ids."""
        told: dict[str, Any] = {"id": self.id, "status": self.status}
        return told if self.problem is None else {**told, "problem": self.problem.summary(language)}


class Departments:
    def __init__(
        self,
        *,
        intake: Intake,
        rpc: Rpc,
        registry: Snapshot[Registry],
        access: Access,
        contracts: Contracts,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._rpc = rpc
        self._registry = registry
        self._access = access
        self._contracts = contracts
        self._clock = clock

    def require_publisher(self, caller: Caller) -> None:
        """Raise Problem unauthenticated or forbidden for whoever is no department."""
        self._access.require(caller, SERVICE, "publish")

    async def publish(self, caller: Caller, events: Sequence[Any]) -> list[Verdict]:
        """Check decoded events one by one and make the good ones durable: a verdict each, in their order.

        A refused one stops no other. One that is `unavailable` may have been taken all the same: the same
        event again under the same id is harmless. Raises forbidden for a department that is not, or no
        longer, registered; service-unavailable before the first snapshot of the registry.
        """
        self.require_publisher(caller)
        department = self._department(caller)
        now = self._clock.now()
        good: dict[str, Event] = {}
        checked: list[Event | Problem] = []
        for document in events:
            event = department_events.check(document, department, self._contracts, now, caller.language)
            if isinstance(event, Event) and good.setdefault(event.id, event) != event:
                event = department_events.twice(caller.language)
            checked.append(event)
        outcomes = await asyncio.gather(*(self._take(event, department) for event in good.values()))
        taken = dict(zip(good, outcomes, strict=True))
        return [
            Verdict(id_of(document), taken[one.id] if isinstance(one, Event) else one)
            for document, one in zip(events, checked, strict=True)
        ]

    async def rejections(self, caller: Caller, cursor: str | None = None, limit: int = 20) -> dict[str, Any]:
        """What services refused of this department's events, newest first: {items, next_cursor}."""
        self._access.require(caller, "notifications", "rejections")
        page = await calls.ask(self._rpc, "notifications", "rejections", caller, cursor=cursor, limit=limit)
        localised_page: dict[str, Any] = localised(page, caller.language)
        return localised_page

    async def registry(self, caller: Caller) -> dict[str, Any]:
        """Every department, without its keys: {version, items}."""
        self._access.require(caller, SERVICE, "registry")
        document = await calls.ask(self._rpc, "complaints", "departments", caller, known_version=None)
        registry = Registry(document)
        return {"version": registry.version, "items": [known.view() for known in registry.departments]}

    async def put(
        self, caller: Caller, code: str, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        """Register a department or change it: {name, unit, units, types, active, key_hash?}.

        The key is made by the caller; only its SHA-256 in hex comes here. This gateway knows it at once,
        the others within seconds.
        """
        self._access.require(caller, SERVICE, "registry")
        entry = loaded(_ENTRY, body, caller.language)
        outcome = await calls.act(
            self._rpc, "complaints", "put_department", caller, calls.known_key(key), code=code, **entry
        )
        await self._refresh()
        return Department.of(outcome).view()

    async def act(
        self, caller: Caller, code: str, action: str, key_hash: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """rotate (with the new key's hash; the old key works for 24 hours) or revoke (at once)."""
        if action not in ACTIONS:
            raise Problem("not-found")
        self._access.require(caller, SERVICE, "registry")
        outcome = await calls.act(
            self._rpc,
            "complaints",
            "act_on_department",
            caller,
            calls.known_key(key),
            code=code,
            action=action,
            key_hash=key_hash,
        )
        await self._refresh()
        return Department.of(outcome).view()

    def _department(self, caller: Caller) -> Department:
        """The caller's registration. A token outlives it, so that it is looked at every time."""
        if self._registry.current is None:
            raise Problem("service-unavailable")
        found = self._registry.current.find((caller.ref or "").removeprefix(REF_PREFIX))
        if found is None or not found.active or caller.ref != REF_PREFIX + found.code:
            raise Problem("forbidden", detail=sentence("department_unregistered", caller.language))
        return found

    async def _take(self, event: Event, department: Department) -> Problem | None:
        routing_key = f"{department.code}.{event.type}"
        try:
            await self._intake.publish(event, exchange=EXCHANGE, routing_key=routing_key)
        except NotConfirmed:
            return Problem(_UNCONFIRMED)
        return None

    async def _refresh(self) -> None:
        """Let this gateway know at once. If it cannot, it will within seconds, as the others do."""
        try:
            await self._registry.refresh()
        except (Refused, ServiceAway, ServiceBroken) as error:
            log.info("registry not refreshed at once", extra={"error": type(error).__name__})
