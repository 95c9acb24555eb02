"""What can be asked of a case, as values. `commands.py` reads them from what callers send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from complaints.domain.case import Case
from complaints.domain.city import Catalogue, City


@dataclass(frozen=True, slots=True)
class Verify:
    public_text: str
    public_title: str | None = None
    service_code: str | None = None
    supervisory: bool | None = None
    supervisory_reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    unit: str
    officer: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    target_unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestInfo:
    question: str


@dataclass(frozen=True, slots=True)
class ProvideInfo:
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    note: str | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Resolve:
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class Confirm:
    pass


@dataclass(frozen=True, slots=True)
class Dispute:
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    ground: str
    explanation: str
    referred_to: str | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    reason: str


@dataclass(frozen=True, slots=True)
class Merge:
    into: str


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Support:
    pass


Action = (
    Verify
    | Assign
    | Bounce
    | RequestInfo
    | ProvideInfo
    | Progress
    | Resolve
    | Confirm
    | Dispute
    | Reject
    | Reopen
    | Merge
    | Comment
    | Support
)

UNVERSIONED = frozenset({"comment", "support"})


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything beside the case and the action that a decision depends on."""

    at: datetime
    actor_ref: str | None
    by: str
    scopes: frozenset[str]
    catalogue: Catalogue
    city: City | None
    other: Case | None = None
