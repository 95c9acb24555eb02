"""Actions on cases: who may, whether the case is still what the actor saw, and what follows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from complaints.commands import Act, checked_version, read_action
from complaints.domain.access import NO_ACCESS, Actor, Permissions, access_level, granted
from complaints.domain.actions import Merge, Situation
from complaints.domain.case import REPORTER, STAFF, Case
from complaints.domain.history import extend
from complaints.domain.view import view
from complaints.domain.workflow import perform
from complaints.errors import NotAllowed, Stale, Unseen, WrongState, invalid
from complaints.events import case_event, wire
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.remembered import Remembered
from complaints.times import milliseconds
from servicekit.envelope import Event
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox

log = get_logger(__name__)

_PUBLIC, _OWN = "public", "own"


def owner_of(actor: Actor) -> str:
    """Whose idempotency keys these are."""
    return actor.ref or (f"secret:{actor.secret_hash}" if actor.secret_hash else _PUBLIC)


def read_command(actor: Actor, code: str, action: str, version: Any, payload: Any, key: str | None) -> Act:
    """Raises NotValid naming every wrong field."""
    read, as_of = read_action(action, payload)
    fingerprint = hashlib.sha256(
        json.dumps([code, action, version, payload], sort_keys=True, default=str).encode()
    ).hexdigest()
    return Act(actor, code, action, read, checked_version(action, version), key, fingerprint, as_of)


class Acting:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        cases: CaseStore,
        catalogue: CatalogueStore,
        remembered: Remembered,
        permissions: Permissions,
        clock: Clock,
        *,
        development: bool,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._cases = cases
        self._catalogue = catalogue
        self._remembered = remembered
        self._permissions = permissions
        self._clock = clock
        self._development = development

    def act(self, command: Act) -> dict[str, Any]:
        """Do the action once and answer the case as the actor sees it afterwards.

        The same key within a day answers what it answered first. Raises Unseen, NotAllowed, NotValid,
        or Stale with the current case and what changed since the actor looked; then nothing happened.
        """
        self._catalogue.current()
        result = self._db.transact(lambda session: self.within(session, command))
        log.info("case acted on", complaint_id=command.code, action=command.name, version=result["version"])
        return result

    def within(self, session: ClientSession, command: Act) -> dict[str, Any]:
        """`act` as a part of the caller's transaction, who has read the catalogue before it.

        A refusal is raised before anything is written, so that the caller can write it down instead.
        """
        owner = owner_of(command.actor)
        if command.key is not None:
            kept = self._remembered.find(session, owner, command.key)
            if kept is not None:
                if kept.fingerprint != command.fingerprint:
                    raise invalid("", "key_reused", "This idempotency key was used for another request.")
                result: dict[str, Any] = kept.result
                return result
        result = self._decided(session, command)
        if command.key is not None:
            self._remembered.keep(session, owner, command.key, command.fingerprint, result)
        return result

    def _decided(self, session: ClientSession, command: Act) -> dict[str, Any]:
        case, scopes = self._allowed(session, command)
        now = milliseconds(self._clock.now())
        situation = self._situation(session, command, case, scopes, now)
        try:
            step, other = perform(case, command.action, situation)
        except WrongState as error:
            raise self._stale(session, command, case, now, str(error)) from None
        record = replace(step.record, details={**step.record.details, **command.remarks})
        changed, link = extend(step.case, record, situation.at)
        told = [case_event(changed, fact, now) for fact in step.facts]
        changed = _answered(changed, told, backdated=command.as_of is not None)
        self._cases.save(session, changed, [link], self._calendar(changed))
        if other is not None:
            self._cases.save(session, other, [], self._calendar(other))
        self._outbox.append(session, told)
        shown = self._shown(changed, command.actor, now)
        if shown is not None:
            return shown
        # Handed to the inspectorate: for this actor the case is gone, and that is the answer.
        gone = view(
            changed,
            command.actor,
            self._permissions,
            now=now,
            calendar=self._calendar(changed),
            access=NO_ACCESS,
        )
        answer: dict[str, Any] = wire(gone)
        return answer

    def _allowed(self, session: ClientSession, command: Act) -> tuple[Case, frozenset[str]]:
        case = self._cases.get(command.code, session)
        if case is None or access_level(self._permissions, command.actor, case) == NO_ACCESS:
            raise Unseen(command.code)
        scopes = frozenset(granted(self._permissions, command.actor, command.name, case))
        if not scopes:
            raise NotAllowed("not_permitted", "Your role may not do this on this case.")
        if command.version is not None and command.version != case.version:
            now = milliseconds(self._clock.now())
            raise self._stale(session, command, case, now, "The case has changed since you looked at it.")
        return case, scopes

    def _situation(
        self, session: ClientSession, command: Act, case: Case, scopes: frozenset[str], now: datetime
    ) -> Situation:
        catalogue = self._catalogue.loaded
        other = None
        if isinstance(command.action, Merge):
            other = self._cases.get(command.action.into, session)
            if other is not None and not granted(self._permissions, command.actor, "merge", other):
                other = None
        by = STAFF if scopes - {_OWN, _PUBLIC} else REPORTER if _OWN in scopes else _PUBLIC
        return Situation(
            at=self._moment(command, case, now),
            actor_ref=command.actor.ref,
            by=by,
            scopes=scopes,
            catalogue=catalogue,
            city=catalogue.cities.get(case.city),
            other=other,
        )

    def _moment(self, command: Act, case: Case, now: datetime) -> datetime:
        """Now, or the earlier time that the loader of sample data names; never in production."""
        if command.as_of is None:
            return now
        if not self._development:
            raise invalid("/as_of", "not_here", "Only the development profile takes a time.")
        if not granted(self._permissions, command.actor, "backdate", case):
            raise NotAllowed("not_permitted", "Your role may not set the time of an action.")
        at = milliseconds(command.as_of)
        if not case.received_at <= at <= now:
            raise invalid("/as_of", "out_of_range", "The time must lie between receipt and now.")
        return at

    def _stale(self, session: ClientSession, command: Act, case: Case, now: datetime, detail: str) -> Stale:
        current = self._shown(case, command.actor, now) or {}
        changes = [
            {
                "version": link.version,
                "at": link.at,
                "action": link.action,
                "by": link.by,
                "from": link.from_status,
                "to": link.to_status,
            }
            for link in self._cases.links(case.code, session)
            if link.version > (command.version or case.version)
        ]
        return Stale({**current, "changes": wire(changes)}, detail)

    def _shown(self, case: Case, actor: Actor, now: datetime) -> dict[str, Any] | None:
        notices = self._cases.notices_of([case.code])[case.code]
        shown = view(case, actor, self._permissions, now=now, calendar=self._calendar(case), notices=notices)
        return None if shown is None else wire(shown)

    def _calendar(self, case: Case) -> Any:
        city = self._catalogue.loaded.cities.get(case.city)
        return city.calendar if city else None


def _answered(case: Case, told: list[Event], *, backdated: bool) -> Case:
    """Remember which event carries the answer: the outcome of its message starts the clock of silence."""
    for event in told:
        if event.type == "complaint.resolved.v1":
            return replace(case, answer_event=event.id, answer_backdated=backdated)
    return case
