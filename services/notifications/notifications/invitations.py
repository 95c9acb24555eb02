"""Who is asked how it was: nobody twice within thirty days, nobody reminded of what never came, and nobody
who said "never again".

The reference of a contact is new for every case and visit, so the address itself is counted, as a keyed
hash. What is remembered is the hash and a day: no path leads from it to a message, a case or another hash.

    planned ──▶ reserved until the message's own end ──sent──▶ thirty days from then
                    └──not sent──▶ free again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from notifications.choosing import Choices
from notifications.documents import end_of_life
from notifications.domain.delivery import Reason, State
from notifications.domain.intents import Planned
from notifications.incoming import age
from notifications.recipients import address_hashes
from notifications.store.invitations import InvitationStore
from servicekit.envelope import Event
from servicekit.errors import Retry
from servicekit.sealing import KeyRing

INVITED, REMINDER = "survey.invited.v1", "survey.reminder_due.v1"
NOT_AGAIN_FOR_DAYS = 30
INVITATION_PATIENCE = timedelta(minutes=10)
"""A reminder may overtake its invitation only where days are played in seconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of an invitation that was going to be sent."""

    address: str = field(repr=False)
    expires_at: datetime
    sent: bool


States = Mapping[str, str]
Pairs = list[tuple[Event, Planned]]


class Invitations:
    def __init__(self, store: InvitationStore, choices: Choices, ring: KeyRing) -> None:
        self._store = store
        self._choices = choices
        self._ring = ring

    def states(self, events: Sequence[Event]) -> States:
        """What became of the invitations that these events remind of."""
        reminded = [event.subject for event in events if event.type == REMINDER]
        return self._store.states(reminded, INVITED) if reminded else {}

    def waits(self, event: Event, states: States, now: datetime) -> Retry | None:
        """Whether a reminder has to wait for its invitation."""
        if event.type != REMINDER or age(event, now) >= INVITATION_PATIENCE:
            return None
        if states.get(event.subject) in (None, State.QUEUED, State.SENDING):
            return Retry(30, "invitation_not_sent_yet")
        return None

    def reminded(self, event: Event, planned: list[Planned], states: States) -> list[Planned]:
        """The messages of an event, without a reminder of an invitation that was not sent."""
        if event.type != REMINDER or states.get(event.subject) in (State.SENT, State.DELIVERED):
            return planned
        return [_skipped(one, Reason.NOT_INVITED) for one in planned]

    def capped(self, session: Any, pairs: Pairs, now: datetime, *, remember: bool = True) -> Pairs:
        """The messages without those of an address that was asked lately or wants no more of them.

        Those that stay are remembered, with their links, in the transaction that stores them: of two
        invitations at the same moment one is skipped.
        """
        asking = [one for event, one in pairs if event.type in (INVITED, REMINDER) and _is_mail(one)]
        if not asking:
            return pairs
        addresses = {one.id: str(one.address) for one in asking}
        hashes = {id_: address_hashes(self._ring, address) for id_, address in addresses.items()}
        unasked = self._choices.unasked(addresses, session)
        taken = self._store.asked(session, {h for own in hashes.values() for h in own}, now=now)
        until: dict[str, datetime] = {}
        kept: Pairs = []
        for event, one in pairs:
            own = hashes.get(one.id)
            if own is not None and one.id in unasked:
                one = _skipped(one, Reason.UNSUBSCRIBED)
            elif own is not None and event.type == INVITED:
                if not taken.isdisjoint(own):
                    one = _skipped(one, Reason.INVITED_RECENTLY)
                else:
                    taken.update(own)
                    until[own[0]] = _reserved(end_of_life(event, one, now))
            kept.append((event, one))
        if remember:
            self._store.ask(session, until)
            self._choices.keep(session, [one for _, one in kept if _is_mail(one)], now)
        return kept

    def unwanted(self, addresses: Mapping[str, str]) -> set[str]:
        """Of mails that wait, by their ids, those that their recipient does not want any more."""
        return self._choices.unasked(addresses)

    def settle(self, session: Any, ended: Sequence[Ended], now: datetime) -> None:
        """Count the invitations that were sent, and give back what the others had reserved."""
        until: dict[str, datetime] = {}
        for one in ended:
            hashes = address_hashes(self._ring, one.address)
            if one.sent:
                until[hashes[0]] = _not_before(now)
            else:
                self._store.release(session, hashes, _reserved(one.expires_at))
        self._store.ask(session, until)


def _is_mail(one: Planned) -> bool:
    return one.state is State.QUEUED and one.address is not None


def _skipped(one: Planned, reason: Reason) -> Planned:
    if one.state is State.SKIPPED:
        return one
    return replace(
        one,
        state=State.SKIPPED,
        reason=reason,
        template_version=None,
        subject="",
        text="",
        address=None,
        stop=None,
    )


def _not_before(now: datetime) -> datetime:
    return _end_of_day(now) + timedelta(days=NOT_AGAIN_FOR_DAYS)


def _reserved(expires_at: datetime) -> datetime:
    return _end_of_day(expires_at)


def _end_of_day(at: datetime) -> datetime:
    # A moment would tell which of the day's invitations went to this address.
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)
