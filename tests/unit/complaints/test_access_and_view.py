from dataclasses import replace
from typing import Any

import pytest
from unit.complaints.factories import (
    ADMIN,
    CITY,
    COORDINATOR,
    DESK,
    HEAD,
    INSPECTOR,
    OFFICER,
    OTHER_OFFICER,
    REPORTER_ACTOR,
    did,
    filed,
    local,
    permissions,
)

from complaints.domain.access import PUBLIC, Actor, access_level, granted
from complaints.domain.actions import Assign, Comment, Progress, Reject, RequestInfo, Resolve, Verify
from complaints.domain.case import Case, Location
from complaints.domain.view import Notice, view

TABLE = permissions()
NOW = local(10)
STRANGER = Actor(None, ("reporter",), None, "cd" * 32)
AUDITOR = Actor("staf-040", ("auditor",), None)
LEADER = Actor("staf-050", ("leader",), None)


def seen(case: Case, actor: Actor, **options: Any) -> dict[str, Any] | None:
    return view(case, actor, TABLE, now=NOW, calendar=CITY.calendar, **options)


def assigned(**changes: Any) -> Case:
    case = did(filed(**changes), Verify("Ada lubang.", "Lubang"), local(2, "10:00"))
    return did(case, Assign("dpupr"), local(2, "11:00"))


def supervisory(**changes: Any) -> Case:
    verify = Verify("Pungutan.", supervisory=True, supervisory_reason="Pungli")
    return did(filed(**changes), verify, local(2, "10:00"))


@pytest.mark.parametrize(
    ("actor", "level"),
    [
        (PUBLIC, "public"),
        (STRANGER, "public"),
        (REPORTER_ACTOR, "reporter"),
        (COORDINATOR, "staff"),
        (DESK, "staff"),
        (OFFICER, "staff"),
        (HEAD, "staff"),
        (OTHER_OFFICER, "public"),
        (INSPECTOR, "public"),
        (LEADER, "public"),
        (ADMIN, "staff"),
        (AUDITOR, "staff"),
    ],
)
def test_who_sees_how_much_of_an_ordinary_case(actor: Actor, level: str) -> None:
    assert access_level(TABLE, actor, assigned()) == level


@pytest.mark.parametrize(
    ("actor", "level"),
    [
        (PUBLIC, "none"),
        (STRANGER, "none"),
        (REPORTER_ACTOR, "reporter"),
        (COORDINATOR, "none"),
        (DESK, "none"),
        (OFFICER, "none"),
        (Actor("staf-9", ("officer",), "inspektorat"), "none"),
        (INSPECTOR, "staff"),
        (ADMIN, "staff"),
        (AUDITOR, "staff"),
    ],
)
def test_a_case_of_the_inspectorate_exists_for_the_inspectorate_alone(actor: Actor, level: str) -> None:
    assert access_level(TABLE, actor, supervisory()) == level
    assert (seen(supervisory(), actor) is None) == (level == "none")


def test_a_confidential_case_does_not_exist_without_its_secret() -> None:
    case = assigned(confidential=True)

    assert seen(case, PUBLIC) is None
    assert seen(case, STRANGER) is None
    assert seen(case, OFFICER)["description"] == "Ada lubang besar di jalan."  # type: ignore[index]


def test_before_verification_the_public_sees_a_status_and_nothing_else() -> None:
    shown = seen(filed(), PUBLIC)

    assert shown is not None
    assert shown["status"] == "filed"
    for name in (
        "title",
        "description",
        "location",
        "service_code",
        "kind",
        "unit",
        "answer",
        "due",
        "channel",
    ):
        assert shown[name] is None, name
    assert [line["type"] for line in shown["timeline"]] == ["filed"]
    assert "Lubang" not in str(shown)
    assert "Santur" not in str(shown)


def test_afterwards_it_sees_category_area_month_and_the_released_text() -> None:
    shown = seen(assigned(), PUBLIC)

    assert shown is not None
    assert (shown["service_code"], shown["unit"], shown["month"]) == ("jalan", "dpupr", "2026-11")
    assert shown["description"] == "Ada lubang."
    assert shown["location"] == {"lat": -0.681, "lon": 100.779, "area": "Barangin"}
    assert shown["received_at"] == local(1, "00:00")
    assert shown["timeline"][1]["at"] == local(2, "00:00")
    assert shown["attributes"] == {}
    assert "besar" not in str(shown)


