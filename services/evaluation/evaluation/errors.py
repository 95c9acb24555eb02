"""What the domain refuses, as exceptions of its own.

    Refusal
    ├── Unseen       absent, or not to be known by this actor
    ├── NotAllowed   the actor may not do this, or not now
    ├── NotValid     names every wrong field by JSON pointer
    └── Stale        somebody else was faster; carries the current state

`service.py` translates them into servicekit's refusals, which travel inside sealed replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """Base of everything the domain refuses."""


class Unseen(Refusal):
    """The thing is absent, or the actor may not know that it exists. Both look the same from outside."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotAllowed(Refusal):
    """Refused for a reason that the actor may know. `code` is for machines, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field of a payload. The text holds no value of the input."""

    pointer: str
    code: str
    detail: str


class NotValid(Refusal):
    """Input that cannot be accepted; nothing of it was applied."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


class Stale(Refusal):
    """The thing has moved on. `current` is how it stands now, as the actor may see it."""

    def __init__(self, current: Mapping[str, Any], detail: str) -> None:
        super().__init__(detail)
        self.current = dict(current)
        self.detail = detail


def invalid(pointer: str, code: str, detail: str) -> NotValid:
    return NotValid([Fault(pointer, code, detail)])
