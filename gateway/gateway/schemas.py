"""The shapes that come in over JSON, as marshmallow schemas.

One schema gives both the check and the published description.
"""

from __future__ import annotations

import re

from marshmallow import fields, validate

from gateway.callers import LANGUAGES
from gateway.shapes import (
    ATTRIBUTES_MAX,
    ERRORS,
    Attributes,
    Choice,
    Degrees,
    Email,
    Flag,
    Items,
    Moment,
    Phone,
    Strict,
    Text,
    Word,
    load,
    nested,
    parse_time,
    pointer_to,
)

__all__ = [
    "ATTRIBUTES_MAX", "Contact", "Filing", "Location", "MarkRead", "Reporter", "Reveal",
    "load", "parse_time", "pointer_to",
]  # fmt: skip

TITLE_MAX, DESCRIPTION_MAX, NAME_MAX, ADDRESS_MAX = 200, 10_000, 200, 500
CHANNEL = re.compile(r"[a-z_]{2,30}")
REFERENCE = re.compile(r"[^\s/]{1,80}")
UNIT = re.compile(r"[a-z0-9-]{2,40}")
_NIK = re.compile(r"\d{16}")


class Location(Strict):
    """A point, an address in words, or both."""

    lat = Degrees(90, allow_none=True)
    lon = Degrees(180, allow_none=True)
    address = Text(ADDRESS_MAX, allow_none=True)


class Reporter(Strict):
    """Who reports. Everything is optional; with an e-mail address or phone number she is told each step."""

    name = Text(NAME_MAX, allow_none=True)
    email = Email(allow_none=True)
    phone = Phone(allow_none=True)
    nik = fields.String(
        allow_none=True,
        validate=validate.Regexp(_NIK, error="not_a_nik"),
        error_messages={**ERRORS, "invalid": "not_a_nik", "invalid_utf8": "not_a_nik"},
    )
    language = Choice(LANGUAGES, allow_none=True)


class Filing(Strict):
    """A case as it is handed in. The service decides whether a location and which attributes are needed."""

    service_code = Text(60, required=True, blank=False)
    title = Text(TITLE_MAX, allow_none=True)
    description = Text(DESCRIPTION_MAX, required=True, blank=False)
    location = nested(Location)
    attributes = Attributes(allow_none=True)
    reporter = nested(Reporter)
    anonymous = Flag(load_default=False)
    confidential = Flag(load_default=False)
    channel = Word(CHANNEL, allow_none=True)
    received_at = Moment(allow_none=True)


class Contact(Strict):
    """A member of staff or a citizen served at a counter, for notifications."""

    contact_ref = Word(REFERENCE, "not_a_reference", allow_none=True)
    audience = Choice(("staff", "citizen"), required=True)
    name = Text(NAME_MAX, allow_none=True)
    email = Email(allow_none=True)
    phone = Phone(allow_none=True)
    roles = Items(Word(CHANNEL), 20, load_default=list)
    unit = Word(UNIT, allow_none=True)
    language = Choice(LANGUAGES, load_default="id")
    active = Flag(load_default=True)


class Reveal(Strict):
    """Why somebody must know who reported. The reason is recorded."""

    reason = Text(500, required=True, blank=False)


class MarkRead(Strict):
    """Which messages were read; without `ids` all of them."""

    ids = Items(
        fields.String(error_messages={**ERRORS, "invalid": "not_text", "invalid_utf8": "not_text"}),
        500,
        allow_none=True,
    )
