from datetime import timedelta
from typing import Any

import pytest
from component.evaluation.world import (
    COLLEAGUE,
    EXPECTATIONS,
    HR,
    OTHER_RATER,
    PERSON,
    RATER,
    RATING,
    SUPERIOR,
    World,
    aggregate,
    period_closed,
    who,
)

from evaluation.errors import NotAllowed, NotValid, Stale, Unseen


def refusal(code: str) -> Any:
    """The code of a NotAllowed, checked."""

    class Checked:
        def __enter__(self) -> None:
            self.context = pytest.raises(NotAllowed)
            self.info = self.context.__enter__()

        def __exit__(self, *args: Any) -> bool:
            done = bool(self.context.__exit__(*args))
            assert self.info.value.code == code
            return done

    return Checked()


def test_an_evaluation_goes_its_whole_way_by_people_alone(world: World) -> None:
    id_ = world.finalised()

    seen = world.see(id_, RATER)

    assert seen["state"] == "finalised"
    assert seen["predikat"]["key"] == "baik"
    assert seen["predikat"]["origin"] == "issued"
    assert [step["action"] for step in seen["history"]] == ["open", "expect", "agree", "rate", "finalise"]
    assert [step["actor_ref"] for step in seen["history"]] == [
        "bkpsdm-1",
        "dukcapil-kepala",
        "dukcapil-1",
        "dukcapil-kepala",
        "dukcapil-kepala",
    ]
    types = [event.type for event in world.events() if event.type.startswith("evaluation.")]
    assert types == ["evaluation.opened.v1", "evaluation.finalised.v1"]


def test_a_final_result_is_immutable(world: World) -> None:
    id_ = world.finalised()
    before = world.dump("evaluations", "evaluation_versions")

    for action, actor in (("rate", RATER), ("finalise", RATER), ("expect", RATER), ("agree", PERSON)):
        with pytest.raises(NotAllowed):
            world.act(id_, action, actor, RATING if action == "rate" else EXPECTATIONS)

    assert world.dump("evaluations", "evaluation_versions") == before


def test_a_rating_needs_both_axes_reasons_and_evidence(world: World) -> None:
    id_ = world.agreed()

    with pytest.raises(NotValid) as refused:
        world.act(id_, "rate", RATER, {"results": "sempurna", "reasons": {"results": " "}})
    assert {(f.pointer, f.code) for f in refused.value.faults} == {
        ("/results", "unknown_value"),
        ("/behaviour", "required"),
        ("/reasons/results", "required"),
        ("/reasons/behaviour", "required"),
    }

    with pytest.raises(NotValid) as refused:
        world.act(id_, "rate", RATER, {**RATING, "documents": []})
    assert [(f.pointer, f.code) for f in refused.value.faults] == [("/evidence_ids", "required")]

    with pytest.raises(NotValid) as refused:
        world.act(id_, "rate", RATER, {**RATING, "evidence_ids": ["of-somebody-else"]})
    assert refused.value.faults[0].code == "unknown_evidence"
    assert world.see(id_, RATER)["state"] == "agreed"


def test_what_shows_no_value_supports_no_rating(world: World) -> None:
    world.tell(period_closed())
    id_ = world.agreed()
    hidden = [item for item in world.see(id_, RATER)["evidence"] if item["value"] is None]

    assert hidden
    with pytest.raises(NotValid) as refused:
        world.act(id_, "rate", RATER, {**RATING, "evidence_ids": [hidden[0]["evidence_id"]]})

    assert refused.value.faults[0].code == "evidence_without_value"


def test_cited_evidence_is_frozen_into_the_rating(world: World) -> None:
    world.tell(aggregate("dukcapil-1", mean=2.7), period_closed())
    id_ = world.agreed()
    cited = [item for item in world.see(id_, RATER)["evidence"] if item["value"] is not None]
    assert {item["measure"] for item in cited} == {"kompetensi", "perilaku", "ikm"}

    world.act(id_, "rate", RATER, {**RATING, "evidence_ids": [item["evidence_id"] for item in cited]})
    world.tell(aggregate("dukcapil-1", n=60, mean=3.9), period_closed(version=2, ikm="99.00"))

    kept = {item["evidence_id"]: item for item in world.see(id_, RATER)["ratings"]["evidence"]}
    assert all(kept[item["evidence_id"]]["value"] == item["value"] for item in cited)
    shown = {item["measure"]: item["value"] for item in world.see(id_, RATER)["evidence"]}
    assert shown["kompetensi"] == 3.9
    assert shown["ikm"] == 99.0


