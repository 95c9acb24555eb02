"""Whatever a caller sends is read or refused with a reason; nothing of it ends in an error of ours."""

import itertools
from typing import Any

import pytest
from component.evaluation.world import HR, PERSON, RATER, World, put, who

from evaluation.errors import Refusal

JUNK: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    2**70,
    "",
    "x" * 5000,
    "a\x00b",
    "2026-13-01",
    "2026-W01-1",
    [],
    {},
    [[]],
    {"$gt": ""},
    {"kind": {}},
    [{"staff_ref": {"a": 1}}],
)


def calls(world: World, id_: str) -> dict[str, Any]:
    parts = world.parts
    hr, rater, person = who(HR), who(RATER), who(PERSON)
    return {
        "staff": lambda a, b: parts.staffing.staff(hr, a, b, None),
        "staff limit": lambda a, b: parts.staffing.staff(hr, None, None, a),
        "staff_member": lambda a, b: parts.staffing.staff_member(hr, a),
        "import_staff": lambda a, b: parts.staffing.import_staff(hr, a, b, None),
        "import rows": lambda a, b: parts.staffing.import_staff(hr, [a, {"staff_ref": b}], True, None),
        "evidence": lambda a, b: parts.evidencing.evidence(person, a, b),
        "comment": lambda a, b: parts.evidencing.comment(person, a, b),
        "unit_evidence": lambda a, b: parts.evidencing.unit_evidence(hr, a, b),
        "evaluations": lambda a, b: parts.rating.evaluations(rater, a, b, None, None),
        "evaluations page": lambda a, b: parts.rating.evaluations(rater, None, None, a, b),
        "evaluation": lambda a, b: parts.rating.evaluation(rater, a),
        "open": lambda a, b: parts.rating.open(hr, "dukcapil-1", a, b, None, None),
        "open record": lambda a, b: parts.rating.open(hr, a, "2026-01-01", "2026-03-31", b, None),
        "act": lambda a, b: parts.rating.act(rater, a, "expect", 1, b, None),
        "act action": lambda a, b: parts.rating.act(rater, id_, a, b, {}, None),
        "expect": lambda a, b: parts.rating.act(rater, id_, "expect", 1, {"results": a, "reason": b}, None),
        "rate": lambda a, b: parts.rating.act(rater, id_, "rate", 1, {"results": a, "reasons": b}, None),
        "distribution": lambda a, b: parts.calibrating.distribution(hr, a, "2026-01-01", "2026-03-31", b),
        "trainings": lambda a, b: parts.training.trainings(person, a, b, None, None),
        "training": lambda a, b: parts.training.training(person, a),
        "put_training": lambda a, b: parts.training.put_training(hr, a, None),
        "put field": lambda a, b: parts.training.put_training(hr, {"offer_id": a, "form": b}, None),
        "enrol": lambda a, b: parts.training.enrol(person, a, b, None),
        "enrol on": lambda a, b: parts.training.enrol(person, "workshop-loket", a, None),
        "enrolments": lambda a, b: parts.training.enrolments(hr, a, b, None, None, None),
        "enrolment": lambda a, b: parts.training.act(hr, a, b, {}, None),
        "ledger": lambda a, b: parts.ledgering.ledger(hr, a, b),
        "claim": lambda a, b: parts.ledgering.claim(person, a, None),
        "claim field": lambda a, b: parts.ledgering.claim(person, {"form": a, "start": b, "days": b}, None),
        "entry": lambda a, b: parts.ledgering.act(hr, a, "reject", b, None),
        "entry action": lambda a, b: parts.ledgering.act(hr, "x", a, b, None),
        "recommendations": lambda a, b: parts.deciding.recommendations(hr, a, b, None, None, None),
        "decide": lambda a, b: parts.deciding.decide(hr, a, "decline", b, None, None),
        "decide how": lambda a, b: parts.deciding.decide(hr, "x", a, "reason", b, None),
        "actor": lambda a, b: parts.staffing.staff(who({"ref": a, "roles": b}), None, None, None),
        "actor itself": lambda a, b: parts.staffing.staff(who(a), None, None, None),
    }


@pytest.mark.timeout(120)
def test_junk_is_read_or_refused_everywhere(world: World) -> None:
    put(world)
    id_ = world.open()["evaluation_id"]
    answered = refused = 0

    for name, call in calls(world, id_).items():
        for a, b in itertools.chain(
            itertools.product(JUNK, JUNK[:1]), zip(JUNK, reversed(JUNK), strict=True)
        ):
            try:
                assert isinstance(call(a, b), dict), name
                answered += 1
            except Refusal as refusal:
                assert str(refusal) is not None
                refused += 1

    assert world.rows.evaluations.find_one({"_id": id_})["state"] == "opened"
    assert answered > 100
    assert refused > 500
