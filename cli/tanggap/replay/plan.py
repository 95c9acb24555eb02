"""A replay map: how a row of a file becomes a filing, and which actions its status means. Pure."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tanggap import city as cities
from tanggap.errors import CliError

UNIT = "$unit"
DUPLICATE = "$duplicate"
STEP_OPTIONS = {"by"}


@dataclass(frozen=True)
class Step:
    """One action and its payload; `by` overrides who acts."""

    action: str
    payload: dict[str, Any]
    by: str | None = None

    @property
    def needs_duplicate(self) -> bool:
        return DUPLICATE in self.payload.values()


@dataclass(frozen=True)
class Course:
    """What a row's status means: the actions, and the state the case ends in."""

    final: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Row:
    """A row as it will be sent.

    `same_matter` is the key of the row that this one repeats, if any; `point_left_out` says that the row
    has coordinates which are no place.
    """

    number: int
    key: str
    submission: dict[str, Any]
    unit: str | None
    supervisory: bool
    course: Course
    otherwise: Course | None
    same_matter: str | None
    point_left_out: bool = False


@dataclass(frozen=True)
class ReplayMap:
    """A map with the catalogue it belongs to. Every problem in it is a CliError that names the place."""

    file: Path
    city: dict[str, Any]
    document: dict[str, Any]

    @classmethod
    def load(cls, file: Path) -> "ReplayMap":
        document = cities.load_yaml(file)
        missing = [name for name in ("key", "service", "description", "outcomes") if name not in document]
        if missing:
            raise CliError(f"{file}: the map lacks {', '.join(missing)}.")
        return cls(file, cities.bundle(file.parent.parent), document)

    @property
    def city_directory(self) -> Path:
        return self.file.parent.parent

    def rows(self, file: Path, limit: int | None = None) -> list[Row]:
        """Every row of the file, or the first so many. Raises CliError on a repeated or missing key."""
        rows: list[Row] = []
        keys: set[str] = set()
        first_of: dict[tuple[str, ...], str] = {}
        lines = islice(read(file, self.document.get("delimiter", ",")), limit)
        for number, columns in enumerate(lines, start=1):
            row = self.row(number, columns, first_of)
            if not row.key or row.key in keys:
                raise CliError(f"{file.name}, row {number}: {self.document['key']} is empty or repeated.")
            keys.add(row.key)
            rows.append(row)
        return rows

    def row(self, number: int, columns: dict[str, str], first_of: dict[tuple[str, ...], str]) -> Row:
        values = {**columns, "n": str(number)}
        key = columns.get(self.document["key"], "").strip()
        service_code = mapped(self.document["service"], columns)
        service = self.services.get(service_code or "", {})
        outcome = self.outcome(number, columns)
        course = self.course(outcome, values)
        merges = any(step.needs_duplicate for step in course.steps)
        matter = self.matter(columns, service_code)
        if matter and not merges:
            first_of.setdefault(matter, key)
        named = columns.get(self.document.get("duplicate_key", ""), "").strip()
        left_out = whole_degrees(self.document.get("location"), columns)
        unit = mapped(self.document["unit"], columns) if "unit" in self.document else None
        supervisory = bool(service.get("supervisory"))
        inspectorate = self.city["city"].get("inspectorate_unit")
        return Row(
            number=number,
            key=key,
            submission=self.submission(values, columns, service_code),
            unit=inspectorate if supervisory else unit or service.get("unit"),
            supervisory=supervisory,
            course=course,
            otherwise=self.course(outcome["otherwise"], values) if "otherwise" in outcome else None,
            same_matter=(named or first_of.get(matter)) if merges else None,
            point_left_out=left_out,
        )

    def matter(self, columns: dict[str, str], service_code: str | None) -> tuple[str, ...]:
        """What two rows have in common that are about the same thing; empty when the row does not say."""
        values = [columns.get(name, "") for name in self.document.get("duplicate_of", [])]
        return (*values, str(service_code)) if values and all(values) else ()

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        return {service["code"]: service for service in self.city["services"]}

    def submission(
        self, values: dict[str, str], columns: dict[str, str], service_code: str | None
    ) -> dict[str, Any]:
        document = self.document
        body: dict[str, Any] = {
            "service_code": service_code or "",
            "description": fill(document["description"], values),
            "title": fill(document.get("title", ""), values),
            "location": location(document.get("location"), values),
            "attributes": self.attributes(values),
            "reporter": self.reporter(values),
            "channel": mapped(document["channel"], columns) if "channel" in document else None,
        }
        for flag in ("anonymous", "confidential"):
            if flag in document:
                body[flag] = columns.get(document[flag]["column"], "") in document[flag]["values"]
        return {name: value for name, value in body.items() if value not in (None, "", {})}

    def attributes(self, values: dict[str, str]) -> Any:
        filled = {
            code: value
            for code, template in self.document.get("attributes", {}).items()
            if (value := attribute(template, values))
        }
        text = values.get(self.document.get("attributes_json", ""), "").strip()
        if not text:
            return filled
        try:
            return filled | json.loads(text)
        except (ValueError, TypeError):
            # Sent as it stands, for the gateway to refuse by its pointer.
            return text

    def reporter(self, values: dict[str, str]) -> dict[str, str]:
        filled = {name: fill(text, values) for name, text in self.document.get("reporter", {}).items()}
        present = {name: value for name, value in filled.items() if value}
        own = values.get(self.document.get("language_column", ""), "").strip()
        language = own or self.document.get("language")
        if present and language:
            present.setdefault("language", language)
        return present

    def outcome(self, number: int, columns: dict[str, str]) -> dict[str, Any]:
        for outcome in self.document["outcomes"]:
            conditions = outcome.get("when", {})
            if all(columns.get(name, "") in as_list(wanted) for name, wanted in conditions.items()):
                found: dict[str, Any] = outcome
                return found
        raise CliError(f"{self.file.name}: no outcome matches row {number}.")

    def course(self, outcome: dict[str, Any], values: dict[str, str]) -> Course:
        steps = []
        for item in outcome.get("steps", []):
            ((action, payload),) = item.items()
            filled = {name: fill_any(value, values) for name, value in (payload or {}).items()}
            by = filled.pop("by", None)
            steps.append(Step(action, filled, by))
        return Course(outcome["final"], tuple(steps))


