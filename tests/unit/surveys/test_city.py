"""The city's data: used as a whole, or refused with every fault."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from unit.surveys.conftest import ROOT

from surveys.city import City, read_city
from surveys.errors import CityRefused

CITY = ROOT / "cities" / "sawahlunto"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "surveys").mkdir()
    shutil.copy(CITY / "city.yaml", tmp_path)
    for file in (CITY / "surveys").glob("*.yaml"):
        shutil.copy(file, tmp_path / "surveys")
    return tmp_path


def rewrite(folder: Path, name: str, change: object) -> None:
    path = folder / "surveys" / name
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(document)  # type: ignore[operator]
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_every_record_names_source_day_and_certainty() -> None:
    for name, day in (
        ("questionnaires", "valid_from"), ("bands", "effective_from"), ("policy", "effective_from")
    ):  # fmt: skip
        for record in yaml.safe_load((CITY / "surveys" / f"{name}.yaml").read_text(encoding="utf-8")):
            assert record["source"] and record[day] and record["certainty"] in ("confirmed", "unconfirmed")


def test_sawahlunto_asks_nine_elements_in_two_languages(city: City) -> None:
    questionnaire = city.asked_on(date(2026, 11, 24))

    assert len(questionnaire.keys) == 9
    for element in questionnaire.elements:
        assert len(element.labels) == 4
        assert all(label["id"] and label["en"] for label in element.labels)
        assert element.question["id"] and element.question["en"]


def test_a_units_own_row_goes_before_the_citys(city: City) -> None:
    day = date(2026, 11, 24)

    assert city.policy.kind("dpupr", day) == "quarter"
    assert city.policy.kind("kec-silungkang", day) == "rolling_year"
    assert city.policy.kind("bapperida", day) == "half_year"


def test_a_minimum_may_be_stricter_and_never_looser(folder: Path) -> None:
    def looser(rows: list[dict[str, object]]) -> None:
        for row in rows:
            if row["id"] == "minimum_n":
                row["value"] = 9

    rewrite(folder, "policy.yaml", looser)

    with pytest.raises(CityRefused, match="minimum_n must be a whole number of at least 10"):
        read_city(folder)


def test_every_fault_is_named_at_once(folder: Path) -> None:
    rewrite(folder, "policy.yaml", lambda rows: rows.pop())
    rewrite(folder, "bands.yaml", lambda rows: rows[0]["bands"].reverse())
    rewrite(folder, "questionnaires.yaml", lambda rows: rows[0]["elements"][0].update(list_order=2))

    with pytest.raises(CityRefused) as refused:
        read_city(folder)

    text = str(refused.value)
    assert "improvement_warn_days is missing" in text
    assert "bounds must fall" in text
    assert "list_order does not count from 1" in text


def test_a_file_that_is_missing_or_unreadable_is_named(folder: Path) -> None:
    (folder / "surveys" / "bands.yaml").unlink()
    (folder / "surveys" / "policy.yaml").write_text("a: [", encoding="utf-8")

    with pytest.raises(CityRefused) as refused:
        read_city(folder)

    assert any(fault.startswith("bands.yaml") for fault in refused.value.faults)
    assert "policy.yaml: not readable as YAML" in refused.value.faults
