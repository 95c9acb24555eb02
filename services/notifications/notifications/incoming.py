"""Tolerant readers of what we consume: only the fields we use, and nothing that is wrong gets further."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from notifications.domain.audiences import NAMED, ROLES, about_case
from notifications.domain.rules import PRIVATE_LINK
from notifications.store.people import ContactRow
from notifications.wording import LANGUAGES
from servicekit.envelope import Event

FILED = "complaint.filed.v1"
REFUSED = "event.rejected.v1"
CODES = {
    "unit.changed.v1": "unit",
    "service.changed.v1": "service_code",
    "department.changed.v1": "department",
}
"""The field that holds the code of what has a new name."""
_REFERENCES = ("contact_ref", "unit", "service_code", "department", *NAMED.values())
_SURVEY_PATH = re.compile(r"/survei/[0-9a-z]{20,80}")


class Unreadable(Exception):
    """An event that lacks what we need. The reason is a code."""


def case_of(event: Event) -> str:
    """The case an event is about. Raises Unreadable."""
    code = event.data.get("complaint_id")
    if not isinstance(code, str) or not code:
        raise Unreadable("missing_complaint_id")
    ref = event.data.get("contact_ref")
    if ref is not None and not isinstance(ref, str):
        raise Unreadable("invalid_contact_ref")
    return code


def check(event: Event) -> None:
    """Whether an event holds what we need to tell anybody. Raises Unreadable."""
    if about_case(event.type):
        case_of(event)
        return
    for name in _REFERENCES:
        if not isinstance(event.data.get(name), str | None):
            raise Unreadable(f"invalid_{name}")
    path = event.data.get(PRIVATE_LINK)
    if PRIVATE_LINK in event.data and not (isinstance(path, str) and _SURVEY_PATH.fullmatch(path)):
        raise Unreadable(f"invalid_{PRIVATE_LINK}")
    if event.type == REFUSED and not (
        event.data.get("department") and isinstance(event.data.get("message"), dict)
    ):
        raise Unreadable("missing_refusal")


def contact_from_filing(event: Event) -> ContactRow | None:
    """The reporter's sealed contact that a filed case brings along; None when there is none."""
    ref, sealed = event.data.get("contact_ref"), event.data.get("contact_sealed")
    if event.type != FILED or not isinstance(ref, str) or not isinstance(sealed, str):
        return None
    return ContactRow(
        ref=ref,
        audience="citizen",
        language=_language(event.data.get("language")),
        sealed=sealed,
        as_of=event.time,
    )


def submitted_contact(event: Event) -> ContactRow:
    """A contact handed in on its own. Raises Unreadable."""
    data = event.data
    ref, sealed, audience = data.get("contact_ref"), data.get("contact_sealed"), data.get("audience")
    if not isinstance(ref, str) or not ref or not isinstance(sealed, str):
        raise Unreadable("missing_contact")
    if audience not in ("staff", "citizen"):
        raise Unreadable("unknown_audience")
    roles = data.get("roles")
    unit = data.get("unit")
    return ContactRow(
        ref=ref,
        audience=audience,
        language=_language(data.get("language")),
        sealed=sealed,
        as_of=event.time,
        roles=tuple(role for role in roles if isinstance(role, str) and role in ROLES)
        if isinstance(roles, list)
        else (),
        unit=unit if isinstance(unit, str) else None,
        active=data.get("active") is not False,
    )


def name_row(event: Event) -> dict[str, Any]:
    """Our copy of a unit, a service or a department. Raises Unreadable."""
    code = event.data.get(CODES[event.type])
    version, name = event.data.get("version"), event.data.get("name")
    if not isinstance(code, str) or not isinstance(version, int) or not isinstance(name, dict):
        raise Unreadable("missing_name")
    texts = {language: name[language] for language in LANGUAGES if isinstance(name.get(language), str)}
    if "id" not in texts:
        raise Unreadable("missing_name")
    row = {"_id": code, "version": version, "name": {"en": texts["id"], **texts}}
    city = event.data.get("city")
    return {**row, "city": city} if isinstance(city, str) else row


def age(event: Event, now: datetime) -> timedelta:
    """How long an event has existed.

    Its `time` may lie far back where sample data travels in time; the id of a UUIDv7 always tells when it
    was made. The younger of the two counts.
    """
    made = event.time
    try:
        parsed = UUID(event.id)
    except ValueError:
        return now - made
    if parsed.version == 7:
        made = max(made, datetime.fromtimestamp((parsed.int >> 80) / 1000, UTC))
    return now - made


def _language(value: Any) -> str:
    return value if value in LANGUAGES else LANGUAGES[0]