def test_nobody_rates_oneself(world: World) -> None:
    id_ = world.agreed()
    both = {**PERSON, "roles": ["officer", "rater", "unit_head", "hr"]}

    with refusal("conflict_of_interest"):
        world.act(id_, "rate", both, RATING)
    with refusal("conflict_of_interest"):
        world.act(id_, "import", both, {"predikat": "baik", "reference": "x"})
    assert world.see(id_, RATER)["state"] == "agreed"


def test_another_rater_does_not_even_learn_of_it(world: World) -> None:
    id_ = world.agreed()

    for actor in (OTHER_RATER, COLLEAGUE, {"ref": None, "roles": ["rater"]}, None):
        with pytest.raises(Unseen):
            world.see(id_, actor)
        with pytest.raises(Unseen):
            world.act(id_, "rate", actor, RATING)


def test_the_national_record_is_imported_and_never_issued_a_second_time(world: World) -> None:
    id_ = world.rated(record="e-kinerja")

    with refusal("official_record_elsewhere"):
        world.act(id_, "finalise", RATER)
    imported = world.act(id_, "import", RATER, {"predikat": "sangat_baik", "reference": "EK-2026-3-118"})

    assert (imported["state"], imported["predikat"]["key"]) == ("finalised", "sangat_baik")
    assert imported["predikat"]["origin"] == "imported"
    assert imported["official_record"] == {"kind": "e-kinerja", "reference": "EK-2026-3-118"}
    assert world.events("evaluation.finalised.v1")[0].data["kind"] == "imported"


def test_the_city_decides_where_the_official_record_is_unless_it_is_named(world: World) -> None:
    opened = world.parts.rating.open(who(HR), "dukcapil-1", "2026-01-01", "2026-03-31", None, None)

    assert opened["official_record"]["kind"] == "e-kinerja"
    id_ = world.finalised()
    with refusal("final"):
        world.act(id_, "import", RATER, {"predikat": "baik", "reference": "x"})


def test_a_person_sees_her_result_once_she_opened_it(world: World) -> None:
    id_ = world.finalised()
    before = world.see(id_, PERSON)
    assert (before["state"], before["predikat"], before["ratings"]) == ("finalised", None, None)
    assert before["actions"] == ["read", "object"]

    read = world.act(id_, "read", PERSON)
    world.clock.advance(days=3)
    again = world.act(id_, "read", PERSON)

    assert read["predikat"]["key"] == "baik"
    assert read["ratings"]["reasons"]["results"] == "Selalu sebelum target."
    assert read["clock"] == again["clock"]
    assert read["clock"]["by"] == "read"
    assert read["clock"]["object_until"] == "2026-10-19"


def test_a_recorded_hand_over_starts_the_clock_as_well(world: World) -> None:
    id_ = world.finalised()
    world.clock.advance(days=2)

    with pytest.raises(NotValid):
        world.act(id_, "hand-over", HR, {"on": "2026-12-01"})
    shown = world.act(id_, "hand-over", HR, {"on": "2026-10-06"})

    assert shown["clock"]["object_until"] == "2026-10-20"
    assert "predikat" not in shown
    assert world.see(id_, PERSON)["predikat"]["key"] == "baik"


def test_hr_sees_how_far_it_is_and_nothing_of_what_was_said(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "object", PERSON, {"reason": "Beban kerja tidak dihitung."})

    shown = world.see(id_, HR)

    text = str(shown)
    assert shown["state"] == "objected"
    assert shown["objection"]["state"] == "filed"
    for word in ("predikat", "ratings", "evidence", "expectations", "Beban", "Selalu", "di_atas", "baik"):
        assert word not in text.replace("e-kinerja", "")


