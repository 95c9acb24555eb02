"""The life of one message, as one transition table.

    accepted ─> scheduled ─> queued ─> sending ─> sent ─> delivered
        │           │          │ ^        │         └──> permanent_failure | temporary_failure
        │           │          │ └─retry──┤
        │           │          │          ├──> permanent_failure | temporary_failure | technical_failure
        │           │          │          └──> skipped | expired
        └───────────┴──────────┴──> skipped | cancelled | expired

Nothing leaves a terminal state. A trigger that its state does not know is late or repeated: it changes
nothing, so that any order and any repetition of receipts ends equal.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    PERMANENT_FAILURE = "permanent_failure"
    TEMPORARY_FAILURE = "temporary_failure"
    TECHNICAL_FAILURE = "technical_failure"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Trigger(StrEnum):
    HOLD = "hold"
    QUEUE = "queue"
    CLAIM = "claim"
    ACCEPTED_BY_PROVIDER = "accepted_by_provider"
    STORED_FOR_RECIPIENT = "stored_for_recipient"
    RECEIPT_DELIVERED = "receipt_delivered"
    RETRY = "retry"
    RELEASE = "release"
    FAIL_PERMANENTLY = "fail_permanently"
    FAIL_TEMPORARILY = "fail_temporarily"
    FAIL_TECHNICALLY = "fail_technically"
    SKIP = "skip"
    CANCEL = "cancel"
    EXPIRE = "expire"


_S, _T = State, Trigger
_WITHDRAWN = {_T.SKIP: _S.SKIPPED, _T.CANCEL: _S.CANCELLED, _T.EXPIRE: _S.EXPIRED}
_FAILED = {
    _T.FAIL_PERMANENTLY: _S.PERMANENT_FAILURE,
    _T.FAIL_TEMPORARILY: _S.TEMPORARY_FAILURE,
    _T.FAIL_TECHNICALLY: _S.TECHNICAL_FAILURE,
}

TRANSITIONS: dict[State, dict[Trigger, State]] = {
    _S.ACCEPTED: {
        _T.HOLD: _S.SCHEDULED,
        _T.QUEUE: _S.QUEUED,
        # The in-app inbox is its own receipt; a template that cannot be filled is our own fault.
        _T.STORED_FOR_RECIPIENT: _S.DELIVERED,
        _T.FAIL_TECHNICALLY: _S.TECHNICAL_FAILURE,
        **_WITHDRAWN,
    },
    _S.SCHEDULED: {_T.QUEUE: _S.QUEUED, **_WITHDRAWN},
    _S.QUEUED: {_T.CLAIM: _S.SENDING, **_WITHDRAWN},
    _S.SENDING: {
        _T.ACCEPTED_BY_PROVIDER: _S.SENT,
        _T.RECEIPT_DELIVERED: _S.DELIVERED,
        _T.RETRY: _S.QUEUED,
        _T.RELEASE: _S.QUEUED,
        # Claimed, but not handed over: its recipient has said meanwhile that she wants none.
        _T.SKIP: _S.SKIPPED,
        _T.EXPIRE: _S.EXPIRED,
        **_FAILED,
    },
    _S.SENT: {
        _T.RECEIPT_DELIVERED: _S.DELIVERED,
        _T.FAIL_PERMANENTLY: _S.PERMANENT_FAILURE,
        _T.FAIL_TEMPORARILY: _S.TEMPORARY_FAILURE,
    },
    _S.DELIVERED: {},
    _S.PERMANENT_FAILURE: {},
    _S.TEMPORARY_FAILURE: {},
    _S.TECHNICAL_FAILURE: {},
    _S.SKIPPED: {},
    _S.CANCELLED: {},
    _S.EXPIRED: {},
}

TERMINAL = frozenset(state for state, known in TRANSITIONS.items() if not known)
"""Nothing more happens. `sent` is final too where a channel gives no receipts, as plain SMTP does not."""

FAILURES = frozenset(_FAILED.values()) | {State.EXPIRED}


def step(state: State, trigger: Trigger) -> State:
    """The state after the trigger; the same state when the trigger is late or repeated."""
    return TRANSITIONS[state].get(trigger, state)


def takes(state: State, trigger: Trigger) -> bool:
    """Whether the trigger changes anything in this state."""
    return trigger in TRANSITIONS[state]


def states_taking(trigger: Trigger) -> list[str]:
    """The states in which the trigger may be applied: what a store filters its writes by."""
    return [state.value for state, known in TRANSITIONS.items() if trigger in known]


class Reason(StrEnum):
    """Why a message was not sent. The vocabulary of notification.skipped.v1."""

    CONTACT_MISSING = "contact_missing"
    CONTACT_INVALID = "contact_invalid"
    SUPPRESSED = "suppressed"
    CHANNEL_DISABLED = "channel_disabled"
    NO_PROVIDER = "no_provider"
    AUDIENCE_EMPTY = "audience_empty"
    RULE_INACTIVE = "rule_inactive"
    SECRECY = "secrecy"
    # Surveys alone, and never announced.
    INVITED_RECENTLY = "invited_recently"
    """The address was asked how it was less than thirty days ago."""
    NOT_INVITED = "not_invited"
    """A reminder of an invitation that was never sent."""
    UNSUBSCRIBED = "unsubscribed"
    """Whoever holds the address does not want to be asked."""
