"""What staff hand in for surveys, evaluation and departments. Rules that lie in a service stay open here."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from gateway.problems import Problem
from gateway.schemas import REFERENCE, UNIT
from gateway.shapes import ERRORS, Day, Flag, Items, Strict, Text, Whole, Word, load, nested

PERIOD = re.compile(r"\d{4}(-Q[1-4](-R4)?|-H[12])?")
ELEMENT = re.compile(r"[a-z0-9_-]{2,60}")
EVENT_TYPE = re.compile(r"[a-z_.]{3,60}\.v\d{1,3}")
DIGEST = re.compile(r"[0-9a-f]{64}")
TEXT_MAX = 5000
ROWS_MAX = 1000


class Anything(fields.Dict):
    """An object whose rules lie in the service."""

    default_error_messages = {**ERRORS, "invalid": "not_an_object"}


class NewCounter(Strict):
    """A link and QR code for a counter; good for `valid_days` days, or as long as the city allows."""

    unit = Word(UNIT, required=True)
    service_code = Text(60, allow_none=True, load_default=None)
    counter = Text(80, required=True, blank=False)
    valid_days = Whole(allow_none=True, load_default=None)


class NewImprovement(Strict):
    """What will be done about an element, by whom, and until when."""

    unit = Word(UNIT, required=True)
    period = Word(PERIOD, "not_a_period", required=True)
    element = Word(ELEMENT, required=True)
    action = Text(TEXT_MAX, required=True, blank=False)
    owner_ref = Word(REFERENCE, "not_a_reference", required=True)
    due_on = Day(required=True)


class Moderation(Strict):
    """publish: the comment without names, if any had to go."""

    text = Text(TEXT_MAX, allow_none=True, load_default=None)


class Reason(Strict):
    reason = Text(TEXT_MAX, allow_none=True, load_default=None)


class OfficialRecord(Strict):
    """Where the official result is kept; by default as the city's policy says."""

    kind = Word(re.compile(r"[a-z-]{2,30}"), required=True)
    reference = Text(200, allow_none=True)


class NewEvaluation(Strict):
    """A performance period of a member of staff."""

    staff_ref = Word(REFERENCE, "not_a_reference", required=True)
    start = Day(required=True)
    end = Day(required=True)
    official_record = nested(OfficialRecord, load_default=None)


class StaffImport(Strict):
    """Staff to be imported; with `dry_run` only the difference is told."""

    rows = Items(Anything(), ROWS_MAX, required=True)
    dry_run = Flag(load_default=False)


class Comment(Strict):
    text = Text(TEXT_MAX, required=True, blank=False)


class Enrol(Strict):
    recommendation_id = Word(REFERENCE, "not_a_reference", allow_none=True, load_default=None)


class Decision(Strict):
    """approve: which offers; decline: why."""

    reason = Text(TEXT_MAX, allow_none=True, load_default=None)
    offer_ids = Items(Word(REFERENCE, "not_a_reference"), 20, load_default=list)


class Name(Strict):
    id = Text(200, required=True, blank=False)
    en = Text(200, required=True, blank=False)


class DepartmentEntry(Strict):
    """A department's registration. The key is made by the caller; only its SHA-256 comes here."""

    name = nested(Name, required=True)
    unit = Word(UNIT, required=True)
    units = Items(Word(UNIT), 50, load_default=list)
    types = Items(Word(EVENT_TYPE), 50, required=True)
    active = Flag(load_default=True)
    key_hash = Word(DIGEST, "not_a_digest", allow_none=True, load_default=None)


class KeyHash(Strict):
    """rotate: the SHA-256 of the new key."""

    key_hash = Word(DIGEST, "not_a_digest", allow_none=True, load_default=None)


def loaded(schema: Strict, document: Any, language: str) -> dict[str, Any]:
    """The document as JSON again, checked. Raises Problem invalid-input."""
    checked, errors = load(schema, document, language)
    if errors:
        raise Problem("invalid-input", errors=errors)
    return {name: _plain(value) for name, value in checked.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
