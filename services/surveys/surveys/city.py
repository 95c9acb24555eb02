"""A city's questionnaires, band tables and policy: read, and refused as a whole when anything is wrong.

<city>/city.yaml                    time zone
<city>/surveys/questionnaires.yaml  immutable versions of what is asked
<city>/surveys/bands.yaml           band tables by version
<city>/surveys/policy.yaml          what the city decides, each row with source, first day and certainty
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from servicekit.yaml_files import read_yaml
from surveys.domain.bands import Band, BandTable, table_on
from surveys.domain.canonical import canonical
from surveys.domain.periods import KINDS
from surveys.domain.publication import Guards
from surveys.domain.questionnaire import Element, Field, Questionnaire, questionnaire_on
from surveys.domain.releasing import Rule
from surveys.domain.tallies import PersonRule
from surveys.errors import CityRefused

CERTAINTIES = ("confirmed", "unconfirmed")
INTEGERS = (
    "stays_open_days minimum_n minimum_element_n minimum_cell invite_days reminder_days counter_valid_days "
    "counter_answers_per_day device_answers_per_day release_batch release_keep_back person_minimum_n "
    "person_minimum_officers person_minimum_stratum person_minimum_city_stratum improvement_warn_days"
).split()
FRACTIONS = ("assisted_share_caution", "alert_ikm_change", "alert_nrr_change")
# Below these nobody's secret is kept any more: a city may be stricter, not looser (surveys.md §1, §13).
FLOORS = {
    "minimum_n": 10,
    "minimum_cell": 5,
    "release_batch": 5,
    "release_keep_back": 0,
    "person_minimum_n": 10,
    "person_minimum_officers": 3,
    "person_minimum_stratum": 5,
}


class _Both(Schema):
    class Meta:
        unknown = RAISE

    id = fields.String(required=True)
    en = fields.String(required=True)


class _Strict(Schema):
    class Meta:
        unknown = RAISE

    source = fields.String()
    certainty = fields.String(validate=validate.OneOf(CERTAINTIES))


class _Element(_Strict):
    key = fields.String(required=True, validate=validate.Regexp(r"^[a-z_]{3,40}$"))
    list_order = fields.Integer(required=True)
    question_order = fields.Integer(required=True)
    name = fields.Nested(_Both, required=True)
    question = fields.Nested(_Both, required=True)
    labels = fields.List(fields.Nested(_Both), required=True, validate=validate.Length(equal=4))


class _Option(Schema):
    class Meta:
        unknown = RAISE

    key = fields.String(required=True)
    name = fields.Nested(_Both, required=True)


class _Field(_Strict):
    key = fields.String(required=True)
    name = fields.Nested(_Both, required=True)
    options = fields.List(fields.Nested(_Option), required=True)


class _Consent(_Strict):
    version = fields.String(required=True)
    effective_from = fields.Date()
    process = fields.Nested(_Both, required=True)
    contact = fields.Nested(_Both, required=True)
    publish_comment = fields.Nested(_Both, required=True)


class _Questionnaire(_Strict):
    id = fields.String(required=True)
    version = fields.String(required=True)
    valid_from = fields.Date(required=True)
    source = fields.String(required=True)
    certainty = fields.String(required=True, validate=validate.OneOf(CERTAINTIES))
    lead = fields.Nested(_Both, required=True)
    privacy = fields.Nested(_Both, required=True)
    consent = fields.Nested(_Consent, required=True)
    elements = fields.List(fields.Nested(_Element), required=True, validate=validate.Length(min=1))
    respondent = fields.List(fields.Nested(_Field), required=True)


class _Band(Schema):
    class Meta:
        unknown = RAISE

    letter = fields.String(required=True)
    lower = fields.Decimal(required=True)
    name = fields.Nested(_Both, required=True)


class _Bands(_Strict):
    version = fields.String(required=True)
    effective_from = fields.Date(required=True)
    effective_to = fields.Date(allow_none=True)
    source = fields.String(required=True)
    certainty = fields.String(required=True, validate=validate.OneOf(CERTAINTIES))
    bands = fields.List(fields.Nested(_Band), required=True, validate=validate.Length(min=2))


class _Policy(_Strict):
    id = fields.String(required=True, validate=validate.OneOf(("period_kind", *INTEGERS, *FRACTIONS)))
    unit = fields.String()
    value = fields.Raw(required=True)
    effective_from = fields.Date(required=True)
    source = fields.String(required=True)
    certainty = fields.String(required=True, validate=validate.OneOf(CERTAINTIES))


class _City(Schema):
    class Meta:
        unknown = EXCLUDE

    code = fields.String(required=True)
    timezone = fields.String(required=True)


@dataclass(frozen=True)
class Policy:
    """What the city decides. Of several rows the latest that has begun counts, a unit's own before all."""

    rows: tuple[Mapping[str, Any], ...]

    def _value(self, id_: str, day: date, unit: str | None = None) -> Any:
        fitting = [
            row
            for row in self.rows
            if row["id"] == id_ and row["effective_from"] <= day and row.get("unit") in (None, unit)
        ]
        if not fitting:
            # Days before the first row follow the first row: the policy has no gap at its beginning.
            fitting = [row for row in self.rows if row["id"] == id_ and row.get("unit") in (None, unit)][:1]
        return max(fitting, key=lambda row: (row.get("unit") is not None, row["effective_from"]))["value"]

    def number(self, id_: str, day: date) -> int:
        return int(self._value(id_, day))

    def fraction(self, id_: str, day: date) -> Fraction:
        return Fraction(str(self._value(id_, day)))

    def kind(self, unit: str, day: date) -> str:
        return str(self._value("period_kind", day, unit))

    def guards(self, day: date) -> Guards:
        return Guards(
            self.number("minimum_n", day),
            self.number("minimum_element_n", day),
            self.number("minimum_cell", day),
            self.fraction("assisted_share_caution", day),
        )

    def release(self, day: date) -> Rule:
        return Rule(self.number("release_batch", day), self.number("release_keep_back", day))

    def person(self, day: date) -> PersonRule:
        return PersonRule(
            self.number("person_minimum_n", day),
            self.number("person_minimum_officers", day),
            self.number("person_minimum_stratum", day),
            self.number("person_minimum_city_stratum", day),
        )


