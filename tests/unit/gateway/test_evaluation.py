"""The way to evaluation: what is asked of it, as whom, and what comes back."""

import csv
import io
from typing import Any

import pytest
from unit.gateway.harness import App, bearer

from servicekit.errors import FieldError, Forbidden, Invalid

OF_ONE = "/v1/evaluation/evaluations/e1"


@pytest.fixture
def app() -> App:
    app = App(rate_address=None, rate_staff=None)
    app.rpc.otherwise = lambda **_: {"items": [], "state": "opened"}
    return app


def test_staff_come_in_as_csv_or_json(app: App) -> None:
    content = "staff_ref;unit;competencies\nstaf-2;dpupr;melayani=3/2\n".encode("utf-8-sig")
    headers = {**bearer("hr"), "Content-Type": "text/csv", "Idempotency-Key": "k1"}

    app.post("/v1/evaluation/staff/import?dry_run=true", content=content, headers=headers)
    app.post("/v1/evaluation/staff/import", json={"rows": [{"staff_ref": "staf-2"}]}, headers=bearer("hr"))

    first, second = app.rpc.calls
    assert first[:2] == ("evaluation", "import_staff")
    assert first[3:] == (
        "k1",
        {
            "rows": [{"staff_ref": "staf-2", "unit": "dpupr", "competencies": "melayani=3/2"}],
            "dry_run": True,
        },
    )
    assert second[4] == {"rows": [{"staff_ref": "staf-2"}], "dry_run": False}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("unit\ndpupr\n", "missing_column"),
        ("staff_ref\nstaf-2,lebih\n", "too_many_cells"),
        ("", "empty_file"),
    ],
)
def test_a_staff_file_that_is_not_understood_is_refused(app: App, content: str, code: str) -> None:
    headers = {**bearer("hr"), "Content-Type": "text/csv"}

    answer = app.post("/v1/evaluation/staff/import", content=content.encode(), headers=headers)

    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert app.rpc.calls == []


def test_an_action_carries_version_and_payload(app: App) -> None:
    app.post(f"{OF_ONE}/hand-over", json={"version": 3, "on": "2026-01-04"}, headers=bearer("hr"))

    assert app.rpc.calls[-1][4] == {
        "evaluation_id": "e1", "action": "hand-over", "version": 3, "payload": {"on": "2026-01-04"},
    }  # fmt: skip


@pytest.mark.parametrize("action", ["hand_over", "close", "Rate"])
def test_an_action_that_does_not_exist_is_not_found(app: App, action: str) -> None:
    assert app.post(f"{OF_ONE}/{action}", json={"version": 1}, headers=bearer("hr")).status_code == 404


@pytest.mark.parametrize("version", ["1", True, -1, 1.5])
def test_a_version_is_a_whole_number(app: App, version: Any) -> None:
    answer = app.post(f"{OF_ONE}/rate", json={"version": version}, headers=bearer("rater"))

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/version"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"start": "kemarin"}, "/start"), ({"staff_ref": None}, "/staff_ref"), ({"rating": "baik"}, "/rating")],
)
def test_a_period_is_opened_by_what_it_takes_alone(app: App, changes: dict[str, Any], pointer: str) -> None:
    body = {"staff_ref": "staf-2", "start": "2026-01-01", "end": "2026-12-31", **changes}

    answer = app.post("/v1/evaluation/evaluations", json=body, headers=bearer("hr"))

    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_days_travel_as_text(app: App) -> None:
    body = {"staff_ref": "staf-2", "start": "2026-01-01", "end": "2026-12-31"}

    assert app.post("/v1/evaluation/evaluations", json=body, headers=bearer("hr")).status_code == 201
    assert app.rpc.calls[-1][4] == {**body, "official_record": None}


