"""Planned messages as they are stored: what is personal goes into the sealed payload and nowhere else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from notifications.contacts import masked
from notifications.domain.audiences import DEPARTMENT, about_case
from notifications.domain.delivery import State
from notifications.domain.intents import Planned
from notifications.domain.retries import LIFETIMES
from notifications.domain.rules import SURVEY
from notifications.incoming import REFUSED
from notifications.pages import page_of
from notifications.recipients import RECIPIENT
from notifications.wording import LANGUAGES
from servicekit.envelope import Event
from servicekit.sealing import KeyRing

MAX_TITLE, MAX_TEXT = 120, 2000
KEEP_ITEMS = timedelta(days=365)
KEEP_REFUSALS = timedelta(days=90)


def intent_document(event: Event, one: Planned, now: datetime) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": one.id,
        "event_id": event.id,
        "event_type": event.type,
        "complaint_id": event.data.get("complaint_id"),
        # What the event is about when it is about no case: an invitation, an evaluation, a plan.
        **({} if about_case(event.type) else {"subject": event.subject}),
        "rule": one.rule.id,
        "rule_version": one.rule.version,
        "template": one.rule.template,
        "template_version": one.template_version,
        "language": one.language,
        "category": one.rule.category,
        "channel": one.channel,
        "audience": one.audience,
        "recipient_ref": one.recipient_ref,
        # Even a first letter and a domain say something about somebody who wants to stay unknown.
        "masked": masked(one.address) if one.address and event.data.get("anonymous") is False else None,
        "status": one.state.value,
        "reason": one.reason.value if one.reason else None,
        "code": "missing_values" if one.state is State.TECHNICAL_FAILURE else None,
        "missing": list(one.missing),
        "attempt": 1 if one.state is State.DELIVERED else 0,
        "announce": one.rule.announce and not one.quiet,
        # Absent counts as guarded, as everywhere.
        "inspectorate": about_case(event.type) and event.data.get("inspectorate") is not False,
        "created_at": now,
        "expires_at": end_of_life(event, one, now),
        "correlationid": event.correlationid or event.id,
        "traceparent": event.traceparent,
    }
    return document | ({"due_at": now} if one.state is State.QUEUED else {"finished_at": now})


def payload_document(one: Planned, ring: KeyRing, now: datetime, keep: timedelta) -> dict[str, Any]:
    """Address and text, sealed under our own key: a copy of the database shows nobody's mail."""
    block = {"to": one.address, "subject": one.subject, "text": one.text}
    if one.stop is not None:
        block["stop"] = one.stop.url
    # A link that opens somebody's answer is kept no longer than it may have to be sent.
    keep = timedelta() if one.rule.category == SURVEY else keep
    return {
        "_id": one.id,
        "sealed": ring.seal(block, recipient=RECIPIENT, context=one.id),
        "purge_at": now + LIFETIMES[one.rule.category] + keep,
    }


def end_of_life(event: Event, one: Planned, now: datetime) -> datetime:
    """When the message is not worth sending any more; for an invitation that is not after its own end."""
    end = now + LIFETIMES[one.rule.category]
    closes = event.data.get("expires_at") if one.rule.category == SURVEY else None
    return min(end, datetime.fromisoformat(closes)) if isinstance(closes, str) else end


def item_document(event: Event, one: Planned, now: datetime, public_url: str) -> dict[str, Any]:
    """What the recipient reads. A refused event is kept with its parts, for whoever reads it by machine."""
    path = page_of(event.type, event.data) or "/"
    refused = one.audience == DEPARTMENT and event.type == REFUSED
    return {
        "_id": one.id,
        "recipient_ref": one.recipient_ref,
        "title": _short(one.subject, MAX_TITLE),
        # The link is a field of its own here; in a mail it is the last line.
        "text": _short(one.text.removesuffix(f"{public_url}{path}").strip(), MAX_TEXT),
        "link": path,
        "complaint_id": event.data.get("complaint_id"),
        "event_type": event.type,
        "created_at": now,
        "read_at": None,
        "purge_at": now + (KEEP_REFUSALS if refused else KEEP_ITEMS),
        **({"refusal": _refusal(event)} if refused else {}),
    }


def _refusal(event: Event) -> dict[str, Any]:
    data = event.data
    refusal = {
        name: data.get(name) for name in ("event_id", "event_type", "reason", "pointer", "received_at")
    }
    return {
        **refusal,
        "department": data["department"],
        "message": {language: data["message"].get(language, "") for language in LANGUAGES},
        "refused_by": event.source.strip("/"),
    }


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
