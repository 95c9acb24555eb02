"""The routes against contracts/permissions.yaml, cell by cell."""

import re
from typing import Any

import pytest
from unit.gateway.harness import App, bearer

from gateway.cases import ACTIONS
from gateway.operations import Operation
from gateway.table import DEVELOPMENT_OPERATIONS, OPERATIONS
from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refused
from support.gateway_inputs import answered, delivered, department, link

APP = App(rate_address=None, rate_staff=None, rate_case=None)
CODE = APP.codes.identify("public", "k", b"")[0].code
PERMISSIONS = APP.cases._access.permissions
STAFF = [role for role in PERMISSIONS.roles if role not in ("public", "reporter", "department")]
APP.rpc.otherwise = lambda **_: {"status": "filed", "items": [], **department()}

CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "reveal": ("POST", f"/v1/complaints/{CODE}/reveal", {"reason": "perlu"}),
    "history": ("GET", f"/v1/complaints/{CODE}/history", None),
    "figures": ("GET", "/v1/figures", None),
    "import_catalogue": ("PUT", "/v1/catalogue/uji", {"city": {"code": "uji"}}),
    "sweep": ("POST", "/v1/sweep", {"as_of": "2026-01-01T00:00:00+07:00"}),
    **{
        action: ("POST", f"/v1/complaints/{CODE}/{action.replace('_', '-')}", {"version": 1})
        for action in ACTIONS
    },
}
NOTICES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "inbox": ("GET", "/v1/notifications/inbox", None),
    "mark_read": ("POST", "/v1/notifications/inbox/read", {}),
    "deliveries": ("GET", "/v1/notifications/deliveries", None),
    "dry_run": ("POST", "/v1/notifications/dry-run", {}),
    "reload_city": ("POST", "/v1/notifications/reload", {}),
    "submit_contact": ("POST", "/v1/contacts", {"audience": "citizen", "email": "a@example.invalid"}),
}


