from typing import Any

import pytest
from component.evaluation.world import (
    ADMIN,
    AUDITOR,
    COLLEAGUE,
    HR,
    LEADER,
    OTHER_RATER,
    PERSON,
    RATER,
    SUPERIOR,
    World,
    unit_changed,
    who,
)

from evaluation.errors import NotAllowed, NotValid, Unseen

ROW = {
    "staff_ref": "baru-1",
    "unit": "dukcapil",
    "status": "asn_pppk",
    "position": "Verifikator",
    "service_types": "document;information",
    "rater_ref": "dukcapil-kepala",
    "superior_ref": "sekda-1",
    "competencies": "pelayanan-publik=3/2;digital=2",
    "active": "ya",
}


def take(world: World, rows: Any, dry_run: bool = False, actor: Any = HR, key: Any = None) -> Any:
    return world.parts.staffing.import_staff(who(actor), rows, dry_run, key)


def test_an_import_tells_what_each_row_would_change(world: World) -> None:
    rows = [ROW, {**ROW, "staff_ref": "dukcapil-1", "position": "Kepala loket"}, {**ROW, "unit": "bulan"}, 7]

    found = take(world, rows, dry_run=True)

    assert found["counts"] == {"new": 1, "changed": 1, "unchanged": 0, "refused": 2}
    new, changed, refused, broken = found["verdicts"]
    assert new["changes"]["service_types"] == [None, ["document", "information"]]
    assert changed["changes"]["position"] == ["Pengadministrasi kependudukan", "Kepala loket"]
    assert "unit" not in changed["changes"]
    assert [(p["pointer"], p["code"]) for p in refused["problems"]] == [
        ("/staff_ref", "twice"),
        ("/unit", "unknown_unit"),
    ]
    assert (broken["row"], broken["staff_ref"], broken["verdict"]) == (4, None, "refused")
    assert world.rows.staff.count_documents({"_id": "baru-1"}) == 0


def test_the_same_rows_again_change_nothing(world: World) -> None:
    assert take(world, [ROW])["counts"]["new"] == 1
    before = world.dump("staff")

    again = take(world, [ROW])

    assert again["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "refused": 0}
    assert world.dump("staff") == before


def test_a_refused_row_leaves_the_others_alone(world: World) -> None:
    found = take(world, [{**ROW, "rater_ref": "baru-1"}, {**ROW, "staff_ref": "baru-2"}])

    assert [v["verdict"] for v in found["verdicts"]] == ["refused", "new"]
    assert found["verdicts"][0]["problems"][0]["code"] == "own_rater"
    assert world.rows.staff.find_one({"_id": "baru-2"})["competencies"] == {
        "digital": {"required": 2, "assessed": None},
        "pelayanan-publik": {"required": 3, "assessed": 2},
    }


def test_a_key_answers_the_first_import_again(world: World) -> None:
    first = take(world, [ROW], key="k-1")

    assert take(world, [ROW], key="k-1") == first
    with pytest.raises(NotValid):
        take(world, [], key="k-1")


def test_only_hr_and_administrators_import(world: World) -> None:
    assert take(world, [ROW], actor=ADMIN)["counts"]["new"] == 1
    for actor in (RATER, PERSON, LEADER, AUDITOR, None):
        with pytest.raises(NotAllowed):
            take(world, [], actor=actor)
    for rows, dry_run in (("x", False), ([ROW] * 5001, False), ([], "yes")):
        with pytest.raises(NotValid):
            take(world, rows, dry_run)  # type: ignore[arg-type]  # what a caller may send


def test_units_are_checked_once_the_catalogue_is_known(empty_world: World) -> None:
    assert take(empty_world, [{**ROW, "unit": "bulan"}])["counts"]["new"] == 1

    empty_world.tell(unit_changed("dukcapil"))

    assert take(empty_world, [{**ROW, "unit": "bulan"}])["counts"]["refused"] == 1


@pytest.mark.parametrize(
    ("actor", "refs"),
    [
        (HR, "bkpsdm-1 dpupr-1 dukcapil-1 dukcapil-2 dukcapil-kepala honorer-4"),
        (AUDITOR, "bkpsdm-1 dpupr-1 dukcapil-1 dukcapil-2 dukcapil-kepala honorer-4"),
        (RATER, "dukcapil-1 dukcapil-2 dukcapil-kepala"),
        (SUPERIOR, "bkpsdm-1 dpupr-1 dukcapil-1 dukcapil-2 dukcapil-kepala"),
        (PERSON, "dukcapil-1"),
        (OTHER_RATER, "dpupr-1"),
        (LEADER, ""),
        (None, ""),
    ],
)
def test_records_are_for_the_person_her_superiors_and_hr(world: World, actor: Any, refs: str) -> None:
    found = world.parts.staffing.staff(who(actor), None, None, None)["items"]

    assert [person["staff_ref"] for person in found] == refs.split()
    for ref in ("dukcapil-1", "dpupr-1"):
        if ref in refs:
            assert world.parts.staffing.staff_member(who(actor), ref)["staff_ref"] == ref
        else:
            with pytest.raises(Unseen):
                world.parts.staffing.staff_member(who(actor), ref)


def test_lists_come_in_pages(world: World) -> None:
    first = world.parts.staffing.staff(who(HR), "dukcapil", None, 3)

    second = world.parts.staffing.staff(who(HR), "dukcapil", first["next_cursor"], 3)

    refs = [p["staff_ref"] for p in first["items"] + second["items"]]
    assert refs == ["dukcapil-1", "dukcapil-2", "dukcapil-kepala", "honorer-4"]
    assert second["next_cursor"] is None
    assert [p["rated"] for p in second["items"]] == [False]
    for limit in (0, True, "3"):
        with pytest.raises(NotValid):
            world.parts.staffing.staff(who(HR), None, None, limit)
    assert who(COLLEAGUE).ref == "dukcapil-2"