def test_an_anonymous_point_is_coarser() -> None:
    shown = seen(assigned(anonymous=True), PUBLIC)

    assert shown is not None
    assert (shown["location"]["lat"], shown["location"]["lon"]) == (-0.68, 100.78)


def test_the_public_reads_answers_but_no_question_comment_or_internal_note() -> None:
    case = did(assigned(), RequestInfo("Pertanyaan rahasia"), local(3), OFFICER, "unit")
    case = replace(case, status="assigned", status_before=None)
    case = did(case, Comment("Komentar warga"), local(3), REPORTER_ACTOR, "own")
    case = did(case, Progress("Catatan dalam"), local(4), OFFICER, "unit")
    case = did(case, Progress("Sudah disurvei", True), local(5), OFFICER, "unit")
    case = did(case, Resolve("granted", "Sudah ditambal."), local(6), OFFICER, "unit")
    notices = (Notice("n-1", local(6), "email", "sent", "reporter", "resolved"),)

    shown = str(seen(case, PUBLIC, notices=notices))

    assert "Sudah ditambal." in shown
    assert "Sudah disurvei" in shown
    for hidden in ("Pertanyaan rahasia", "Komentar warga", "Catatan dalam", "message", "staf-017"):
        assert hidden not in shown, hidden


def test_the_reporter_reads_her_own_words_and_no_internal_ones() -> None:
    case = did(assigned(), Comment("Catatan petugas", internal=True), local(3), OFFICER, "unit")
    case = did(case, Comment("Kami cek dulu"), local(3), OFFICER, "unit")
    notices = (
        Notice("n-1", local(4), "email", "skipped", "reporter", "filed", "contact_missing"),
        Notice("n-2", local(4), "email", "sent", "staff", "assigned"),
    )

    shown = seen(case, REPORTER_ACTOR, notices=notices)

    assert shown is not None
    assert shown["description"] == "Ada lubang besar di jalan."
    assert shown["due"]["stage"] == "resolve"
    texts = str(shown["timeline"])
    assert "Kami cek dulu" in texts
    assert "Catatan petugas" not in texts
    messages = [line for line in shown["timeline"] if line["type"] == "message"]
    assert [(m["state"], m["reason"]) for m in messages] == [("skipped", "contact_missing")]


def test_staff_see_what_is_due_first_and_where_it_comes_from() -> None:
    shown = seen(assigned(), OFFICER)

    assert shown is not None
    assert shown["due"]["stage"] == "first_response"
    assert shown["due"]["source"] == "test"
    assert shown["due"]["effective_from"] == "2020-01-01"
    assert shown["due"]["overdue"] is True


def test_the_coordinator_gets_a_text_proposed_without_personal_data() -> None:
    case = filed(description="NIK saya 1373011234560001, telepon 0812-3456-7890, ani@contoh.id")

    proposed = seen(case, COORDINATOR)["proposed_public"]  # type: ignore[index]

    assert proposed["findings"] == ["email", "nik", "phone"]
    assert not any(character.isdigit() for character in proposed["description"])
    assert "@" not in proposed["description"]


def test_a_rejection_is_explained_in_public_only_after_release() -> None:
    action = Reject("tidak_jelas", "Penjelasan petugas")
    released = did(assigned(), action, local(3))
    unreleased = did(filed(), action, local(3))

    assert seen(released, PUBLIC)["explanation"] == "Penjelasan petugas"  # type: ignore[index]
    assert "Penjelasan" not in str(seen(unreleased, PUBLIC))
    assert seen(unreleased, REPORTER_ACTOR)["explanation"] == "Penjelasan petugas"  # type: ignore[index]


