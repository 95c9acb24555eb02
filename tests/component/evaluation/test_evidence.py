from typing import Any

import pytest
from component.evaluation.world import (
    COLLEAGUE,
    HR,
    LEADER,
    OTHER_RATER,
    PERSON,
    RATER,
    World,
    aggregate,
    closed,
    period_closed,
    reopened,
    who,
)

from evaluation.errors import NotAllowed, NotValid, Unseen


def items(world: World, actor: Any = PERSON, subject: str = "dukcapil-1", period: Any = "2026-Q3") -> Any:
    found = world.parts.evidencing.evidence(who(actor), subject, period)["items"]
    return {item["measure"]: item for item in found}


def colleagues_work(world: World) -> None:
    """Somebody else works on the same service, so that figures are about more than one person."""
    world.tell(*(closed(n, handler="dukcapil-2") for n in range(900, 912)))


def test_on_time_is_a_share_with_its_interval(world: World) -> None:
    colleagues_work(world)
    world.tell(*(closed(n, late=n <= 3) for n in range(1, 13)))

    found = items(world)["on_time"]

    assert (found["value"], found["n"], found["n_shown"]) == (0.75, 12, "12")
    assert found["interval"] == {"low": 0.4677, "high": 0.9111}
    assert (found["early"], found["peer_comparison"], found["peer_mean"]) == (True, False, None)
    assert found["reason"] is None
    assert found["method_version"]


@pytest.mark.parametrize("n", [1, 9])
def test_below_the_minimum_nothing_is_shown_and_never_zero(world: World, n: int) -> None:
    colleagues_work(world)
    world.tell(*(closed(number, late=True) for number in range(1, n + 1)))

    found = items(world)["on_time"]

    assert (found["value"], found["n"], found["n_shown"], found["reason"]) == (
        None,
        None,
        "<10",
        "below_minimum_n",
    )
    assert found["interval"] is None


def test_an_officer_alone_on_a_service_gets_no_figure(world: World) -> None:
    world.tell(*(closed(n) for n in range(1, 21)))

    found = items(world)

    assert {item["reason"] for item in found.values()} == {"single_officer"}
    assert {item["value"] for item in found.values()} == {None}


def test_staff_who_are_no_asn_get_no_personal_figure(world: World) -> None:
    colleagues_work(world)
    world.tell(*(closed(n, handler="honorer-4") for n in range(1, 21)))

    found = items(world, {"ref": "honorer-4", "roles": ["officer"]}, "honorer-4")

    assert {item["reason"] for item in found.values()} == {"not_asn"}
    assert {item["value"] for item in found.values()} == {None}
    assert world.parts.evidencing.unit_evidence(who(HR), "dukcapil", "2026-Q3")["items"][0]["n"] == 32


def test_an_officer_known_from_cases_alone_gets_evidence_once_staff_say_who_it_is(world: World) -> None:
    colleagues_work(world)
    world.tell(*(closed(n, handler="baru-9") for n in range(1, 13)))
    with pytest.raises(Unseen):
        items(world, RATER, "baru-9")

    row = {"staff_ref": "baru-9", "unit": "dukcapil", "status": "asn_pns", "rater_ref": RATER["ref"]}
    world.parts.staffing.import_staff(who(HR), [row], False, None)

    assert items(world, RATER, "baru-9")["on_time"]["value"] == 1.0


def test_a_reopened_closure_is_replaced_by_the_later_one(world: World) -> None:
    colleagues_work(world)
    world.tell(*(closed(n) for n in range(1, 13)))
    world.tell(reopened(1), reopened(2))
    assert items(world)["on_time"]["n"] == 10

    world.tell(closed(1, closure_no=2, late=True))

    found = items(world)["on_time"]
    assert (found["n"], found["value"]) == (11, round(10 / 11, 4))


@pytest.mark.parametrize("flag", ["inspectorate", "confidential"])
def test_guarded_cases_never_become_evidence_about_anybody(world: World, flag: str) -> None:
    colleagues_work(world)
    world.tell(*(closed(n, **{flag: True}) for n in range(1, 21)))

    assert items(world) == {}
    assert world.rows.tallies.count_documents({"person": "dukcapil-1"}) == 0
    kept = str(list(world.rows.cases.find({"closures.guarded": True})))
    assert "dukcapil" not in kept