def test_an_objection_is_decided_once_by_the_raters_superior(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "read", PERSON)
    with pytest.raises(Unseen):
        world.see(id_, SUPERIOR)

    world.act(id_, "object", PERSON, {"reason": "Beban kerja tidak dihitung."})

    assert world.see(id_, SUPERIOR)["objection"]["reason"] == "Beban kerja tidak dihitung."
    with pytest.raises(NotAllowed):
        world.act(id_, "decide", RATER, {"decision": "upheld", "reason": "Tetap."})
    with pytest.raises(NotValid):
        world.act(id_, "decide", SUPERIOR, {"decision": "upheld"})
    changed = {"results": "di_atas", "behaviour": "di_atas"}
    payload = {"decision": "changed", "reason": "Bukti baru.", "ratings": changed}
    decided = world.act(id_, "decide", SUPERIOR, payload)

    assert (decided["state"], decided["predikat"]["key"]) == ("decided", "sangat_baik")
    assert [v["predikat"] for v in decided["versions"]] == ["baik", "sangat_baik"]
    with refusal("decided_already"):
        world.act(id_, "decide", SUPERIOR, payload)
    with refusal("objected_already"):
        world.act(id_, "object", PERSON, {"reason": "Lagi."})
    (event,) = world.events("evaluation.objection_decided.v1")
    assert event.data["new_version"] == decided["version"]


def test_an_upheld_result_stays_and_has_no_new_version(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "object", PERSON, {"reason": "Tidak setuju."})

    decided = world.act(id_, "decide", SUPERIOR, {"decision": "upheld", "reason": "Sudah tepat."})

    assert decided["predikat"]["key"] == "baik"
    assert len(decided["versions"]) == 1
    assert world.events("evaluation.objection_decided.v1")[0].data["new_version"] is None


def test_a_late_objection_is_kept_as_such_and_opens_nothing(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "read", PERSON)

    world.clock.advance(timedelta(days=14))
    assert "object" in world.see(id_, PERSON)["actions"]
    world.clock.advance(timedelta(days=1))
    shown = world.act(id_, "object", PERSON, {"reason": "Terlambat."})

    assert (shown["state"], shown["objection"]["state"]) == ("finalised", "refused_late")
    assert world.events("evaluation.objection_filed.v1") == []
    with refusal("objected_already"):
        world.act(id_, "object", PERSON, {"reason": "Lagi."})


def test_on_the_last_day_an_objection_is_in_time(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "read", PERSON)
    world.clock.advance(days=14)

    shown = world.act(id_, "object", PERSON, {"reason": "Pada hari terakhir."})

    assert shown["state"] == "objected"
    assert len(world.events("evaluation.objection_filed.v1")) == 1


def test_an_imported_result_is_changed_by_what_the_national_record_shows(world: World) -> None:
    id_ = world.agreed(record="e-kinerja")
    world.act(id_, "import", HR, {"predikat": "butuh_perbaikan", "reference": "EK-1"})
    world.act(id_, "object", PERSON, {"reason": "Tidak setuju."})

    with pytest.raises(NotValid):
        world.act(id_, "decide", SUPERIOR, {"decision": "changed", "reason": "Ya."})
    decided = world.act(
        id_,
        "decide",
        SUPERIOR,
        {"decision": "changed", "reason": "Ya.", "predikat": "baik", "reference": "EK-2"},
    )

    assert (decided["predikat"]["key"], decided["official_record"]["reference"]) == ("baik", "EK-2")


def test_who_has_to_decide_an_open_objection_does_not_rate_that_person(world: World) -> None:
    id_ = world.finalised()
    world.act(id_, "object", PERSON, {"reason": "Tidak setuju."})
    world.parts.staffing.import_staff(
        who(HR),
        [
            {
                "staff_ref": "dukcapil-1",
                "unit": "dukcapil",
                "status": "asn_pns",
                "rater_ref": "sekda-1",
            }
        ],
        False,
        None,
    )
    later = world.open(start="2026-10-01", end="2026-12-31")["evaluation_id"]
    world.act(later, "expect", SUPERIOR, EXPECTATIONS)
    world.act(later, "agree", PERSON)

    with refusal("conflict_of_interest"):
        world.act(later, "rate", SUPERIOR, RATING)


def test_an_objection_waits_until_somebody_is_named_who_decides(world: World) -> None:
    row = {"staff_ref": "dukcapil-1", "unit": "dukcapil", "status": "asn_pns", "rater_ref": RATER["ref"]}
    world.parts.staffing.import_staff(who(HR), [row], False, None)
    id_ = world.finalised()
    with refusal("no_decider"):
        world.act(id_, "object", PERSON, {"reason": "Tidak setuju."})

    world.parts.staffing.import_staff(who(HR), [{**row, "superior_ref": "sekda-1"}], False, None)
    shown = world.act(id_, "object", PERSON, {"reason": "Tidak setuju."})

    assert (shown["state"], shown["decider_ref"]) == ("objected", "sekda-1")


