"""A small city and its cases, made for tests. Monday 2 November 2026, 09:00 in Jakarta, is the usual now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from complaints.domain.access import Actor, Permissions
from complaints.domain.actions import Action, Situation
from complaints.domain.calendar import WorkingCalendar
from complaints.domain.case import Case, Location, Step
from complaints.domain.city import Attribute, Catalogue, City, District, Service
from complaints.domain.deadlines import DeadlineRecord, Escalation, Span
from complaints.domain.filing import Submission, file_case
from complaints.domain.history import extend
from complaints.domain.workflow import perform

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
ZONE = ZoneInfo("Asia/Jakarta")
CODE, OTHER_CODE = "7K3M9QXD4TRWH", "2N8PFA6Y0KVCJ"
SECRET_HASH = "ab" * 32


def local(day: int, clock: str = "09:00", month: int = 11) -> datetime:
    """A moment of November 2026 in the city; the 2nd is a Monday."""
    hours, minutes = clock.split(":")
    return datetime(2026, month, day, int(hours), int(minutes), tzinfo=ZONE).astimezone(UTC)


NOW = local(2)


def calendar(days_off: tuple[date, ...] = (), **changes: Any) -> WorkingCalendar:
    usual: dict[str, Any] = {
        "zone": ZONE,
        "weekdays": frozenset(range(5)),
        "opens": time(8),
        "closes": time(16),
        "days_off": frozenset(days_off),
    }
    return WorkingCalendar(**{**usual, **changes})


def record(stage: str, amount: int, unit: str = "HK", **changes: Any) -> DeadlineRecord:
    usual: dict[str, Any] = {
        "id": f"{stage}-{amount}",
        "stage": stage,
        "kind": "*",
        "supervisory_class": "*",
        "span": Span(amount, unit),
        "warn_before": (),
        "escalate_after": (),
        "source": "test",
        "effective_from": date(2020, 1, 1),
    }
    return DeadlineRecord(**{**usual, **changes})


TELL_COORDINATOR = (Escalation(Span(0, "HK"), "coordinator"),)
RECORDS = (
    record("verify", 3, warn_before=(Span(1, "HK"),), escalate_after=TELL_COORDINATOR),
    record("assign", 1),
    record("first_response", 5),
    record(
        "resolve",
        14,
        warn_before=(Span(3, "HK"), Span(1, "HK")),
        escalate_after=(Escalation(Span(0, "HK"), "unit_head"), Escalation(Span(3, "HK"), "leader")),
    ),
    record("resolve", 60, kind="complaint", supervisory_class="supervisory"),
    record("info_wait", 10),
    record("silence", 10),
    record("reopen_window", 30, "calendar_day"),
    record("max_bounces", 2, "count"),
    record("max_pauses", 3, "count"),
)

CITY = City(
    code="kota",
    calendar=calendar(),
    records=RECORDS,
    coordinator_unit="diskominfo",
    inspectorate_unit="inspektorat",
    units=frozenset({"diskominfo", "inspektorat", "dpupr", "dlh", "pdam"}),
    districts=(District("1", "Barangin", ("Santur",)), District("2", "Talawi", ("Salak",))),
)


def service(code: str = "jalan", **changes: Any) -> Service:
    usual: dict[str, Any] = {
        "code": code,
        "city": "kota",
        "kind": "complaint",
        "unit": "dpupr",
        "supervisory": False,
        "location": "optional",
        "active": True,
        "attributes": {"lebar": Attribute("lebar", "singlevaluelist", False, frozenset({"kecil", "besar"}))},
    }
    return Service(**{**usual, **changes})


CATALOGUE = Catalogue(
    version=3,
    cities={"kota": CITY},
    services={
        "jalan": service(),
        "pungli": service("pungli", unit="inspektorat", supervisory=True, attributes={}),
        "lama": service("lama", active=False),
        "info": service("info", kind="information", attributes={}),
    },
    default_city="kota",
)


def permissions() -> Permissions:
    from servicekit.permissions import Permissions as Table

    return Table.load(CONTRACTS).table["complaints"]


COORDINATOR = Actor("staf-002", ("coordinator",), "diskominfo")
DESK = Actor("staf-003", ("desk",), "diskominfo")
OFFICER = Actor("staf-017", ("officer",), "dpupr")
OTHER_OFFICER = Actor("staf-018", ("officer",), "dlh")
HEAD = Actor("staf-010", ("unit_head",), "dpupr")
INSPECTOR = Actor("staf-030", ("inspector",), "inspektorat")
ADMIN = Actor("staf-001", ("admin",), None)
REPORTER_ACTOR = Actor(None, ("reporter",), None, SECRET_HASH)


def submission(**changes: Any) -> Submission:
    usual: dict[str, Any] = {
        "code": CODE,
        "service_code": "jalan",
        "kind": "complaint",
        "channel": "web",
        "language": "id",
        "accepted_at": NOW,
        "received_at": NOW,
        "anonymous": False,
        "confidential": False,
        "catalogue_version": 3,
        "contact_ref": "c-1",
        "contact_sealed": None,
        "title": "Lubang",
        "description": "Ada lubang besar di jalan.",
        "location": Location(-0.68123, 100.77876, "Jalan Contoh, Santur"),
        "attributes": (),
        "secret_hash": SECRET_HASH,
        "filed_by": None,
        "has_reporter": True,
    }
    return Submission(**{**usual, **changes})


def filed(now: datetime = NOW, catalogue: Catalogue = CATALOGUE, **changes: Any) -> Case:
    step = file_case(submission(**{"accepted_at": now, "received_at": now, **changes}), "r-1", catalogue, now)
    case, _ = extend(step.case, step.record, now)
    return case


def situation(at: datetime, actor: Actor = COORDINATOR, scope: str = "city", **changes: Any) -> Situation:
    by = "reporter" if actor.secret_hash else "staff"
    usual = Situation(at, actor.ref, by, frozenset({scope}), CATALOGUE, CITY)
    return replace(usual, **changes)


def did(
    case: Case, action: Action, at: datetime, actor: Actor = COORDINATOR, scope: str = "city", **changes: Any
) -> Case:
    return stepped(case, action, at, actor, scope, **changes).case


def stepped(
    case: Case, action: Action, at: datetime, actor: Actor = COORDINATOR, scope: str = "city", **changes: Any
) -> Step:
    step, _ = perform(case, action, situation(at, actor, scope, **changes))
    return step


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
