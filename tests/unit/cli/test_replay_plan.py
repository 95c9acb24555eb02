from pathlib import Path

import pytest
import yaml

from tanggap.errors import CliError
from tanggap.replay import plan

CITY = {
    "city.yaml": {
        "code": "uji",
        "name": "Uji",
        "timezone": "Asia/Jakarta",
        "inspectorate_unit": "inspektorat",
    },
    "units.yaml": [],
    "services.yaml": [
        {"code": "jalan", "unit": "dpupr", "supervisory": False},
        {"code": "pungli", "unit": "dpupr", "supervisory": True},
    ],
    "deadlines.yaml": [],
    "calendar.yaml": {},
}
MAP = {
    "key": "nomor",
    "service": {"column": "jenis", "values": {"Jalan": "jalan", "Pungli": "pungli"}},
    "channel": {"column": "cara", "values": {"Telepon": "phone"}, "default": "other"},
    "description": "{jenis} di {tempat}",
    "location": {"lat": "lat", "lon": "lon", "address": "{tempat}"},
    "attributes": {
        "asal": "{nomor}",
        "waktu": {"column": "dibuat", "format": "%d/%m/%Y %H:%M", "timezone": "America/New_York"},
    },
    "reporter": {"name": "Warga {n}", "email": "warga-{nomor}@example.invalid", "phone": "{telepon}"},
    "duplicate_of": ["jenis", "tempat"],
    "outcomes": [
        {
            "when": {"status": ["Ganda"]},
            "final": "merged",
            "steps": [{"verify": {"public_text": "{jenis}"}}, {"merge": {"into": "$duplicate"}}],
            "otherwise": {"final": "filed", "steps": []},
        },
        {"final": "assigned", "steps": [{"verify": {}}, {"assign": {"unit": "$unit", "by": "unit_head"}}]},
    ],
}
COLUMNS = "nomor,jenis,cara,tempat,lat,lon,dibuat,telepon,status"


@pytest.fixture
def replay_map(tmp_path: Path) -> plan.ReplayMap:
    for name, content in CITY.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    (tmp_path / "replay").mkdir()
    file = tmp_path / "replay" / "uji.yaml"
    file.write_text(yaml.safe_dump(MAP))
    return plan.ReplayMap.load(file)


def rows_of(replay_map: plan.ReplayMap, *lines: str) -> list[plan.Row]:
    file = replay_map.file.with_name("rows.csv")
    file.write_text("\n".join([COLUMNS, *lines]) + "\n")
    return replay_map.rows(file)


def test_a_row_becomes_a_filing(replay_map: plan.ReplayMap) -> None:
    (row,) = rows_of(replay_map, "7,Jalan,Telepon,Pasar,-0.68,100.78,01/02/2018 10:00,,Baru")

    assert row.submission == {
        "service_code": "jalan",
        "description": "Jalan di Pasar",
        "location": {"lat": -0.68, "lon": 100.78, "address": "Pasar"},
        "attributes": {"asal": "7", "waktu": "2018-02-01T10:00:00-05:00"},
        "reporter": {"name": "Warga 1", "email": "warga-7@example.invalid"},
        "channel": "phone",
    }
    assert row.unit == "dpupr"


def test_what_is_empty_in_a_row_is_left_out(replay_map: plan.ReplayMap) -> None:
    (row,) = rows_of(replay_map, "7,Jalan,Surat,,,,,,Baru")

    assert "location" not in row.submission
    assert row.submission["attributes"] == {"asal": "7"}
    assert row.submission["channel"] == "other"


def test_a_kind_that_the_map_does_not_know_is_sent_for_the_gateway_to_refuse(
    replay_map: plan.ReplayMap,
) -> None:
    (row,) = rows_of(replay_map, "7,Bulan,Surat,Pasar,,,,,Baru")

    assert "service_code" not in row.submission


def test_a_duplicate_points_at_the_first_row_of_the_same_matter(replay_map: plan.ReplayMap) -> None:
    rows = rows_of(
        replay_map,
        "1,Jalan,Surat,Pasar,,,,,Ganda",
        "2,Jalan,Surat,Pasar,,,,,Baru",
        "3,Jalan,Surat,Pasar,,,,,Ganda",
        "4,Jalan,Surat,Kota,,,,,Ganda",
        "5,Jalan,Surat,Pasar,,,,,Baru",
    )

    assert [row.same_matter for row in rows] == [None, None, "2", None, None]


def test_a_supervisory_service_goes_to_the_inspectorate(replay_map: plan.ReplayMap) -> None:
    (row,) = rows_of(replay_map, "7,Pungli,Surat,Pasar,,,,,Baru")

    assert row.supervisory
    assert row.unit == "inspektorat"


def test_steps_keep_who_acts_apart_from_the_payload(replay_map: plan.ReplayMap) -> None:
    (row,) = rows_of(replay_map, "7,Jalan,Surat,Pasar,,,,,Baru")

    assert row.course.steps[1] == plan.Step("assign", {"unit": "$unit"}, by="unit_head")


def test_a_repeated_key_is_refused_with_its_row(replay_map: plan.ReplayMap) -> None:
    with pytest.raises(CliError, match="row 2"):
        rows_of(replay_map, "7,Jalan,Surat,Pasar,,,,,Baru", "7,Jalan,Surat,Kota,,,,,Baru")


def test_a_column_that_the_file_lacks_is_named(replay_map: plan.ReplayMap) -> None:
    file = replay_map.file.with_name("rows.csv")
    file.write_text("nomor,jenis\n1,Jalan\n")

    with pytest.raises(CliError, match="tempat"):
        replay_map.rows(file)


def test_braces_in_a_value_are_not_filled_again() -> None:
    assert plan.fill("{a}", {"a": "{b}", "b": "secret"}) == "{b}"