def test_actions_are_those_that_state_and_permission_both_allow() -> None:
    expected = ["verify", "request_info", "reject", "merge", "comment", "support", "reveal", "history"]
    assert seen(filed(), COORDINATOR)["actions"] == expected  # type: ignore[index]
    assert seen(filed(), PUBLIC)["actions"] == []  # type: ignore[index]
    assert seen(assigned(), PUBLIC)["actions"] == ["support"]  # type: ignore[index]
    resolved = did(assigned(), Resolve("granted", "x"), local(3), OFFICER, "unit")
    assert seen(resolved, REPORTER_ACTOR)["actions"] == ["confirm", "dispute", "comment", "support"]  # type: ignore[index]
    assert "bounce" not in seen(replace(assigned(), bound=True), OFFICER)["actions"]  # type: ignore[index]
    assert "reveal" in seen(assigned(), OFFICER)["actions"]  # type: ignore[index]
    assert "reveal" not in seen(assigned(anonymous=True), OFFICER)["actions"]  # type: ignore[index]
    assert "reveal" in seen(assigned(anonymous=True), COORDINATOR)["actions"]  # type: ignore[index]
    assert "reveal" not in seen(replace(assigned(), reporter_ref=None), OFFICER)["actions"]  # type: ignore[index]


def test_review_reasons_are_for_staff() -> None:
    case = filed(service_code="tidak-ada")

    assert seen(case, COORDINATOR)["review_reasons"] == ["service_unknown"]  # type: ignore[index]
    assert seen(case, REPORTER_ACTOR)["review_reasons"] == []  # type: ignore[index]


def test_a_location_without_a_point_shows_its_area_and_never_its_address() -> None:
    shown = seen(assigned(location=Location(None, None, "Rumah Bu Ani, Salak")), PUBLIC)

    assert shown is not None
    assert shown["location"] == {"lat": None, "lon": None, "area": "Talawi"}


@pytest.mark.parametrize("action", sorted(TABLE))
def test_no_scope_of_the_table_opens_an_inspectorate_case_to_a_unit_or_the_public(action: str) -> None:
    case = replace(supervisory(), status="assigned")

    for actor in (PUBLIC, STRANGER, COORDINATOR, DESK, OFFICER, HEAD):
        opened = granted(TABLE, actor, action, case) - {"yes"}
        assert opened == set(), (action, actor.roles)


def test_a_support_is_only_for_what_the_public_can_read() -> None:
    assert granted(TABLE, PUBLIC, "support", filed()) == set()
    assert granted(TABLE, PUBLIC, "support", assigned()) == {"public"}
    assert granted(TABLE, PUBLIC, "support", assigned(confidential=True)) == set()


def cells() -> list[tuple[str, str, str]]:
    return [(action, role, scope) for action, row in TABLE.items() for role, scope in row.items()]


@pytest.mark.parametrize(("action", "role", "scope"), cells())
def test_each_cell_of_the_table_opens_exactly_its_cases(action: str, role: str, scope: str) -> None:
    who = {"public": PUBLIC, "reporter": REPORTER_ACTOR}
    actor = who.get(role, Actor("staf-x", (role,), "dpupr"))
    own_unit, other_unit = assigned(), replace(assigned(), unit="dlh")
    hidden = replace(supervisory(), secret_hash="ef" * 32)
    unreleased = replace(filed(), secret_hash="ef" * 32)

    def opens(case: Case) -> bool:
        return scope in granted(TABLE, actor, action, case)

    expected = {
        "any": (True, True, True, True),
        "city": (True, True, False, True),
        "unit": (True, False, False, False),
        "inspectorate": (False, False, True, False),
        "own": (True, True, False, False),
        "public": (True, True, False, False),
        "yes": (False, False, False, False),
    }[scope]
    assert (opens(own_unit), opens(other_unit), opens(hidden), opens(unreleased)) == expected


@pytest.mark.parametrize("action", sorted(TABLE))
def test_a_role_without_a_cell_opens_nothing(action: str) -> None:
    from complaints.domain.access import scopes

    for role in ("coordinator", "desk", "officer", "unit_head", "inspector", "hr", "leader", "department"):
        if role not in TABLE[action]:
            assert scopes(TABLE, Actor("staf-x", (role,), "dpupr"), action) == set(), role
