"""Who is asked: one invitation after a closed case or a visit; reminded once, revoked, expired.

    open ──answered──▶ spent      open ──reopened──▶ revoked      open ──14 days──▶ expired

Whatever ends an invitation leaves its fingerprint, state and period and nothing else.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from servicekit import tokens
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing
from surveys import metrics
from surveys.city import City
from surveys.domain.periods import OPEN as PERIOD_OPEN
from surveys.errors import Unreadable
from surveys.events import invited, reminder_due
from surveys.incoming import CLOSED, Closure, read_closure, read_reopening
from surveys.opening import Opening
from surveys.placing import INVITE
from surveys.pool import Pool
from surveys.store import ClientSession, Document
from surveys.store.copies import Copies
from surveys.store.invites import OPEN, Invites
from surveys.store.periods import Periods

log = get_logger(__name__)

HANDLER = "on_case_event"
LINK_BYTES = 1024
INVITED, SKIPPED, REVOKED, TOO_LATE = "invited", "skipped", "revoked", "period_over"


@dataclass
class Asking:
    """What one transaction asks, gathered so that a batch is a few writes."""

    session: ClientSession
    known: dict[str, Document]
    seen: dict[Any, Any] = field(default_factory=dict)
    served: Counter[tuple[str, str]] = field(default_factory=Counter)
    officers: dict[str, tuple[str, str]] = field(default_factory=dict)
    invites: list[Document] = field(default_factory=list)
    sources: list[Document] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)

    def note(self, source: str, outcome: str, **more: Any) -> None:
        """What became of a source; the same source again is then known."""
        self.known[source] = {"_id": source, "outcome": outcome, **more}
        self.sources.append(self.known[source])

    def written(self) -> None:
        for part in (self.served, self.officers, self.invites, self.sources, self.told):
            part.clear()


class Inviting:
    def __init__(
        self,
        *,
        db: MongoHandle,
        inbox: Inbox,
        outbox: Outbox,
        invites: Invites,
        periods: Periods,
        copies: Copies,
        opening: Opening,
        pool: Pool,
        ring: KeyRing,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._invites = invites
        self._periods = periods
        self._copies = copies
        self._opening = opening
        self._pool = pool
        self._ring = ring
        self._city = city
        self._clock = clock

    def on_case_event(self, events: Sequence[Event]) -> dict[str, Retry | Reject]:
        """Invite after closings, revoke after reopenings, in whatever order they come."""
        verdicts: dict[str, Retry | Reject] = {}
        read: dict[str, Closure | str] = {}
        for event in events:
            try:
                closing = event.type == CLOSED
                read[event.id] = read_closure(event, self._city.zone) if closing else read_reopening(event)
            except Unreadable as error:
                verdicts[event.id] = Reject(str(error))
        good = [event for event in events if event.id in read]
        if good:
            outcomes = self._db.transact(lambda session: self._handled(session, good, read), timeout=15)
            for outcome in outcomes:
                metrics.invitations_total.labels(outcome).inc()
        return verdicts

    def _handled(
        self, session: ClientSession, events: list[Event], read: dict[str, Closure | str]
    ) -> list[str]:
        outcomes = []
        fresh = self._inbox.unseen(session, HANDLER, events)
        closures = [read[event.id] for event in fresh]
        asking = self.begin(session, [c.source for c in closures if isinstance(c, Closure)])
        for event in fresh:
            found = read[event.id]
            if isinstance(found, Closure):
                outcomes.append(self.invite(asking, event, found))
            else:
                # What was begun has to be there before it can be taken back.
                self.finish(asking)
                outcomes.append(self._revoke(session, found))
                asking.known[found] = {"outcome": REVOKED}
        self.finish(asking)
        self._inbox.record(session, HANDLER, [event.id for event in fresh])
        return outcomes

    def begin(self, session: ClientSession, sources: Sequence[str]) -> Asking:
        """What one transaction is about to ask: read at once, and written at once by `finish`."""
        return Asking(session, self._invites.sources(sources, session))

    def finish(self, asking: Asking) -> None:
        session = asking.session
        self._periods.count_all(session, asking.served)
        self._copies.saw_officers(session, asking.officers)
        self._invites.insert(session, asking.invites)
        self._invites.add_sources(session, asking.sources)
        self._outbox.append(session, asking.told)
        asking.written()

    def invite(self, asking: Asking, event: Event, closure: Closure) -> str:
        """Count a user of the unit, and ask her if she may be asked. Once for each source."""
        if closure.source in asking.known:
            return "repeated"
        now = self._clock.now()
        today = self._city.today(now)
        if closure.handler_ref and closure.counts:
            mark = self._pool.mark(closure.unit, closure.service_type, closure.handler_ref)
            asking.officers[mark] = (closure.unit, closure.service_type)
        period = self._opening.ensure(asking.session, closure.unit, closure.day, today, asking.seen)
        if period is None or period["state"] != PERIOD_OPEN or today.isoformat() > period["closes_on"]:
            asking.note(closure.source, TOO_LATE)
            return TOO_LATE
        if closure.counts:
            asking.served[period["_id"], "served"] += 1
        if not closure.invites or not closure.counts:
            asking.note(closure.source, SKIPPED, counted=closure.counts, period=period["_id"])
            return SKIPPED
        invite, token = self._new(closure, period, today)
        asking.invites.append(invite)
        asking.note(closure.source, INVITED, counted=True, period=period["_id"])
        asking.told.append(invited(invite, token, now, self._city.zone, event))
        return INVITED

    def _new(self, closure: Closure, period: Document, today: date) -> tuple[Document, str]:
        policy = self._city.policy
        expires_on = min(
            today + timedelta(days=policy.number("invite_days", today)),
            date.fromisoformat(period["closes_on"]),
        )
        token = tokens.mint(self._ring, INVITE, expires_on)
        invite_id = str(uuid.uuid4())
        about = None
        if closure.handler_ref:
            about = {
                "staff_ref": closure.handler_ref,
                "service_type": closure.service_type,
                "outcome": closure.outcome,
                "channel": closure.channel,
                "service_code": closure.service_code,
            }
        invite = {
            "_id": token.fingerprint,
            "state": OPEN,
            "period": period["_id"],
            "invite_id": invite_id,
            "kind": closure.kind,
            "unit": closure.unit,
            "service_code": closure.service_code,
            "contact_ref": closure.contact_ref,
            "source": closure.source,
            # Sealed: who served stays on the invitation until it is used, and nobody reads it there.
            "about": self._pool.seal(invite_id, {"about": about, "token": token.text}, LINK_BYTES),
            "expires_on": expires_on.isoformat(),
        }
        remind_on = today + timedelta(days=policy.number("reminder_days", today))
        if remind_on < expires_on:
            invite["remind_on"] = remind_on.isoformat()
        return invite, token.text

    def _revoke(self, session: ClientSession, source: str) -> str:
        known = self._invites.sources([source], session).get(source)
        self._invites.revoke(session, source)
        if known is not None and known.get("counted"):
            period = self._periods.get(known["period"], session)
            if period is not None and period["state"] == PERIOD_OPEN:
                self._periods.count(session, period["_id"], "served", -1)
        # Kept even where nothing was closed yet: the closing may come after its own reopening.
        self._invites.keep_source(session, source, REVOKED)
        return REVOKED

    def remind(self) -> int:
        """One reminder for each invitation that was not used after some days."""
        now = self._clock.now()
        count = 0
        for invite in self._invites.to_remind(self._city.today(now).isoformat()):
            count += self._db.transact(partial(self._remind, invite=invite))
        return count

    def _remind(self, session: ClientSession, invite: Document) -> int:
        if not self._invites.reminded(session, invite["_id"]):
            return 0
        token = self._pool.open({"_id": invite["invite_id"], "sealed": invite["about"]})["token"]
        self._outbox.append(session, [reminder_due(invite, token, self._clock.now(), self._city.zone)])
        return 1

    def expire(self) -> int:
        """End invitations whose last day is over."""
        expired = self._invites.expired(self._city.today(self._clock.now()).isoformat())
        for invite in expired:
            self._db.transact(partial(self._invites.expire, invite=invite))
        return len(expired)
