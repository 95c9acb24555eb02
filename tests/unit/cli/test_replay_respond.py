"""A part of a replay's reporters answers, each once and under an address of this replay alone."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tanggap.answers import does_answer
from tanggap.calls import Calls
from tanggap.errors import GatewayError
from tanggap.journal import Journal
from tanggap.replay.plan import Course, Row
from tanggap.replay.respond import Respondents, answered, mark, own_address
from tanggap.replay.surveying import answer_all

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
QUESTIONNAIRE = {
    "version": "v1",
    "elements": [{"key": "waktu"}, {"key": "biaya"}],
    "respondent": [{"key": "sex", "options": [{"key": "male"}, {"key": "female"}]}],
}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal")
    journal.begin("inputs", NOW)
    return journal


def row(number: int, email: str = "") -> Row:
    submission = {"reporter": {"name": "Warga", "email": email or f"warga-{number}@contoh.example.invalid"}}
    return Row(number, f"r{number}", submission, "dpupr", False, Course("closed", ()), None, None)


class FakeSurveys:
    def __init__(self) -> None:
        self.bodies: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.troubles: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=QUESTIONNAIRE)
        self.requests += 1
        if self.troubles:
            return httpx.Response(self.troubles.pop(), headers={"Retry-After": "0"})
        body = json.loads(request.content)
        if body["token"] == "revoked":
            return httpx.Response(
                410, json={"title": "Revoked"}, headers={"Content-Type": "application/problem+json"}
            )
        assert self.bodies.setdefault(body["submission_id"], body) == body
        return httpx.Response(202, json={"status": "received"})


def respond(
    surveys: FakeSurveys, journal: Journal, rows: list[Row], links: dict[str, str], share: float
) -> None:
    async def go() -> None:
        transport = httpx.MockTransport(surveys)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            calls = Calls(http, lambda name: name, patience=5)
            await answer_all(Respondents(calls, journal, rows, share), links, 4)

    asyncio.run(go())


def links(journal: Journal, rows: list[Row]) -> dict[str, str]:
    return {own_address(one.submission, journal)["reporter"]["email"]: f"token-{one.key}" for one in rows}


def test_an_address_is_another_one_in_every_replay(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other")
    other.begin("inputs", NOW)

    own = own_address(row(1).submission, journal)["reporter"]

    assert own == {"name": "Warga", "email": f"warga-1{mark(journal)}contoh.example.invalid"}
    assert own != own_address(row(1).submission, other)["reporter"]


@pytest.mark.parametrize("email", ["bukan surel", "a@b, c@d", "dua@tanda@contoh.example.invalid"])
def test_what_is_no_address_stays_as_it_is_to_be_refused(journal: Journal, email: str) -> None:
    assert own_address(row(1, email).submission, journal) == row(1, email).submission


def test_who_reports_without_an_address_stays_without_one(journal: Journal) -> None:
    assert own_address({"description": "x"}, journal) == {"description": "x"}
    assert own_address({"reporter": {"phone": "+628000000001"}}, journal) == {
        "reporter": {"phone": "+628000000001"}
    }


def test_the_share_that_is_chosen_answers_through_its_own_links(journal: Journal) -> None:
    rows, surveys = [row(number) for number in range(40)], FakeSurveys()

    respond(surveys, journal, rows, links(journal, rows), 0.6)

    chosen = {f"token-{one.key}" for one in rows if does_answer(journal.run, one.key, 0.6)}
    assert {body["token"] for body in surveys.bodies.values()} == chosen
    assert answered(journal).taken == len(chosen)
    assert all(set(body["answers"]) == {"waktu", "biaya"} for body in surveys.bodies.values())


def test_answering_again_sends_nothing_twice(journal: Journal) -> None:
    rows, surveys = [row(number) for number in range(10)], FakeSurveys()
    respond(surveys, journal, rows, links(journal, rows), 1)

    respond(surveys, journal, rows, links(journal, rows), 1)

    assert surveys.requests == 10


def test_an_outage_is_waited_out_and_counts_once(journal: Journal) -> None:
    rows, surveys = [row(1)], FakeSurveys()
    surveys.troubles = [503, 429, 504]

    respond(surveys, journal, rows, links(journal, rows), 1)

    assert (surveys.requests, len(surveys.bodies)) == (4, 1)
    assert answered(journal).taken == 1


def test_a_refused_answer_is_counted_with_its_reason(journal: Journal) -> None:
    rows, surveys = [row(1), row(2)], FakeSurveys()
    found = links(journal, rows) | {own_address(rows[0].submission, journal)["reporter"]["email"]: "revoked"}

    respond(surveys, journal, rows, found, 1)

    assert answered(journal).taken == 1
    assert answered(journal).refused == {"410 Revoked": 1}


def test_two_rows_with_one_address_answer_once(journal: Journal) -> None:
    rows, surveys = (
        [row(1, "sama@contoh.example.invalid"), row(2, "sama@contoh.example.invalid")],
        FakeSurveys(),
    )

    respond(surveys, journal, rows, links(journal, rows), 1)

    assert answered(journal).taken == 1
    assert len(surveys.bodies) == 1


def test_a_gateway_that_takes_nothing_ends_the_answering(journal: Journal) -> None:
    surveys = FakeSurveys()
    surveys.troubles = [503] * 1000

    async def go() -> None:
        transport = httpx.MockTransport(surveys)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            calls = Calls(http, lambda name: name, patience=0)
            await calls.call("POST", "/v1/survey-responses", {})

    with pytest.raises(GatewayError, match="not taken"):
        asyncio.run(go())
