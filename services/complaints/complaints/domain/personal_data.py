"""Personal data that citizens type into their own reports, found before anything is published."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = "[{}]"
_LABELS = {"nik": "nomor identitas", "phone": "nomor telepon", "email": "alamat e-mail"}

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}")
# Sixteen digits, often written in groups: province, regency, district, date of birth, serial number.
_NIK = re.compile(r"(?<!\d)\d(?:[ .\-]?\d){15}(?!\d)")
# +62, 62 or 0, then 8 (mobile) or an area code; separators between the groups.
_PHONE = re.compile(r"(?<![\d+])(?:\+62|62|0)(?:[ .\-()]{0,2}\d){8,12}(?!\d)")


@dataclass(frozen=True, slots=True)
class Redaction:
    text: str
    findings: tuple[str, ...]


def redact(text: str) -> Redaction:
    """The text with identity numbers, phone numbers and e-mail addresses blanked, and what was found.

    A proposal for the person who releases the text, who reads it anyway: it errs towards blanking.
    """
    findings = []
    for kind, pattern in (("email", _EMAIL), ("nik", _NIK), ("phone", _PHONE)):
        text, count = pattern.subn(_MARK.format(_LABELS[kind]), text)
        if count:
            findings.append(kind)
    return Redaction(text, tuple(findings))
