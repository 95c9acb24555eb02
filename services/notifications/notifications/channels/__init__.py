"""Ways out of the building. Each says honestly what became of a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from notifications.domain.smtp_replies import Outcome


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail for one address. Not shown in logs: content and address are personal."""

    intent_id: str
    to: str = field(repr=False)
    content: bytes = field(repr=False)


class MailLine(Protocol):
    """A line that takes one mail after the other. Used by one greenlet at a time."""

    def send(self, mail: Mail) -> Outcome:
        """Hand the mail over and say what came of it. Never raises for what the other side does."""
        ...

    def close(self) -> None: ...