PERIOD = "/v1/surveys/periods/dpupr/2026-Q1"
PAPER = b"waktu,pengaduan,sarana\n1,2,3\n"
IMPROVEMENT = {
    "unit": "dpupr", "period": "2026-Q1", "element": "waktu", "action": "Loket kedua",
    "owner_ref": "staf-1", "due_on": "2026-06-30",
}  # fmt: skip
SURVEYS: dict[str, tuple[str, str, Any]] = {
    "answer": ("POST", "/v1/survey-responses", lambda: answered(token=link(APP.survey_keys))),
    "assist": ("POST", "/v1/survey-responses", lambda: answered(unit="dpupr")),
    "paper_import": ("POST", "/v1/surveys/paper?unit=dpupr", PAPER),
    "results": ("GET", "/v1/surveys/results/dpupr/2026-Q1", None),
    "progress": ("GET", "/v1/surveys/periods", None),
    "manage": ("POST", f"{PERIOD}/close", {}),
    "counters": ("POST", "/v1/surveys/counters", {"unit": "dpupr", "counter": "1", "valid_days": 30}),
    "moderate": ("POST", "/v1/surveys/comments/c1/hide", {}),
    "plan": ("POST", "/v1/surveys/improvements", IMPROVEMENT),
    "carry_out": ("POST", "/v1/surveys/improvements/r1/start", {}),
    "export": ("GET", f"{PERIOD}/answers", None),
}
OF_ONE = "/v1/evaluation/evaluations/e1"
EVALUATION: dict[str, tuple[str, str, Any]] = {
    "view_staff": ("GET", "/v1/evaluation/staff", None),
    "import_staff": ("POST", "/v1/evaluation/staff/import", {"rows": []}),
    "evidence": ("GET", "/v1/evaluation/evidence?subject=staf-1", None),
    "comment_evidence": ("POST", "/v1/evaluation/evidence/i1/comment", {"text": "Cuti."}),
    "unit_evidence": ("GET", "/v1/evaluation/units/dpupr/evidence", None),
    "open": ("POST", "/v1/evaluation/evaluations",
             {"staff_ref": "staf-2", "start": "2026-01-01", "end": "2026-12-31"}),
    "view": ("GET", OF_ONE, None),
    "import_result": ("POST", f"{OF_ONE}/import", {}),
    **{
        action: ("POST", f"{OF_ONE}/{action.replace('_', '-')}", {"version": 1})
        for action in (
            "expect", "agree", "rate", "finalise", "hand_over", "read", "object", "decide", "follow_up"
        )
    },
    "distribution": (
        "GET",
        "/v1/evaluation/distribution?unit=dpupr&start=2026-01-01&end=2026-12-31&organisation=baik",
        None,
    ),
    "list_trainings": ("GET", "/v1/evaluation/trainings", None),
    "offer": ("PUT", "/v1/evaluation/trainings/o1", {"title": "Lokakarya"}),
    "enrol": ("POST", "/v1/evaluation/trainings/o1/enrol", {}),
    "approve_enrolment": ("POST", "/v1/evaluation/enrolments/n1/approve", {}),
    "confirm": ("POST", "/v1/evaluation/enrolments/n1/confirm", {}),
    "complete": ("POST", "/v1/evaluation/enrolments/n1/complete", {}),
    "withdraw": ("POST", "/v1/evaluation/enrolments/n1/withdraw", {}),
    "ledger": ("GET", "/v1/evaluation/ledger?year=2026", None),
    "claim": ("POST", "/v1/evaluation/ledger", {"title": "Lokakarya"}),
    "verify": ("POST", "/v1/evaluation/ledger/y1/verify", {}),
    "recommendations": ("GET", "/v1/evaluation/recommendations", None),
    "approve": ("POST", "/v1/evaluation/recommendations/r1/approve", {}),
}  # fmt: skip
DEPARTMENTS: dict[str, tuple[str, str, Any]] = {
    "publish": ("POST", "/v1/events", delivered()),
    "registry": ("PUT", "/v1/departments/antrian",
                 {"name": {"id": "A", "en": "A"}, "unit": "dpupr", "types": ["service.delivered.v1"]}),
}  # fmt: skip
AREAS = {
    "complaints": CALLS,
    "notifications": {**NOTICES, "rejections": ("GET", "/v1/events/rejections", None)},
    "surveys": SURVEYS,
    "evaluation": EVALUATION,
    "departments": DEPARTMENTS,
}


@pytest.mark.parametrize("role", [*STAFF, "department", "reporter", "public"])
@pytest.mark.parametrize(
    ("service", "action"), [(area, action) for area, calls in AREAS.items() for action in calls]
)
def test_a_role_gets_as_far_as_the_table_lets_it(service: str, action: str, role: str) -> None:
    method, path, body = AREAS[service][action]
    body = body() if callable(body) else body
    headers = {"reporter": {"Tanggap-Secret": "a" * 26}, "public": {}}.get(role)
    if headers is None:
        ref = "dept-antrian" if role == "department" else "staf-1"
        headers = bearer(role, sub=ref, unit="dpupr")
    names = ("reporter", "public") if role == "reporter" else (role,)

    if isinstance(body, bytes):
        status = APP.request(
            method, path, content=body, headers={**headers, "Content-Type": "text/csv"}
        ).status_code
    elif action == "publish":
        status = APP.request(
            method, path, json=body, headers={**headers, "Content-Type": "application/cloudevents+json"}
        ).status_code
    else:
        status = APP.request(method, path, json=body, headers=headers).status_code

    allowed = any(PERMISSIONS.scope(service, action, name) for name in names)
    assert (status in (200, 201, 202)) is allowed
    assert allowed or status == (401 if role == "public" else 403)


@pytest.mark.parametrize("area", [area for area in AREAS if area not in ("complaints", "notifications")])
def test_every_action_of_the_table_has_a_route(area: str) -> None:
    assert set(AREAS[area]) == set(PERMISSIONS.actions(area))


