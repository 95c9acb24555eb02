"""Whether a department's event is good: an envelope, its own, of its types, in time, as the contract says.

What this cannot know, such as whether a case exists, the consuming service decides; a refusal of that
kind is read under /v1/events/rejections.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway import contract_errors
from gateway.messages import field_error
from gateway.problems import FieldError, Problem
from gateway.registry import Department
from servicekit.contracts import Contracts
from servicekit.envelope import Event, MalformedEvent
from servicekit.tracing import current_traceparent

SOURCE_PREFIX = "/departments/"
FUTURE = timedelta(minutes=5)
OLDEST = timedelta(days=45)  # consumers remember the ids that they have seen for as long
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_TEXT_MAX = 200


def check(
    document: Any, department: Department, contracts: Contracts, now: datetime, language: str
) -> Event | Problem:
    """The event as it is published, or why it is refused."""
    if not isinstance(document, dict):
        return _invalid([field_error("", "not_an_object", language)])
    filled = _with_subject(document, contracts)
    errors = list(_envelope(filled, language))
    if errors:
        return _invalid(errors)
    try:
        event = Event.from_dict(filled)
    except MalformedEvent as malformed:
        return _invalid([_malformed(malformed.reason, language)])
    return (
        _not_yours(event, department, contracts, language)
        or _untimely(event, now, language)
        or _misshapen(event, department, contracts, language)
        or _published(event, contracts)
    )


def twice(language: str) -> Problem:
    """The refusal of a second event of a batch under the id of another."""
    return _invalid([field_error("/id", "id_twice", language)])


def id_of(document: Any) -> str | None:
    """The id a sender knows her event by, for the verdict."""
    given = document.get("id") if isinstance(document, dict) else None
    return given if isinstance(given, str) and len(given) <= _TEXT_MAX else None


def _with_subject(document: dict[str, Any], contracts: Contracts) -> dict[str, Any]:
    """CloudEvents leaves `subject` to the sender; ours is a field of the data, which the contract names."""
    if document.get("subject") is not None:
        return document
    named = contracts.schemas.get(str(document.get("type")), {}).get("x-subject")
    data = document.get("data")
    value = data.get(named) if isinstance(data, dict) else None
    return {**document, "subject": value} if isinstance(value, str) and value else document


def _envelope(document: Mapping[str, Any], language: str) -> list[FieldError]:
    errors = [
        field_error(f"/{name}" if name.isidentifier() and len(name) <= 40 else "", "bad_attribute", language)
        for name in document
        if name not in ("data", "data_base64") and not _ATTRIBUTE.fullmatch(name)
    ]
    if "data_base64" in document:
        errors.append(field_error("/data_base64", "unknown_field", language))
    content_type = document.get("datacontenttype")
    if content_type is not None and not str(content_type).lower().startswith("application/json"):
        errors.append(field_error("/datacontenttype", "not_a_choice", language, choices="application/json"))
    for name in ("id", "source", "type", "subject", "time"):
        value = document.get(name)
        if isinstance(value, str) and len(value) > _TEXT_MAX:
            errors.append(field_error(f"/{name}", "too_long", language, max=_TEXT_MAX))
    if isinstance(given := document.get("id"), str) and given and not _is_uuid(given):
        # Every consumer remembers ids, whoever sent them: they must not meet those of others.
        errors.append(field_error("/id", "not_a_uuid", language))
    return errors


def _malformed(reason: str, language: str) -> FieldError:
    """The envelope's refusals, by their constant phrases."""
    if reason == "unknown_specversion":
        return field_error("/specversion", "not_a_choice", language, choices="1.0")
    kind, _, name = reason.partition("_")
    if kind == "missing":
        return field_error(f"/{name}", "required", language)
    return field_error(f"/{name}", "not_a_time" if name == "time" else "invalid", language)


def _not_yours(event: Event, department: Department, contracts: Contracts, language: str) -> Problem | None:
    if event.source != SOURCE_PREFIX + department.code:
        own = SOURCE_PREFIX + department.code
        return Problem(
            "event-not-yours", errors=[field_error("/source", "other_source", language, source=own)]
        )
    if contracts.validators.get(event.type) is None or event.type not in department.types:
        own = ", ".join(sorted(department.types))
        return Problem("event-not-yours", errors=[field_error("/type", "other_type", language, types=own)])
    return None


def _untimely(event: Event, now: datetime, language: str) -> Problem | None:
    if event.time > now + FUTURE:
        return _invalid([field_error("/time", "in_the_future", language)])
    if event.time < now - OLDEST:
        late = field_error("/time", "too_late", language, days=OLDEST.days)
        return Problem("event-too-late", errors=[late])
    return None


def _misshapen(event: Event, department: Department, contracts: Contracts, language: str) -> Problem | None:
    errors = contract_errors.errors(contracts.validators[event.type], event.data, "/data", language)
    if errors:
        return _invalid(errors)
    unit = event.data.get("unit")
    if unit is not None and unit not in department.units:
        own = ", ".join(sorted(department.units))
        return Problem(
            "event-not-yours", errors=[field_error("/data/unit", "other_unit", language, units=own)]
        )
    return None


def _published(event: Event, contracts: Contracts) -> Event:
    """What goes on: our trace instead of a stranger's, and the contract it was checked against."""
    return Event(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        data=event.data,
        correlationid=event.correlationid or event.id,
        causationid=event.causationid,
        traceparent=current_traceparent(),
        dataschema=contracts.dataschema(event.type),
    )


def _invalid(errors: list[FieldError]) -> Problem:
    return Problem("event-invalid", errors=errors)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
