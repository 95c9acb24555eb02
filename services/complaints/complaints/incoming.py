"""Tolerant readers of what we consume. A submission was answered with 202: nothing here may refuse it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from complaints.commands import canonical_code, clean
from complaints.domain.case import KINDS, Location
from complaints.domain.filing import Submission
from complaints.domain.view import Notice
from servicekit.envelope import Event
from servicekit.sealing import KeyRing, SealError

RECIPIENT = "complaints"
_CHANNEL = re.compile(r"^[a-z_]{2,30}$")
_UNKNOWN_SERVICE = "unknown"
_MAX_ATTRIBUTES = 100
_MAX_ATTRIBUTE_CHARACTERS = 10_000
_MAX_TEXT_CHARACTERS = 200_000
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Read:
    """A submission with the reporter's block apart: that one goes to the vault and nowhere else."""

    submission: Submission
    reporter: Mapping[str, Any] | None


def read_submission(event: Event, ring: KeyRing) -> Read | None:
    """Whatever can be read of a submission, with a reason for each part that cannot.

    None only when there is no tracking code to file it under: such an event never came from the
    gateway's filing, and the caller dead-letters it.
    """
    data = event.data
    code = canonical_code(data.get("tracking_code")) or canonical_code(event.subject)
    if not code:
        return None
    problems: list[str] = []
    sealed = data.get("case_sealed")
    try:
        opened = ring.open(str(sealed or ""), recipient=RECIPIENT, context=code)
    except SealError:
        opened = None
    if not isinstance(opened, Mapping):
        problems.append("sealed_block_unreadable")
    block: Mapping[str, Any] = opened if isinstance(opened, Mapping) else {}
    accepted_at = _time(data.get("accepted_at")) or event.time
    received_at = _time(data.get("received_at"))
    if received_at is None:
        problems.append("received_at_unreadable")
    reporter = _reporter(block.get("reporter"), problems)
    submission = Submission(
        code=code,
        service_code=_text(data.get("service_code"), 60) or _UNKNOWN_SERVICE,
        kind=data["kind"] if data.get("kind") in KINDS else "",
        channel=_channel(data.get("channel")),
        language="en" if data.get("language") == "en" else "id",
        accepted_at=accepted_at,
        received_at=received_at or accepted_at,
        anonymous=data.get("anonymous") is True,
        # In doubt a case is hidden rather than shown.
        confidential=data.get("confidential") is not False,
        catalogue_version=_count(data.get("catalogue_version")),
        contact_ref=_text(data.get("contact_ref"), 80),
        contact_sealed=data.get("contact_sealed") if isinstance(data.get("contact_sealed"), str) else None,
        title=_long(block.get("title"), problems),
        description=_long(block.get("description"), problems),
        location=_location(block.get("location"), problems),
        attributes=_attributes(block.get("attributes"), problems),
        secret_hash=_text(block.get("secret_hash"), 64),
        filed_by=_text(block.get("filed_by"), 80),
        has_reporter=reporter is not None,
        problems=tuple(dict.fromkeys(problems)),
        unopened=None if opened is not None else _text(sealed, _MAX_TEXT_CHARACTERS),
    )
    return Read(submission, reporter)


def bare(read: Read) -> Read:
    """What is left when a database cannot hold a submission: its code, its times, and who may see it."""
    submission = replace(
        read.submission,
        title=None,
        description=None,
        location=None,
        attributes=(),
        problems=(*read.submission.problems, "content_not_storable"),
    )
    return Read(submission, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What notifications says became of one message."""

    notice: Notice
    code: str
    event_id: str
    event_type: str

    @property
    def is_answer(self) -> bool:
        """Whether this is the answer itself, on its way to the reporter."""
        return self.event_type == "complaint.resolved.v1" and self.notice.audience == "reporter"


def read_outcome(event: Event) -> Outcome | None:
    """A message's outcome, or None when it is not about a case."""
    data = event.data
    code = canonical_code(data.get("complaint_id"))
    if not code:
        return None
    notice = Notice(
        id=_text(data.get("notification_id"), 80) or event.subject,
        at=_time(data.get("at")) or event.time,
        channel=_text(data.get("channel"), 30) or "other",
        state=event.type.split(".")[1],
        audience=_text(data.get("audience"), 30) or "staff",
        template=_text(data.get("template"), 80),
        reason=_text(data.get("reason"), 80),
    )
    return Outcome(notice, code, str(data.get("event_id") or ""), str(data.get("event_type") or ""))


def _text(value: Any, limit: int) -> str | None:
    if not isinstance(value, str):
        return None
    return clean(value)[:limit].strip() or None


def _long(value: Any, problems: list[str]) -> str | None:
    if value is None:
        return None
    text = clean(value if isinstance(value, str) else json.dumps(value, default=str))
    if len(text) > _MAX_TEXT_CHARACTERS:
        problems.append("text_cut")
    return text[:_MAX_TEXT_CHARACTERS].strip() or None


def _channel(value: Any) -> str:
    return value if isinstance(value, str) and _CHANNEL.match(value) else "other"


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _INT64 else 0


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def _location(value: Any, problems: list[str]) -> Location | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        problems.append("location_unreadable")
        return None
    lat, lon = _degrees(value.get("lat"), 90), _degrees(value.get("lon"), 180)
    if (value.get("lat") is not None or value.get("lon") is not None) and (lat is None or lon is None):
        problems.append("location_unreadable")
        lat = lon = None
    address = _text(value.get("address"), 1000)
    return Location(lat, lon, address) if lat is not None or address else None


def _degrees(value: Any, limit: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and abs(value) <= limit else None


def _attributes(value: Any, problems: list[str]) -> tuple[tuple[str, Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        problems.append("attributes_unreadable")
        return ()
    if len(value) > _MAX_ATTRIBUTES:
        problems.append("attributes_cut")
    return tuple(
        (clean(str(code))[:80], _plain(item)) for code, item in list(value.items())[:_MAX_ATTRIBUTES]
    )


def _plain(value: Any) -> Any:
    """A value that every database can hold: nested or oversized ones become text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, str):
        return clean(value)[:_MAX_ATTRIBUTE_CHARACTERS]
    if isinstance(value, list) and len(value) <= _MAX_ATTRIBUTES:
        return [item if isinstance(item, bool) else _plain_scalar(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return clean(json.dumps(value, default=str))[:_MAX_ATTRIBUTE_CHARACTERS]
    return _plain(value)


def _reporter(value: Any, problems: list[str]) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        problems.append("reporter_unreadable")
        return None
    known = {
        str(name)[:40]: clean(str(item))[:500] for name, item in list(value.items())[:20] if item is not None
    }
    return known or None