@pytest.mark.parametrize(
    ("action", "body"), [("paper_import", PAPER), ("assist", lambda: answered(unit="dpupr"))]
)
def test_staff_of_a_unit_enter_answers_for_it_alone(action: str, body: Any) -> None:
    method, path, _ = SURVEYS[action]
    body = body() if callable(body) else body
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    kind = "text/csv" if isinstance(body, bytes) else "application/json"

    answers = [
        APP.request(
            method, path, headers={**bearer("unit_head", unit=unit), "Content-Type": kind}, **content
        ).status_code
        for unit in ("dpupr", "dinkes")
    ]

    assert answers == [202, 403]


def test_actions_are_the_tables_actions() -> None:
    assert set(ACTIONS) <= set(PERMISSIONS.actions("complaints"))


@pytest.mark.parametrize("operation", [*OPERATIONS, *DEVELOPMENT_OPERATIONS], ids=lambda o: o.operation_id)
def test_no_json_route_needs_or_reads_a_cookie(operation: Operation) -> None:
    path = re.sub(r"{\w+}", "x", operation.path)

    answer = APP.request(operation.method, path, headers={"Cookie": "tanggap_session=x"}, json={})

    assert "set-cookie" not in answer.headers
    assert answer.status_code < 500


def test_the_sweep_does_not_exist_in_production() -> None:
    production = App(profile="production", jwt_issuer="https://id.example.org")

    assert production.post("/v1/sweep", json={}).status_code == 404


@pytest.mark.parametrize(
    ("refusal", "status", "slug"),
    [
        (NotFound("case"), 404, "not-found"),
        (Forbidden("not_yours", "no"), 403, "forbidden"),
        (Invalid([FieldError("/public_text", "required", "x")]), 422, "invalid-input"),
        (Conflict({"status": "closed"}, "moved on"), 409, "conflict"),
        (Refused("internal"), 500, "internal-error"),
    ],
)
def test_a_services_refusal_is_a_problem(refusal: Refused, status: int, slug: str) -> None:
    def refuse(**_: Any) -> Any:
        raise refusal

    app = App()
    app.rpc.answers["act"] = refuse

    answer = app.post(f"/v1/complaints/{CODE}/verify", json={"version": 1}, headers=bearer("coordinator"))

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert answer.json().get("current") == (refusal.current if isinstance(refusal, Conflict) else None)


@pytest.mark.parametrize("version", [None, "1", True, -1, 1.5, 2**60])
def test_an_action_says_which_version_it_saw(version: Any) -> None:
    answer = APP.post(
        f"/v1/complaints/{CODE}/verify", json={"version": version}, headers=bearer("coordinator")
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/version"


def test_an_action_carries_actor_key_version_and_payload() -> None:
    app = App()
    app.rpc.answers["act"] = lambda **_: {"status": "assigned", "version": 3, "unit": "dpupr"}

    answer = app.post(
        f"/v1/complaints/{CODE}/request-info",
        json={"version": 2, "question": "Di mana?"},
        headers={**bearer("officer", unit="dpupr"), "Idempotency-Key": "k1"},
    )

    assert answer.json()["unit_name"] == "Dinas PU"
    assert answer.json()["status_label"] == "Diteruskan ke unit"
    assert app.rpc.calls == [
        (
            "complaints",
            "act",
            {"ref": "staf-1", "roles": ["officer"], "unit": "dpupr"},
            "k1",
            {"code": CODE, "action": "request_info", "version": 2, "payload": {"question": "Di mana?"}},
        )
    ]


@pytest.mark.parametrize(
    ("language", "detail"), [("id", "Isian ini wajib diisi."), ("en", "This field is required.")]
)
def test_a_services_refusal_is_told_in_the_callers_language(language: str, detail: str) -> None:
    def refuse(**_: Any) -> Any:
        raise Invalid([FieldError("/unit", "required", "This field is required.")])

    app = App()
    app.rpc.answers["act"] = refuse

    answer = app.post(
        f"/v1/complaints/{CODE}/assign",
        json={"version": 1},
        headers={**bearer("coordinator"), "Accept-Language": language},
    )

    assert answer.json()["errors"] == [{"pointer": "/unit", "code": "required", "detail": detail}]
