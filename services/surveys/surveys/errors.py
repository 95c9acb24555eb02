"""What surveys refuses, as exceptions of its own.

    SurveysError
    ├── CityRefused      questionnaires, bands or policy with faults; names every fault
    ├── Unreadable       an event that lacks what we need; the reason is a code
    └── Refusal
        ├── Unseen       absent, or not to be known by this actor
        ├── NotAllowed   the actor may not do this
        ├── NotValid     names every wrong field by JSON pointer
        └── WrongState   not possible as things stand; carries what is missing or what holds now

`service.py` translates refusals into servicekit's, which travel inside sealed replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class SurveysError(Exception):
    """Base of everything this service raises on purpose."""


class CityRefused(SurveysError):
    """A city's data with faults: none of it is used."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Unreadable(SurveysError):
    """An event that cannot be read. The reason is a code and never contains input."""


class Refusal(SurveysError):
    """Base of everything an actor is refused."""


class Unseen(Refusal):
    """The thing is absent, or the actor may not know that it exists."""


class NotAllowed(Refusal):
    """`code` is for machines, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field."""

    pointer: str
    code: str
    detail: str


class NotValid(Refusal):
    """Input that cannot be accepted; nothing of it was applied."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


class WrongState(Refusal):
    """Not possible as things stand. `current` tells what holds now, with a `reason` for machines."""

    def __init__(self, current: Mapping[str, Any], detail: str) -> None:
        super().__init__(detail)
        self.current = dict(current)
        self.detail = detail


def invalid(pointer: str, code: str, detail: str) -> NotValid:
    return NotValid([Fault(pointer, code, detail)])
