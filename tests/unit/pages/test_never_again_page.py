"""The page on which somebody who was asked how it was says: never again, or takes that back."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.callers import Caller
from gateway.problems import Problem
from support.html import complaints_about, elements, parse, text_of

TOKEN = "u" * 44
PAGE = f"/jangan-tanyai/{TOKEN}"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass
class OneLink:
    """Notifications with one link, as the gateway sees it."""

    asked: bool = True
    away: bool = False
    choices: list[bool] = field(default_factory=list)

    async def survey_choice(self, caller: Caller, token: str) -> dict[str, Any]:
        if self.away:
            raise Problem("service-unavailable")
        if token != TOKEN or caller.kind != "public":
            raise Problem("not-found")
        return {"asked": self.asked}

    async def choose_surveys(self, caller: Caller, token: str, asked: bool) -> dict[str, Any]:
        await self.survey_choice(caller, token)
        self.choices.append(asked)
        self.asked = asked
        return {"asked": asked}


@pytest.fixture
def link(visitor: TestClient) -> OneLink:
    visitor.app.state.notices = made = OneLink()  # type: ignore[attr-defined]  # Starlette's state
    return made


def button(page: str) -> tuple[str, str]:
    """What the one button of the form says, and what it sends."""
    (form,) = [one for one in elements(parse(page), "form") if one.get("action") == PAGE]
    (found,) = elements(form, "button")
    return text_of(found), str(found.get("value"))


def test_looking_shows_a_button_and_changes_nothing(visitor: TestClient, link: OneLink) -> None:
    for _ in range(3):
        answer = visitor.get(PAGE)

    assert button(answer.text) == ("Jangan tanyai saya lagi", "berhenti")
    assert (answer.status_code, link.choices) == (200, [])
    assert answer.headers["cache-control"] == "no-store"
    assert visitor.head(PAGE).status_code == 200
    assert link.choices == []


def test_the_button_ends_it_without_a_login_a_script_or_a_cookie(visitor: TestClient, link: OneLink) -> None:
    visitor.cookies.clear()

    answer = visitor.post(PAGE, data={"pilihan": "berhenti"})

    assert (answer.status_code, link.choices) == (200, [False])
    assert "Anda tidak akan kami tanyai lagi" in answer.text
    assert button(answer.text) == ("Tanyai saya lagi", "lanjut")


def test_it_can_be_taken_back_on_the_same_page(visitor: TestClient, link: OneLink) -> None:
    link.asked = False
    assert button(visitor.get(PAGE).text) == ("Tanyai saya lagi", "lanjut")

    answer = visitor.post(PAGE, data={"pilihan": "lanjut"})

    assert link.choices == [True]
    assert "Kami akan bertanya lagi" in answer.text
    assert button(answer.text) == ("Jangan tanyai saya lagi", "berhenti")


@pytest.mark.parametrize("sent", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
def test_a_mail_program_ends_it_with_one_request(
    visitor: TestClient, link: OneLink, sent: dict[str, Any]
) -> None:
    visitor.cookies.clear()

    answers = [visitor.post(PAGE, **sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert link.choices == [False, False]


@pytest.mark.parametrize("sent", [{}, {"pilihan": "mungkin"}, {"List-Unsubscribe": "Later"}])
def test_a_form_that_says_neither_is_refused(
    visitor: TestClient, link: OneLink, sent: dict[str, str]
) -> None:
    answer = visitor.post(PAGE, data=sent or {"x": "y"})

    assert (answer.status_code, link.choices) == (422, [])
    assert visitor.post(PAGE, json={"pilihan": "berhenti"}).status_code == 415


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_link_that_is_none_of_ours_is_said_to_be_none(
    visitor: TestClient, link: OneLink, language: str
) -> None:
    address, headers = f"/jangan-tanyai/{'f' * 44}", {"Accept-Language": language}

    looked = visitor.get(address, headers=headers)
    posted = visitor.post(address, data=ONE_CLICK, headers=headers)

    said = {"id": "Tautan ini tidak kami kenal", "en": "We do not know this link"}[language]
    for answer in (looked, posted):
        assert (answer.status_code, said in answer.text) == (404, True)
        assert complaints_about(answer.text, "http://testserver") == []
    assert link.choices == []


def test_while_notifications_is_away_nobody_is_told_that_it_was_done(
    visitor: TestClient, link: OneLink
) -> None:
    link.away = True

    assert visitor.get(PAGE).status_code == 503
    assert visitor.post(PAGE, data=ONE_CLICK).status_code == 503


@pytest.mark.parametrize(
    ("language", "asked", "said"),
    [
        ("id", True, "Tidak ingin kami tanyai lagi?"),
        ("en", True, "Do you not want to be asked any more?"),
        ("id", False, "Anda tidak akan kami tanyai lagi"),
        ("en", False, "We will not ask you again"),
    ],
)
def test_the_page_is_whole_in_both_languages(
    visitor: TestClient, link: OneLink, language: str, asked: bool, said: str
) -> None:
    link.asked = asked

    answer = visitor.get(PAGE, headers={"Accept-Language": language})

    document = parse(answer.text)
    assert complaints_about(answer.text, "http://testserver") == []
    assert text_of(elements(document, "h1")[0]) == said
    assert text_of(elements(document, "title")[0]).startswith(said)
    assert elements(document, "html")[0].get("lang") == language
