"""Every RPC method of surveys, for every role, against contracts/permissions.yaml."""

from component.cells import PERMISSIONS, Cell, differences, placed, rpc_methods, served_by
from component.surveys.world import ADMIN, COORDINATOR, PERIOD, UNIT_HEAD, World, actor_of

from surveys.service import SurveysService

ANYBODY = {"questionnaires", "invitation", "check_submission", "results"}  # published, or opened by a token
AT_THE_GATEWAY = {"answer", "assist", "paper_import"}  # no RPC: an answer is an event
CONSENTS = {"process": True, "publish_comment": True}
PLAN = {"element": "waktu", "action": "Loket kedua", "owner_ref": "staf-017", "due_on": "2026-12-20"}


def cells(comment: str = "", counter: str = "", plan: str = "", held: str = "") -> list[Cell]:
    return [
        Cell("result", ("results",), (lambda s, a: s.result(a, "dpupr", PERIOD),)),
        Cell("improvements", ("results",), (lambda s, a: s.improvements(a),)),
        Cell("periods", ("progress",), (lambda s, a: s.periods(a),)),
        Cell("act_on_period", ("manage",), (lambda s, a: s.act_on_period(a, "dpupr", PERIOD, "population"),)),
        Cell("answers", ("export",), (lambda s, a: s.answers(a, "dpupr", PERIOD),)),
        Cell("counters", ("counters",), (lambda s, a: s.counters(a),)),
        Cell("create_counter", ("counters",), (lambda s, a: s.create_counter(a, unit="dpupr"),)),
        Cell("revoke_counter", ("counters",), (lambda s, a: s.revoke_counter(a, counter),)),
        Cell("comments", ("moderate",), (lambda s, a: s.comments(a, unit="dpupr"),)),
        Cell("moderate_comment", ("moderate",), (lambda s, a: s.moderate_comment(a, comment, "hide"),)),
        Cell("held", ("moderate",), (lambda s, a: s.held(a, unit="dukcapil"),)),
        Cell("review_held", ("moderate",), (lambda s, a: s.review_held(a, held, "accept"),)),
        Cell(
            "plan_improvement", ("plan",), (lambda s, a: s.plan_improvement(a, unit="dpupr", period=PERIOD),)
        ),
        Cell("act_on_improvement", ("carry_out",), (lambda s, a: s.act_on_improvement(a, plan, "start"),)),
        Cell("act_on_improvement", ("plan",), (lambda s, a: s.act_on_improvement(a, plan, "cancel"),)),
    ]


def test_a_role_gets_past_a_method_exactly_where_the_table_says_so(world: World) -> None:
    service = served_by(SurveysService, world.parts)
    world.paper(12, comment="Petugas membantu", consents=CONSENTS)
    world.act("close")
    (comment, *_) = service.comments(COORDINATOR, "dpupr", PERIOD, "new")["items"]
    counter = service.create_counter(ADMIN, "dpupr", None, "Loket 1", 30)["counter_id"]
    plan = service.plan_improvement(UNIT_HEAD, "dpupr", PERIOD, **PLAN)["rtl_id"]
    world.rows.held.insert_one({"_id": "held-1", "unit": "dpupr", "period": f"dpupr:{PERIOD}"})
    actors = placed(
        ("staf-017", "dpupr"),
        ("staf-017", None),
        strangers={"public": [None], "reporter": [{"ref": None, "roles": ["reporter"]}]},
    )

    table = cells(comment["comment_id"], counter, plan, "held-1")

    assert actor_of(None).roles == ("public",)
    assert differences(service, "surveys", table, actors) == {}


def test_a_new_method_or_action_without_a_cell_is_noticed() -> None:
    table = cells()

    assert {cell.method for cell in table} | ANYBODY == rpc_methods(SurveysService)
    rows = {row for cell in table for row in cell.rows}
    assert rows | AT_THE_GATEWAY == set(PERMISSIONS.actions("surveys"))
