"""Departments tell that a citizen was served at a counter; what is not right is refused, readably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.rejections import (
    INVALID,
    NOT_YOURS,
    PUBLISHER_UNKNOWN,
    TOO_LATE,
    Rejection,
    broken_contract,
    rejected,
    untimely,
)
from surveys.city import City
from surveys.domain.periods import OPEN
from surveys.events import SOURCE
from surveys.incoming import department_of, read_visit, source_of
from surveys.inviting import Asking, Inviting
from surveys.opening import Opening
from surveys.store import ClientSession
from surveys.store.copies import Copies

log = get_logger(__name__)

HANDLER = "on_department_event"
PATIENCE = {
    PUBLISHER_UNKNOWN: timedelta(seconds=60),
    "unknown_unit": timedelta(seconds=10),
    "unknown_service": timedelta(seconds=10),
}
"""How long what we have not heard of may still be on its way to us, from the first sight of the event."""

_AHEAD = ("Tanggal kunjungan ini belum tiba.", "This day of visit has not come yet.")
_CLOSED = (
    "Periode survei untuk tanggal kunjungan ini sudah ditutup.",
    "The survey period of this day of visit is closed.",
)


class Refused(Exception):
    """Why a department's event takes no effect."""

    def __init__(self, reason: str, pointer: str | None = None, words: tuple[str, str] | None = None) -> None:
        super().__init__(reason)
        self.why = Rejection(reason, pointer, words)


class Delivering:
    def __init__(
        self,
        *,
        db: MongoHandle,
        inbox: Inbox,
        outbox: Outbox,
        copies: Copies,
        opening: Opening,
        inviting: Inviting,
        contracts: Contracts,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._copies = copies
        self._opening = opening
        self._inviting = inviting
        self._contracts = contracts
        self._city = city
        self._clock = clock

    def on_department_event(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        """Count each visit and invite where there is a contact; refuse the rest with `event.rejected`.

        A refusal is stored with the inbox row and disturbs no other event. What we have never heard of is
        waited for first: its registration may be on its way.
        """
        verdicts: dict[str, Retry | Reject] = {}
        ready = []
        for event in events:
            unheard = self._unheard_of(event)
            if unheard is not None and self._is_young(event, PATIENCE[unheard]):
                verdicts[event.id] = Retry(5, unheard)
            else:
                ready.append(event)
        if ready:
            self._db.transact(lambda session: self._handle(session, ready), timeout=15)
        return verdicts

    def _unheard_of(self, event: Event) -> str | None:
        """What the event names and we have no copy of, as the reason it would be refused with."""
        unit, service = event.data.get("unit"), event.data.get("service_code")
        if self._copies.department(department_of(event)) is None:
            return PUBLISHER_UNKNOWN
        if isinstance(unit, str) and self._copies.unit(unit) is None:
            return "unknown_unit"
        if isinstance(service, str) and self._copies.service(service) is None:
            return "unknown_service"
        return None

    def _is_young(self, event: Event, patience: timedelta) -> bool:
        now = self._clock.now()
        return now - self._copies.first_seen(event.id, now) < patience

    def _handle(self, session: ClientSession, events: list[Event]) -> None:
        fresh = self._inbox.unseen(session, HANDLER, events)
        asking = self._inviting.begin(session, [source_of(event) for event in fresh])
        for event in fresh:
            try:
                self._deliver(asking, event)
            except Refused as refused:
                why, code = refused.why, department_of(event)
                log.info("department event refused", department=code, event_id=event.id, reason=why.reason)
                told = rejected(event, code, why, source=SOURCE, at=self._clock.now())
                self._outbox.append(session, [told])
        self._inviting.finish(asking)
        self._inbox.record(session, HANDLER, [event.id for event in fresh])

    def _deliver(self, asking: Asking, event: Event) -> None:
        session, now = asking.session, self._clock.now()
        department = self._copies.department(department_of(event), session)
        if department is None:
            raise Refused(PUBLISHER_UNKNOWN)
        if not department["active"] or event.type not in department["types"]:
            raise Refused(NOT_YOURS)
        if (why := untimely(event, now) or broken_contract(self._contracts, event)) is not None:
            raise Refused(why.reason, why.pointer, why.words)
        unit, service_code = event.data["unit"], event.data["service_code"]
        if unit not in department["units"]:
            raise Refused(NOT_YOURS, "/unit")
        known = self._copies.unit(unit, session)
        if known is None or not known["active"]:
            raise Refused("unknown_unit", "/unit")
        service = self._copies.service(service_code, session)
        if service is None or not service["active"]:
            raise Refused("unknown_service", "/service_code")
        if service["unit"] not in department["units"]:
            raise Refused(NOT_YOURS, "/service_code")
        visit = read_visit(event, service["kind"])
        if service["supervisory"]:
            visit = replace(visit, invites=False)
        today = self._city.today(now)
        if visit.day > today:
            raise Refused(INVALID, "/date", _AHEAD)
        period = self._opening.ensure(session, unit, visit.day, today, asking.seen)
        if period is None or period["state"] != OPEN or today.isoformat() > period["closes_on"]:
            raise Refused(TOO_LATE, "/date", _CLOSED)
        self._inviting.invite(asking, event, visit)
