"""The kit's errors and verdicts.

    KitError
    ├── ConfigurationError      the process must stop: somebody has to change a setting
    ├── MalformedEvent          bytes that are no event of ours
    ├── ContractViolation       an event that does not match its schema
    ├── SealError               a sealed block that this key ring cannot open
    ├── DuplicateEvent          the outbox holds this id already
    └── Refused                 a refusal that travels to the caller inside a sealed reply
        ├── NotFound
        ├── Forbidden
        ├── Invalid             names each wrong field by JSON pointer
        └── Conflict            carries the current state

`Retry` and `Reject` are no exceptions: a handler returns them, per event id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


class KitError(Exception):
    """Base of everything the kit raises on purpose."""


class ConfigurationError(KitError):
    """A wrong setting, right or name. Waiting does not help, so the process exits non-zero."""


class MalformedEvent(KitError):
    """Bytes that are no event. The reason is a constant phrase and never contains input."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContractViolation(KitError):
    """An event that its schema refuses. Names the type and the pointers, never the values."""


class SealError(KitError):
    """A sealed block that cannot be opened: unknown key, other recipient or context, or damage."""


class DuplicateEvent(KitError):
    """An event id that the outbox already holds."""


class Refused(KitError):
    """A domain refusal. It crosses RPC as data, never as a Nameko exception."""

    type = "refused"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "detail": self.detail}


class NotFound(Refused):
    """The thing is absent, or the caller may not know that it exists."""

    type = "not_found"

    def __init__(self, what: str = "") -> None:
        super().__init__(what)
        self.what = what


class Forbidden(Refused):
    """The actor may not do this. `code` is for machines, `detail` for people."""

    type = "forbidden"

    def __init__(self, code: str = "forbidden", detail: str = "") -> None:
        super().__init__(detail)
        self.code = code

    def to_wire(self) -> dict[str, Any]:
        return {**super().to_wire(), "code": self.code}


@dataclass(frozen=True, slots=True)
class FieldError:
    pointer: str
    code: str
    detail: str = ""


class Invalid(Refused):
    """Input that cannot be accepted, field by field."""

    type = "invalid"

    def __init__(self, errors: Sequence[FieldError] = (), detail: str = "") -> None:
        super().__init__(detail)
        self.errors = tuple(errors)

    def to_wire(self) -> dict[str, Any]:
        return {**super().to_wire(), "errors": [asdict(error) for error in self.errors]}


class Conflict(Refused):
    """The aggregate moved on. `current` tells the loser what changed."""

    type = "conflict"

    def __init__(self, current: Mapping[str, Any] | None = None, detail: str = "") -> None:
        super().__init__(detail)
        self.current = dict(current or {})

    def to_wire(self) -> dict[str, Any]:
        return {**super().to_wire(), "current": self.current}


def refusal_from_wire(error: Mapping[str, Any]) -> Refused:
    """The refusal a sealed reply carries; an unknown type becomes a plain `Refused`."""
    detail = str(error.get("detail", ""))
    match error.get("type"):
        case "not_found":
            return NotFound(detail)
        case "forbidden":
            return Forbidden(str(error.get("code", "forbidden")), detail)
        case "invalid":
            fields = [
                FieldError(str(e.get("pointer", "")), str(e.get("code", "")), str(e.get("detail", "")))
                for e in error.get("errors", ())
            ]
            return Invalid(fields, detail)
        case "conflict":
            return Conflict(error.get("current"), detail)
        case _:
            return Refused(detail)


@dataclass(frozen=True, slots=True)
class Retry:
    """A handler's verdict: bring this event again after about `delay_seconds`."""

    delay_seconds: float = 5.0
    reason: str = "temporary"


@dataclass(frozen=True, slots=True)
class Reject:
    """A handler's verdict: dead-letter this event. The reason is a code, without personal data."""

    reason: str


Outcomes = dict[str, Retry | Reject] | None
