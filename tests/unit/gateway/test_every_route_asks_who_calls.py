"""Every route that is not for everybody, for every role, against contracts/permissions.yaml."""

import re
from typing import Any

import pytest
from unit.gateway.harness import App, bearer

from gateway.cases import ACTIONS
from gateway.operations import Operation
from gateway.table import DEVELOPMENT_OPERATIONS, OPERATIONS
from support.gateway_inputs import delivered, department

APP = App(rate_address=None, rate_staff=None, rate_case=None, rate_contact=None)
CODE = APP.codes.identify("public", "k", b"")[0].code
PERMISSIONS = APP.cases._access.permissions
APP.rpc.otherwise = lambda **_: {"status": "filed", "items": [], **department()}
PERIOD = {"unit": "dpupr", "period": "2026-Q1"}
RANGE = "?unit=dpupr&start=2026-01-01&end=2026-12-31&organisation=baik"
OPEN_TO_ALL = {
    "file_complaint", "get_complaint", "list_complaints", "list_services", "get_service", "list_units",
    "get_questionnaire", "get_invitation", "submit_survey_response", "list_results", "get_result",
    "list_improvements",
}  # fmt: skip
"""What the public may call; how much of it each sees is decided, and tested, at the service."""

# operation: the row of the table, what stands in its path, a body that is read, a query it needs
Route = tuple[str, dict[str, str], Any, str]
REGISTERED = {"name": {"id": "A", "en": "A"}, "unit": "dpupr", "types": ["service.delivered.v1"]}
ROUTES: dict[str, list[Route]] = {
    "reveal_reporter": [("complaints.reveal", {}, {"reason": "perlu"}, "")],
    "get_history": [("complaints.history", {}, None, "")],
    "act_on_complaint": [
        (f"complaints.{one}", {"action": one.replace("_", "-")}, {"version": 1}, "") for one in ACTIONS
    ],
    "put_catalogue": [("complaints.import_catalogue", {"city": "uji"}, {"city": {"code": "uji"}}, "")],
    "get_figures": [("complaints.figures", {}, None, "")],
    "sweep": [("complaints.sweep", {}, {"as_of": "2026-01-01T00:00:00+07:00"}, "")],
    "submit_contact": [("notifications.submit_contact", {}, {}, "")],
    "get_inbox": [("notifications.inbox", {}, None, "")],
    "mark_inbox_read": [("notifications.mark_read", {}, {}, "")],
    "list_deliveries": [("notifications.deliveries", {}, None, "")],
    "dry_run_event": [("notifications.dry_run", {}, {}, "")],
    "reload_notifications": [("notifications.reload_city", {}, {}, "")],
    "import_paper": [("surveys.paper_import", {}, b"waktu,pengaduan,sarana\n1,2,3\n", "?unit=dpupr")],
    "list_periods": [("surveys.progress", {}, None, "")],
    "list_answers": [("surveys.export", PERIOD, None, "")],
    "act_on_period": [
        ("surveys.manage", {**PERIOD, "action": one}, {}, "") for one in ("close", "publish", "population")
    ],
    "list_counters": [("surveys.counters", {}, None, "")],
    "create_counter": [("surveys.counters", {}, {}, "")],
    "revoke_counter": [("surveys.counters", {}, {}, "")],
    "list_comments": [("surveys.moderate", {}, None, "")],
    "moderate_comment": [("surveys.moderate", {"action": one}, {}, "") for one in ("publish", "hide")],
    "list_held": [("surveys.moderate", {}, None, "")],
    "review_held": [("surveys.moderate", {"action": one}, {}, "") for one in ("accept", "discard")],
    "plan_improvement": [("surveys.plan", {}, {}, "")],
    "act_on_improvement": [("surveys.carry_out", {"action": "start"}, {}, "")],
    "get_my_record": [("evaluation.view_staff", {}, None, "")],
    "list_staff": [("evaluation.view_staff", {}, None, "")],
    "get_staff_member": [("evaluation.view_staff", {}, None, "")],
    "import_staff": [("evaluation.import_staff", {}, {"rows": []}, "")],
    "list_evidence": [("evaluation.evidence", {}, None, "?subject=staf-1")],
    "comment_evidence": [("evaluation.comment_evidence", {}, {"text": "Cuti."}, "")],
    "list_unit_evidence": [("evaluation.unit_evidence", {}, None, "")],
    "list_evaluations": [("evaluation.view", {}, None, "")],
    "get_evaluation": [("evaluation.view", {}, None, "")],
    "open_evaluation": [("evaluation.open", {}, {}, "")],
    "act_on_evaluation": [
        (f"evaluation.{row}", {"action": action}, {"version": 1}, "")
        for row, action in {
            "import_result": "import", "hand_over": "hand-over", "follow_up": "follow-up",
            **{one: one for one in ("expect", "agree", "rate", "finalise", "read", "object", "decide")},
        }.items()
    ],
    "check_distribution": [("evaluation.distribution", {}, None, RANGE)],
    "list_trainings": [("evaluation.list_trainings", {}, None, "")],
    "get_training": [("evaluation.list_trainings", {}, None, "")],
    "offer_training": [("evaluation.offer", {}, {}, "")],
    "put_training": [("evaluation.offer", {}, {}, "")],
    "enrol": [("evaluation.enrol", {}, {}, "")],
    "list_enrolments": [("evaluation.enrol", {}, None, "")],
    "act_on_enrolment": [
        (f"evaluation.{row}", {"action": action}, {}, "")
        for row, action in {
            "approve_enrolment": "approve", "confirm": "confirm", "complete": "complete",
            "withdraw": "withdraw",
        }.items()
    ],
    "get_ledger": [("evaluation.ledger", {}, None, "?year=2026")],
    "claim_entry": [("evaluation.claim", {}, {}, "")],
    "act_on_entry": [("evaluation.verify", {"action": one}, {}, "") for one in ("verify", "reject")],
    "list_recommendations": [("evaluation.recommendations", {}, None, "")],
    "decide_recommendation": [
        ("evaluation.approve", {"action": one}, {}, "") for one in ("approve", "decline")
    ],
    "publish_events": [("departments.publish", {}, delivered(), "")],
    "list_rejections": [("notifications.rejections", {}, None, "")],
    "list_departments": [("departments.registry", {}, None, "")],
    "put_department": [("departments.registry", {"code": "antrian"}, REGISTERED, "")],
    "act_on_department": [
        ("departments.registry", {"code": "antrian", "action": one}, {}, "") for one in ("rotate", "revoke")
    ],
}  # fmt: skip
BY_NAME: dict[str, Operation] = {one.operation_id: one for one in (*OPERATIONS, *DEVELOPMENT_OPERATIONS)}
CELLS = [(name, *route) for name, routes in ROUTES.items() for route in routes]


