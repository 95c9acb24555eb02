"""Members of staff as the HR system or an import tells them, under an opaque reference and no name.

Sources: evaluation.md §1 (staff appear only as `staff_ref`), PermenPANRB 6/2022 (who is rated: PNS and
PPPK). Staff who are no ASN handle cases and are never rated.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from evaluation.errors import Fault

STATUSES = ("asn_pns", "asn_pppk", "non_asn")
_REF = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,79}$")
_UNIT = re.compile(r"^[a-z0-9-]{2,40}$")
_KEY = re.compile(r"^[a-z0-9_-]{1,60}$")
_MOST_TYPES, _MOST_COMPETENCIES, _HIGHEST_LEVEL = 20, 60, 10

FIELDS = (
    "unit",
    "status",
    "position",
    "service_types",
    "rater_ref",
    "superior_ref",
    "competencies",
    "active",
)


@dataclass(frozen=True, slots=True)
class Staff:
    """One person. `version` counts the HR system's changes; an import leaves it as it is."""

    staff_ref: str
    version: int
    unit: str
    status: str
    position: str
    service_types: tuple[str, ...] = ()
    rater_ref: str | None = None
    superior_ref: str | None = None
    competencies: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    active: bool = True

    @property
    def is_asn(self) -> bool:
        return self.status != "non_asn"

    def facts(self) -> dict[str, Any]:
        """What is compared and shown: everything but the version."""
        found = asdict(self)
        found["service_types"] = list(self.service_types)
        return {name: found[name] for name in FIELDS}


def digest(person: Staff) -> str:
    """A short sum of what is said about a person, to order two claims of one version."""
    text = json.dumps(person.facts(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Staff | None, after: Staff) -> dict[str, list[Any]]:
    """Each field that differs, as `[old, new]`; everything is new where there was nobody."""
    old = before.facts() if before else dict.fromkeys(FIELDS)
    new = after.facts()
    return {name: [old[name], new[name]] for name in FIELDS if old[name] != new[name]}


def read_row(row: Any) -> tuple[Staff | None, list[Fault]]:
    """A person from an event's data or an import's row; every fault by its pointer, no value in it.

    Lists may be written as text, as a CSV file has to: `complaint;document` for service types,
    `melayani=3/2;digital=2` for competencies (required level, then the assessed one if there is one).
    """
    if not isinstance(row, Mapping):
        return None, [Fault("", "not_an_object", "A row must be an object.")]
    reader = _Reader(row)
    version = row.get("version")
    if version is None or version == "":
        version = 0
    if isinstance(version, str) and version.isdigit():
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 2**53:
        reader.fault("version", "not_a_number", "A version is a whole number that only grows.")
        version = 0
    person = Staff(
        staff_ref=reader.ref("staff_ref", required=True) or "",
        version=version,
        unit=reader.matching("unit", _UNIT, "unit_code", "This field must be a unit's code."),
        status=reader.one_of("status", STATUSES),
        position=reader.text("position", 120),
        service_types=reader.keys("service_types"),
        rater_ref=reader.ref("rater_ref"),
        superior_ref=reader.ref("superior_ref"),
        competencies=reader.competencies(),
        active=reader.flag("active", default=True),
    )
    if person.rater_ref is not None and person.rater_ref == person.staff_ref:
        reader.fault("rater_ref", "own_rater", "Nobody rates oneself: name another rating officer.")
    if person.superior_ref is not None and person.superior_ref == person.staff_ref:
        reader.fault("superior_ref", "own_superior", "Nobody decides about an objection of one's own.")
    if person.superior_ref is not None and person.superior_ref == person.rater_ref:
        reader.fault("superior_ref", "superior_is_rater", "Objections are decided by the rater's superior.")
    return (None if reader.faults else person), reader.faults


class _Reader:
    """Reads the fields of one row and collects what is wrong with them."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self.faults: list[Fault] = []

    def fault(self, name: str, code: str, detail: str) -> None:
        self.faults.append(Fault(f"/{name}", code, detail))

    def _value(self, name: str) -> Any:
        value = self._row.get(name)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def ref(self, name: str, *, required: bool = False) -> str | None:
        value = self._value(name)
        if value is None:
            if required:
                self.fault(name, "required", "This field is required.")
            return None
        if not isinstance(value, str) or not _REF.match(value):
            self.fault(name, "not_a_reference", "A reference has 1 to 80 letters, digits and . _ : @ -")
            return None
        return value

    def matching(self, name: str, pattern: re.Pattern[str], code: str, detail: str) -> str:
        value = self._value(name)
        if value is None:
            self.fault(name, "required", "This field is required.")
        elif not isinstance(value, str) or not pattern.match(value):
            self.fault(name, code, detail)
        else:
            return value
        return ""

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._value(name)
        if value is None:
            self.fault(name, "required", "This field is required.")
        elif value not in choices:
            self.fault(name, "unknown_value", f"Expected one of: {', '.join(choices)}.")
        else:
            return str(value)
        return ""

    def text(self, name: str, limit: int) -> str:
        value = self._value(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > limit or "\x00" in value:
            self.fault(name, "not_a_text", f"Expected a text of at most {limit} characters.")
            return ""
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        known = {"true": True, "ya": True, "yes": True, "1": True}
        known |= {"false": False, "tidak": False, "no": False, "0": False}
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        self.fault(name, "not_a_flag", "Expected true or false.")
        return default

    def keys(self, name: str) -> tuple[str, ...]:
        value = self._value(name)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [part.strip() for part in re.split(r"[;,|]", value) if part.strip()]
        if (
            not isinstance(value, list | tuple)
            or len(value) > _MOST_TYPES
            or not all(isinstance(one, str) and _KEY.match(one) for one in value)
        ):
            self.fault(name, "not_a_list", "Expected a list of short codes, separated by semicolons.")
            return ()
        return tuple(sorted(set(value)))

    def competencies(self) -> dict[str, dict[str, int | None]]:
        value = self._value("competencies")
        if value is None:
            return {}
        if isinstance(value, str):
            value = _written_competencies(value)
        if not isinstance(value, Mapping) or len(value) > _MOST_COMPETENCIES:
            self.fault("competencies", "not_competencies", "Expected key=required/assessed, with semicolons.")
            return {}
        found: dict[str, dict[str, int | None]] = {}
        for key, levels in value.items():
            required = levels.get("required") if isinstance(levels, Mapping) else None
            assessed = levels.get("assessed") if isinstance(levels, Mapping) else None
            if not isinstance(key, str) or not _KEY.match(key):
                self.fault("competencies", "unknown_key", "A competency has a short lower-case key.")
            elif not _is_level(required) or not (assessed is None or _is_level(assessed)):
                self.fault(f"competencies/{key}", "not_a_level", f"Levels are 0 to {_HIGHEST_LEVEL}.")
            else:
                found[key] = {"required": required, "assessed": assessed}
        return dict(sorted(found.items()))


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _HIGHEST_LEVEL


def _written_competencies(text: str) -> dict[str, dict[str, int | None]] | None:
    found: dict[str, dict[str, int | None]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        key, equals, levels = part.partition("=")
        required, _, assessed = levels.partition("/")
        if not equals or not required.strip().isdigit():
            return None
        if assessed.strip() and not assessed.strip().isdigit():
            return None
        found[key.strip()] = {
            "required": int(required),
            "assessed": int(assessed) if assessed.strip() else None,
        }
    return found