def test_staff_who_are_no_asn_are_never_rated(world: World) -> None:
    with refusal("not_asn"):
        world.open(staff_ref="honorer-4")
    with pytest.raises(NotValid):
        world.open(staff_ref="nobody")
    assert world.rows.evaluations.count_documents({}) == 0


def test_a_period_is_opened_once_for_a_person(world: World) -> None:
    first = world.open()

    with pytest.raises(Stale) as refused:
        world.open()

    assert refused.value.current["evaluation_id"] == first["evaluation_id"]
    assert len(world.events("evaluation.opened.v1")) == 1


def test_an_old_version_is_refused_with_how_it_stands(world: World) -> None:
    id_ = world.open()["evaluation_id"]
    world.act(id_, "expect", RATER, EXPECTATIONS)

    with pytest.raises(Stale) as refused:
        world.act(id_, "expect", RATER, EXPECTATIONS, version=1)
    with pytest.raises(NotValid):
        world.act(id_, "expect", RATER, EXPECTATIONS, version=None)

    assert refused.value.current["version"] == 2


def test_a_repeated_request_answers_the_same_and_changes_nothing(world: World) -> None:
    id_ = world.open()["evaluation_id"]
    first = world.act(id_, "expect", RATER, EXPECTATIONS, version=1, key="k-1")

    again = world.act(id_, "expect", RATER, EXPECTATIONS, version=1, key="k-1")

    assert again == first
    assert world.rows.evaluation_history.count_documents({}) == 2
    with pytest.raises(NotValid):
        world.act(id_, "expect", RATER, {**EXPECTATIONS, "reason": "x"}, version=1, key="k-1")


def test_expectations_that_were_agreed_change_with_a_reason_and_are_agreed_again(world: World) -> None:
    id_ = world.agreed()

    with pytest.raises(NotValid):
        world.act(id_, "expect", RATER, EXPECTATIONS)
    changed = world.act(id_, "expect", RATER, {**EXPECTATIONS, "reason": "Tugas bertambah."})

    assert changed["state"] == "opened"
    assert changed["history"][-1]["reason"] == "Tugas bertambah."
    with refusal("wrong_state"):
        world.act(id_, "rate", RATER, RATING)


def test_the_distribution_warns_and_moves_nothing(world: World) -> None:
    people = [
        {"staff_ref": f"dukcapil-{n}", "unit": "dukcapil", "status": "asn_pns", "rater_ref": RATER["ref"]}
        for n in range(11, 21)
    ]
    world.parts.staffing.import_staff(who(HR), people, False, None)
    best = {**RATING, "results": "di_atas", "behaviour": "di_atas"}
    ids = []
    for row in people:
        id_ = world.open(staff_ref=row["staff_ref"])["evaluation_id"]
        world.act(id_, "expect", RATER, EXPECTATIONS)
        world.act(id_, "agree", {"ref": row["staff_ref"], "roles": ["officer"]})
        world.act(id_, "rate", RATER, best)
        ids.append(id_)
        last = world.act(id_, "finalise", RATER, {"organisation": "istimewa"})

    assert last["warnings"][0]["code"] == "sb_over_70"
    assert last["predikat"]["key"] == "sangat_baik"
    found = world.parts.calibrating.distribution(who(HR), "dukcapil", "2026-07-01", "2026-09-30", "istimewa")
    assert (found["status"], found["n"], found["basis"]) == ("warnings", 10, "SE MenPANRB 3/2023")
    assert found["raters"][0]["rater_ref"] == "dukcapil-kepala"
    with pytest.raises(NotAllowed):
        world.parts.calibrating.distribution(who(RATER), "dukcapil", "2026-07-01", "2026-09-30", "istimewa")


def test_follow_up_is_a_record(world: World) -> None:
    id_ = world.finalised()

    shown = world.act(
        id_, "follow-up", RATER, {"kind": "development", "note": "Workshop.", "due_on": "2026-11-30"}
    )

    assert shown["follow_up"][0]["kind"] == "development"
    assert shown["follow_up"][0]["due_on"] == "2026-11-30"
    with pytest.raises(NotValid):
        world.act(id_, "follow-up", RATER, {"kind": "pemecatan", "note": "x"})
