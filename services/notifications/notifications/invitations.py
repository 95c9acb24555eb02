"""Who is asked how it was: nobody twice within thirty days, and nobody reminded of what never came.

The reference of a contact is new for every case and visit, so the address itself is counted, as a keyed
hash. What is remembered is the hash and a day: no path leads from it to a message, a case or another hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

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

States = Mapping[str, str]
Pairs = list[tuple[Event, Planned]]


class Invitations:
    def __init__(self, store: InvitationStore, ring: KeyRing) -> None:
        self._store = store
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
        """The messages without a second invitation of an address; those that stay are remembered.

        In the transaction that stores them: of two invitations at the same moment one is skipped.
        """
        hashes = {
            one.id: address_hashes(self._ring, one.address)
            for event, one in pairs
            if event.type == INVITED and one.state is State.QUEUED and one.address
        }
        if not hashes:
            return pairs
        taken = self._store.asked(session, {h for own in hashes.values() for h in own}, now=now)
        until: dict[str, datetime] = {}
        kept: Pairs = []
        for event, one in pairs:
            own = hashes.get(one.id)
            if own is not None and not taken.isdisjoint(own):
                one = _skipped(one, Reason.INVITED_RECENTLY)
            elif own is not None:
                taken.update(own)
                until[own[0]] = _not_before(now)
            kept.append((event, one))
        if remember:
            self._store.ask(session, until)
        return kept


def _skipped(one: Planned, reason: Reason) -> Planned:
    if one.state is State.SKIPPED:
        return one
    return replace(
        one, state=State.SKIPPED, reason=reason, template_version=None, subject="", text="", address=None
    )


def _not_before(now: datetime) -> datetime:
    # The end of a day: a moment would tell which of the day's invitations went to this address.
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=NOT_AGAIN_FOR_DAYS + 1)
