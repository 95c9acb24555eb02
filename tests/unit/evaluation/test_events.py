"""`evaluation.*` and `training.*` events carry ids and codes: a rating, a predikat or a figure is in none."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation import events as told
from evaluation.domain.enrolments import Enrolment
from evaluation.domain.evaluations import Evaluation, Objection, Predikat, Rating
from servicekit.contracts import Contracts
from servicekit.rejections import Rejection, rejected
from servicekit.testing import make_event

ROOT = Path(__file__).parents[3]
CONTRACTS = Contracts.load(ROOT / "contracts")
AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
ID = "2f0f4c3e-8a53-4f0f-9a0e-0f3d6c7d1b01"
SECRET = "RAHASIA-NILAI"
OWN = yaml.safe_load((ROOT / "contracts" / "topology.yaml").read_text())["publishes"]["evaluation"]

# Every field that our events may hold. A new one has to be added here by somebody who thought about it.
FIELDS = {
    "evaluation.opened.v1": "evaluation_id staff_ref rater_ref period official_record",
    "evaluation.finalised.v1": "evaluation_id version staff_ref rater_ref kind",
    "evaluation.objection_filed.v1": (
        "objection_id evaluation_id staff_ref rater_ref decider_ref filed_at decide_by"
    ),
    "evaluation.objection_decided.v1": (
        "objection_id evaluation_id staff_ref rater_ref decider_ref new_version"
    ),
    "training.recommended.v1": "recommendation_id kind staff_ref unit rater_ref rule_version",
    "training.approved.v1": "recommendation_id kind staff_ref unit offer_ids",
    "training.enrolled.v1": "enrolment_id offer_id staff_ref rater_ref status",
    "training.completed.v1": (
        "entry_ref staff_ref offer_id form title organiser start end days sessions programme_jp location"
        " evidence_ref jp rule_version"
    ),
    "event.rejected.v1": "department event_id event_type reason pointer message received_at",
}


def evaluation() -> Evaluation:
    return Evaluation(
        id=ID,
        version=7,
        staff_ref="dukcapil-1",
        unit="dukcapil",
        rater_ref="dukcapil-kepala",
        decider_ref="sekda-1",
        start=date(2026, 7, 1),
        end=date(2026, 9, 30),
        record="tanggap",
        state="objected",
        opened_at=AT,
        reference=SECRET,
        results=({"id": "r1", "result": SECRET},),
        rating=Rating(SECRET, SECRET, {"results": SECRET}, ({"evidence_id": SECRET, "value": 3.4},), AT),
        predikat=Predikat(SECRET, {"id": SECRET, "en": SECRET}, "6-2022", "issued"),
        objection=Objection(ID, "decided", AT, SECRET, "changed", SECRET, AT),
        warnings=({"code": SECRET},),
    )


def every_event() -> list[Any]:
    recommendation = {
        "_id": ID,
        "kind": "person",
        "staff_ref": "dukcapil-1",
        "unit": "dukcapil",
        "rater_ref": "dukcapil-kepala",
        "rule_version": "1",
        "data": {"value": SECRET},
        "reason_codes": [SECRET],
        "explanation": {"id": SECRET, "en": SECRET},
    }
    enrolment = Enrolment(
        ID,
        "workshop",
        "dukcapil-1",
        "dukcapil",
        "dukcapil-kepala",
        "requested",
        AT,
        AT,
        back_home_project=SECRET,
    )
    completed = CONTRACTS.examples("training.completed.v1")[1]
    entry = {"_id": completed["entry_ref"], **completed, "note": SECRET}
    refused = make_event("staff.changed.v1", {"position": SECRET}, source="/departments/simpeg")
    return [
        told.opened(evaluation(), AT),
        told.told("finalised", evaluation(), AT),
        told.told("objection_filed", evaluation(), AT),
        told.told("objection_decided", evaluation(), AT),
        told.recommended(recommendation, AT),
        told.approved(recommendation, ["workshop"], AT),
        told.enrolled(enrolment, AT),
        told.completed(entry, AT),
        rejected(refused, "simpeg", Rejection("invalid", "/status"), source=told.SOURCE, at=AT),
    ]


def test_every_type_we_publish_is_checked_here() -> None:
    assert {event.type for event in every_event()} == set(FIELDS) == set(OWN["evaluation.events"])


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.type)
def test_an_event_holds_its_fields_and_nothing_of_a_rating(event: Any) -> None:
    CONTRACTS.validate(event)

    assert set(event.data) == set(FIELDS[event.type].split())
    assert not set(event.data) & told.NEVER
    assert SECRET not in str(event.to_dict())


@pytest.mark.parametrize("type_", sorted(FIELDS))
def test_no_contract_of_ours_has_room_for_a_rating(type_: str) -> None:
    schema = CONTRACTS.schemas[type_]

    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(FIELDS[type_].split())
    assert not set(schema["properties"]) & told.NEVER