@dataclass(frozen=True)
class City:
    """Everything a city says about its surveys. Checked: it may be used."""

    zone: ZoneInfo
    questionnaires: tuple[Questionnaire, ...]
    documents: tuple[Mapping[str, Any], ...]
    bands: tuple[BandTable, ...]
    policy: Policy
    revision: int

    def today(self, now: datetime) -> date:
        """The day it is in the city."""
        return now.astimezone(self.zone).date()

    def revision_with(self, current: Questionnaire) -> int:
        """Changes with any questionnaire, and when another one becomes the one that is asked."""
        return self.revision + self.questionnaires.index(current)

    def asked_on(self, day: date) -> Questionnaire:
        return questionnaire_on(self.questionnaires, day)

    def questionnaire(self, version: str) -> Questionnaire:
        return next(one for one in self.questionnaires if one.version == version)

    def table_on(self, day: date) -> BandTable:
        return table_on(self.bands, day)

    def table(self, version: str) -> BandTable:
        return next(table for table in self.bands if table.version == version)


def read_city(folder: Path) -> City:
    """Read a city's folder. Raises CityRefused naming every fault."""
    faults: list[str] = []
    about = _load(folder / "city.yaml", _City(), faults)
    questions = _load(folder / "surveys" / "questionnaires.yaml", _Questionnaire(many=True), faults)
    tables = _load(folder / "surveys" / "bands.yaml", _Bands(many=True), faults)
    rows = _load(folder / "surveys" / "policy.yaml", _Policy(many=True), faults)
    zone = None
    if about is not None:
        try:
            zone = ZoneInfo(about["timezone"])
        except (ZoneInfoNotFoundError, ValueError):
            faults.append("city.yaml: timezone is not a known zone")
    faults += _faults_of_questionnaires(questions or []) + _faults_of_bands(tables or [])
    faults += _faults_of_policy(rows or []) if rows is not None else []
    if faults or zone is None or questions is None or tables is None or rows is None:
        raise CityRefused(faults)
    documents = tuple(_document(one) for one in questions)
    revision = int.from_bytes(_digest(documents)[:6], "big")
    return City(
        zone,
        tuple(_questionnaire(one) for one in questions),
        documents,
        tuple(_table(one) for one in tables),
        Policy(tuple(rows)),
        revision,
    )


