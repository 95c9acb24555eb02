"""What can go wrong in notifications.

NotificationsError
├── CityRefused        rules or templates that may not be saved; names every fault
└── MailRefused        bytes that must not become a mail
"""

from __future__ import annotations

from collections.abc import Sequence


class NotificationsError(Exception):
    """Base of everything this service raises on purpose."""


class CityRefused(NotificationsError):
    """A set of rules and templates with faults. None of it was saved."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class MailRefused(NotificationsError):
    """A message that cannot be built. The text names the part, never its content."""
