"""One event, one rule, one recipient, one channel: one intent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from notifications.domain.delivery import Reason, State
from notifications.domain.rules import Rule


def dedupe_key(event_id: str, rule: str, recipient: str | None, channel: str) -> str:
    return f"{event_id}:{rule}:{recipient or '-'}:{channel}"


def intent_id(event_id: str, rule: str, recipient: str | None, channel: str) -> str:
    """The same intent has the same id wherever and whenever it is planned.

    It starts with the event's id, so that the ids of one time lie together in the index. The Message-ID
    of the mail is made from it: a repeated mail can be recognised by whoever receives it.
    """
    digest = hashlib.sha256(dedupe_key(event_id, rule, recipient, channel).encode()).hexdigest()
    return f"{event_id}-{digest[:12]}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody a message is for. Never logged: it holds the address."""

    ref: str
    audience: str
    """reporter or staff"""
    language: str
    name: str = ""
    address: str | None = None
    link: str | None = None
    email_problem: Reason | None = None
    """Why no mail may be sent to this recipient."""


@dataclass(frozen=True, slots=True)
class StopLink:
    """The way not to be asked again, for one mail."""

    url: str = field(repr=False)
    fingerprint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """What an event means for one recipient on one channel, before anything is stored."""

    id: str
    rule: Rule
    channel: str
    audience: str
    recipient_ref: str | None
    language: str | None
    state: State
    reason: Reason | None = None
    quiet: bool = False
    """Its outcome is not announced, whatever the rule says."""
    template_version: int | None = None
    subject: str = ""
    text: str = ""
    address: str | None = None
    missing: tuple[str, ...] = ()
    """Keys that had no value, for a technical failure."""
    stop: StopLink | None = None
    """In mails of surveys."""