def _load(path: Path, schema: Schema, faults: list[str]) -> Any:
    try:
        return schema.load(read_yaml(path))
    except OSError as error:
        faults.append(f"{path.name}: {error.strerror}")
    except yaml.YAMLError:
        faults.append(f"{path.name}: not readable as YAML")
    except ValidationError as error:
        faults.append(f"{path.name}: {error.messages}")
    return None


def _faults_of_questionnaires(rows: list[dict[str, Any]]) -> list[str]:
    faults = []
    for row in rows:
        keys = [element["key"] for element in row["elements"]]
        for order in ("list_order", "question_order"):
            if sorted(element[order] for element in row["elements"]) != list(range(1, len(keys) + 1)):
                faults.append(f"questionnaires.yaml: {row['version']}: {order} does not count from 1")
        if len(set(keys)) < len(keys):
            faults.append(f"questionnaires.yaml: {row['version']}: an element is there twice")
    for name in ("id", "version"):
        if len({row[name] for row in rows}) < len(rows):
            faults.append(f"questionnaires.yaml: the same {name} is there twice")
    return faults


def _faults_of_bands(rows: list[dict[str, Any]]) -> list[str]:
    faults = []
    for row in rows:
        lowers = [band["lower"] for band in row["bands"]]
        if lowers != sorted(lowers, reverse=True) or len(set(lowers)) < len(lowers) or lowers[-1] != 25:
            faults.append(f"bands.yaml: {row['version']}: bounds must fall, and end with 25")
    return faults


def _faults_of_policy(rows: list[dict[str, Any]]) -> list[str]:
    faults = []
    ids = {row["id"] for row in rows if "unit" not in row}
    faults += [
        f"policy.yaml: {id_} is missing" for id_ in ("period_kind", *INTEGERS, *FRACTIONS) if id_ not in ids
    ]
    for row in rows:
        id_, value = row["id"], row["value"]
        if id_ == "period_kind" and value not in KINDS:
            faults.append(f"policy.yaml: period_kind must be one of {', '.join(KINDS)}")
        if id_ in INTEGERS and (
            isinstance(value, bool) or not isinstance(value, int) or value < FLOORS.get(id_, 1)
        ):
            faults.append(f"policy.yaml: {id_} must be a whole number of at least {FLOORS.get(id_, 1)}")
        if id_ in FRACTIONS:
            try:
                Decimal(str(value))
            except InvalidOperation:
                faults.append(f"policy.yaml: {id_} must be a number")
    return faults


def _digest(documents: tuple[Mapping[str, Any], ...]) -> bytes:
    return hashlib.sha256(canonical(list(documents))).digest()


def _document(row: dict[str, Any]) -> dict[str, Any]:
    """The questionnaire as it is shown: plain JSON, elements in list order."""
    document = {**row, "valid_from": row["valid_from"].isoformat()}
    document["consent"] = {k: v for k, v in row["consent"].items() if k != "effective_from"}
    document["elements"] = sorted(row["elements"], key=lambda element: element["list_order"])
    return document


def _questionnaire(row: dict[str, Any]) -> Questionnaire:
    elements = tuple(
        Element(
            one["key"],
            one["list_order"],
            one["question_order"],
            one["name"],
            one["question"],
            tuple(one["labels"]),
        )
        for one in sorted(row["elements"], key=lambda element: element["list_order"])
    )
    respondent = tuple(
        Field(one["key"], one["name"], tuple((o["key"], o["name"]) for o in one["options"]))
        for one in row["respondent"]
    )
    texts = {key: row[key] for key in ("lead", "privacy", "consent", "source", "certainty")}
    return Questionnaire(row["id"], row["version"], row["valid_from"], elements, respondent, texts)


def _table(row: dict[str, Any]) -> BandTable:
    bands = tuple(Band(one["letter"], one["lower"], one["name"]) for one in row["bands"])
    return BandTable(row["version"], bands, row["effective_from"], row.get("effective_to"))
