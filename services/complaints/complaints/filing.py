"""Submissions into cases, a batch in one transaction. After 202 nothing is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complaints.domain.case import Case
from complaints.domain.city import Catalogue
from complaints.domain.filing import file_case
from complaints.domain.history import Link, extend
from complaints.events import case_event
from complaints.incoming import Read, bare, read_submission
from complaints.store import ClientSession
from complaints.store.cases import AlreadyStored, CaseStore, not_storable
from complaints.store.catalogue import CatalogueStore
from complaints.store.vault import Vault
from complaints.times import milliseconds
from servicekit.envelope import Event
from servicekit.errors import Outcomes, Reject, Retry
from servicekit.ids import Clock
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing

log = get_logger(__name__)

HANDLER = "on_submitted"
_RACES = 5


@dataclass(frozen=True)
class Filed:
    """A submission made into a case, ready to be stored."""

    event: Event
    case: Case
    link: Link
    told: tuple[Event, ...]
    read: Read


class Filing:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        inbox: Inbox,
        cases: CaseStore,
        vault: Vault,
        catalogue: CatalogueStore,
        ring: KeyRing,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._inbox = inbox
        self._cases = cases
        self._vault = vault
        self._catalogue = catalogue
        self._ring = ring
        self._clock = clock

    def file(self, events: Sequence[Event]) -> Outcomes:
        """Store each submission as one case, however often and in however many events it comes.

        A submission that cannot be stored as it is becomes a case with what is left of it. Only an
        event without a tracking code is dead-lettered: there is nothing to file it under.
        """
        verdicts: dict[str, Retry | Reject] = {}
        catalogue = self._catalogue.current()
        filed = []
        for event in events:
            read = read_submission(event, self._ring)
            if read is None:
                verdicts[event.id] = Reject("no_tracking_code")
            else:
                filed.append(self._made(event, read, catalogue))
        try:
            self._store(filed)
        except Exception as error:
            # A neighbour must not suffer: the consumer runs a failed batch again one event at a time.
            if not not_storable(error) or len(filed) != 1:
                raise
            log.error("submission stored without its content", complaint_id=filed[0].case.code)
            self._store([self._made(filed[0].event, bare(filed[0].read), catalogue)])
        log.info("submissions filed", count=len(filed))
        return verdicts

    def _made(self, event: Event, read: Read, catalogue: Catalogue) -> Filed:
        now = milliseconds(self._clock.now())
        reporter_ref = self._vault.new_ref() if read.reporter else None
        step = file_case(read.submission, reporter_ref, catalogue, now)
        case, link = extend(step.case, step.record, now)
        told = tuple(case_event(case, fact, now, cause=event) for fact in step.facts)
        return Filed(event, case, link, told, read)

    def _store(self, filed: Sequence[Filed]) -> None:
        for attempt in range(1, _RACES + 1):
            try:
                self._db.transact(lambda session: self._stored(session, filed), timeout=10)
                return
            except AlreadyStored:
                # Another replica took one of them; the next look sees it.
                if attempt == _RACES:
                    raise

    def _stored(self, session: ClientSession, filed: Sequence[Filed]) -> None:
        by_id = {item.event.id: item for item in filed}
        unseen = self._inbox.unseen(session, HANDLER, [item.event for item in filed])
        if not unseen:
            return
        known = self._cases.existing({by_id[e.id].case.code for e in unseen}, session)
        fresh: dict[str, Filed] = {}
        for event in unseen:
            item = by_id[event.id]
            if item.case.code not in known:
                fresh.setdefault(item.case.code, item)
        catalogue = self._catalogue.loaded
        calendars = {code: city.calendar for code, city in catalogue.cities.items()}
        new = list(fresh.values())
        self._cases.insert(session, [(i.case, i.link, calendars.get(i.case.city)) for i in new])
        reporters = [
            (i.case.reporter_ref, i.read.reporter) for i in new if i.case.reporter_ref and i.read.reporter
        ]
        self._vault.put(session, reporters, milliseconds(self._clock.now()))
        self._outbox.append(session, [event for item in new for event in item.told])
        self._inbox.record(session, HANDLER, [event.id for event in unseen])
