"""Every RPC method of evaluation, for every role, against contracts/permissions.yaml."""

from typing import Any

from component.cells import PERMISSIONS, Cell, differences, placed, rpc_methods, served_by
from component.evaluation.world import PERSON, World, aggregate, enrol, put

from evaluation.service import EvaluationService

STEPS = {
    "expect": "expect",
    "agree": "agree",
    "rate": "rate",
    "finalise": "finalise",
    "import_result": "import",
    "hand_over": "hand-over",
    "read": "read",
    "object": "object",
    "decide": "decide",
    "follow_up": "follow-up",
}
# The person, her rating officer, his superior, who decides about objections, and somebody else.
PLACES = (
    ("dukcapil-1", "dukcapil"),
    ("dukcapil-kepala", "dukcapil"),
    ("sekda-1", "setda"),
    ("bkpsdm-1", "bkpsdm"),
)
OF_A_DEPARTMENT = frozenset({"department"})


def some(page: Any) -> bool:
    return bool(page["items"])


def cells(evaluation: str = "", evidence: str = "", advice: str = "", enrolment: str = "") -> list[Cell]:
    def step(name: str) -> Any:
        # A version that nobody has seen: who may act is told of the conflict, and nothing changes.
        return lambda s, a: s.act_on_evaluation(a, evaluation, name, 999)

    def on_enrolment(name: str) -> Any:
        return lambda s, a: s.act_on_enrolment(a, enrolment, name)

    return [
        Cell("me", ("view_staff",), (lambda s, a: s.me(a),), lambda mine: mine["staff"] is not None),
        Cell("staff", ("view_staff",), (lambda s, a: s.staff(a),), some),
        Cell("staff_member", ("view_staff",), (lambda s, a: s.staff_member(a, "dukcapil-1"),)),
        Cell("import_staff", ("import_staff",), (lambda s, a: s.import_staff(a, []),)),
        Cell("evidence", ("evidence",), (lambda s, a: s.evidence(a, "dukcapil-1"),)),
        Cell(
            "comment_evidence",
            ("comment_evidence",),
            (lambda s, a: s.comment_evidence(a, evidence, "Saya cuti."),),
        ),
        Cell("unit_evidence", ("unit_evidence",), (lambda s, a: s.unit_evidence(a, "dukcapil"),)),
        Cell("evaluations", ("view",), (lambda s, a: s.evaluations(a),), some),
        Cell("evaluation", ("view",), (lambda s, a: s.evaluation(a, evaluation),)),
        Cell("open_evaluation", ("open",), (lambda s, a: s.open_evaluation(a, "dukcapil-1", "", ""),)),
        *(Cell("act_on_evaluation", (row,), (step(name),)) for row, name in STEPS.items()),
        Cell(
            "distribution",
            ("distribution",),
            (lambda s, a: s.distribution(a, "dukcapil", "2026-07-01", "2026-09-30", "baik"),),
        ),
        Cell("trainings", ("list_trainings",), (lambda s, a: s.trainings(a),)),
        Cell("training", ("list_trainings",), (lambda s, a: s.training(a, "workshop-loket"),)),
        Cell("put_training", ("offer",), (lambda s, a: s.put_training(a, {}),)),
        Cell("enrol", ("enrol",), (lambda s, a: s.enrol(a, "workshop-loket"),)),
        # Enrolments of one's own need no role here; the gateway asks for one before it calls.
        Cell("enrolments", ("enrol",), (lambda s, a: s.enrolments(a),), some, besides=OF_A_DEPARTMENT),
        Cell("act_on_enrolment", ("approve_enrolment",), (on_enrolment("approve"),)),
        Cell("act_on_enrolment", ("confirm",), (on_enrolment("confirm"),)),
        Cell("act_on_enrolment", ("complete",), (on_enrolment("complete"),)),
        Cell("act_on_enrolment", ("withdraw",), (on_enrolment("withdraw"),)),
        Cell("ledger", ("ledger",), (lambda s, a: s.ledger(a, "dukcapil-1"),)),
        Cell("claim_entry", ("claim",), (lambda s, a: s.claim_entry(a, {}),)),
        Cell("act_on_entry", ("verify",), (lambda s, a: s.act_on_entry(a, "x", "reject"),)),
        Cell("recommendations", ("recommendations",), (lambda s, a: s.recommendations(a),), some),
        Cell(
            "decide_recommendation",
            ("approve",),
            (lambda s, a: s.decide_recommendation(a, advice, "approve"),),
        ),
    ]


def test_a_role_gets_past_a_method_exactly_where_the_table_says_so(world: World) -> None:
    service = served_by(EvaluationService, world.parts)
    put(world)
    world.tell(aggregate("dukcapil-1", n=60, mean=2.3))
    world.parts.advising.run()
    evaluation = world.finalised()
    world.act(evaluation, "read", PERSON)
    world.act(evaluation, "object", PERSON, {"reason": "Beban kerja tidak dihitung."})
    evidence = service.evidence(PERSON, "dukcapil-1")["items"][0]["evidence_id"]
    found = service.recommendations(PERSON)["items"]
    advice = next(one["recommendation_id"] for one in found if one["certainty"] == "finding")
    actors = placed(*PLACES, strangers={"public": [None], "reporter": [{"ref": None, "roles": ["reporter"]}]})

    table = cells(evaluation, evidence, advice, enrol(world))

    assert differences(service, "evaluation", table, actors) == {}


def test_a_new_method_or_action_without_a_cell_is_noticed() -> None:
    table = cells()

    assert {cell.method for cell in table} == rpc_methods(EvaluationService)
    assert {row for cell in table for row in cell.rows} == set(PERMISSIONS.actions("evaluation"))
