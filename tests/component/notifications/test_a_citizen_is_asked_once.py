"""Invitations to surveys and their reminders: one an address, and no trace of who holds which link."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from component.notifications.chain import TOKEN, handle, invitation_id, invited, reminder, visitor
from component.notifications.world import PUBLIC_URL, SmtpServer, World, filed

from servicekit.errors import Reject, Retry


@pytest.fixture
def asked(world: World) -> World:
    world.app.registry.on_contact_submitted([visitor(ref) for ref in ("a", "b", "c")])
    world.clock.advance(minutes=2)
    return world


def everything_in(world: World) -> str:
    database = world.mongo.database
    names = database.list_collection_names()
    return "\n".join(str(row) for name in names for row in database[name].find({}))


@pytest.mark.parametrize("kind", ["case", "counter"])
def test_an_invitation_is_a_mail_with_its_private_link(asked: World, smtp: SmtpServer, kind: str) -> None:
    assert handle(asked, invited("a", kind=kind)) == {}

    assert asked.send() == 1
    (mail,) = smtp.mails()
    assert mail["to"] == ["siti@example.invalid"]
    assert f"{PUBLIC_URL}/survei/{TOKEN}" in mail["text"]
    assert f'<a href="{PUBLIC_URL}/survei/{TOKEN}"' in mail["html"]
    intent = asked.intent()
    assert (intent["status"], intent["subject"], intent["complaint_id"]) == (
        "sent",
        invitation_id("a"),
        None,
    )


def test_whoever_filed_a_case_is_asked_at_the_address_she_left(world: World, smtp: SmtpServer) -> None:
    world.handle(filed(language="en", contact={"language": "en"}))
    world.clock.advance(minutes=2)

    handle(world, invited("ref-7K3M9QXD4TRWH", kind="case"))
    world.send()

    (mail,) = (mail for mail in smtp.mails() if "/survei/" in mail["text"])
    assert mail["subject"].startswith("How did ")
    assert "/lacak/" not in mail["text"]


def test_a_link_is_never_readable_and_gone_once_its_mail_is_sent(
    asked: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    handle(asked, invited("a"))
    queued = everything_in(asked)
    asked.send()
    sent = everything_in(asked)

    assert asked.mongo.database["payloads"].count_documents({}) == 0
    printed = "".join(capsys.readouterr())
    for text in (queued, sent, caplog.text, printed):
        assert TOKEN not in text
        assert "/survei/" not in text.replace("/survei/[", "")
        assert "siti@" not in text


@pytest.mark.parametrize("address", ["permfail@example.invalid", "policy@example.invalid"])
def test_a_link_is_gone_once_its_mail_has_failed(world: World, address: str) -> None:
    world.app.registry.on_contact_submitted([visitor("a", address)])
    world.clock.advance(minutes=2)
    handle(world, invited("a"))

    world.send()

    assert world.intent()["status"] in ("permanent_failure", "technical_failure")
    assert world.mongo.database["payloads"].count_documents({}) == 0


def test_a_link_waits_with_a_mail_that_is_tried_again_and_no_longer_than_its_life(world: World) -> None:
    world.app.registry.on_contact_submitted([visitor("a", "tempfail@example.invalid")])
    world.clock.advance(minutes=2)
    handle(world, invited("a"))

    world.send()

    intent = world.intent()
    (payload,) = world.mongo.database["payloads"].find({})
    assert intent["status"] == "queued"
    assert intent["expires_at"] == payload["purge_at"] == intent["created_at"] + timedelta(days=7)


def test_an_invitation_is_not_sent_after_its_own_end(asked: World, smtp: SmtpServer) -> None:
    handle(asked, invited("a", expires_at=(asked.clock.now() + timedelta(hours=1)).isoformat()))
    asked.clock.advance(hours=2)

    asked.send()

    assert (asked.intent()["status"], smtp.mails()) == ("expired", [])
    assert asked.mongo.database["payloads"].count_documents({}) == 0


def test_nobody_is_invited_twice_in_thirty_days(asked: World, smtp: SmtpServer) -> None:
    asked.app.registry.on_contact_submitted([visitor("d", "SITI@example.invalid")])
    handle(asked, invited("a"), invited("b"))
    asked.send()
    asked.clock.advance(days=29, hours=23)
    handle(asked, invited("c"), invited("d"))

    states = {intent["subject"]: (intent["status"], intent["reason"]) for intent in asked.intents()}
    (first,) = (subject for subject, state in states.items() if state[1] is None)
    assert first == invitation_id("a")
    assert {state for subject, state in states.items() if subject != first} == {
        ("skipped", "invited_recently")
    }

    asked.clock.advance(days=2)
    handle(asked, invited("c", "later"))
    asked.send()
    assert asked.intent(subject=invitation_id("later"))["status"] == "sent"


@pytest.mark.parametrize("address", ["permfail@example.invalid", "policy@example.invalid"])
def test_an_invitation_that_was_refused_uses_up_nothing(world: World, address: str) -> None:
    world.app.registry.on_contact_submitted([visitor("a", address)])
    world.clock.advance(minutes=2)
    handle(world, invited("a"))

    world.send()

    assert world.intent()["status"] in ("permanent_failure", "technical_failure")
    assert world.mongo.database["asked"].count_documents({}) == 0


def test_an_invitation_that_ended_unsent_uses_up_nothing(asked: World, smtp: SmtpServer) -> None:
    handle(asked, invited("a", expires_at=(asked.clock.now() + timedelta(hours=1)).isoformat()))
    asked.clock.advance(hours=2)
    asked.send()

    handle(asked, invited("b"))
    asked.send()

    states = {one["subject"]: one["status"] for one in asked.intents()}
    assert states == {invitation_id("a"): "expired", invitation_id("b"): "sent"}
    assert len(smtp.mails()) == 1


def test_an_invitation_that_nobody_could_send_in_its_life_holds_its_address_no_longer(
    asked: World, smtp: SmtpServer
) -> None:
    handle(asked, invited("a"))
    asked.clock.advance(days=8)
    handle(asked, invited("b"))
    asked.send()
    handle(asked, invited("c"))

    states = {one["subject"]: (one["status"], one["reason"]) for one in asked.intents()}
    assert states == {
        invitation_id("a"): ("expired", None),
        invitation_id("b"): ("sent", None),
        invitation_id("c"): ("skipped", "invited_recently"),
    }


def test_of_invitations_that_come_at_the_same_moment_one_is_sent(
    asked: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    import eventlet

    refs = [f"v{number}" for number in range(12)]
    asked.app.registry.on_contact_submitted([visitor(ref) for ref in refs])
    worlds = [asked, *(world_of(clock=asked.clock) for _ in range(3))]

    threads = [
        eventlet.spawn(handle, one, *(invited(ref) for ref in refs[start::4]))
        for start, one in enumerate(worlds)
    ]
    verdicts = [thread.wait() for thread in threads]
    asked.send()

    assert verdicts == [{}] * 4
    assert len(smtp.mails()) == 1
    assert sorted(str(intent["reason"]) for intent in asked.intents()) == ["None"] + ["invited_recently"] * 11


def test_what_is_remembered_of_an_address_leads_to_no_message(asked: World) -> None:
    handle(asked, invited("a"))

    def row() -> Any:
        (found,) = asked.mongo.database["asked"].find({})
        assert set(found) == {"_id", "until"}
        assert found["until"].time().isoformat() == "00:00:00"
        assert found["_id"] not in str(asked.intents())
        return found

    reserved = row()
    asked.send()
    assert row()["until"] - reserved["until"] == timedelta(days=30 - 7)


@pytest.mark.parametrize("times", [1, 3])
def test_an_invitation_that_is_redelivered_is_one_mail(asked: World, smtp: SmtpServer, times: int) -> None:
    event = invited("a")
    for _ in range(times):
        handle(asked, *[event] * 100)
        asked.send()
    asked.mongo.database["inbox"].delete_many({})

    handle(asked, event)
    asked.send()

    assert len(smtp.mails()) == 1
    assert asked.intent()["status"] == "sent"


def test_a_reminder_follows_an_invitation_that_was_sent(asked: World, smtp: SmtpServer) -> None:
    handle(asked, invited("a"))
    asked.send()
    asked.clock.advance(days=7)

    assert handle(asked, reminder("a")) == {}
    asked.send()

    assert len(smtp.mails()) == 2
    assert {intent["status"] for intent in asked.intents()} == {"sent"}
    assert TOKEN not in everything_in(asked)


def test_a_reminder_that_overtakes_its_invitation_waits(asked: World, smtp: SmtpServer) -> None:
    late = reminder("a")

    early = handle(asked, late)
    handle(asked, invited("a"))
    unsent = handle(asked, late)
    asked.send()
    afterwards = handle(asked, late)
    asked.send()

    assert isinstance(early[late.id], Retry)
    assert isinstance(unsent[late.id], Retry)
    assert afterwards == {}
    assert len(smtp.mails()) == 2


def test_nobody_is_reminded_of_an_invitation_that_was_not_sent(asked: World, smtp: SmtpServer) -> None:
    handle(asked, invited("a"), invited("b"))
    asked.send()
    asked.clock.advance(days=7)

    handle(asked, reminder("b"), reminder("c", "never"))
    asked.send()

    reasons = {one["subject"]: one["reason"] for one in asked.intents(event_type="survey.reminder_due.v1")}
    assert reasons == {invitation_id("b"): "not_invited", invitation_id("never"): "not_invited"}
    assert len(smtp.mails()) == 1


def test_an_address_that_refuses_mail_is_not_asked(world: World, smtp: SmtpServer) -> None:
    world.handle(filed(email="permfail@example.invalid"))
    world.send()
    world.app.registry.on_contact_submitted([visitor("a", "permfail@example.invalid"), visitor("b", None)])
    world.clock.advance(minutes=11)

    handle(world, invited("a"), invited("b"), invited("unknown"))

    reasons = {one["subject"]: one["reason"] for one in world.intents(event_type="survey.invited.v1")}
    assert reasons == {
        invitation_id("a"): "suppressed",
        invitation_id("b"): "contact_missing",
        invitation_id("unknown"): "contact_missing",
    }
    assert world.mongo.database["asked"].count_documents({}) == 0


def test_a_contact_that_comes_after_its_invitation_is_waited_for(world: World, smtp: SmtpServer) -> None:
    event = invited("a")
    world.clock.advance(minutes=2)

    early = handle(world, event)
    world.app.registry.on_contact_submitted([visitor("a")])
    late = handle(world, event)
    world.send()

    assert isinstance(early[event.id], Retry)
    assert (late, len(smtp.mails())) == ({}, 1)


def test_a_link_to_elsewhere_is_dead_lettered_and_mailed_to_nobody(asked: World) -> None:
    good = invited("a")
    bad = type(good)(
        **{**_fields(good), "id": "bad", "data": {**good.data, "token_path": "//evil.example/x"}}
    )

    verdicts = handle(asked, bad, good)

    assert verdicts == {"bad": Reject("invalid_token_path")}
    assert asked.intent()["event_id"] == good.id


def test_no_outcome_of_an_invitation_is_published(asked: World) -> None:
    handle(asked, invited("a"), invited("b"), invited("unknown"))
    asked.send()
    asked.clock.advance(days=8)
    handle(asked, reminder("a"), reminder("b"))
    asked.send()

    assert len(asked.intents()) >= 4
    assert asked.published() == []


def test_a_dry_run_says_what_an_invitation_would_do_and_remembers_nothing(asked: World) -> None:
    admin = {"ref": "adm-1", "roles": ["admin"]}

    would_send = asked.app.queries.dry_run(admin, invited("a").to_dict())["intents"]
    handle(asked, invited("b"))
    would_skip = asked.app.queries.dry_run(admin, invited("a").to_dict())["intents"]
    no_reminder = asked.app.queries.dry_run(admin, reminder("a").to_dict())["intents"]

    assert [(one["outcome"], one["reason"]) for one in (*would_send, *would_skip, *no_reminder)] == [
        ("send", None),
        ("skip", "invited_recently"),
        ("skip", "not_invited"),
    ]
    assert "Siti" not in str(would_send)
    assert len(asked.intents()) == 1


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}
