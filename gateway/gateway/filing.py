"""A filing against the catalogue, and the event it becomes.

Plain functions: what a citizen may hand in under a service, and what of it is sealed for whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway import geometry
from gateway.callers import Caller
from gateway.catalogue import Catalogue
from gateway.codes import Identity, secret_digest, shown
from gateway.messages import field_error
from gateway.problems import FieldError
from gateway.schemas import parse_time, pointer_to
from servicekit.envelope import Event, format_time
from servicekit.sealing import KeyRing

SOURCE = "/gateway"
TYPE = "complaint.submitted.v1"
SCHEMA = "https://tanggap.id/contracts/gateway/complaint.submitted.v1.json"
_SELF_SERVICE_CHANNELS = frozenset(("web", "api"))
_OLDEST = timedelta(days=731)
_CLOCK_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules need beside the filing itself."""

    catalogue: Catalogue
    caller: Caller
    for_citizen: bool  # the caller may enter what a citizen brought to a desk
    channel: str  # when the filing names none
    now: datetime


def check(
    filing: dict[str, Any], around: Circumstances, misshapen: Sequence[FieldError] = ()
) -> list[FieldError]:
    """An error for every field the catalogue or the caller's role refuses.

    A field that is already refused for its shape is not refused a second time for being absent.
    Attributes of known codes are brought to their type in place; unknown codes stay as they came.
    """
    refused = [error.pointer for error in misshapen]
    return [
        error
        for error in _refusals(filing, around)
        if not any(known == error.pointer or known.startswith(f"{error.pointer}/") for known in refused)
    ]


def _refusals(filing: dict[str, Any], around: Circumstances) -> list[FieldError]:
    language = around.caller.language
    errors = [*_desk_fields(filing, around)]
    service = around.catalogue.service(filing.get("service_code") or "")
    location = filing.get("location") or {}
    incomplete = (location.get("lat") is None) != (location.get("lon") is None)
    if incomplete:
        errors.append(field_error("/location", "point_incomplete", language))
    if service is None or service.get("active") is False:
        if "service_code" in filing:
            errors.append(field_error("/service_code", "unknown_service", language))
        return errors
    if not incomplete:
        errors += _location(location, service, around)
    errors += _attributes(filing.get("attributes") or {}, service, language)
    return errors


def _desk_fields(filing: Mapping[str, Any], around: Circumstances) -> Iterator[FieldError]:
    channel, received_at = filing.get("channel"), filing.get("received_at")
    language = around.caller.language
    if channel is not None and channel not in _SELF_SERVICE_CHANNELS and not around.for_citizen:
        yield field_error("/channel", "desk_only", language)
    if received_at is None:
        return
    if not around.for_citizen:
        yield field_error("/received_at", "desk_only", language)
    elif received_at > around.now + _CLOCK_SKEW:
        yield field_error("/received_at", "in_the_future", language)
    elif received_at < around.now - _OLDEST:
        yield field_error("/received_at", "too_long_ago", language)


def _location(
    location: Mapping[str, Any], service: Mapping[str, Any], around: Circumstances
) -> Iterator[FieldError]:
    language = around.caller.language
    lat, lon = location.get("lat"), location.get("lon")
    point = (lon, lat) if lat is not None and lon is not None else None
    given = point is not None or bool(location.get("address"))
    wanted = service.get("location", "optional")
    if wanted == "required" and not given:
        yield field_error("/location", "location_required", language)
    elif wanted == "none" and given:
        yield field_error("/location", "location_not_taken", language)
    elif point is not None:
        boundary = around.catalogue.boundary(service.get("jurisdiction") or service.get("city"))
        if boundary is not None and not geometry.contains(boundary, *point):
            yield field_error("/location", "outside_boundary", language)


def _attributes(answers: dict[str, Any], service: Mapping[str, Any], language: str) -> Iterator[FieldError]:
    for definition in service.get("attributes") or ():
        code = definition["code"]
        pointer = pointer_to("attributes", code)
        if answers.get(code) in (None, "", []):
            if definition.get("required"):
                yield field_error(pointer, "required", language)
            continue
        value, code_of_error = _typed(answers[code], definition)
        if code_of_error:
            yield field_error(pointer, code_of_error, language)
        else:
            answers[code] = value


def _typed(value: Any, definition: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The value in the definition's type, or the code of what is wrong with it."""
    keys = [choice["key"] for choice in definition.get("values") or ()]
    match definition.get("datatype"):
        case "number":
            number = _number(value)
            return number, "not_a_number" if number is None else None
        case "datetime":
            return value, None if parse_time(value) is not None else "not_a_date"
        case "singlevaluelist":
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            return value, None if value in keys else "not_listed"
        case "multivaluelist":
            chosen = value if isinstance(value, list) else [value]
            return list(dict.fromkeys(chosen)), None if all(item in keys for item in chosen) else "not_listed"
        case _:
            return value, None if isinstance(value, str) else "not_text"


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def event(
    filing: Mapping[str, Any],
    identity: Identity,
    around: Circumstances,
    *,
    public_url: str,
    complaints: KeyRing,
    notifications: KeyRing,
    traceparent: str | None,
) -> Event:
    """The intake event of a checked filing: what the citizen wrote is sealed, the rest is for routing."""
    caller, service = around.caller, around.catalogue.service(filing["service_code"]) or {}
    reporter = {key: value for key, value in (filing.get("reporter") or {}).items() if value}
    language = reporter.pop("language", None) or caller.language
    reachable = bool(reporter.get("email") or reporter.get("phone"))
    received_at = filing.get("received_at") or around.now
    case = {
        "title": filing.get("title") or None,
        "description": filing["description"],
        "location": _place(filing.get("location")),
        "attributes": filing.get("attributes") or {},
        "reporter": reporter or None,
        "secret_hash": secret_digest(identity.secret),
        "filed_by": caller.ref,
    }
    contact = {
        "name": reporter.get("name"),
        "email": reporter.get("email"),
        "phone": reporter.get("phone"),
        "language": language,
        "link": f"{public_url}/lacak/{shown(identity.code)}/{identity.secret}",
    }
    return Event(
        id=identity.event_id,
        source=SOURCE,
        type=TYPE,
        subject=identity.code,
        time=around.now,
        dataschema=SCHEMA,
        correlationid=identity.event_id,
        traceparent=traceparent,
        data={
            "tracking_code": identity.code,
            "service_code": service["code"],
            "kind": service["kind"],
            "channel": filing.get("channel") or around.channel,
            "accepted_at": format_time(around.now),
            "received_at": format_time(received_at),
            "anonymous": filing.get("anonymous", False),
            "confidential": filing.get("confidential", False),
            "language": language,
            "catalogue_version": around.catalogue.version,
            "contact_ref": identity.contact_ref if reachable else None,
            "case_sealed": complaints.seal(case, recipient="complaints", context=identity.code),
            "contact_sealed": (
                notifications.seal(contact, recipient="notifications", context=identity.contact_ref)
                if reachable
                else None
            ),
        },
    )


def _place(location: Mapping[str, Any] | None) -> dict[str, Any] | None:
    location = location or {}
    if location.get("lat") is None and not location.get("address"):
        return None
    return {
        "lat": location.get("lat"),
        "lon": location.get("lon"),
        "address": location.get("address") or None,
    }
