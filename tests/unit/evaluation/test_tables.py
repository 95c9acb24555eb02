import copy
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from unit.evaluation.city_tables import plain_data, policy

from evaluation.domain import reading_tables
from evaluation.domain.reading_tables import BadTable, policy_on, settings
from evaluation.domain.tables import Certainty, in_force

READERS: dict[str, Callable[[Any], Any]] = {
    "matrix.yaml": reading_tables.matrices,
    "distribution.yaml": reading_tables.distributions,
    "jp_rules.yaml": reading_tables.jp_table,
    "policy.yaml": settings,
}


def records(name: str) -> list[Any]:
    found = READERS[name](plain_data(name))
    return list(found.rules if name == "jp_rules.yaml" else found)


@pytest.mark.parametrize("name", READERS)
def test_every_record_of_the_city_has_version_source_day_and_certainty(name: str) -> None:
    found = records(name)

    assert found
    for record in found:
        assert record.version and len(record.source) > 5
        assert record.valid_from <= date(2026, 1, 1)
        assert record.certainty in Certainty


def test_the_figures_of_the_reference_are_the_citys() -> None:
    found = policy()

    assert (found.minimum_shown, found.minimum_compared, found.shrinkage_people) == (10, 34, 8)
    assert found.shrinkage_k == Fraction(102, 7)
    assert (found.jp_duty, found.objection_days, found.objection_counting) == (20, 14, "calendar")
    assert found.unit_low == Fraction(7661, 100)
    assert found.official_record == "e-kinerja"
    assert found.learning_mix == {"class": 10, "coaching": 20, "work": 70}
    assert len(found.settings) == len(records("policy.yaml"))


def test_only_confirmed_rules_and_the_example_are_enabled() -> None:
    rules = records("jp_rules.yaml")

    assert all(
        rule.certainty is Certainty.CONFIRMED for rule in rules if rule.enabled and not rule.sample_only
    )
    assert [(rule.form, rule.certainty) for rule in rules if rule.sample_only] == [
        ("magang", Certainty.EXAMPLE)
    ]


def test_a_new_record_changes_the_policy_from_its_day_on() -> None:
    data = plain_data("policy.yaml")
    old = next(record for record in data if record["key"] == "objection_counting")
    data.append({**old, "value": "working", "version": "2", "valid_from": "2026-07-01"})
    read = settings(data)

    before, after = policy_on(read, date(2026, 6, 30)), policy_on(read, date(2026, 7, 1))

    assert (before.objection_counting, after.objection_counting) == ("calendar", "working")
    assert before.version != after.version


def test_two_records_of_one_day_are_told_apart_by_version() -> None:
    rules = records("distribution.yaml")

    assert in_force(rules, date(2022, 12, 31)) is None
    assert in_force(rules, date(2023, 1, 1)) is rules[0]


def changed(name: str, path: list[Any], value: object) -> object:
    """The city's file with one place set, or taken out where the value is `...`."""
    data = copy.deepcopy(plain_data(name))
    place = data
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("name", "path", "value", "pointer"),
    [
        ("matrix.yaml", [0, "cells", "di_atas", "sesuai"], ..., "/0/cells/di_atas/sesuai"),
        ("matrix.yaml", [0, "cells", "di_atas", "sesuai"], "hebat", "/0/cells/di_atas/sesuai"),
        ("matrix.yaml", [0, "certainty"], "sure", "/0/certainty"),
        ("matrix.yaml", [0, "source"], "", "/0/source"),
        ("matrix.yaml", [0, "valid_from"], "soon", "/0/valid_from"),
        ("matrix.yaml", [0, "labels", "baik"], "Baik", "/0/labels/baik"),
        ("distribution.yaml", [0, "minimum_people"], -1, "/0/minimum_people"),
        ("distribution.yaml", [0, "minimum_people"], True, "/0/minimum_people"),
        ("distribution.yaml", [0, "checks", "baik", 0, "at_most_count"], 3, "/0/checks/baik/0"),
        ("distribution.yaml", [0, "checks", "baik", 0, "at_most_percent"], ..., "/0/checks/baik/0"),
        ("distribution.yaml", [0, "checks", "baik", 0, "groups"], [], "/0/checks/baik/0/groups"),
        ("distribution.yaml", [0, "checks", "baik", 0, "enabled"], "yes", "/0/checks/baik/0/enabled"),
        ("jp_rules.yaml", ["rules", 0, "form"], "dongeng", "/rules/0/form"),
        ("jp_rules.yaml", ["rules", 0, "amount"], 1.2, "/rules/0/amount"),
        ("jp_rules.yaml", ["rules", 0, "amount"], "1/0", "/rules/0/amount"),
        ("jp_rules.yaml", ["rules", 0, "amount"], None, "/rules/0/amount"),
        ("jp_rules.yaml", ["rules", 0, "enabled"], "always", "/rules/0/enabled"),
        ("jp_rules.yaml", ["forms", 0, "mix"], "play", "/forms/0/mix"),
        ("jp_rules.yaml", ["forms"], {}, "/forms"),
        ("policy.yaml", [0, "key"], "minimun_shown", "/0/key"),
        ("policy.yaml", [0, "value"], True, "/0/value"),
        ("policy.yaml", [0], "minimum_shown", "/0"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_its_place(
    name: str, path: list[Any], value: object, pointer: str
) -> None:
    with pytest.raises(BadTable) as refused:
        READERS[name](changed(name, path, value))

    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("minimum_shown", "0"),
        ("minimum_shown", "9/2"),
        ("shrinkage_k", "-3"),
        ("shrinkage_k", "many"),
        ("jp_gap_from", "02-29"),
        ("jp_gap_from", "13-01"),
        ("learning_mix", "10:20"),
        ("learning_mix", "10:20:60"),
        ("objection_counting", "lunar"),
        ("official_record", "paper"),
    ],
)
def test_a_figure_that_cannot_be_used_is_refused_by_its_name(key: str, value: str) -> None:
    data = plain_data("policy.yaml")
    next(record for record in data if record["key"] == key)["value"] = value

    with pytest.raises(BadTable) as refused:
        policy_on(settings(data), date(2026, 11, 24))

    assert refused.value.pointer == f"/{key}"


def test_a_missing_figure_is_named_instead_of_assumed() -> None:
    data = [record for record in plain_data("policy.yaml") if record["key"] != "minimum_shown"]

    with pytest.raises(BadTable, match="no record applies on 2026-11-24"):
        policy_on(settings(data), date(2026, 11, 24))
