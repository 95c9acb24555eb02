"""What the domain refuses, as exceptions of its own.

    Refusal
    ├── Unseen       absent, or not to be known by this actor
    ├── NotAllowed   the actor may not do this, or not now
    ├── NotValid     names every wrong field by JSON pointer
    ├── WrongState   the action does not exist in the case's state
    └── Stale        the case moved on; carries what the loser has to know

`service.py` translates them into servicekit's refusals, which travel inside sealed replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """Base of everything the domain refuses."""


class Unseen(Refusal):
    """The thing is absent, or the actor may not know that it exists."""


class NotAllowed(Refusal):
    """Refused for a reason that the actor may know. `code` is for machines, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field of a payload."""

    pointer: str
    code: str
    detail: str


class NotValid(Refusal):
    """Input that cannot be accepted; nothing of it was applied."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


class WrongState(Refusal):
    """The case is in a state in which this action means nothing."""

    def __init__(self, action: str, status: str) -> None:
        super().__init__(f"{action} is not possible while the case is {status}")
        self.action = action
        self.status = status


class Stale(Refusal):
    """Somebody else was faster. `current` is the case as the actor may see it, with the changes since."""

    def __init__(self, current: Mapping[str, Any], detail: str) -> None:
        super().__init__(detail)
        self.current = dict(current)
        self.detail = detail


def invalid(pointer: str, code: str, detail: str) -> NotValid:
    return NotValid([Fault(pointer, code, detail)])
