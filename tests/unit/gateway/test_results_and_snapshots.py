"""Results as JSON and as a table, and what is kept of the services for when they are away."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from unit.gateway.harness import App, MemoryRpc, bearer

from gateway import csv_files
from gateway.questionnaires import Questionnaires
from gateway.snapshots import Snapshot
from support.gateway_inputs import DOCUMENT

RESULT = {
    "unit": "dpupr", "period": "2026-Q1", "n": 12, "n_shown": "12", "ikm": "83.56", "band": "B",
    "elements": [
        {"key": "waktu", "name": {"id": "=Waktu", "en": "Time"}, "n": 12, "sum": 40, "nrr": "3.3333",
         "nrr_x25": "83.33", "band": "B"},
        {"key": "sarana", "name": {"id": "Sarana", "en": "Facilities"}, "n": None, "sum": None, "nrr": None},
    ],
}  # fmt: skip


def test_a_result_is_json_and_a_table() -> None:
    app = App()
    app.rpc.answers["result"] = lambda **_: RESULT

    shown = app.get("/v1/surveys/results/dpupr/2026-Q1").json()
    table = app.get("/v1/surveys/results/dpupr/2026-Q1?format=csv")

    assert (shown["elements"][1]["name"], shown["unit_name"]) == ("Sarana", "Dinas PU")
    assert table.headers["Content-Disposition"] == 'attachment; filename="skm-dpupr-2026-Q1.csv"'
    header, *rows = csv.reader(io.StringIO(table.content.decode("utf-8-sig")))
    waktu, sarana, whole = (dict(zip(header, row, strict=True)) for row in rows)
    assert (waktu["name"], waktu["sum"], waktu["nrr"]) == ("'=Waktu", "40", "3.3333")
    assert (sarana["n"], sarana["nrr"]) == ("", "")
    assert (whole["element"], whole["nrr_x25"], whole["band"]) == ("ikm", "83.56", "B")


@pytest.mark.parametrize("place", ["dpupr/2026-Q5", "dpupr/2026-q1", "DPUPR/2026-Q1", "dpupr/2026-H3"])
def test_what_can_be_no_period_is_not_found(place: str) -> None:
    app = App()

    assert app.get(f"/v1/surveys/results/{place}").status_code == 404
    assert app.rpc.calls == []


@pytest.mark.parametrize("period", ["2026-Q3", "2026-H2", "2026", "2026-Q3-R4"])
def test_every_kind_of_period_has_its_address(period: str) -> None:
    app = App()
    app.rpc.answers["act_on_period"] = lambda **_: {"state": "closed"}

    answer = app.post(f"/v1/surveys/periods/dpupr/{period}/close", headers=bearer("coordinator"))

    assert answer.status_code == 200
    assert app.rpc.calls[-1][4] == {"unit": "dpupr", "period": period, "action": "close", "payload": {}}


def test_an_improvement_names_who_what_and_when() -> None:
    app = App()
    app.rpc.otherwise = lambda **_: {"rtl_id": "r1"}
    body = {"unit": "dpupr", "period": "2026-Q1", "element": "waktu", "action": "Loket kedua",
            "owner_ref": "staf-1", "due_on": "2026-06-30"}  # fmt: skip

    planned = app.post("/v1/surveys/improvements", json=body, headers=bearer("coordinator"))
    lacking = app.post(
        "/v1/surveys/improvements", json={**body, "action": " ", "due_on": "besok"}, headers=bearer("admin")
    )

    assert planned.status_code == 201
    assert app.rpc.calls == [
        ("surveys", "plan_improvement", {"ref": "staf-1", "roles": ["coordinator"], "unit": None},
         app.rpc.calls[0][3], body),
    ]  # fmt: skip
    assert {error["pointer"] for error in lacking.json()["errors"]} == {"/action", "/due_on"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    written = csv_files.write(("a",), [(cell,)])

    (_, (value,)) = csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline=""))
    assert value == f"'{cell}"


@pytest.mark.parametrize(
    ("value", "written"), [(-5, "-5"), ("-2.64", "-2.64"), (None, '""'), ("a,b", '"a,b"')]
)
def test_numbers_and_plain_text_stay_as_they_are(value: Any, written: str) -> None:
    assert csv_files.write(("a",), [(value,)]).split("\r\n")[1] == written


def snapshot(rpc: MemoryRpc, folder: Path) -> Snapshot[Questionnaires]:
    return Snapshot(cast(Any, rpc), folder, "questionnaires", service="surveys", read=Questionnaires)


def test_a_snapshot_serves_on_from_disk_while_its_service_is_away(tmp_path: Path) -> None:
    rpc = MemoryRpc(answers={"questionnaires": lambda known_version: DOCUMENT})

    async def first() -> None:
        await snapshot(rpc, tmp_path).refresh()

    async def later() -> Questionnaires | None:
        kept = snapshot(MemoryRpc(), tmp_path)
        kept.start()
        await asyncio.sleep(0)
        await kept.stop()
        return kept.current

    asyncio.run(first())
    kept = asyncio.run(later())

    assert kept is not None
    assert kept.current is not None
    assert kept.current.elements == ("waktu", "sarana", "pengaduan")


def test_a_snapshot_asks_for_what_is_newer_than_what_it_was_told(tmp_path: Path) -> None:
    asked: list[int | None] = []

    def answer(known_version: int | None) -> dict[str, Any]:
        asked.append(known_version)
        return {"version": 2, "unchanged": True} if known_version == 2 else DOCUMENT

    async def twice() -> None:
        kept = snapshot(MemoryRpc(answers={"questionnaires": answer}), tmp_path)
        await kept.refresh()
        await kept.refresh()
        assert kept.current is not None

    asyncio.run(twice())

    assert asked == [None, 2]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", orjson.dumps({"version": "x"})])
def test_a_file_that_is_no_snapshot_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "questionnaires.json").write_bytes(content)

    async def start() -> Any:
        kept = snapshot(MemoryRpc(), tmp_path)
        kept.start()
        current = kept.current
        await kept.stop()
        return current.current if current is not None else None

    assert asyncio.run(start()) is None


def test_readiness_waits_for_the_catalogue_alone() -> None:
    app = App()
    app.questionnaires.current = app.registry.current = None

    checks = app.get("/readyz").json()

    assert set(checks) == {"ready", "intake", "rpc", "catalogue"}
    assert checks["catalogue"] is True
