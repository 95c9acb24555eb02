"""Reading: cases, lists, the catalogue, problems, the description."""

import asyncio
import uuid
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate
from unit.gateway.harness import CONTRACTS, NARROW, App, bearer, filing

from gateway.coalescing import Coalesced
from gateway.labels import STATUS
from gateway.languages import preferred
from gateway.problems import TABLE, Problem
from gateway.table import DEVELOPMENT_OPERATIONS, OPERATIONS


@pytest.fixture
def app() -> App:
    return App()


def filed(app: App) -> dict[str, str]:
    receipt: dict[str, str] = app.post("/v1/complaints", json=filing()).json()
    return receipt


def test_a_case_that_is_not_stored_yet_is_received_for_its_reporter_alone(app: App) -> None:
    receipt = filed(app)
    app.rpc.answers["get_cases"] = lambda items: [None for _ in items]
    path = f"/v1/complaints/{receipt['tracking_code']}"

    hers = app.get(path, headers={"Tanggap-Secret": receipt["secret"]})
    strangers = app.get(path)
    wrong = app.get(path, headers={"Tanggap-Secret": "z" * 26})
    unknown = app.get("/v1/complaints/0000-0000-0000-0")

    assert (hers.status_code, hers.json()["status"], hers.json()["status_label"]) == (
        200,
        "received",
        "Diterima",
    )
    assert {answer.status_code for answer in (strangers, wrong, unknown)} == {404}
    same = [
        {k: v for k, v in a.json().items() if k not in ("instance", "trace_id")}
        for a in (strangers, wrong, unknown)
    ]
    assert same[0] == same[1] == same[2]


def test_a_case_is_asked_for_as_the_caller(app: App) -> None:
    receipt = filed(app)
    app.rpc.answers["get_cases"] = lambda items: [
        {"status": "verified", "service_code": "jalan", "unit": "dpupr"}
    ]
    path = f"/v1/complaints/{receipt['tracking_code'].lower()}"

    answer = app.get(path, headers={"Tanggap-Secret": receipt["secret"], "Accept-Language": "en"})

    (_, _, _, _, args) = app.rpc.calls[-1]
    assert args["items"] == [
        {"actor": {"ref": None, "roles": ["reporter"], "secret": receipt["secret"]},
         "code": receipt["tracking_code"].replace("-", "")}
    ]  # fmt: skip
    assert answer.json()["status_label"] == "Checked"
    assert answer.json()["service_name"] == "Service jalan"
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_list_passes_filters_on_and_links_to_the_next_page(app: App) -> None:
    app.rpc.answers["list_cases"] = lambda **_: {
        "items": [{"status": "filed"}],
        "next_cursor": "abc",
        "counts": {},
    }

    answer = app.get(
        "/v1/complaints?status=filed,assigned&kind=complaint&bbox=100,-1,101,0&month=2026-01&overdue=true&limit=5",
        headers=bearer("coordinator"),
    )

    assert answer.status_code == 200
    assert app.rpc.calls[-1][4] == {
        "filters": {
            "status": ["filed", "assigned"],
            "kind": ["complaint"],
            "bbox": [100.0, -1.0, 101.0, 0.0],
            "month": "2026-01",
            "overdue": True,
        },
        "cursor": None,
        "limit": 5,
    }
    assert answer.headers["Link"].endswith('limit=5&cursor=abc>; rel="next"')
    assert answer.json()["items"][0]["status_label"] == "Menunggu verifikasi"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("limit=x", "/query/limit"),
        ("status=lost", "/query/status"),
        ("bbox=1,2,3", "/query/bbox"),
        ("bbox=nan,0,1,1", "/query/bbox"),
        ("month=2026-13", "/query/month"),
        ("cursor=%20", "/query/cursor"),
        ("overdue=maybe", "/query/overdue"),
        ("sort=price", "/query/sort"),
    ],
)
def test_a_wrong_parameter_is_named(app: App, query: str, pointer: str) -> None:
    answer = app.get(f"/v1/complaints?{query}")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_services_come_with_questions_and_standard_in_the_callers_language(app: App) -> None:
    indonesian = app.get("/v1/services").json()["items"]
    english = app.get("/v1/services/jalan", headers={"Accept-Language": "en"}).json()

    assert [item["service_code"] for item in indonesian] == ["jalan", "info", "usul"]
    assert indonesian[0]["name"] == "Layanan jalan"
    assert english["name"] == "Service jalan"
    assert english["standard"] == {"time": "5 hari kerja"}
    assert english["attributes"][0]["values"][0] == {"key": "kecil", "name": "KECIL"}
    assert english["group"] == {"code": "umum", "name": "General"}


def test_services_can_be_narrowed(app: App) -> None:
    items = app.get("/v1/services?kind=information").json()["items"]

    assert [item["service_code"] for item in items] == ["info"]
    assert app.get("/v1/services/none").status_code == 404


