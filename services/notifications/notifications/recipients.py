"""Who can be told, opened from sealed blocks: read once for a batch of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifications.contacts import Contact, read_contact
from notifications.domain.audiences import DEPARTMENT, Staff
from notifications.domain.delivery import Reason
from notifications.domain.intents import Recipient
from notifications.store.messages import Messages
from notifications.store.people import ContactRow, People
from notifications.wording import LANGUAGES, Names
from servicekit.envelope import Event
from servicekit.logs import get_logger
from servicekit.sealing import KeyRing, SealError

log = get_logger(__name__)

RECIPIENT = "notifications"
NAMES_LIVE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Known:
    """Everybody whom the events of one batch may concern."""

    reporters: Mapping[str, Recipient | None]
    """By contact_ref; None: the block does not open."""
    staff: Sequence[Staff]
    staff_recipients: Mapping[str, Recipient]
    names: Names


class Directory:
    """Reads contacts and names. What it keeps between batches is a cache and never the truth."""

    def __init__(self, people: People, messages: Messages, ring: KeyRing, *, deliverable_only: bool) -> None:
        self._people = people
        self._messages = messages
        self._ring = ring
        self._deliverable_only = deliverable_only
        self._names = Names({}, {})
        self._names_until: datetime | None = None
        self._staff: dict[str, tuple[str, Recipient]] = {}

    def known(self, events: Sequence[Event], brought: Mapping[str, ContactRow], *, now: datetime) -> Known:
        """Read recipients for these events; `brought` are contacts that the batch itself carries."""
        refs = {event.data.get("contact_ref") for event in events} - {None, *brought}
        rows = {**self._people.contacts(ref for ref in refs if ref), **brought}
        reporters = {ref: self._reporter(row) for ref, row in rows.items()}
        staff_rows = self._people.staff()
        self._staff = {ref: self._staff_recipient(row) for ref, row in staff_rows.items()}
        staff_recipients = {ref: recipient for ref, (_, recipient) in self._staff.items()}
        everybody = [*staff_recipients.values(), *(r for r in reporters.values() if r)]
        refusing = self._messages.suppressed(h for r in everybody for h in self._hashes(r))
        if refusing:
            reporters = {ref: r and self._unless_suppressed(r, refusing) for ref, r in reporters.items()}
            staff_recipients = {
                ref: self._unless_suppressed(r, refusing) for ref, r in staff_recipients.items()
            }
        return Known(
            reporters=reporters,
            staff=[Staff(row.ref, frozenset(row.roles), row.unit) for row in staff_rows.values()],
            staff_recipients=staff_recipients,
            names=self._fresh_names(events, now),
        )

    def forget_names(self) -> None:
        """Read names again at the next batch."""
        self._names_until = None

    def _reporter(self, row: ContactRow) -> Recipient | None:
        try:
            return _recipient(row, "reporter", self._open(row))
        except SealError:
            return None

    def _staff_recipient(self, row: ContactRow) -> tuple[str, Recipient]:
        last = self._staff.get(row.ref)
        if last is not None and last[0] == row.sealed and last[1].language == row.language:
            return last
        try:
            recipient = _recipient(row, "staff", self._open(row))
        except SealError:
            # The in-app inbox works without it; a mail is skipped with this reason.
            log.error("contact block of staff does not open", contact_ref=row.ref)
            recipient = Recipient(row.ref, "staff", row.language, email_problem=Reason.CONTACT_INVALID)
        return row.sealed, recipient

    def _open(self, row: ContactRow) -> Contact:
        block = self._ring.open(row.sealed, recipient=RECIPIENT, context=row.ref)
        return read_contact(
            block if isinstance(block, dict) else {},
            language=row.language,
            deliverable_only=self._deliverable_only,
        )

    def _hashes(self, recipient: Recipient) -> list[str]:
        return address_hashes(self._ring, recipient.address) if recipient.address else []

    def _unless_suppressed(self, recipient: Recipient, refusing: set[str]) -> Recipient:
        if refusing.isdisjoint(self._hashes(recipient)):
            return recipient
        return replace(recipient, email_problem=Reason.SUPPRESSED)

    def _fresh_names(self, events: Iterable[Event], now: datetime) -> Names:
        stale = self._names_until is None or now >= self._names_until
        if stale or not all(names_known(event, self._names) for event in events):
            self._names = self._people.names()
            self._names_until = now + NAMES_LIVE
        return self._names


def address_hashes(ring: KeyRing, address: str) -> list[str]:
    """Keyed hashes of an address under every key, the current one first: no address can be read from them."""
    return [digest.hex() for digest in ring.digests(b"address|" + address.casefold().encode())]


def names_known(event: Event, names: Names) -> bool:
    """Whether we have a name for every unit and service of an event."""
    units = (event.data.get(field) for field in ("unit", "from_unit", "target_unit"))
    code = event.data.get("service_code")
    return (code is None or code in names.services) and all(unit in names.units for unit in units if unit)


def department_recipient(event: Event) -> Recipient | None:
    """The department an event names. It needs no contact: its inbox is read over HTTP."""
    department = event.data.get("department")
    return Recipient(f"dept-{department}", DEPARTMENT, LANGUAGES[0]) if department else None


def _recipient(row: ContactRow, audience: str, contact: Contact) -> Recipient:
    return Recipient(
        ref=row.ref,
        audience=audience,
        # A person of the staff chooses the language in the contact itself, a citizen when filing.
        language=row.language if audience == "staff" else contact.language,
        name=contact.name,
        address=contact.email,
        link=contact.link,
        email_problem=contact.email_problem,
    )
