"""When a message is tried again, and when it is too late to send it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""Delay before attempt n (the first is at once). After the last one the message has failed."""

JITTER = 0.2

LIFETIMES = {
    "transactional": timedelta(hours=24),
    "service": timedelta(hours=24),
    "survey": timedelta(days=7),
    "staff": timedelta(hours=24),
}
"""How long a message of a category is worth sending, from the moment it was accepted."""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    at: datetime | None
    """None: there is no further attempt."""
    expired: bool = False
    """True when there would be a further attempt, but after the end of the message's life."""


def next_attempt(attempts: int, *, now: datetime, expires_at: datetime, random: float) -> NextAttempt:
    """The time of the next attempt after `attempts` failed ones; `random` is uniform in [0, 1)."""
    if attempts >= len(SCHEDULE):
        return NextAttempt(None)
    delay = SCHEDULE[attempts] * (1 + JITTER * (2 * random - 1))
    at = now + delay
    return NextAttempt(None, expired=True) if at >= expires_at else NextAttempt(at)
