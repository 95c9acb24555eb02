"""Between the fields of the filing form and the submission that the gateway takes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .forms import first

Values = Mapping[str, Sequence[str]]


def attributes_of(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the service asks beyond the usual, in its order."""
    return sorted(service.get("attributes") or (), key=lambda attribute: attribute.get("order", 0))


def field_names(service: Mapping[str, Any]) -> list[str]:
    """Return the form's fields from top to bottom."""
    return [
        "channel",
        "received_at",
        "description",
        *(f"attr-{attribute['code']}" for attribute in attributes_of(service)),
        "address",
        "village",
        "lat",
        "lon",
        "title",
        "name",
        "email",
        "phone",
        "anonymous",
        "confidential",
    ]


def field_of_pointer(service: Mapping[str, Any]) -> dict[str, str]:
    """Return which field of the form each JSON pointer of a submission belongs to."""
    fields = {
        "/title": "title",
        "/description": "description",
        "/location": "address",
        "/location/address": "address",
        "/location/lat": "lat",
        "/location/lon": "lon",
        "/reporter": "name",
        "/reporter/name": "name",
        "/reporter/email": "email",
        "/reporter/phone": "phone",
        "/anonymous": "anonymous",
        "/confidential": "confidential",
        "/channel": "channel",
        "/received_at": "received_at",
    }
    for attribute in attributes_of(service):
        fields[f"/attributes/{attribute['code']}"] = f"attr-{attribute['code']}"
    return fields


def submission_of(
    service: Mapping[str, Any], values: Values, zone: str, *, for_others: bool
) -> dict[str, Any]:
    """Return the submission; what cannot be converted is passed on as typed, so that one place refuses it."""
    submission: dict[str, Any] = {
        "service_code": service["code"],
        "description": first(values, "description").strip(),
        "anonymous": first(values, "anonymous") == "yes",
        "confidential": first(values, "confidential") == "yes",
    }
    optional: dict[str, Any] = {
        "title": first(values, "title").strip(),
        "location": location_of(values) if service.get("location", "none") != "none" else None,
        "attributes": attribute_values(service, values, zone),
        "reporter": reporter_of(values),
    }
    if for_others:
        optional["channel"] = first(values, "channel")
        optional["received_at"] = moment_of(first(values, "received_at"), zone)
    return submission | {key: value for key, value in optional.items() if value}


def location_of(values: Values) -> dict[str, Any]:
    place = ", ".join(
        text for text in (first(values, "address").strip(), first(values, "village").strip()) if text
    )
    location: dict[str, Any] = {"address": place} if place else {}
    for name in ("lat", "lon"):
        if first(values, name).strip():
            location[name] = number_of(first(values, name))
    return location


def reporter_of(values: Values) -> dict[str, Any]:
    reporter = {
        name: first(values, name).strip()
        for name in ("name", "email", "phone")
        if first(values, name).strip()
    }
    language = first(values, "language")
    return reporter | ({"language": language} if language in ("id", "en") else {})


def attribute_values(service: Mapping[str, Any], values: Values, zone: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes_of(service):
        typed = [text.strip() for text in values.get(f"attr-{attribute['code']}", ()) if text.strip()]
        if not typed:
            continue
        match attribute.get("datatype"):
            case "multivaluelist":
                found[attribute["code"]] = typed
            case "number":
                found[attribute["code"]] = number_of(typed[0])
            case "datetime":
                found[attribute["code"]] = moment_of(typed[0], zone)
            case _:
                found[attribute["code"]] = typed[0]
    return found


def number_of(text: str) -> float | int | str:
    """Return a number as typed here (comma or point), or the text itself when it is none."""
    plain = text.strip().replace(" ", "").replace(",", ".").replace("\N{MINUS SIGN}", "-")
    try:
        number = float(plain)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in plain else number


def moment_of(text: str, zone: str) -> str:
    """Return a browser's local date and time with the city's zone, or the text itself when it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).isoformat()
