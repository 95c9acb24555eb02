from typing import Any

import pytest
from component.evaluation.world import (
    COLLEAGUE,
    HR,
    OTHER_RATER,
    PERSON,
    RATER,
    SUPERIOR,
    World,
    act,
    department,
    enrol,
    put,
    training_told,
    who,
    workshop,
)

from evaluation.errors import NotAllowed, NotValid, Unseen

INTERNSHIP = {
    "offer_id": "magang-unand",
    "form": "magang",
    "title": "Magang pelayanan publik",
    "organiser": "Universitas Andalas",
    "start": "2026-10-05",
    "end": "2026-10-30",
    "internship": {
        "university": "Universitas Andalas",
        "agreement_ref": "MoU-7/2026",
        "supervisor_role": "Dosen pembimbing",
        "learning_goals": "Merancang ulang loket.",
        "placement_unit": "Fakultas Ilmu Administrasi",
    },
}
THIRD = {"ref": "dukcapil-kepala", "roles": ["officer"], "unit": "dukcapil"}


def confirmed(world: World, actor: Any = PERSON, offer_id: str = "workshop-loket") -> str:
    id_ = enrol(world, actor, offer_id)
    act(world, id_, "approve", SUPERIOR if actor is THIRD else RATER)
    act(world, id_, "confirm")
    return id_


def statuses(world: World) -> list[str]:
    return [event.data["status"] for event in world.events("training.enrolled.v1")]


def test_the_way_from_a_request_to_the_ledger(world: World) -> None:
    shown = put(world)
    assert (shown["jp_preview"], shown["jp_rule"]["version"]) == (10, "perlan-10-2018")

    done = act(world, confirmed(world), "complete", payload={"evidence_ref": "sertifikat-1"})

    assert (done["state"], done["actions"]) == ("completed", [])
    assert statuses(world) == ["requested", "approved", "confirmed"]
    (event,) = world.events("training.completed.v1")
    assert (event.data["jp"], event.data["entry_ref"]) == (10, done["entry_id"])
    year = world.parts.ledgering.ledger(who(PERSON), None, None)
    assert (year["verified_jp"], year["gap_jp"]) == (10, 10)


def test_asking_twice_is_one_enrolment(world: World) -> None:
    put(world)

    assert enrol(world) == enrol(world)
    assert statuses(world) == ["requested"]


def test_a_full_offer_keeps_a_waiting_list_and_a_free_place_goes_to_the_first(world: World) -> None:
    put(world, workshop(capacity=1))
    first = confirmed(world)
    world.clock.advance(minutes=1)
    second = confirmed(world, COLLEAGUE)
    world.clock.advance(minutes=1)
    third = confirmed(world, THIRD)
    offer = world.parts.training.training(who(PERSON), "workshop-loket")
    assert (offer["taken"], offer["waiting"]) == (1, 2)
    with pytest.raises(NotAllowed):
        act(world, third, "confirm")

    act(world, first, "withdraw", PERSON)

    states = {row["_id"]: row["state"] for row in world.rows.enrolments.find()}
    assert states == {first: "withdrawn", second: "confirmed", third: "waiting"}
    assert statuses(world)[-2:] == ["withdrawn", "confirmed"]


def test_more_places_call_those_who_wait(world: World) -> None:
    put(world, workshop(capacity=1))
    confirmed(world)
    second = confirmed(world, COLLEAGUE)

    shown = put(world, workshop(capacity=2))

    assert (shown["taken"], shown["waiting"]) == (2, 0)
    assert world.rows.enrolments.find_one({"_id": second})["state"] == "confirmed"


