"""What surveys tells the others: events that validate against contracts/surveys.

What follows an answer (`survey.responded`, `survey.staff_aggregate_ready`) has a random id, the period's last
midnight as its time and neither correlation nor cause; it is appended untraced.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from servicekit.envelope import Event
from servicekit.ids import uuid7

SOURCE = "/surveys"
_SCHEMAS = "https://tanggap.id/contracts/surveys"


def invited(invite: Mapping[str, Any], token: str, at: datetime, zone: ZoneInfo, cause: Event) -> Event:
    return _event("survey.invited.v1", invite["invite_id"], at, invitation(invite, token, zone), cause=cause)


def reminder_due(invite: Mapping[str, Any], token: str, at: datetime, zone: ZoneInfo) -> Event:
    return _event("survey.reminder_due.v1", invite["invite_id"], at, invitation(invite, token, zone))


def invitation(invite: Mapping[str, Any], token: str, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "invite_id": invite["invite_id"],
        "contact_ref": invite["contact_ref"],
        "unit": invite["unit"],
        "service_code": invite["service_code"],
        "kind": invite["kind"],
        "token_path": f"/survei/{token}",
        "expires_at": end_of(date.fromisoformat(invite["expires_on"]), zone).isoformat(),
    }


def period_opened(period: Mapping[str, Any], at: datetime) -> Event:
    names = ("unit", "kind", "starts_on", "ends_on", "closes_on", "minimum_n")
    data = {"period": period["code"], **{name: period[name] for name in names}}
    return _event("survey.period_opened.v1", period["_id"], at, data)


def responded(period: Mapping[str, Any], service_code: str | None, mode: str | None, zone: ZoneInfo) -> Event:
    """One released answer. Its id is no answer's id: it only counts."""
    data = {
        "response_id": str(uuid.uuid4()),
        "period": period["code"],
        "unit": period["unit"],
        "service_code": service_code,
        "mode": mode,
    }
    return _untraced("survey.responded.v1", period["_id"], last_midnight(period, zone), data)


def period_closed(period: Mapping[str, Any], version: int, figures: Mapping[str, Any], at: datetime) -> Event:
    names = (
        "n n_shown population target ikm interval band band_version band_certain lowest missing cautions "
        "method questionnaire_version inputs_hash signature"
    ).split()
    data = {
        "unit": period["unit"],
        "period": period["code"],
        "kind": period["kind"],
        "version": version,
        "starts_on": period["starts_on"],
        "ends_on": period["ends_on"],
        "elements": [
            {name: element[name] for name in ("key", "n", "sum", "nrr", "band")}
            for element in figures["elements"]
        ],
        **{name: figures[name] for name in names},
    }
    return _event("survey.period_closed.v1", period["_id"], at, data, version=version)


def staff_aggregate(
    period: Mapping[str, Any], aggregate: Mapping[str, Any], method: str, zone: ZoneInfo
) -> Event:
    data = {**aggregate, "unit": period["unit"], "period": period["code"], "method": method}
    subject = f"{aggregate['staff_ref']}:{period['code']}"
    return _untraced("survey.staff_aggregate_ready.v1", subject, last_midnight(period, zone), data)


def improvement(name: str, row: Mapping[str, Any], at: datetime) -> Event:
    """`planned` and `due_soon` name the owner and the day, `done` the day and the evidence."""
    about = {"rtl_id": row["_id"], "unit": row["unit"], "period": row["period"], "element": row["element"]}
    names = ("done_on", "evidence_ref") if name == "done" else ("owner_ref", "due_on")
    data = about | {field: row[field] for field in names}
    return _event(f"improvement.{name}.v1", row["_id"], at, data)


def last_midnight(period: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    """00:00 in the city after the period's last day."""
    return datetime.combine(date.fromisoformat(period["ends_on"]) + timedelta(days=1), time(), zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone)


def _event(
    type_: str,
    subject: str,
    at: datetime,
    data: Mapping[str, Any],
    *,
    version: int | None = None,
    cause: Event | None = None,
) -> Event:
    id_ = uuid7()
    return Event(
        id=id_,
        source=SOURCE,
        type=type_,
        subject=subject,
        time=at,
        data=data,
        aggregateversion=version,
        correlationid=(cause.correlationid or cause.id) if cause else id_,
        causationid=cause.id if cause else None,
        traceparent=cause.traceparent if cause else None,
        dataschema=f"{_SCHEMAS}/{type_}.json",
    )


def _untraced(type_: str, subject: str, at: datetime, data: Mapping[str, Any]) -> Event:
    return Event(
        id=str(uuid.uuid4()),
        source=SOURCE,
        type=type_,
        subject=subject,
        time=at,
        data=data,
        dataschema=f"{_SCHEMAS}/{type_}.json",
    )
