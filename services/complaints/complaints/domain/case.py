"""A case and the values it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.domain.deadlines import Clock, Pause

FILED, VERIFIED, ASSIGNED, IN_PROGRESS = "filed", "verified", "assigned", "in_progress"
INFO_REQUESTED, RESOLVED, CLOSED, REJECTED, MERGED = (
    "info_requested",
    "resolved",
    "closed",
    "rejected",
    "merged",
)
STATUSES = (FILED, VERIFIED, ASSIGNED, IN_PROGRESS, INFO_REQUESTED, RESOLVED, CLOSED, REJECTED, MERGED)
FINAL = frozenset({CLOSED, REJECTED, MERGED})

KINDS = ("complaint", "aspiration", "information", "document")
OUTCOMES = ("granted", "partial", "refused")

REPORTER, STAFF, SYSTEM = "reporter", "staff", "system"


@dataclass(frozen=True, slots=True)
class Location:
    lat: float | None = None
    lon: float | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class PublicText:
    """What a coordinator released. The original stays with the case."""

    title: str | None
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    outcome: str
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `text` of an internal entry is for staff alone."""

    at: datetime
    type: str
    status: str
    by: str
    text: str | None = None
    unit: str | None = None
    reason: str | None = None
    internal: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """A stretch of a stage with one unit and one handler, for the facts of closing."""

    stage: str
    unit: str | None
    handler: str | None
    started_at: datetime
    ended_at: datetime | None = None
    due_at: datetime | None = None
    overdue_on_arrival: bool = False
    bounced: bool = False


@dataclass(frozen=True)
class Case:
    """A citizen's request. `version` counts workflow changes; comments and notices leave it alone.

    `code` is the tracking code and the only id. Who reported it is in the vault under `reporter_ref`;
    notifications know her by `contact_ref`. Both are new for every case.
    """

    code: str
    city: str
    service_code: str
    kind: str
    channel: str
    language: str
    anonymous: bool
    confidential: bool
    inspectorate: bool
    accepted_at: datetime
    received_at: datetime
    updated_at: datetime
    status: str = FILED
    version: int = 1
    status_before: str | None = None
    unit: str | None = None
    officer: str | None = None
    title: str | None = None
    description: str | None = None
    location: Location | None = None
    area: str | None = None
    attributes: tuple[tuple[str, Any], ...] = ()
    public: PublicText | None = None
    reporter_ref: str | None = None
    contact_ref: str | None = None
    secret_hash: str | None = None
    filed_by: str | None = None
    catalogue_version: int = 0
    needs_review: bool = False
    review_reasons: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()
    stays: tuple[Stay, ...] = ()
    waits: tuple[Pause, ...] = ()
    waiting_since: datetime | None = None
    timeline: tuple[Entry, ...] = ()
    question: Question | None = None
    questions: int = 0
    answer: Answer | None = None
    answer_event: str | None = None
    answer_backdated: bool = False
    answer_sent_at: datetime | None = None
    answer_seen_at: datetime | None = None
    first_answer_at: datetime | None = None
    unit_reacted: bool = False
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None
    outcome: str | None = None
    ground: str | None = None
    explanation: str | None = None
    referred_to: str | None = None
    bounces: int = 0
    disputes: int = 0
    closures: int = 0
    bound: bool = False
    supporters: int = 0
    merged_into: str | None = None
    history_length: int = 0
    history_digest: str = ""
    unopened: str | None = field(default=None, repr=False)

    def having(self, **changes: Any) -> Case:
        """What `replace` gives, for the way of filing: that one sets all sixty fields one by one."""
        changed = object.__new__(Case)
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    @property
    def supervisory_class(self) -> str:
        return "supervisory" if self.inspectorate else "ordinary"

    @property
    def is_released(self) -> bool:
        """Whether the public may read the released text and find the case in lists."""
        return self.public is not None and not self.confidential and not self.inspectorate

    def clock(self, stage: str) -> Clock | None:
        """The open clock of a stage, running or paused."""
        return next((c for c in self.clocks if c.stage == stage and c.stopped_at is None), None)

    def last_clock(self, stage: str) -> Clock | None:
        return next((c for c in reversed(self.clocks) if c.stage == stage), None)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, to be told to other services. `name` is the middle of the event type."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """What the history keeps of one step. Values may be personal: the chain holds salted digests of them."""

    action: str
    actor_ref: str | None
    by: str
    from_status: str | None
    to_status: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one decision: the new case, what to tell, what to keep."""

    case: Case
    facts: tuple[Fact, ...]
    record: Record