def test_who_is_in_the_way_of_whom(world: World) -> None:
    put(world)
    id_ = enrol(world)

    for actor in (COLLEAGUE, OTHER_RATER, None):
        with pytest.raises(Unseen):
            act(world, id_, "approve", actor)
    for actor in (PERSON, HR):
        with pytest.raises(NotAllowed):
            act(world, id_, "approve", actor)
    act(world, id_, "approve", SUPERIOR)
    for actor in (PERSON, RATER):
        with pytest.raises(NotAllowed):
            act(world, id_, "confirm", actor)
    with pytest.raises(NotAllowed):
        act(world, id_, "complete")
    assert world.rows.enrolments.find_one({"_id": id_})["state"] == "approved"


def test_an_internship_completes_with_a_report_and_a_plan_alone(world: World) -> None:
    shown = put(world, INTERNSHIP)
    assert shown["jp_rule"] == {"version": "contoh-1", "certainty": "example", "example": True}
    id_ = confirmed(world, offer_id="magang-unand")

    with pytest.raises(NotValid) as refused:
        act(world, id_, "complete", payload={"report_ref": "lap-1"})
    assert [f.pointer for f in refused.value.faults] == ["/back_home_project"]
    done = act(
        world, id_, "complete", payload={"report_ref": "lap-1", "back_home_project": "Loket satu pintu."}
    )

    assert (done["state"], done["evidence_ref"]) == ("completed", "lap-1")
    (entry,) = world.parts.ledgering.ledger(who(PERSON), None, None)["entries"]
    assert (entry["jp"], entry["example"]) == (20, True)


def test_bad_offers_are_refused_field_by_field(world: World) -> None:
    with pytest.raises(NotValid) as refused:
        put(world, {"offer_id": "x", "form": "sulap", "start": "2026-13-01", "end": 7, "capacity": 0})
    assert {f.pointer for f in refused.value.faults} == {
        "/form",
        "/start",
        "/end",
        "/title",
        "/organiser",
        "/capacity",
    }
    for changes, pointer in (
        ({"offer_id": "Ada Spasi"}, "/offer_id"),
        ({"end": "2026-10-01"}, "/end"),
        ({"days": None}, "/days"),
        ({"internship": INTERNSHIP["internship"]}, "/internship"),
        ({"form": "magang"}, "/internship"),
    ):
        with pytest.raises(NotValid) as refused:
            put(world, workshop(**changes))
        assert refused.value.faults[0].pointer == pointer
    with pytest.raises(NotAllowed):
        put(world, actor=RATER)
    assert world.rows.offers.count_documents({}) == 0


def test_what_is_closed_over_or_unknown_takes_nobody(world: World) -> None:
    put(world, workshop("tutup", status="closed"))
    put(world, workshop("lewat", start="2026-09-01", end="2026-09-02"))
    put(world, workshop("nanti", start="2026-12-01", end="2026-12-02"))

    for offer_id in ("tutup", "lewat"):
        with pytest.raises(NotAllowed):
            enrol(world, offer_id=offer_id)
    with pytest.raises(Unseen):
        enrol(world, offer_id="tiada")
    with pytest.raises(NotAllowed):
        enrol(world, {"ref": "hantu", "roles": ["officer"]}, "nanti")
    with pytest.raises(NotAllowed):
        act(world, confirmed(world, offer_id="nanti"), "complete")
    listed = world.parts.training.trainings(who(PERSON), "workshop", True, None, None)["items"]
    assert [offer["offer_id"] for offer in listed] == ["nanti"]


def test_enrolments_are_listed_for_those_they_concern(world: World) -> None:
    put(world)
    id_ = enrol(world)

    def seen(actor: Any) -> list[str]:
        found = world.parts.training.enrolments(who(actor), None, None, None, None, None)["items"]
        return [row["enrolment_id"] for row in found]

    assert seen(PERSON) == seen(RATER) == seen(SUPERIOR) == seen(HR) == [id_]
    assert seen(COLLEAGUE) == seen(OTHER_RATER) == seen(None) == []