def test_answers_about_a_person_are_shrunk_and_compared(world: World) -> None:
    world.tell(aggregate("dukcapil-1", n=40, mean=2.9))

    found = items(world)["kompetensi"]

    assert (found["value"], found["n"], found["peer_comparison"]) == (2.9, 40, True)
    assert found["peer_mean"] == 3.3
    assert 2.9 < found["shrunk"]["value"] < 3.3
    assert found["reliability"] == 0.733


def test_between_ten_and_thirty_four_answers_nobody_is_compared(world: World) -> None:
    world.tell(aggregate("dukcapil-1", n=12, mean=2.9))

    found = items(world)["kompetensi"]

    assert (found["early"], found["peer_comparison"], found["peer_mean"]) == (True, False, None)


def test_a_person_of_whom_surveys_say_nothing_is_told_why(world: World) -> None:
    world.tell(period_closed())
    found = items(world)
    assert (found["kompetensi"]["reason"], found["kompetensi"]["n_shown"]) == ("below_minimum_n", "<10")

    gone = {"staff_ref": "dukcapil-2", "unit": "dpupr", "status": "asn_pns"}
    kept = {"staff_ref": "honorer-4", "unit": "dpupr", "status": "non_asn"}
    head = {"staff_ref": "dukcapil-kepala", "unit": "setda", "status": "asn_pns"}
    world.parts.staffing.import_staff(who(HR), [gone, kept, head], False, None)

    assert items(world)["kompetensi"]["reason"] == "single_officer"


def test_a_units_index_is_evidence_of_the_unit_alone(world: World) -> None:
    world.tell(period_closed(), period_closed(unit="dpupr", ikm=None, n=None, n_shown="<10", interval=None))

    shown = world.parts.evidencing.unit_evidence(who(HR), "dukcapil", "2026-Q3")["items"]
    hidden = world.parts.evidencing.unit_evidence(who(HR), "dpupr", "2026-Q3")["items"]

    assert [i["value"] for i in shown if i["measure"] == "ikm"] == [83.56]
    (ikm,) = [i for i in hidden if i["measure"] == "ikm"]
    assert (ikm["value"], ikm["n_shown"], ikm["reason"]) == (None, "<10", "below_minimum_n")
    assert "ikm" not in items(world)


def test_the_subject_comments_and_the_rater_reads_it(world: World) -> None:
    world.tell(aggregate("dukcapil-1"))
    id_ = items(world)["kompetensi"]["evidence_id"]

    world.parts.evidencing.comment(who(PERSON), id_, "Loket kami kekurangan petugas.")
    world.parts.evidencing.comment(who(PERSON), id_, "Loket kami kekurangan petugas.")

    comments = items(world, RATER)["kompetensi"]["comments"]
    assert [comment["text"] for comment in comments] == ["Loket kami kekurangan petugas."]
    with pytest.raises(Unseen):
        world.parts.evidencing.comment(who(COLLEAGUE), id_, "Bukan tentang saya.")
    with pytest.raises(NotValid):
        world.parts.evidencing.comment(who(PERSON), id_, "  ")


def test_evidence_is_for_the_person_and_her_rater_and_nobody_else(world: World) -> None:
    world.tell(aggregate("dukcapil-1"))
    assert items(world, PERSON) == items(world, RATER)

    for actor in (COLLEAGUE, OTHER_RATER, HR, LEADER, {"ref": "sekda-1", "roles": ["rater"]}, {}, None):
        with pytest.raises(Unseen):
            items(world, actor)
    with pytest.raises(Unseen):
        world.parts.evidencing.unit_evidence(who(OTHER_RATER), "dukcapil", None)
    with pytest.raises(NotAllowed):
        world.parts.evidencing.unit_evidence(who(PERSON), "dukcapil", None)


def test_where_nobody_names_a_period_the_newest_are_shown_and_all_are_listed(world: World) -> None:
    world.tell(*(period_closed(period=f"{year}-Q{n}") for year in (2024, 2025) for n in range(1, 5)))

    found = world.parts.evidencing.evidence(who(PERSON), None, None)
    oldest = world.parts.evidencing.evidence(who(PERSON), None, "2024-Q1")

    assert found["periods"][0] == "2025-Q4"
    assert len(found["periods"]) == 8
    assert {item["period"] for item in found["items"]} == set(found["periods"][:6])
    assert {item["period"] for item in oldest["items"]} == {"2024-Q1"}


def test_a_wrong_period_is_refused(world: World) -> None:
    with pytest.raises(NotValid):
        items(world, period="kemarin")
