"""A department's own ticket moved: the case moves under the same rules as when a person acts.

Every event is a transaction of its own, with its inbox record and, if it is refused, the refusal that its
department can read. So one bad event changes nothing for its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from complaints.acting import Acting, read_command
from complaints.commands import canonical_code
from complaints.domain.case import FINAL, SYSTEM, Case
from complaints.domain.departments import Department
from complaints.errors import NotAllowed, NotValid, Refusal, Stale, Unseen
from complaints.events import SOURCE
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.departments import DepartmentStore
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import Outcomes
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.rejections import (
    CONFLICT,
    INVALID,
    NOT_ALLOWED,
    NOT_YOURS,
    PUBLISHER_UNKNOWN,
    SKEW,
    TOO_LATE,
    Rejection,
    broken_contract,
    described,
    publisher_of,
    rejected,
    untimely,
)

log = get_logger(__name__)

HANDLER = "on_department_event"
_PAYLOADS = {
    "progress": ("note", "public"),
    "resolve": ("outcome", "answer"),
    "bounce": ("target_unit", "reason"),
}
_KEYWORDS = {"required": "required", "too_long": "maxLength"}
_CASE, _VERSION, _AT = "/complaint_id", "/version", "/at"
_BOUND = (
    "Keputusan koordinator bersifat final: kasus ini sudah terlalu sering dikembalikan.",
    "The coordinator's decision is final: this case was sent back too often.",
)
_AHEAD = (
    "Waktu ini ada di masa depan; periksa jam sistem Anda.",
    "This time lies in the future; check your system's clock.",
)
_OVERTAKEN = (
    "Kasus ini sudah berubah sesudah waktu yang Anda sebut. Baca keadaannya, lalu kirim dengan versinya.",
    "The case changed after the time that you named. Read it, then send its version with the event.",
)


class Progressing:
    """`source_prefix` is what stands before a department's code in the source of its events."""

    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        inbox: Inbox,
        cases: CaseStore,
        catalogue: CatalogueStore,
        departments: DepartmentStore,
        acting: Acting,
        contracts: Contracts,
        clock: Clock,
        source_prefix: str,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._inbox = inbox
        self._cases = cases
        self._catalogue = catalogue
        self._departments = departments
        self._acting = acting
        self._contracts = contracts
        self._clock = clock
        self._source_prefix = source_prefix

    def take(self, events: Sequence[Event]) -> Outcomes:
        """Move each event's case or refuse the event; each id of a department takes effect once.

        Events of one case are taken by their versions where all of them name one, else by their times.
        """
        self._catalogue.current()
        for event in in_order(events):
            code = publisher_of(event, self._source_prefix)
            self._db.transact(partial(self._taken, event=event, code=code))
        return {}

    def _taken(self, session: ClientSession, *, event: Event, code: str) -> None:
        # Two departments may count their events alike, so the code is a part of what is remembered.
        known = replace(event, id=f"{code}:{event.id}")
        if not self._inbox.unseen(session, HANDLER, [known]):
            return
        why = self._moved(session, event, code)
        if why is not None:
            refusal = rejected(event, code, why, source=SOURCE, at=self._clock.now())
            self._outbox.append(session, [refusal])
            log.info("department event refused", department=code, event_id=event.id, reason=why.reason)
        self._inbox.record(session, HANDLER, [known.id])

    def _moved(self, session: ClientSession, event: Event, code: str) -> Rejection | None:
        """Do what the event says; the reason why not, and then nothing was done."""
        department = self._departments.get(code, session)
        if department is None:
            return Rejection(PUBLISHER_UNKNOWN)
        if not department.active or event.type not in department.types:
            return Rejection(NOT_YOURS)
        if (why := untimely(event, self._clock.now()) or broken_contract(self._contracts, event)) is not None:
            return why
        at = happened_at(event)
        if at > self._clock.now() + SKEW:
            return Rejection(INVALID, _AT, _AHEAD)
        case = self._cases.get(canonical_code(event.data["complaint_id"]), session)
        if case is None:
            return Rejection("unknown_case", _CASE)
        try:
            return self._acted(session, event, department, case, at)
        except Refusal as refusal:
            return translated(refusal, event.data.get("version"))

    def _acted(
        self, session: ClientSession, event: Event, department: Department, case: Case, at: datetime
    ) -> Rejection | None:
        data = event.data
        version = data.get("version")
        payload = {name: data[name] for name in _PAYLOADS[data["action"]] if data.get(name) is not None}
        actor = department.as_officer_of(case.unit)
        command = read_command(actor, case.code, data["action"], version or case.version, payload, None)
        if version is None and actor.unit == case.unit and self._overtaken(session, case, department, at):
            return Rejection(CONFLICT, _AT, _OVERTAKEN)
        remarks = {
            "officer_ref": data.get("officer_ref"),
            "said_at": at.astimezone(UTC).isoformat(),
            "event_id": event.id,
        }
        self._acting.within(session, replace(command, remarks=remarks))
        log.info("department moved a case", department=department.code, complaint_id=case.code)
        return None

    def _overtaken(self, session: ClientSession, case: Case, department: Department, at: datetime) -> bool:
        """Whether somebody moved the case after the time of an event that names no version.

        The department's own moves are compared by its own clock, those of others with some tolerance.
        """
        version = 0
        for link in self._cases.links(case.code, session):
            moved, version = link.version > version, link.version
            if not moved or link.by == SYSTEM:
                continue
            if link.actor_ref == department.ref and "said_at" in link.details:
                if at < datetime.fromisoformat(link.details["said_at"]):
                    return True
            elif at < link.at - SKEW:
                return True
        return False


def in_order(events: Sequence[Event]) -> list[Event]:
    """The events, those of one case in the order in which they are to be taken."""
    by_case: dict[str, list[Event]] = {}
    for event in events:
        by_case.setdefault(canonical_code(event.data.get("complaint_id")), []).append(event)
    ordered: list[Event] = []
    for group in by_case.values():
        versions = [event.data.get("version") for event in group]
        if all(isinstance(version, int) for version in versions):
            ordered += sorted(group, key=lambda event: event.data["version"])
        else:
            ordered += sorted(group, key=happened_at)
    return ordered


def happened_at(event: Event) -> datetime:
    """When the department says that it happened; the event's own time where that cannot be read."""
    try:
        at = datetime.fromisoformat(event.data["at"])
    except (KeyError, TypeError, ValueError):
        return event.time
    return at if at.tzinfo is not None else event.time


def translated(refusal: Refusal, version: Any) -> Rejection:
    """What the department reads where a person would read the refusal."""
    match refusal:
        case NotValid():
            fault = refusal.faults[0]
            if fault.code == "unknown_unit":
                return Rejection("unknown_unit", fault.pointer)
            return described([(f.pointer, _KEYWORDS.get(f.code, f.code)) for f in refusal.faults])
        case NotAllowed(code="not_permitted"):
            return Rejection(NOT_YOURS, _CASE)
        case NotAllowed(code="bound"):
            return Rejection(NOT_ALLOWED, _CASE, _BOUND)
        case Unseen():
            return Rejection("unknown_case", _CASE)
        case Stale(current={"status": status}) if status in FINAL:
            return Rejection(TOO_LATE, _CASE)
        case Stale(current={"version": current}) if version is not None and version != current:
            return Rejection(CONFLICT, _VERSION)
        case _:
            return Rejection(NOT_ALLOWED, _CASE)