def test_a_claim_counts_once_it_is_verified(world: World) -> None:
    claim = {**workshop(), "start": "2026-09-01", "end": "2026-09-02"}
    claim = {k: claim[k] for k in ("form", "title", "organiser", "start", "end", "days", "location")}
    entry = world.parts.ledgering.claim(who(PERSON), claim, None)
    assert (entry["status"], entry["jp"]) == ("claimed", 10)
    assert world.parts.ledgering.ledger(who(PERSON), None, None)["verified_jp"] == 0
    with pytest.raises(NotAllowed):
        world.parts.ledgering.claim(who(PERSON), claim, None)
    with pytest.raises(NotAllowed):
        world.parts.ledgering.act(who(RATER), entry["entry_id"], "verify", {}, None)

    world.parts.ledgering.act(who(HR), entry["entry_id"], "verify", {}, None)

    assert world.parts.ledgering.ledger(who(RATER), "dukcapil-1", 2026)["verified_jp"] == 10
    with pytest.raises(NotAllowed):
        world.parts.ledgering.act(who(HR), entry["entry_id"], "verify", {}, None)


def test_a_correction_is_a_reversing_entry_and_both_stay(world: World) -> None:
    world.tell(department("simpeg", ["bkpsdm", "dukcapil"], ["training.completed.v1"]))
    event = training_told("dukcapil-1")
    world.tell(event)
    (entry,) = world.parts.ledgering.ledger(who(PERSON), None, 2026)["entries"]

    with pytest.raises(NotValid):
        world.parts.ledgering.act(who(HR), entry["entry_id"], "reverse", {}, None)
    world.parts.ledgering.act(who(HR), entry["entry_id"], "reverse", {"reason": "Salah orang."}, None)
    world.rows.inbox.delete_many({})
    world.tell(event)

    year = world.parts.ledgering.ledger(who(PERSON), None, 2026)
    assert [e["status"] for e in year["entries"]] == ["reversed", "reversed"]
    assert (year["verified_jp"], year["gap_jp"]) == (0, 20)
    with pytest.raises(NotAllowed):
        world.parts.ledgering.act(who(HR), entry["entry_id"], "reverse", {"reason": "Lagi."}, None)


def test_a_training_told_twice_by_two_ways_is_one_entry(world: World) -> None:
    put(world, workshop(title="Pelayanan prima di loket"))
    world.tell(department("simpeg", ["dukcapil"], ["training.completed.v1"]))
    world.tell(training_told("dukcapil-1", start="2026-10-05", end="2026-10-06"))

    act(world, confirmed(world), "complete")

    year = world.parts.ledgering.ledger(who(PERSON), None, 2026)
    assert (len(year["entries"]), year["verified_jp"]) == (1, 10)


def test_claims_that_cannot_be_are_refused(world: World) -> None:
    good = {"form": "workshop", "title": "T", "organiser": "O", "start": "2026-09-01", "end": "2026-09-01"}
    for changes, pointer in (
        ({"days": None}, "/days"),
        ({"days": 0}, "/days"),
        ({"days": 1, "end": "2026-12-01"}, "/end"),
        ({"days": 1, "start": "2026-09-03"}, "/end"),
        ({"days": 1, "form": "sulap"}, "/form"),
        ({"days": 1, "title": "  "}, "/title"),
    ):
        with pytest.raises(NotValid) as refused:
            world.parts.ledgering.claim(who(PERSON), {**good, **changes}, None)
        assert refused.value.faults[0].pointer == pointer
    with pytest.raises(NotAllowed):
        world.parts.ledgering.claim(who({"ref": "hantu", "roles": ["officer"]}), good, None)
    with pytest.raises(NotValid):
        world.parts.ledgering.ledger(who(PERSON), None, "2026")


def test_staff_who_are_no_asn_owe_no_hours(world: World) -> None:
    year = world.parts.ledgering.ledger(who({"ref": "honorer-4", "roles": ["officer"]}), None, 2026)

    assert (year["target_jp"], year["gap_jp"], year["verified_jp"]) == (None, None, 0)
