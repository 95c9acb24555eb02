"""Who is asked, who is not, and what ends an invitation."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from component.surveys.world import (
    NOW,
    PERIOD,
    RING,
    SCHEMAS,
    World,
    as_json,
    closed,
    delivered,
    department_changed,
    reopened,
    service_changed,
    submitted,
)

from servicekit import tokens
from servicekit.errors import Retry


def test_a_closed_case_invites_once_by_a_signed_link_that_ends(world: World) -> None:
    case = closed()

    world.case(case, case)
    world.case(case)

    (told,) = world.events("survey.invited.v1")
    token = tokens.read(RING, told.data["token_path"].removeprefix("/survei/"), NOW.date())
    assert (token.kind, token.expires_on) == ("i", NOW.date() + timedelta(days=14))
    assert told.data["contact_ref"] == case.data["contact_ref"]
    assert told.data["expires_at"] == "2026-12-08T23:59:59+07:00"
    assert (told.causationid, told.subject) == (case.id, told.data["invite_id"])
    assert world.period()["served"] == 1


def test_neither_link_nor_officer_is_readable_in_the_database(world: World) -> None:
    token = world.invite(handler_ref="staf-017")

    invites = as_json(list(world.rows.invites.find()))

    assert token not in invites
    assert "staf-017" not in invites + as_json(list(world.rows.officers.find()))


@pytest.mark.parametrize(
    "changes",
    [
        {"contact_ref": None},
        {"reason": "unreachable", "closed_by": "timer"},
        {"reason": "info_not_provided", "closed_by": "timer", "outcome": None},
        {"confidential": True},
        {"inspectorate": True},
        {"supervisory": True},
    ],
)
def test_who_cannot_or_must_not_be_asked_is_not(world: World, changes: dict[str, Any]) -> None:
    assert world.case(closed(**changes)) == {}

    assert world.events("survey.invited.v1") == []


def test_a_case_whose_period_is_over_invites_nobody(world: World) -> None:
    world.case(closed(closed_at="2026-09-30T16:00:00+07:00"))

    assert world.events("survey.invited.v1") == []
    assert world.period(code="2026-Q3") is None


def test_a_case_belongs_to_the_period_of_its_day_in_the_city(world: World) -> None:
    world.go_to(date(2026, 10, 10))

    world.case(closed(closed_at="2026-09-30T16:59:59+00:00"), closed(closed_at="2026-09-30T17:00:00+00:00"))

    assert world.period(code="2026-Q3")["served"] == 1
    assert world.period(code="2026-Q4")["served"] == 1


def test_a_link_never_outlives_the_period(world: World) -> None:
    world.go_to(date(2026, 10, 10))

    world.case(closed(closed_at="2026-09-30T12:00:00+07:00"))

    (told,) = world.events_of("survey.invited.v1")
    assert told["expires_at"] == "2026-10-16T23:59:59+07:00"


def test_a_reopened_case_takes_the_unused_invitation_back(world: World) -> None:
    case = closed()
    world.case(case)
    token = world.events("survey.invited.v1")[0].data["token_path"].removeprefix("/survei/")

    world.case(reopened(case.subject))
    world.answer(submitted(4, token=token))

    assert world.parts.intake.invitation(token)["state"] == "revoked"
    assert world.period()["refused"] == {"link_revoked": 1}
    assert world.period()["served"] == 0


def test_a_reopening_that_comes_first_leaves_no_live_invitation(world: World) -> None:
    case = closed()

    world.case(reopened(case.subject))
    world.case(case)

    assert world.events("survey.invited.v1") == []
    assert world.rows.invites.count_documents({}) == 0


def test_a_reopening_does_not_touch_an_answer_that_was_given(world: World) -> None:
    case = closed()
    world.case(case)
    token = world.events("survey.invited.v1")[0].data["token_path"].removeprefix("/survei/")
    world.answer(submitted(4, token=token))

    world.case(reopened(case.subject))

    assert world.parts.intake.invitation(token)["state"] == "spent"
    assert world.period()["accepted"] == {"invite_link": 1}


def test_one_reminder_after_a_week_and_only_while_it_is_unused(world: World) -> None:
    used, unused = world.invite(), world.invite()
    world.answer(submitted(4, token=used))

    world.later(6)
    world.sweep()
    assert world.events("survey.reminder_due.v1") == []
    world.later(1)
    world.sweep()
    world.sweep()

    (told,) = world.events_of("survey.reminder_due.v1")
    assert told["token_path"] == f"/survei/{unused}"


def test_an_invitation_expires_and_forgets_whom_it_asked(world: World) -> None:
    token = world.invite()

    world.later(15)
    world.sweep()

    assert world.parts.intake.invitation(token)["state"] == "expired"
    (invite,) = world.rows.invites.find()
    assert set(invite) == {"_id", "state", "period"}
    assert invite["state"] == "expired"


def test_a_visit_at_a_counter_invites_once(world: World) -> None:
    visit = delivered(visit_ref="antrean-7f3a")

    assert world.visit(visit, delivered(visit_ref="antrean-7f3a")) == {}

    (told,) = world.events_of("survey.invited.v1")
    assert (told["kind"], told["unit"], told["service_code"]) == ("counter", "dpupr", "jalan")
    assert world.events("event.rejected.v1") == []


def test_a_visit_without_a_contact_counts_and_invites_nobody(world: World) -> None:
    world.visit(delivered(contact_ref=None), delivered(contact_ref=None))

    assert world.events("survey.invited.v1") == []
    assert world.period()["served"] == 2


@pytest.mark.parametrize(
    ("changes", "reason", "pointer"),
    [
        ({"unit": "dukcapil"}, "not_yours", "/unit"),
        ({"service_code": "tidak-ada"}, "unknown_service", "/service_code"),
        ({"service_code": "ktp"}, "not_yours", "/service_code"),
        ({"date": "2026-09-30"}, "too_late", "/date"),
        ({"date": "2026-11-25"}, "invalid", "/date"),
        ({"date": "kemarin", "check": False}, "invalid", "/date"),
        ({"visit_ref": ..., "check": False}, "invalid", "/visit_ref"),
        ({"phone": "0812", "check": False}, "invalid", "/phone"),
    ],
)
def test_what_is_not_right_is_refused_with_a_reason(
    world: World, changes: dict[str, Any], reason: str, pointer: str | None
) -> None:
    bad, good = delivered(**changes), delivered()

    world.visit(bad, good)
    world.clock.advance(timedelta(seconds=11))
    assert world.visit(bad) == {}
    world.visit(bad)

    (told,) = world.events("event.rejected.v1")
    assert (told.data["event_id"], told.data["reason"], told.data["pointer"]) == (bad.id, reason, pointer)
    assert told.data["department"] == "dpupr"
    assert len(world.events("survey.invited.v1")) == 1
    assert "0812" not in as_json(told.data)


def test_a_visit_told_too_late_or_from_the_future_is_refused_and_its_neighbour_counts(world: World) -> None:
    old = replace(delivered(), time=NOW - timedelta(days=46))
    early = replace(delivered(), time=NOW + timedelta(minutes=6))
    good = delivered()

    assert world.visit(old, early, good) == {}

    refusals = {told["event_id"]: told for told in world.events_of("event.rejected.v1")}
    assert {id_: told["reason"] for id_, told in refusals.items()} == {
        old.id: "too_late",
        early.id: "invalid",
    }
    assert "45 days" in refusals[old.id]["message"]["en"]
    assert "masa depan" in refusals[early.id]["message"]["id"]
    assert [told.causationid for told in world.events("survey.invited.v1")] == [good.id]
    assert world.period()["served"] == 1


def test_what_the_clocks_may_differ_is_forgiven(world: World) -> None:
    oldest, earliest = delivered(), delivered()

    world.visit(
        replace(oldest, time=NOW - timedelta(days=45)), replace(earliest, time=NOW + timedelta(minutes=5))
    )

    assert world.events("event.rejected.v1") == []
    assert world.period()["served"] == 2


def test_a_department_may_send_only_its_types_and_only_while_it_is_active(world: World) -> None:
    world.catalogue(
        department_changed("dishub", "dpupr", types=["case.progressed.v1"]),
        department_changed("dlh", "dpupr", active=False),
    )

    world.visit(delivered("dishub"), delivered("dlh"))

    assert [told["reason"] for told in world.events_of("event.rejected.v1")] == ["not_yours", "not_yours"]


def test_a_department_that_is_not_known_yet_is_waited_for(world: World) -> None:
    late, lost = delivered("dishub"), delivered("tidak-ada")

    verdicts = world.visit(late, lost)
    world.catalogue(department_changed("dishub", "dpupr"))
    world.visit(late)
    world.clock.advance(timedelta(seconds=61))
    world.visit(lost)

    assert verdicts == {late.id: Retry(5, "department_unknown"), lost.id: Retry(5, "department_unknown")}
    assert len(world.events("survey.invited.v1")) == 1
    assert [told["reason"] for told in world.events_of("event.rejected.v1")] == ["department_unknown"]


def test_a_supervisory_service_is_never_asked_about(world: World) -> None:
    world.catalogue(service_changed("pengawasan", "dpupr", supervisory=True))

    world.visit(delivered(service_code="pengawasan"))

    assert world.events("survey.invited.v1") == []
    assert world.period(code=PERIOD)["served"] == 1


def test_a_link_is_gone_from_the_outbox_soon_after_the_broker_confirmed_it(world: World) -> None:
    # MongoDB removes what was sent (only that has `sent_at`) at its own pace, which takes a minute to see.
    indexes = world.rows.outbox.index_information()

    purge = indexes["links_sent"]
    with_links = {
        type_ for type_, schema in SCHEMAS.schemas.items() if "token_path" in schema.get("properties", {})
    }
    assert (purge["key"], purge["expireAfterSeconds"]) == ([("sent_at", 1)], 300)
    assert set(purge["partialFilterExpression"]["type"]["$in"]) == with_links != set()
    assert indexes["sent_at_1"]["expireAfterSeconds"] > 300, "what holds no link stays as long as before"
