"""From plain data (what a YAML loader returns) to the tables, refusing what does not fit.

The files are `matrix.yaml`, `distribution.yaml`, `jp_rules.yaml` and `policy.yaml` of a city's folder
`evaluation/`; their form is described at the top of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from typing import Any

from evaluation.domain.matrix import Level
from evaluation.domain.tables import (
    Certainty,
    Check,
    DistributionRules,
    Form,
    JpRule,
    JpTable,
    Policy,
    PredikatMatrix,
    Setting,
    Text,
    in_force,
)

_LIMITS = ("at_most_percent", "at_least_percent", "at_most_count", "at_least_count")
_LOCATIONS = ("national", "international")
_PER = ("programme", "day", "session", "activity")
_MIX = ("class", "coaching", "work")
_KEYS = [field.name for field in fields(Policy) if field.name not in ("version", "settings")]
_CHOICES = {
    "objection_counting": ("calendar", "working"),
    "official_record": ("e-kinerja", "tanggap"),
}


class BadTable(ValueError):
    """A table that cannot be used. `pointer` is a JSON pointer into the file, `why` a plain phrase."""

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(f"{pointer or '/'}: {why}")
        self.pointer = pointer
        self.why = why


@dataclass(frozen=True, slots=True)
class _Row:
    """One mapping of a file, read by key; every complaint points to where it is."""

    data: Mapping[str, Any]
    at: str

    @classmethod
    def of(cls, data: object, at: str) -> _Row:
        if not isinstance(data, Mapping):
            raise BadTable(at, "a mapping is expected")
        return cls(data, at)

    def value(self, key: str) -> Any:
        if key not in self.data:
            raise BadTable(f"{self.at}/{key}", "is missing")
        return self.data[key]

    def text(self, key: str) -> str:
        value = self.value(key)
        if not isinstance(value, str) or not value.strip():
            raise BadTable(f"{self.at}/{key}", "a text is expected")
        return value

    def wording(self, key: str) -> Text:
        row = _Row.of(self.value(key), f"{self.at}/{key}")
        return Text(row.text("id"), row.text("en"))

    def whole(self, key: str) -> int:
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise BadTable(f"{self.at}/{key}", "a whole number, 0 or more, is expected")
        return value

    def one_of(self, key: str, allowed: Sequence[str]) -> str:
        value = self.value(key)
        if value not in allowed:
            raise BadTable(f"{self.at}/{key}", f"one of {', '.join(allowed)} is expected")
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise BadTable(f"{self.at}/{key}", "true or false is expected")
        return value

    def record(self) -> dict[str, Any]:
        """The four fields that every record has."""
        return {
            "version": self.text("version"),
            "source": self.text("source"),
            "valid_from": self.day("valid_from"),
            "certainty": Certainty(self.one_of("certainty", [c.value for c in Certainty])),
        }

    def day(self, key: str) -> date:
        value = self.value(key)
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise BadTable(f"{self.at}/{key}", "a date such as 2026-01-31 is expected") from None


def _rows(data: object, at: str = "") -> Iterator[_Row]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise BadTable(at, "a list is expected")
    for number, item in enumerate(data):
        yield _Row.of(item, f"{at}/{number}")


def _fraction(value: object, at: str) -> Fraction:
    """An exact number. A float is refused: 0.1 in YAML is not one tenth."""
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            pass
    raise BadTable(at, 'a whole number or a text such as "6/5" or "0.5" is expected')


def matrices(data: object) -> tuple[PredikatMatrix, ...]:
    """Read matrix.yaml: all nine cells and a label for every predikat. Raises BadTable."""
    return tuple(_matrix(row) for row in _rows(data))


def _matrix(row: _Row) -> PredikatMatrix:
    labels_row = _Row.of(row.value("labels"), f"{row.at}/labels")
    labels = {key: labels_row.wording(key) for key in labels_row.data}
    cells_row = _Row.of(row.value("cells"), f"{row.at}/cells")
    levels = [level.value for level in Level]
    cells = {}
    for results in levels:
        line = _Row.of(cells_row.value(results), f"{cells_row.at}/{results}")
        for behaviour in levels:
            cells[results, behaviour] = line.one_of(behaviour, list(labels))
    return PredikatMatrix(**row.record(), cells=cells, labels=labels)


def distributions(data: object) -> tuple[DistributionRules, ...]:
    """Read distribution.yaml. Raises BadTable."""
    return tuple(
        DistributionRules(
            **row.record(),
            basis=row.text("basis"),
            minimum_people=row.whole("minimum_people"),
            checks=_checks(_Row.of(row.value("checks"), f"{row.at}/checks")),
        )
        for row in _rows(data)
    )


def _checks(row: _Row) -> dict[str, tuple[Check, ...]]:
    return {
        organisation: tuple(_check(one) for one in _rows(checks, f"{row.at}/{organisation}"))
        for organisation, checks in row.data.items()
    }


def _check(row: _Row) -> Check:
    largest = row.flag("must_be_largest", False)
    limits = {name: row.whole(name) for name in _LIMITS if name in row.data}
    if len(limits) + largest != 1:
        raise BadTable(row.at, "exactly one limit is expected")
    groups = row.value("groups")
    if not isinstance(groups, Sequence) or isinstance(groups, str) or not groups:
        raise BadTable(f"{row.at}/groups", "a list of predikats is expected")
    return Check(
        code=row.text("code"),
        groups=tuple(str(group) for group in groups),
        must_be_largest=largest,
        enabled=row.flag("enabled", True),
        **limits,
    )


def jp_table(data: object) -> JpTable:
    """Read jp_rules.yaml. Raises BadTable, also for a rule of a form that is not listed."""
    file = _Row.of(data, "")
    forms = [
        Form(form=row.text("form"), name=row.wording("name"), mix=row.one_of("mix", _MIX))
        for row in _rows(file.value("forms"), "/forms")
    ]
    known = [form.form for form in forms]
    rules = tuple(_jp_rule(row, known) for row in _rows(file.value("rules"), "/rules"))
    return JpTable(forms={form.form: form for form in forms}, rules=rules)


def _jp_rule(row: _Row, forms: Sequence[str]) -> JpRule:
    enabled = row.value("enabled")
    if enabled not in (True, False, "sample"):
        raise BadTable(f"{row.at}/enabled", "true, false or sample is expected")
    amount = row.value("amount")
    if amount is None and enabled is not False:
        raise BadTable(f"{row.at}/amount", "a rule that counts needs an amount")
    return JpRule(
        **row.record(),
        form=row.one_of("form", forms),
        location=row.one_of("location", _LOCATIONS),
        per=row.one_of("per", _PER),
        amount=None if amount is None else _fraction(amount, f"{row.at}/amount"),
        enabled=enabled is not False,
        sample_only=enabled == "sample",
        note=row.wording("note") if "note" in row.data else None,
    )


def settings(data: object) -> tuple[Setting, ...]:
    """Read policy.yaml: one record per figure or choice. Raises BadTable."""
    found = []
    for row in _rows(data):
        value = row.value("value")
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise BadTable(f"{row.at}/value", "a whole number or a text is expected")
        note = str(row.data.get("note", ""))
        key = row.one_of("key", _KEYS)
        found.append(Setting(**row.record(), key=key, value=str(value), note=note))
    return tuple(found)


def policy_on(records: Sequence[Setting], day: date) -> Policy:
    """The policy as it stands on `day`. Raises BadTable naming a figure that is missing or unusable.

    Its version is the day of the newest record in force and the number of records that apply: it changes
    with every record that a city adds.
    """
    chosen = {key: in_force([r for r in records if r.key == key], day) for key in {r.key for r in records}}
    held = {key: setting for key, setting in chosen.items() if setting is not None}
    pick = _Picker(held, day)
    newest = max((setting.valid_from for setting in held.values()), default=day)
    month, day_of_month = pick.month_and_day("jp_gap_from")
    return Policy(
        version=f"{newest.isoformat()}.{sum(1 for r in records if r.valid_from <= day)}",
        minimum_shown=pick.whole("minimum_shown"),
        minimum_compared=pick.whole("minimum_compared"),
        shrinkage_k=pick.positive("shrinkage_k"),
        shrinkage_people=pick.whole("shrinkage_people"),
        peers_minimum_people=pick.whole("peers_minimum_people"),
        own_share_maximum=pick.positive("own_share_maximum"),
        finding_share=pick.positive("finding_share"),
        finding_comparisons=pick.whole("finding_comparisons"),
        finding_difference=pick.fraction("finding_difference"),
        stratum_minimum=pick.whole("stratum_minimum"),
        unit_low=pick.positive("unit_low"),
        jp_duty=pick.whole("jp_duty"),
        jp_gap_from=(month, day_of_month),
        learning_mix=pick.mix("learning_mix"),
        recommendation_days=pick.whole("recommendation_days"),
        objection_days=pick.whole("objection_days"),
        objection_counting=pick.choice("objection_counting"),
        official_record=pick.choice("official_record"),
        settings=tuple(held[key] for key in sorted(held)),
    )


@dataclass(frozen=True, slots=True)
class _Picker:
    held: Mapping[str, Setting]
    day: date

    def text(self, key: str) -> str:
        if key not in self.held:
            raise BadTable(f"/{key}", f"no record applies on {self.day.isoformat()}")
        return self.held[key].value

    def fraction(self, key: str) -> Fraction:
        return _fraction(self.text(key), f"/{key}")

    def positive(self, key: str) -> Fraction:
        value = self.fraction(key)
        if value <= 0:
            raise BadTable(f"/{key}", "a number above 0 is expected")
        return value

    def whole(self, key: str) -> int:
        value = self.positive(key)
        if value.denominator != 1:
            raise BadTable(f"/{key}", "a whole number is expected")
        return value.numerator

    def choice(self, key: str) -> str:
        value = self.text(key)
        if value not in _CHOICES[key]:
            raise BadTable(f"/{key}", f"one of {', '.join(_CHOICES[key])} is expected")
        return value

    def month_and_day(self, key: str) -> tuple[int, int]:
        try:
            # 2023 is no leap year: a day that does not exist every year is refused.
            found = date.fromisoformat(f"2023-{self.text(key)}")
        except ValueError:
            raise BadTable(f"/{key}", "a month and a day such as 09-30 is expected") from None
        return found.month, found.day

    def mix(self, key: str) -> dict[str, int]:
        parts = self.text(key).split(":")
        if len(parts) != len(_MIX) or not all(part.isdigit() for part in parts):
            raise BadTable(f"/{key}", "three whole numbers such as 10:20:70 are expected")
        found = {name: int(part) for name, part in zip(_MIX, parts, strict=True)}
        if sum(found.values()) != 100:
            raise BadTable(f"/{key}", "the parts must add up to 100")
        return found