def status(name: str, names: dict[str, str], body: Any, query: str, role: str) -> int:
    given = {"code": CODE, **names}
    path = re.sub(r"{(\w+)}", lambda found: given.get(found[1], "x"), BY_NAME[name].path) + query
    who = {"reporter": {"Tanggap-Secret": "a" * 26}, "public": {}}.get(role)
    if who is None:
        who = bearer(role, sub="dept-antrian" if role == "department" else "staf-1", unit="dpupr")
    media = {"publish_events": "application/cloudevents+json", "import_paper": "text/csv"}
    headers = {**who, "Content-Type": media.get(name, "application/json")}
    content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    return APP.request(BY_NAME[name].method, path, headers=headers, **content).status_code


@pytest.mark.parametrize(
    ("name", "row", "names", "body", "query"), CELLS, ids=[f"{one[0]}-{one[1]}" for one in CELLS]
)
def test_a_route_lets_in_whom_the_table_names(
    name: str, row: str, names: dict[str, str], body: Any, query: str
) -> None:
    area, _, action = row.partition(".")
    found = {role: status(name, names, body, query, role) for role in PERMISSIONS.roles}

    allowed = {role for role in PERMISSIONS.roles if PERMISSIONS.scope(area, action, role)}
    if "public" in allowed:
        allowed.add("reporter")
    assert {role for role, answer in found.items() if answer not in (401, 403)} == allowed
    # What is not found would be not found for everybody, and then nothing was tested.
    assert {found[role] for role in allowed} <= {200, 201, 202, 207, 422}


def test_a_new_route_without_a_cell_is_noticed() -> None:
    assert {*ROUTES, *OPEN_TO_ALL} == set(BY_NAME)
    assert not set(ROUTES) & OPEN_TO_ALL
    assert {BY_NAME[name].security for name in OPEN_TO_ALL} <= {"anyone", "public"}
