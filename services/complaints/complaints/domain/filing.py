"""A submission becomes a case. Nothing is refused here: what cannot be taken as it is gets reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from complaints.domain.case import FILED, KINDS, REPORTER, STAFF, Case, Entry, Fact, Location, Record, Step
from complaints.domain.city import Catalogue, Service
from complaints.domain.course import with_clocks, with_stays

TITLE_LIMIT = 200
TEXT_LIMIT = 10_000
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Submission:
    """What `incoming.py` could read. `problems` are what it could not."""

    code: str
    service_code: str
    kind: str
    channel: str
    language: str
    accepted_at: datetime
    received_at: datetime
    anonymous: bool
    confidential: bool
    catalogue_version: int
    contact_ref: str | None
    contact_sealed: str | None
    title: str | None
    description: str | None
    location: Location | None
    attributes: tuple[tuple[str, Any], ...]
    secret_hash: str | None
    filed_by: str | None
    has_reporter: bool
    problems: tuple[str, ...] = ()
    unopened: str | None = None


# A case has seventy fields. To change a copy takes a third of the time that filling all of them takes.
_START = datetime.fromtimestamp(0, UTC)
_BLANK = Case("", "", "", "", "", "", False, False, False, _START, _START, _START)


def file_case(submission: Submission, reporter_ref: str | None, catalogue: Catalogue, now: datetime) -> Step:
    """The first version of a case, with its clocks running since it was received."""
    service = catalogue.services.get(submission.service_code)
    city = catalogue.city_of(submission.service_code)
    reasons = review_reasons(submission, service, catalogue, now)
    inspectorate = service.supervisory if service else False
    kind = service.kind if service else submission.kind if submission.kind in KINDS else KINDS[0]
    by = STAFF if submission.filed_by else REPORTER
    received_at = (
        min(submission.received_at, now) if "received_in_future" in reasons else submission.received_at
    )
    case = _BLANK.having(
        code=submission.code,
        city=city.code if city else "",
        service_code=submission.service_code,
        kind=kind,
        channel=submission.channel,
        language=submission.language,
        anonymous=submission.anonymous,
        confidential=submission.confidential,
        inspectorate=inspectorate,
        accepted_at=submission.accepted_at,
        received_at=received_at,
        updated_at=now,
        unit=city.inspectorate_unit if city and inspectorate else None,
        title=submission.title,
        description=submission.description,
        location=submission.location,
        area=city.area_of(submission.location) if city else None,
        attributes=submission.attributes,
        reporter_ref=reporter_ref,
        contact_ref=submission.contact_ref,
        secret_hash=submission.secret_hash,
        filed_by=submission.filed_by,
        catalogue_version=submission.catalogue_version,
        needs_review=bool(reasons),
        review_reasons=reasons,
        timeline=(Entry(received_at, "filed", FILED, by),),
        unopened=submission.unopened,
    )
    case = with_stays(None, with_clocks(case, catalogue, city, now), city, now, None)
    fact = Fact(
        "filed",
        {
            "channel": case.channel,
            "language": case.language,
            "accepted_at": case.accepted_at,
            "received_at": case.received_at,
            "filed_at": now,
            "needs_review": case.needs_review,
            "review_reasons": sorted(set(reasons)),
            "contact_sealed": submission.contact_sealed,
        },
    )
    details = {
        "service_code": case.service_code,
        "channel": case.channel,
        "title": case.title,
        "description": case.description,
    }
    return Step(case, (fact,), Record("file", submission.filed_by, by, None, FILED, details))


def review_reasons(
    submission: Submission, service: Service | None, catalogue: Catalogue, now: datetime
) -> tuple[str, ...]:
    """Why a coordinator has to look at the submission before anything else; empty when all is well."""
    reasons = list(submission.problems)
    if service is None:
        reasons.append("service_unknown")
    else:
        if not service.active:
            reasons.append("service_removed")
        if submission.kind != service.kind:
            reasons.append("kind_changed")
        if not submission.unopened:
            reasons.extend(_attribute_reasons(submission, service))
            reasons.extend(_location_reasons(submission, service, catalogue))
    if len(submission.title or "") > TITLE_LIMIT:
        reasons.append("title_too_long")
    if len(submission.description or "") > TEXT_LIMIT:
        reasons.append("text_too_long")
    if not (submission.description or "").strip() and not submission.unopened:
        reasons.append("text_missing")
    if submission.received_at > now + _CLOCK_SKEW:
        reasons.append("received_in_future")
    return tuple(dict.fromkeys(reasons))


def _attribute_reasons(submission: Submission, service: Service) -> list[str]:
    found = []
    given = dict(submission.attributes)
    for code, value in given.items():
        attribute = service.attributes.get(code)
        if attribute is None:
            found.append("attribute_unknown")
        elif attribute.keys and not set(value if isinstance(value, list) else [value]) <= attribute.keys:
            found.append("attribute_value_unknown")
    if any(attribute.required and attribute.code not in given for attribute in service.attributes.values()):
        found.append("attribute_missing")
    return found


def _location_reasons(submission: Submission, service: Service, catalogue: Catalogue) -> list[str]:
    location = submission.location
    if location is None:
        return ["location_missing"] if service.location == "required" else []
    city = catalogue.cities.get(service.city)
    # The gateway checked the point against the same version already; only a newer catalogue needs it again.
    if city is None or city.boundary is None or submission.catalogue_version == catalogue.version:
        return []
    if location.lat is None or location.lon is None or city.boundary.contains(location.lat, location.lon):
        return []
    return ["location_outside"]
