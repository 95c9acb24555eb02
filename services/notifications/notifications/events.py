"""What notifications publishes: the outcome of a message, with ids and codes and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notifications.domain.delivery import FAILURES, State
from servicekit.envelope import Event, format_time
from servicekit.ids import uuid7

SOURCE = "/notifications"
SCHEMA_BASE = "https://tanggap.id/contracts/notifications/"

_TYPES = {
    State.SENT: "notification.sent.v1",
    State.DELIVERED: "notification.delivered.v1",
    State.SKIPPED: "notification.skipped.v1",
    **dict.fromkeys(FAILURES, "notification.failed.v1"),
}


def outcome_event(intent: Mapping[str, Any], state: State, at: datetime) -> Event | None:
    """The event that tells of an outcome; None while there is none, or when it is kept quiet.

    Outcomes are there for the timelines of cases, so a message about no case is never announced.
    """
    type_ = _TYPES.get(state)
    if type_ is None or not intent["announce"] or intent["complaint_id"] is None:
        return None
    data: dict[str, Any] = {
        "notification_id": intent["_id"],
        "event_id": intent["event_id"],
        "event_type": intent["event_type"],
        "complaint_id": intent["complaint_id"],
        "rule": intent["rule"],
        "template": intent["template"] if intent["template_version"] is not None else None,
        "channel": intent["channel"],
        "audience": intent["audience"],
        "recipient_ref": intent["recipient_ref"],
        "attempts": intent["attempt"],
        "at": format_time(at),
    }
    if state is State.SKIPPED:
        data["reason"] = intent["reason"]
    elif state in FAILURES:
        data["reason"] = state.value
        data["code"] = (intent.get("code") or None) and str(intent["code"])[:40]
    return Event(
        id=uuid7(),
        source=SOURCE,
        type=type_,
        subject=intent["_id"],
        time=at,
        data=data,
        correlationid=intent.get("correlationid") or intent["event_id"],
        causationid=intent["event_id"],
        traceparent=intent.get("traceparent"),
        dataschema=f"{SCHEMA_BASE}{type_}.json",
    )
