"""Reading a city's bundle: its shape, and that it refers to nothing that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

from complaints.domain.case import KINDS
from complaints.domain.deadlines import (
    ANY,
    INFO_WAIT,
    RESOLVE,
    SILENCE,
    UNITS,
    VERIFY,
    DeadlineRecord,
    Escalation,
    Span,
    choose_record,
)
from complaints.errors import Fault, NotValid

Document = dict[str, Any]

_CODE = validate.Regexp(r"^[a-z0-9-]{2,40}$")
# Without these a case could wait for ever, so a city without them is not taken in.
_REQUIRED_STAGES = (VERIFY, RESOLVE, INFO_WAIT, SILENCE)


class _Open(Schema):
    """Fields that are not named here are kept as they are: the gateway and the pages use them."""

    class Meta:
        unknown = INCLUDE


class _Name(_Open):
    id = fields.String(required=True, validate=validate.Length(min=1, max=200))
    en = fields.String(load_default=None, allow_none=True)


class _Span(_Open):
    amount = fields.Integer(required=True, validate=validate.Range(min=0, max=10_000))
    unit = fields.String(required=True, validate=validate.OneOf(UNITS))


class _Escalation(_Span):
    to_role = fields.String(
        required=True, validate=validate.OneOf(("coordinator", "unit_head", "inspector", "leader"))
    )


class DeadlineSchema(_Span):
    id = fields.String(required=True, validate=validate.Length(min=1, max=80))
    stage = fields.String(required=True)
    kind = fields.String(load_default=ANY, validate=validate.OneOf((ANY, *KINDS)))
    supervisory_class = fields.String(load_default=ANY, data_key="class")
    warn_before = fields.List(fields.Nested(_Span), load_default=list)
    escalate_after = fields.List(fields.Nested(_Escalation), load_default=list)
    source = fields.String(required=True, validate=validate.Length(min=1))
    effective_from = fields.Date(required=True)
    effective_to = fields.Date(load_default=None, allow_none=True)


class ResolveWithinSchema(_Span):
    source = fields.String(required=True, validate=validate.Length(min=1))
    effective_from = fields.Date(required=True)
    warn_before = fields.List(fields.Nested(_Span), load_default=list)
    escalate_after = fields.List(fields.Nested(_Escalation), load_default=list)


class _OfficeHours(_Open):
    days = fields.List(
        fields.Integer(validate=validate.Range(0, 6)), required=True, validate=validate.Length(min=1)
    )
    open = fields.Time(required=True, format="%H:%M")
    close = fields.Time(required=True, format="%H:%M")


class _City(_Open):
    code = fields.String(required=True, validate=_CODE)
    name = fields.Raw(required=True)
    timezone = fields.String(required=True)
    office_hours = fields.Nested(_OfficeHours, required=True)
    coordinator_unit = fields.String(required=True)
    inspectorate_unit = fields.String(required=True)


class _Unit(_Open):
    code = fields.String(required=True, validate=_CODE)
    name = fields.Nested(_Name, required=True)
    active = fields.Boolean(load_default=True)
    parent = fields.String(load_default=None, allow_none=True)


class _Attribute(_Open):
    code = fields.String(required=True, validate=validate.Length(min=1, max=80))
    datatype = fields.String(required=True)
    required = fields.Boolean(load_default=False)
    values = fields.List(fields.Dict(), load_default=list, allow_none=True)


class _Service(_Open):
    code = fields.String(required=True, validate=validate.Length(min=1, max=60))
    name = fields.Nested(_Name, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    unit = fields.String(required=True)
    location = fields.String(
        load_default="optional", validate=validate.OneOf(("required", "optional", "none"))
    )
    supervisory = fields.Boolean(load_default=False)
    active = fields.Boolean(load_default=True)
    attributes = fields.List(fields.Nested(_Attribute), load_default=list, allow_none=True)
    resolve_within = fields.Nested(ResolveWithinSchema, load_default=None, allow_none=True)


class _Override(_Open):
    date = fields.Date(required=True)
    working = fields.Boolean(required=True)


class CalendarSchema(_Open):
    country = fields.String(required=True)
    subdivision = fields.String(load_default=None, allow_none=True)
    joint_leave = fields.Boolean(load_default=False)
    overrides = fields.List(fields.Nested(_Override), load_default=list, allow_none=True)


class _Jurisdiction(_Open):
    code = fields.String(required=True)
    name = fields.Raw(required=True)
    boundary = fields.Dict(load_default=None, allow_none=True)


class _Bundle(_Open):
    city = fields.Nested(_City, required=True)
    units = fields.List(fields.Nested(_Unit), required=True)
    services = fields.List(fields.Nested(_Service), required=True)
    deadlines = fields.List(fields.Nested(DeadlineSchema), required=True)
    calendar = fields.Nested(CalendarSchema, required=True)
    jurisdictions = fields.List(fields.Nested(_Jurisdiction), load_default=list)


_SCHEMA = _Bundle()


def check_bundle(bundle: Any) -> None:
    """Raise NotValid naming every fault of a bundle by its JSON pointer; a sound one passes unchanged."""
    try:
        loaded = _SCHEMA.load(bundle)
    except ValidationError as error:
        raise NotValid(list(_faults(error.messages, ""))) from None
    faults = [*_repeated(loaded), *_dangling(loaded), *_unusable(loaded)]
    if faults:
        raise NotValid(faults)


def _faults(messages: Any, pointer: str) -> Iterable[Fault]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _faults(inner, pointer if name == "_schema" else f"{pointer}/{name}")
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield Fault(pointer, "invalid", str(message))


def _repeated(bundle: Document) -> Iterable[Fault]:
    for part, key in (("units", "code"), ("services", "code"), ("deadlines", "id")):
        seen: set[str] = set()
        for number, item in enumerate(bundle[part]):
            if item[key] in seen:
                yield Fault(f"/{part}/{number}/{key}", "repeated", "This code is used twice.")
            seen.add(item[key])


def _dangling(bundle: Document) -> Iterable[Fault]:
    units = {unit["code"] for unit in bundle["units"]}
    for name in ("coordinator_unit", "inspectorate_unit"):
        if bundle["city"][name] not in units:
            yield Fault(f"/city/{name}", "unknown_unit", "This unit is not among the units.")
    for number, service in enumerate(bundle["services"]):
        if service["unit"] not in units:
            yield Fault(f"/services/{number}/unit", "unknown_unit", "This unit is not among the units.")
    for number, unit in enumerate(bundle["units"]):
        if unit["parent"] is not None and unit["parent"] not in units:
            yield Fault(f"/units/{number}/parent", "unknown_unit", "This unit is not among the units.")


def _unusable(bundle: Document) -> Iterable[Fault]:
    try:
        ZoneInfo(bundle["city"]["timezone"])
    except (ZoneInfoNotFoundError, ValueError):
        yield Fault("/city/timezone", "unknown_zone", "This is not a time zone.")
    hours = bundle["city"]["office_hours"]
    if hours["open"] >= hours["close"]:
        yield Fault("/city/office_hours", "no_hours", "The office must open before it closes.")
    try:
        holidays.country_holidays(bundle["calendar"]["country"], years=2026)
    except NotImplementedError:
        yield Fault("/calendar/country", "unknown_country", "No holidays are known for this country.")
    records = [to_record(row) for row in bundle["deadlines"]]
    newest = max((record.effective_from for record in records), default=date.min)
    for stage in _REQUIRED_STAGES:
        for kind in sorted({service["kind"] for service in bundle["services"]} or {KINDS[0]}):
            missing = [
                c for c in ("ordinary", "supervisory") if not choose_record(records, stage, kind, c, newest)
            ]
            # Only complaints have a class; the other kinds are ordinary.
            if "ordinary" in missing or (missing and kind == "complaint"):
                yield Fault("/deadlines", "missing", f"No deadline for stage {stage} of kind {kind}.")


def to_record(row: Document) -> DeadlineRecord:
    return DeadlineRecord(
        id=row["id"],
        stage=row["stage"],
        kind=row["kind"],
        supervisory_class=row["supervisory_class"],
        span=Span(row["amount"], row["unit"]),
        warn_before=tuple(Span(span["amount"], span["unit"]) for span in row["warn_before"]),
        escalate_after=tuple(
            Escalation(Span(step["amount"], step["unit"]), step["to_role"]) for step in row["escalate_after"]
        ),
        source=row["source"],
        effective_from=row["effective_from"],
        effective_to=row["effective_to"],
    )