def find(name: str, root: Path) -> Path:
    """A map by its path, or by its name among `cities/*/replay/*.yaml`."""
    if Path(name).is_file():
        return Path(name).absolute()
    found = sorted(root.glob(f"cities/*/replay/{name}.yaml"))
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted(file.stem for file in root.glob("cities/*/replay/*.yaml"))) or "none"
    raise CliError(f"There is no map called {name!r}; known: {known}.")


def read(file: Path, delimiter: str) -> Iterator[dict[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        for columns in csv.DictReader(lines, delimiter=delimiter):
            yield {name: value or "" for name, value in columns.items() if isinstance(name, str)}


def mapped(rule: dict[str, Any], columns: dict[str, str]) -> str | None:
    """A column's value through the rule's table; without a table the value itself."""
    value = columns.get(rule["column"], "").strip()
    if "values" not in rule:
        return value or rule.get("default")
    found: str | None = rule["values"].get(value, rule.get("default"))
    return found


def fill(template: str, values: dict[str, str]) -> str:
    """`{Column}` replaced by the row's value; a column that the file lacks is an error."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise CliError(f"The map uses the column {name!r}, which the file does not have.")
        return values[name]

    return re.sub(r"\{([^{}]+)\}", value, template).strip()


def fill_any(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {name: fill_any(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill_any(inner, values) for inner in value]
    return value


def attribute(template: Any, values: dict[str, str]) -> Any:
    """A filled text, or a date column read by its format and written as ISO 8601 in its zone."""
    if not isinstance(template, dict):
        return fill_any(template, values)
    text = fill("{" + template["column"] + "}", values)
    if not text or "format" not in template:
        return text
    moment = datetime.strptime(text, template["format"])
    return moment.replace(tzinfo=ZoneInfo(template.get("timezone", "UTC"))).isoformat()


def location(rule: dict[str, str] | None, values: dict[str, str]) -> dict[str, Any]:
    if rule is None:
        return {}
    place: dict[str, Any] = {}
    latitude, longitude = values.get(rule.get("lat", ""), ""), values.get(rule.get("lon", ""), "")
    if not whole_degrees(rule, values):
        # One without the other is sent too: the gateway refuses it and says so.
        point = {"lat": latitude, "lon": longitude}
        place = {name: number(text) for name, text in point.items() if text}
    address = fill(rule.get("address", ""), values)
    if address:
        place["address"] = address
    return place


def whole_degrees(rule: dict[str, str] | None, values: dict[str, str]) -> bool:
    """The map drops points of whole degrees, and this is one: it was rounded until it is no place."""
    if rule is None or rule.get("whole_degrees") != "drop":
        return False
    numbers = [number(values.get(rule[name], "")) for name in ("lat", "lon")]
    return any(isinstance(value, float) and value.is_integer() for value in numbers)


def number(text: str) -> float | str:
    """A number; what is none is sent as it stands, for the gateway to refuse by its pointer."""
    try:
        return float(text)
    except ValueError:
        return text


def as_list(value: Any) -> Iterable[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
