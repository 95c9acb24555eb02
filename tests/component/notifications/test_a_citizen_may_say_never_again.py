"""Whoever is asked how it was can end it, by the link in the mail or by her mail program, for good."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from component.notifications.chain import TOKEN, handle, invitation_id, invited, reminder, visitor
from component.notifications.world import PUBLIC_URL, RING, SmtpServer, World, filed

from notifications.choosing import KIND, NO_END
from servicekit import tokens
from servicekit.errors import Forbidden, NotFound
from servicekit.sealing import KeyRing, generate_key

LINK = re.compile(rf"{PUBLIC_URL}/jangan-tanyai/([0-9a-z]{{44}})")
PUBLIC = {"ref": None, "roles": ["public"], "unit": None}
HEADER = "List-Unsubscribe"


@pytest.fixture
def asked(world: World) -> World:
    world.app.registry.on_contact_submitted([visitor(ref) for ref in ("a", "b", "c")])
    world.app.registry.on_contact_submitted([visitor("other", "budi@example.invalid")])
    world.clock.advance(minutes=2)
    return world


def invite(world: World, smtp: SmtpServer, ref: str = "a") -> str:
    """The token of the way out in the mail that this invitation becomes."""
    handle(world, invited(ref))
    world.send()
    return str(LINK.findall(smtp.mails()[-1]["text"])[0])


def say_no(world: World, token: str) -> None:
    assert world.app.choices.choose(PUBLIC, token, False) == {"asked": False}


def states(world: World) -> dict[str, tuple[str, Any]]:
    return {one["subject"]: (one["status"], one["reason"]) for one in world.intents()}


def rows(world: World, name: str) -> list[Any]:
    return list(world.mongo.database[name].find({}))


@pytest.mark.parametrize("event", [invited, reminder])
def test_every_mail_of_a_survey_carries_a_way_out_of_its_own(
    asked: World, smtp: SmtpServer, event: Any
) -> None:
    first = invite(asked, smtp)
    if event is reminder:
        handle(asked, reminder("a"))
        asked.send()

    mail = smtp.mails()[-1]
    (token,) = set(LINK.findall(mail["text"]))
    assert (token == first) is (event is invited)
    assert f'<a href="{PUBLIC_URL}/jangan-tanyai/{token}"' in mail["html"]
    headers = dict(mail["headers"])
    assert headers[HEADER] == f"<{PUBLIC_URL}/jangan-tanyai/{token}>"
    assert headers[f"{HEADER}-Post"] == "List-Unsubscribe=One-Click"
    assert asked.app.choices.choice(PUBLIC, token) == {"asked": True}


def test_a_mail_about_her_own_case_has_none(world: World, smtp: SmtpServer) -> None:
    world.handle(filed())
    world.send()

    (mail,) = smtp.mails()
    assert HEADER not in dict(mail["headers"])
    assert "/jangan-tanyai" not in mail["text"]


def test_who_said_no_is_never_invited_again_by_any_case_or_visit(asked: World, smtp: SmtpServer) -> None:
    say_no(asked, invite(asked, smtp))

    asked.clock.advance(days=300)
    handle(asked, invited("b"), invited("other"))
    asked.send()

    assert states(asked)[invitation_id("b")] == ("skipped", "unsubscribed")
    assert states(asked)[invitation_id("other")] == ("sent", None)
    assert [mail["to"] for mail in smtp.mails()] == [["siti@example.invalid"], ["budi@example.invalid"]]


def test_nor_reminded(asked: World, smtp: SmtpServer) -> None:
    say_no(asked, invite(asked, smtp))
    asked.clock.advance(days=7)

    handle(asked, reminder("a"))
    asked.send()

    (one,) = asked.intents(event_type="survey.reminder_due.v1")
    assert (one["status"], one["reason"], len(smtp.mails())) == ("skipped", "unsubscribed", 1)


def test_mails_that_wait_to_be_sent_are_not_sent_any_more(asked: World, smtp: SmtpServer) -> None:
    token = invite(asked, smtp)
    asked.clock.advance(days=40)
    handle(asked, invited("b"), invited("other"))

    say_no(asked, token)
    asked.send()

    assert states(asked)[invitation_id("b")] == ("skipped", "unsubscribed")
    assert states(asked)[invitation_id("other")] == ("sent", None)
    assert len(smtp.mails()) == 2
    assert rows(asked, "payloads") == []


def test_news_about_her_own_case_still_reaches_her(asked: World, smtp: SmtpServer) -> None:
    say_no(asked, invite(asked, smtp))

    asked.handle(filed())
    asked.send()

    assert [mail["to"] for mail in smtp.mails()] == [["siti@example.invalid"]] * 2


def test_she_may_take_it_back_with_the_same_link_however_late(asked: World, smtp: SmtpServer) -> None:
    token = invite(asked, smtp)
    say_no(asked, token)
    asked.clock.advance(days=3650)
    (link,) = rows(asked, "links")
    assert "purge_at" not in link, "a link that was used has to stay usable"

    assert asked.app.choices.choose(PUBLIC, token, True) == {"asked": True}
    handle(asked, invited("b", expires_at=datetime(2099, 1, 1, tzinfo=UTC).isoformat()))
    asked.send()

    assert states(asked)[invitation_id("b")] == ("sent", None)
    assert all("purge_at" in one for one in rows(asked, "links"))


def test_the_same_choice_twice_is_one(asked: World, smtp: SmtpServer) -> None:
    token = invite(asked, smtp)

    say_no(asked, token)
    say_no(asked, token)
    assert len(rows(asked, "unasked")) == 1

    for _ in range(2):
        assert asked.app.choices.choose(PUBLIC, token, True) == {"asked": True}
    assert rows(asked, "unasked") == []


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        TOKEN,
        tokens.mint(KeyRing.parse(generate_key("k9")), KIND, NO_END).text,
        tokens.mint(RING, "i", NO_END).text,
        tokens.mint(RING, KIND, NO_END).text,
        tokens.mint(RING, KIND, date(2020, 1, 1)).text,
    ],
    ids=["empty", "short", "forged", "foreign key", "other kind", "never mailed", "expired"],
)
def test_a_link_that_is_none_of_ours_is_not_found(asked: World, token: str) -> None:
    with pytest.raises(NotFound):
        asked.app.choices.choice(PUBLIC, token)
    with pytest.raises(NotFound):
        asked.app.choices.choose(PUBLIC, token, False)
    assert rows(asked, "unasked") == []


@pytest.mark.parametrize("role", ["admin", "coordinator", "department"])
def test_nobody_chooses_by_a_role(asked: World, smtp: SmtpServer, role: str) -> None:
    token = invite(asked, smtp)

    with pytest.raises(Forbidden):
        asked.app.choices.choose({"ref": "x", "roles": [role]}, token, False)


def test_neither_the_link_nor_the_address_is_readable_in_the_database(asked: World, smtp: SmtpServer) -> None:
    token = invite(asked, smtp)
    say_no(asked, token)

    database = asked.mongo.database
    everything = str([list(database[name].find({})) for name in database.list_collection_names()])

    assert token not in everything
    assert "siti@" not in everything
    (link,) = rows(asked, "links")
    (choice,) = rows(asked, "unasked")
    assert link["_id"] not in str(rows(asked, "intents"))
    assert set(choice) == {"_id", "sealed", "kid", "since"}


def test_a_choice_outlives_the_key_it_was_made_under(asked: World, world_of: Any, smtp: SmtpServer) -> None:
    say_no(asked, invite(asked, smtp))
    fresh = generate_key("k2")
    both = KeyRing(KeyRing.parse(fresh).keys + RING.keys)
    rotating = world_of(clock=asked.clock, seal_keys=both)
    assert rotating.app.registry.reseal() and rotating.app.choices.reseal() == 1
    assert rotating.app.choices.reseal() == 0

    rotated = world_of(clock=asked.clock, seal_keys=KeyRing.parse(fresh))
    handle(rotated, invited("b"))

    assert states(rotated)[invitation_id("b")] == ("skipped", "unsubscribed")


def test_a_dry_run_shows_what_the_choice_does_and_keeps_no_link(asked: World, smtp: SmtpServer) -> None:
    admin = {"ref": "adm-1", "roles": ["admin"]}
    token = invite(asked, smtp)
    say_no(asked, token)

    would = asked.app.queries.dry_run(admin, invited("b").to_dict())["intents"]

    assert [(one["outcome"], one["reason"]) for one in would] == [("skip", "unsubscribed")]
    assert len(rows(asked, "links")) == 1
