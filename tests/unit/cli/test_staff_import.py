"""`tanggap import staff`: what is read of a file, and what is shown of the verdicts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tanggap import staff
from tanggap.errors import CliError

HEADER = "staff_ref,unit,status,position,service_types,rater_ref,superior_ref,competencies,active\n"
ROW = 'dukcapil-1,dukcapil,asn_pns,Pengadministrasi,complaint;document,kepala-1,sekda-1,"melayani=3/2",ya\n'


def test_a_row_is_sent_as_it_stands_with_its_line() -> None:
    found = staff.read((HEADER + "\n" + ROW).encode())

    assert found.lines == [3]
    assert found.rows[0]["service_types"] == "complaint;document"
    assert set(found.rows[0]) == set(staff.COLUMNS)


def test_what_spreadsheets_save_is_read_too() -> None:
    content = "staff_ref;unit;status;position\r\nhonorer-4;dpupr;non_asn;Tenaga harian; lepas\r\n"

    with pytest.raises(CliError, match="Line 2 has more fields"):
        staff.read(content.encode("utf-8-sig"))
    found = staff.read(content.replace("; lepas", "").encode("utf-8-sig"))
    assert found.rows == [
        {"staff_ref": "honorer-4", "unit": "dpupr", "status": "non_asn", "position": "Tenaga harian"}
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"staff_ref,unit\nx,y\n", "missing: status"),
        (b"staff_ref,unit,status,nama\nx,y,z,Siti\n", "unknown: nama"),
        (b"staff_ref,unit,status,unit\n", "twice: unit"),
        (HEADER.encode(), "no rows"),
        (b"", "missing"),
        ("staff_ref,unit,status\nx,y,\u00e9\n".encode("latin-1"), "UTF-8"),
        (b'staff_ref,unit,status\nx,"y,z\n', "not valid CSV"),
        (b"staff_ref,unit,status\n" + b"x,y,z\n" * 50_001, "at most 50000"),
    ],
)
def test_what_is_no_such_file_is_refused_before_anything_is_sent(content: bytes, said: str) -> None:
    with pytest.raises(CliError, match=said) as refusal:
        staff.read(content)

    assert "Siti" not in str(refusal.value)


def verdict(row: int, what: str, **more: Any) -> dict[str, Any]:
    return {"row": row, "staff_ref": f"s-{row}", "verdict": what, "problems": [], "changes": {}, **more}


VERDICTS = [
    verdict(1, "new", changes={"unit": [None, "dukcapil"], "active": [None, True]}),
    verdict(
        2,
        "changed",
        changes={
            "service_types": [[], ["complaint", "document"]],
            "competencies": [{"melayani": {"required": 3, "assessed": None}}, {}],
        },
    ),
    verdict(3, "unchanged"),
    verdict(
        4,
        "refused",
        staff_ref=None,
        problems=[{"pointer": "/status", "code": "unknown_value", "message": "Expected one of: …"}],
    ),
]


def test_every_difference_and_every_problem_is_a_line() -> None:
    file = staff.StaffFile([{}] * 4, [2, 3, 4, 5])

    assert staff.lines_of(VERDICTS, file) == [
        ("2", "s-1", "new", "unit", "", "dukcapil"),
        ("2", "s-1", "new", "active", "", "yes"),
        ("3", "s-2", "changed", "service_types", "-", "complaint, document"),
        ("3", "s-2", "changed", "competencies", "melayani 3/?", "-"),
        ("5", "-", "refused", "status", "", "Expected one of: …"),
    ]


class FakeGateway:
    """Finds every row unchanged, or refuses all of them."""

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict
        self.asked: list[tuple[str, str, Any]] = []

    def __enter__(self) -> "FakeGateway":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, method: str, path: str, body: Any, *, key: str) -> Any:
        self.asked.append((method, path, body))
        return {"verdicts": [verdict(n, self.verdict) for n in range(1, len(body["rows"]) + 1)]}


def imported(rows: int, gateway: FakeGateway, *more: str) -> Any:
    refs = [*(f"s-{n}" for n in range(rows)), *more]
    return staff.imported(gateway, [{"staff_ref": ref} for ref in refs], dry_run=True)  # type: ignore[arg-type]


def test_a_long_file_is_sent_in_parts_and_numbered_through() -> None:
    gateway = FakeGateway("unchanged")

    result = imported(2500, gateway, "s-3")

    assert [len(body["rows"]) for _, _, body in gateway.asked] == [1000, 1000, 500]
    assert [one["row"] for one in result["verdicts"]] == list(range(1, 2502))
    assert result["counts"] == {"new": 0, "changed": 0, "unchanged": 2500, "refused": 1}
    assert result["verdicts"][-1]["problems"][0]["code"] == "twice"


@pytest.mark.parametrize(("verdict", "status"), [("unchanged", 0), ("refused", 1)])
def test_the_status_tells_of_refused_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, status: int
) -> None:
    gateway = FakeGateway(verdict)
    monkeypatch.setattr(staff, "Gateway", lambda url, token: gateway)
    monkeypatch.setenv("TANGGAP_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("TANGGAP_TOKEN", "token")
    file = tmp_path / "staff.csv"
    file.write_text(HEADER + ROW)

    done = CliRunner().invoke(staff.import_, ["staff", str(file), "--dry-run"])
    machine = CliRunner().invoke(staff.import_, ["staff", str(file), "--json"])

    assert done.exit_code == machine.exit_code == status
    assert gateway.asked[0][:2] == ("POST", "/v1/evaluation/staff/import")
    assert gateway.asked[0][2]["dry_run"]
    assert "would be" in done.stdout
    assert json.loads(machine.stdout)["counts"][verdict] == 1
