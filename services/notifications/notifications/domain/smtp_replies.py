"""What an SMTP reply means for a message.

A table, because servers differ and an operator must be able to read what we make of a reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    SENT = "sent"
    PERMANENT = "permanent"
    """The address does not exist or refuses: do not try again, suppress it."""
    TEMPORARY = "temporary"
    """The recipient's side cannot take it now: try again later."""
    TECHNICAL = "technical"
    """Our own or the provider's fault: nothing is wrong with the address."""


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    code: str
    """The provider's reply code, never its text: the text may quote the address."""
    retry: bool = False
    throttled: bool = False
    connection_lost: bool = False
    """The connection cannot be used for the next message."""
    unreached: bool = False
    """The server never saw anything of the message, so that this was no attempt to send it."""


CONNECT = "connect"
"""No connection at all."""

OURS = frozenset({500, 501, 502, 503, 504, 521, 530, 534, 535, 538, 555})
"""Syntax, sequence and authentication: a 5xx that says nothing about the address."""

ENHANCED_ADDRESS = ("5.1.", "5.2.")
"""RFC 3463: 5.1 bad address, 5.2 mailbox refuses; 5.3 to 5.7 are about systems, protocol and policy."""

_ENHANCED = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


def enhanced_code(text: bytes) -> str | None:
    """The RFC 3463 status at the start of a reply text, if there is one."""
    found = _ENHANCED.match(text)
    return found.group(1).decode() if found else None


def classify(code: int, text: bytes = b"") -> Outcome:
    """The verdict on one reply to MAIL, RCPT or DATA.

    4xx is tried again, 5xx is not. A 5xx that is about us (credentials, relaying, policy) is technical:
    it must not suppress a good address. An unknown code is technical, never "sent".
    """
    if 200 <= code < 300:
        return Outcome(Verdict.SENT, str(code))
    enhanced = enhanced_code(text)
    shown = f"{code} {enhanced}" if enhanced else str(code)
    if 400 <= code < 500:
        throttled, closing = code in (421, 450), code == 421
        return Outcome(Verdict.TEMPORARY, shown, retry=True, throttled=throttled, connection_lost=closing)
    if 500 <= code < 600:
        about_address = enhanced.startswith(ENHANCED_ADDRESS) if enhanced else code not in OURS
        verdict = Verdict.PERMANENT if about_address else Verdict.TECHNICAL
        return Outcome(verdict, shown, connection_lost=code == 521)
    return Outcome(Verdict.TECHNICAL, shown, connection_lost=True)


def connection_failed(kind: str) -> Outcome:
    """No connection, no TLS, no login, or a lost line: not the message's fault, so it is tried again.

    A server that is away costs no attempt, however long it is. TLS and login are settings somebody has to
    mend, and a line lost under a message may be the message's doing: those count, and end.
    """
    return Outcome(Verdict.TECHNICAL, kind, retry=True, connection_lost=True, unreached=kind == CONNECT)
