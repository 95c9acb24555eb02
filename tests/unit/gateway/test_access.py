"""The routes against contracts/permissions.yaml, cell by cell."""

import re
from typing import Any

import pytest
from unit.gateway.harness import App, bearer

from gateway.cases import ACTIONS
from gateway.operations import Operation
from gateway.table import DEVELOPMENT_OPERATIONS, OPERATIONS
from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refused

APP = App(rate_address=None, rate_staff=None, rate_case=None)
CODE = APP.codes.identify("public", "k", b"")[0].code
PERMISSIONS = APP.cases._access.permissions
STAFF = [role for role in PERMISSIONS.roles if role not in ("public", "reporter", "department")]
for method in (
    "act",
    "reveal",
    "history",
    "figures",
    "sweep",
    "import_catalogue",
    "inbox",
    "mark_read",
    "deliveries",
    "dry_run",
    "reload_city",
    "list_cases",
):
    APP.rpc.answers[method] = lambda **_: {"status": "filed", "items": []}

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


@pytest.mark.parametrize("role", [*STAFF, "reporter", "public"])
@pytest.mark.parametrize(
    ("service", "action"), [*(("complaints", a) for a in CALLS), *(("notifications", a) for a in NOTICES)]
)
def test_a_role_gets_as_far_as_the_table_lets_it(service: str, action: str, role: str) -> None:
    method, path, body = (CALLS if service == "complaints" else NOTICES)[action]
    headers = {"reporter": {"Tanggap-Secret": "a" * 26}, "public": {}}.get(role) or (
        bearer(role) if role in STAFF else {}
    )
    names = ("reporter", "public") if role == "reporter" else (role,)

    status = APP.request(method, path, json=body, headers=headers).status_code

    allowed = any(PERMISSIONS.scope(service, action, name) for name in names)
    assert (status in (200, 202)) is allowed
    assert allowed or status == (401 if role == "public" else 403)


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