@pytest.mark.parametrize("slug", TABLE)
def test_every_problem_is_explained_in_both_languages(app: App, slug: str) -> None:
    texts = [app.get(f"/problems/{slug}", headers={"Accept-Language": tag}).json() for tag in ("id", "en")]

    assert texts[0]["title"] != texts[1]["title"]
    assert all(text["status"] == TABLE[slug].status and text["about"] for text in texts)


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    body = Problem("conflict", current={"status": "closed"}).body("en", request_id="r", trace_id="t")

    assert body == {
        "type": "/problems/conflict", "title": "It has changed meanwhile", "status": 409,
        "detail": TABLE["conflict"].about["en"], "instance": "urn:uuid:r", "trace_id": "t",
        "current": {"status": "closed"},
    }  # fmt: skip


def test_the_description_is_valid_and_names_every_route(app: App) -> None:
    document = app.get("/openapi.json").json()

    validate(document)
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(o.method, o.path) for o in (*OPERATIONS, *DEVELOPMENT_OPERATIONS)}
    routed = {
        (method, route.path)
        for route in app.app.app.routes
        for method in route.methods - {"HEAD"}
        if route.path.startswith("/v1/")
    }
    assert routed == described


def test_the_description_names_the_fields_of_a_filing(app: App) -> None:
    schema = app.get("/openapi.json").json()["components"]["schemas"]["Filing"]

    assert schema["required"] == ["description", "service_code"]
    assert schema["properties"]["description"]["description"] == "At most 10000 characters."
    assert schema["additionalProperties"] is False


def test_the_address_limit_is_told_and_kept() -> None:
    app = App(rate_address=NARROW)

    answers = [app.get("/v1/services") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"address";q=2;w=60'
    assert answers[0].headers["RateLimit"] == '"address";r=1;t=30'
    assert answers[2].json()["type"] == "/problems/rate-limited"
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert app.get("/v1/services", headers=bearer("officer")).status_code == 200


def test_one_case_is_not_asked_for_without_end() -> None:
    app = App(rate_case=NARROW)
    app.rpc.answers["get_cases"] = lambda items: [None for _ in items]
    code = filed(app)["tracking_code"]

    assert [app.get(f"/v1/complaints/{code}").status_code for _ in range(3)] == [404, 404, 429]


def test_security_headers_are_on_every_answer(app: App) -> None:
    for path in ("/v1/services", "/v1/none", "/openapi.json", "/livez"):
        headers = app.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        uuid.UUID(headers["X-Request-Id"])
        assert "server" not in headers
        assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in App(public_url="https://tanggap.test").get("/livez").headers


def test_a_strangers_trace_is_not_continued(app: App) -> None:
    theirs = "0af7651916cd43dd8448eb211c80319c"
    app.post("/v1/complaints", json=filing(), headers={"traceparent": f"00-{theirs}-b7ad6b7169203331-01"})

    assert app.intake.events[-1].traceparent is not None
    assert theirs not in app.intake.events[-1].traceparent


def test_security_txt_says_whom_to_tell(app: App) -> None:
    text = app.get("/.well-known/security.txt").text

    assert "Contact: " in text
    assert "Expires: 2026-07-04T00:00:00Z" in text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "id"),
        ("en", "en"),
        ("en-GB,id;q=0.5", "en"),
        ("fr, en;q=0.2, id;q=0.8", "id"),
        ("fr", "id"),
        (";;q=x,,en;q=nope", "id"),
    ],
)
def test_the_language_is_the_best_of_ours(header: str, language: str) -> None:
    assert preferred(header) == language


def test_questions_of_one_moment_are_asked_together() -> None:
    asked: list[list[int]] = []

    async def ask(items: Any) -> list[int]:
        asked.append(list(items))
        return [item * 10 for item in items]

    async def run() -> list[int]:
        reads = Coalesced(ask)
        return list(await asyncio.gather(*(reads.get(n) for n in range(250))))

    assert asyncio.run(run()) == [n * 10 for n in range(250)]
    assert [len(batch) for batch in asked] == [100, 100, 50]


def test_a_failed_question_fails_for_all_who_asked() -> None:
    async def ask(items: Any) -> list[int]:
        raise Problem("service-unavailable")

    async def run() -> list[Any]:
        reads = Coalesced(ask)
        return await asyncio.gather(*(reads.get(n) for n in range(3)), return_exceptions=True)

    assert [type(error) for error in asyncio.run(run())] == [Problem] * 3


def test_statuses_are_called_what_mails_and_pages_call_them() -> None:
    wording = yaml.safe_load(
        (CONTRACTS.parent / "cities/sawahlunto/wording.yaml").read_text(encoding="utf-8")
    )

    assert STATUS == wording["status"]
