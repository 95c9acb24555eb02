import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from evaluation.city import DaysOff, load_city
from servicekit.errors import ConfigurationError

CITY = Path(__file__).parents[3] / "cities" / "sawahlunto"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("city.yaml", "calendar.yaml", "evaluation"):
        source = CITY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def test_the_citys_own_tables_load() -> None:
    rules = load_city(CITY, sample=False)

    assert rules.matrix(date(2026, 9, 30)).version == "6-2022"
    assert rules.policy(date(2026, 9, 30)).official_record == "e-kinerja"
    assert rules.today(datetime(2026, 9, 30, 18, 0, tzinfo=UTC)) == date(2026, 10, 1)
    assert rules.object_until(date(2026, 10, 5)) == date(2026, 10, 19)


def test_before_the_first_policy_the_first_one_counts() -> None:
    rules = load_city(CITY, sample=False)

    assert rules.policy(date(2019, 1, 1)).minimum_shown == rules.policy(date(2026, 12, 31)).minimum_shown


@pytest.mark.parametrize("name", ["matrix.yaml", "distribution.yaml", "jp_rules.yaml", "policy.yaml"])
def test_a_table_that_cannot_be_used_stops_the_service_naming_the_file(copy: Path, name: str) -> None:
    (copy / "evaluation" / name).write_text("- {wrong: 1}\n")

    with pytest.raises(ConfigurationError, match=name):
        load_city(copy, sample=False)


def test_a_missing_or_broken_file_is_named(copy: Path) -> None:
    (copy / "evaluation" / "matrix.yaml").write_text("{")
    with pytest.raises(ConfigurationError, match="matrix.yaml"):
        load_city(copy, sample=False)

    (copy / "city.yaml").write_text("timezone: Mars/Olympus\n")
    with pytest.raises(ConfigurationError, match="city.yaml"):
        load_city(copy, sample=False)


def test_holidays_are_the_countrys_with_the_citys_corrections() -> None:
    off = DaysOff(
        {
            "country": "ID",
            "joint_leave": True,
            "overrides": [
                {"date": "2026-08-17", "working": True},
                {"date": date(2026, 8, 18), "working": False},
            ],
        }
    )

    assert date(2026, 1, 1) in off
    assert date(2026, 8, 17) not in off
    assert date(2026, 8, 18) in off
    assert date(2026, 8, 19) not in off
    assert "2026-01-01" not in off