def test_an_offer_has_the_id_of_its_address(app: App) -> None:
    changed = app.put("/v1/evaluation/trainings/o1", json={"title": "L"}, headers=bearer("hr"))
    another = app.put(
        "/v1/evaluation/trainings/o1", json={"title": "L", "offer_id": "o2"}, headers=bearer("hr")
    )
    fresh = app.post("/v1/evaluation/trainings", json={"title": "L", "offer_id": "o2"}, headers=bearer("hr"))

    assert [answer.status_code for answer in (changed, another, fresh)] == [200, 422, 422]
    assert app.rpc.calls[0][4] == {"offer": {"title": "L", "offer_id": "o1"}}


def test_a_ledger_is_ones_own_unless_another_is_named(app: App) -> None:
    app.get("/v1/evaluation/ledger?year=2026", headers=bearer("officer"))
    app.get("/v1/evaluation/ledger?year=2026&staff_ref=staf-2", headers=bearer("hr"))

    assert [call[4]["staff_ref"] for call in app.rpc.calls] == ["staf-1", "staf-2"]


def test_a_ledger_is_a_table_that_no_spreadsheet_runs(app: App) -> None:
    app.rpc.answers["ledger"] = lambda **_: {
        "staff_ref": "staf-1", "year": 2026, "verified_jp": 10,
        "entries": [{"entry_id": "y1", "title": "=HYPERLINK(1)", "organiser": "@x", "jp": 10}],
    }  # fmt: skip

    answer = app.get("/v1/evaluation/ledger?year=2026&format=csv", headers=bearer("officer"))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, entry, total = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert dict(zip(header, entry, strict=True))["title"] == "'=HYPERLINK(1)"
    assert dict(zip(header, entry, strict=True))["organiser"] == "'@x"
    assert total[-1] == ""
    assert "10" in total


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?year=tahun",
        "?year=1999",
        "?year=2026&format=xml",
        "?year=2026&staff_ref=a%20b",
        "?year=2026&x=1",
    ],
)
def test_a_query_that_is_not_understood_is_refused(app: App, query: str) -> None:
    answer = app.get(f"/v1/evaluation/ledger{query}", headers=bearer("hr"))

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-query")


def test_a_refusal_is_told_in_the_callers_language(app: App) -> None:
    def refuse(**_: Any) -> Any:
        raise Forbidden("conflict_of_interest", "Nobody rates oneself.")

    app.rpc.answers["act_on_evaluation"] = refuse
    asked = {"json": {"version": 1}, "headers": bearer("rater")}

    indonesian = app.post(f"{OF_ONE}/rate", **asked)
    asked["headers"] = {**bearer("rater"), "Accept-Language": "en"}
    english = app.post(f"{OF_ONE}/rate", **asked)

    assert (indonesian.status_code, indonesian.json()["code"]) == (403, "conflict_of_interest")
    assert indonesian.json()["detail"].startswith("Ini menyangkut diri")
    assert english.json()["detail"] == "Nobody rates oneself."


def test_a_rating_without_evidence_is_refused_at_its_field(app: App) -> None:
    def refuse(**_: Any) -> Any:
        raise Invalid([FieldError("/evidence_ids", "required", "A rating names the evidence it rests on.")])

    app.rpc.answers["act_on_evaluation"] = refuse

    answer = app.post(f"{OF_ONE}/rate", json={"version": 1}, headers=bearer("rater"))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/evidence_ids"


def test_texts_come_in_the_callers_language_and_codes_stay(app: App) -> None:
    app.rpc.answers["evaluation"] = lambda **_: {
        "predikat": {"key": "baik", "label": {"id": "Baik", "en": "Good"}},
        "expectations": {"results": [{"id": "r1", "result": "Loket"}]},
        "official_record": {"id": "x"},
    }

    view = app.get(OF_ONE, headers={**bearer("rater"), "Accept-Language": "en"}).json()

    assert view["predikat"] == {"key": "baik", "label": "Good"}
    assert view["expectations"] == {"results": [{"id": "r1", "result": "Loket"}]}
    assert view["official_record"] == {"id": "x"}
