"""What becomes of an answer that arrives: it counts once, waits for review, or is counted with its reason."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from component.surveys.world import (
    KEYS,
    NOW,
    PERIOD,
    RING,
    SEALS,
    ZONE,
    World,
    actor_of,
    as_json,
    closed,
    event_id,
    fingerprint,
    service_changed,
    submitted,
    unit_changed,
)

from servicekit import tokens
from servicekit.errors import Reject, Retry
from surveys.incoming import read_submission

COORDINATOR = {"ref": "staf-002", "roles": ["coordinator"], "unit": "diskominfo"}
MODERATOR = actor_of(COORDINATOR)


def refused(world: World, unit: str = "dpupr") -> dict[str, int]:
    return world.period(unit)["refused"]


def test_an_answer_by_invitation_waits_sealed_and_leaves_nothing_but_a_spent_invitation(world: World) -> None:
    token = world.invite()

    assert world.answer(submitted(4, token=token, comment="Terima kasih, Pak Contoh.")) == {}

    invite = world.rows.invites.find_one({"_id": fingerprint(token)})
    assert invite == {"_id": fingerprint(token), "state": "spent", "period": f"dpupr:{PERIOD}"}
    (pending,) = world.rows.pending.find()
    assert set(pending) == {"_id", "group", "sealed"}
    assert pending["group"] == f"dpupr:{PERIOD}:invite_link"
    assert "Contoh" not in as_json(list(world.rows.pending.find()))
    assert world.result()["progress"]["n"] == 1


def test_how_an_answer_came_is_told_by_its_link_and_not_by_what_it_says(world: World) -> None:
    world.answer(
        submitted(4, token=world.invite(), mode="qr_counter"),
        submitted(4, token=world.counter(), mode="invite_link"),
        submitted(4, token=world.counter(), mode="assisted", assisted_by="staf-099"),
    )

    assert world.period()["accepted"] == {"invite_link": 1, "qr_counter": 1, "assisted": 1}


def test_every_waiting_row_has_the_same_size(world: World) -> None:
    world.answer(
        submitted(4, token=world.invite(), comment="x" * 2000),
        submitted({"waktu": 1}, token=world.invite(), respondent=None),
        world.assisted(2),
    )

    assert len({len(row["sealed"]) for row in world.rows.pending.find()}) == 1


def test_the_same_submission_again_changes_nothing(world: World) -> None:
    event = submitted(4, token=world.invite())

    world.answer(event, event)
    world.answer(event)

    assert world.rows.pending.count_documents({}) == 1
    assert world.period()["accepted"] == {"invite_link": 1}
    assert refused(world) == {}


def test_a_submission_taken_while_it_is_checked_again_is_known_and_no_second_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = world.invite()
    event = submitted(4, token=token)
    digest = read_submission(event, SEALS, ZONE).body_hash
    submissions = world.parts.intake._submissions
    find = submissions.find

    def find_then_taken(key: str) -> Any:
        found = find(key)
        world.answer(event)
        return found

    monkeypatch.setattr(submissions, "find", find_then_taken)

    assert world.parts.intake.check(token, event.id, digest) == {"state": "known"}


def test_a_second_submission_on_a_spent_link_is_counted_and_disturbs_nobody(world: World) -> None:
    token, other = world.invite(), world.invite()

    verdicts = world.answer(submitted(4, token=token), submitted(1, token=token), submitted(2, token=other))

    assert verdicts == {}
    assert world.rows.pending.count_documents({}) == 2
    assert refused(world) == {"already_used": 1}


def test_another_content_under_a_known_submission_id_is_counted_once(world: World) -> None:
    id_ = str(uuid.uuid4())
    first = world.assisted(4, submission_id=id_)
    second = world.assisted(1, submission_id=id_)

    world.answer(first)
    world.answer(second, second)

    assert world.rows.pending.count_documents({}) == 1
    assert world.parts.reading.periods(MODERATOR, None, None, None, None)["unplaced"] == {
        "submission_id_reused": 1
    }


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({"waktu": 5}, "wrong_scale"),
        ({"waktu": 0}, "wrong_scale"),
        ({"waktu": "4"}, "wrong_scale"),
        ({"waktu": True}, "wrong_scale"),
        ({"waktu": 3.0}, "wrong_scale"),
        ({"unsur-10": 3}, "unknown_element"),
        ({"waktu": None}, "no_answers"),
        ({}, "no_answers"),
    ],
)
def test_what_is_no_answer_is_counted_by_its_reason_and_spends_no_link(
    world: World, scores: object, reason: str
) -> None:
    token = world.invite()

    world.answer(submitted(scores, token=token))

    assert refused(world) == {reason: 1}
    assert world.parts.intake.invitation(token)["state"] == "open"


def test_without_consent_nothing_is_kept(world: World) -> None:
    world.answer(world.assisted(4, consents={"process": False}))

    assert refused(world) == {"no_consent": 1}
    assert world.rows.pending.count_documents({}) == 0


def test_a_forged_an_expired_and_an_unknown_link_count_nowhere_but_as_refused(world: World) -> None:
    good = world.invite()
    forged = good[:10] + ("0" if good[10] != "0" else "1") + good[11:]
    expired = tokens.mint(RING, "i", NOW.date() - timedelta(days=1)).text
    unknown = tokens.mint(RING, "i", NOW.date()).text
    other = tokens.mint(RING, "x", NOW.date()).text

    world.answer(*(submitted(4, token=token) for token in (forged, expired, unknown, other, "abc")))

    assert world.parts.reading.periods(MODERATOR, None, None, None, None)["unplaced"] == {
        "link_forged": 3,
        "link_expired": 1,
        "link_unknown": 1,
    }


def test_an_unknown_unit_is_waited_for_a_minute_and_then_counted(world: World) -> None:
    lost, known = world.assisted(4, unit="tidak-ada"), world.assisted(4, unit="dlh")

    verdicts = world.answer(lost, known, submitted(4))
    world.catalogue(unit_changed("dlh"))
    world.clock.advance(timedelta(seconds=61))
    world.answer(lost, known)

    assert verdicts == {event.id: Retry(5, "unit_not_seen_yet") for event in (lost, known)}
    assert world.period("dlh")["accepted"] == {"assisted": 1}
    unplaced = world.parts.reading.periods(MODERATOR, None, None, None, None)["unplaced"]
    assert unplaced == {"unknown_unit": 1, "link_unknown": 1}


def test_a_block_that_does_not_open_is_set_aside_and_counts_after_its_key_came(world: World) -> None:
    event = world.assisted(4)
    broken = submitted(4)
    torn = type(broken)(
        **{
            **{name: getattr(broken, name) for name in broken.__dataclass_fields__},
            "data": {"answer_sealed": SEALS.seal({"a": 1}, recipient="surveys", context="elsewhere")},
        }
    )

    assert world.answer(torn, event) == {torn.id: Reject("unreadable")}
    assert world.rows.pending.count_documents({}) == 1
    page = world.parts.reading.periods(MODERATOR, None, None, None, None)
    assert page["unplaced"] == {"unreadable": 1}


def test_an_answer_after_the_last_day_is_late(world: World) -> None:
    token = world.counter(valid_days=100)
    world.answer(submitted(4, token=token, mode="qr_counter"))
    last = NOW.date().replace(month=12, day=31)
    world.go_to(last + timedelta(days=17))

    world.answer(
        submitted(4, token=token, mode="qr_counter", day=last, received_on=last + timedelta(days=16)),
        submitted(4, token=token, mode="qr_counter", day=last, received_on=last + timedelta(days=17)),
    )

    assert world.period()["accepted"] == {"qr_counter": 2}
    assert refused(world) == {"period_closed": 1}


def test_an_answer_to_a_closed_period_is_late(world: World) -> None:
    token = world.invite()
    world.act("close")

    world.answer(submitted(4, token=token))

    assert refused(world) == {"period_closed": 1}
    assert world.parts.intake.invitation(token)["state"] == "closed"


def test_nobody_helps_with_an_answer_about_her_own_case(world: World) -> None:
    own, other = world.invite(handler_ref="staf-017"), world.invite(handler_ref="staf-018")

    world.answer(
        submitted(4, token=own, mode="assisted", assisted_by="staf-017"),
        submitted(4, token=other, mode="assisted", assisted_by="staf-017"),
    )

    assert refused(world) == {"conflict_of_interest": 1}
    assert world.period()["accepted"] == {"assisted": 1}


def test_too_many_from_one_device_are_held_and_count_after_a_look(world: World) -> None:
    token = world.counter()
    world.answer(*(submitted(4, token=token, mode="qr_counter", device="d" * 64) for _ in range(5)))
    held = world.parts.moderating.held(MODERATOR, "dpupr")["items"]

    assert [one["reason"] for one in held] == ["device_limit", "device_limit"]
    assert held[0]["answers"] == dict.fromkeys(KEYS, 4)
    world.parts.moderating.review(MODERATOR, held[0]["held_id"], "accept", None, "k-1")
    world.parts.moderating.review(MODERATOR, held[0]["held_id"], "accept", None, "k-1")
    world.parts.moderating.review(MODERATOR, held[1]["held_id"], "discard", "Isian sama berulang", None)

    assert world.period()["accepted"] == {"qr_counter": 4}
    assert refused(world) == {"held_discarded": 1}
    assert world.rows.held.count_documents({}) == 0


def test_too_many_from_one_counter_are_held_and_those_nobody_looked_at_do_not_count(world: World) -> None:
    token = world.counter()
    world.answer(*(submitted(3, token=token, mode="qr_counter") for _ in range(62)))

    assert world.period()["accepted"] == {"qr_counter": 60}
    assert world.result()["held"] == 2
    world.act("close")
    assert refused(world) == {"held_not_reviewed": 2}
    assert world.result()["n"] == 60


def test_what_she_said_about_herself_is_kept_only_as_far_as_it_was_asked(world: World) -> None:
    respondent = {"sex": "female", "age": "forty", "name": "Ani Contoh", "job": "swasta"}
    world.answer(*(world.assisted(4, respondent=respondent) for _ in range(10)))

    world.act("close")

    assert {frozenset(row["respondent"].items()) for row in world.rows.answers.find()} == {
        frozenset({("sex", "female"), ("job", "swasta")})
    }
    assert "Ani" not in as_json(list(world.rows.answers.find()))


def test_a_submission_is_known_until_its_retry_window_is_over(world: World) -> None:
    event = world.assisted(4)
    world.answer(event)
    kept = world.rows.submissions.find_one()

    check = world.parts.intake.check
    assert check(None, event.id, kept["body_hash"]) == {"state": "known"}
    assert check(None, event.id, "0" * 64) == {"state": "conflict"}
    assert check(None, event_id(str(uuid.uuid4())), "0" * 64) == {"state": "open"}
    # A midnight, at least 48 hours after the day: no time of an answer is kept.
    assert (kept["purge_at"].hour, kept["purge_at"].minute) == (0, 0)
    assert kept["purge_at"].date() - NOW.date() == timedelta(days=3)


def test_a_link_says_what_it_opens_and_looking_opens_nothing(world: World) -> None:
    token = world.counter(service_code="jalan")

    view = world.parts.intake.invitation(token)

    assert (
        view["state"],
        view["kind"],
        view["unit"],
        view["service_code"],
        view["counter"],
        view["period"],
    ) == (
        "open",
        "counter",
        "dpupr",
        "jalan",
        "Loket 1",
        PERIOD,
    )
    assert world.rows.periods.count_documents({}) == 0


def test_a_service_of_another_unit_is_left_out_of_the_answer(world: World) -> None:
    world.catalogue(service_changed("taman", "dlh"))

    world.answer(*(world.assisted(4, service_code="taman") for _ in range(10)))
    world.act("close")

    assert {row["service_code"] for row in world.rows.answers.find()} == {None}
    assert world.rows.answers.count_documents({}) == 10


def test_a_case_closed_twice_asks_once_for_each_closing(world: World) -> None:
    first = closed()

    world.case(first, first)
    world.case(closed(first.subject))
    world.case(closed(first.subject, closure_no=2))

    assert len(world.events("survey.invited.v1")) == 2
