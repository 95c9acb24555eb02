"""A part of a replay's reporters answers the survey they were invited to, each through her own link."""

import re
from collections import Counter as Counts
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tanggap.answers import Form, does_answer, drawn, of_unit
from tanggap.calls import Calls
from tanggap.console import Counter
from tanggap.errors import GatewayError
from tanggap.journal import Journal
from tanggap.replay.plan import Row

ADDRESS = re.compile(r"([^@\s,;]+)@([^@\s,;]+)")
TAKEN, REFUSED = "taken", "refused"
ANSWER = "answer/"


def mark(journal: Journal) -> str:
    """What all addresses of a replay have in common, and those of no other replay."""
    return f".{journal.run}@"


def own_address(submission: Mapping[str, Any], journal: Journal) -> dict[str, Any]:
    """The submission with an address of this replay: nobody is invited twice in thirty days.

    What is no address stays as it is, for the gateway to refuse.
    """
    reporter = submission.get("reporter")
    match = ADDRESS.fullmatch((reporter or {}).get("email") or "")
    if not reporter or match is None:
        return dict(submission)
    return {**submission, "reporter": {**reporter, "email": f"{match[1]}{mark(journal)}{match[2]}"}}


@dataclass(frozen=True)
class Answered:
    """What became of the answers: how many links came, how many chose to answer, and the outcomes."""

    links: int
    taken: int
    refused: dict[str, int]
    """Refused by the gateway, by reason."""


@dataclass
class Respondents:
    """Whoever got a link by mail; `share` of them answer, the same ones however often this is repeated."""

    calls: Calls
    journal: Journal
    rows: list[Row]
    share: float

    def invited(self, links: Mapping[str, str]) -> dict[str, tuple[Row, str]]:
        """Row and token by the row's key, of those who got a link; of rows with one address the first."""
        left = dict(links)
        found = {}
        for row in self.rows:
            reporter = own_address(row.submission, self.journal).get("reporter") or {}
            token = left.pop(str(reporter.get("email", "")).lower(), None)
            if token is not None:
                found[row.key] = (row, token)
        return found

    def chosen(self, links: Mapping[str, str]) -> list[tuple[Row, str]]:
        """Those who answer and have not been heard yet."""
        heard = self.journal.notes(ANSWER)
        return [
            (row, token)
            for key, (row, token) in self.invited(links).items()
            if key not in heard and does_answer(self.journal.run, key, self.share)
        ]

    async def form(self) -> Form:
        return Form.of(await self.calls.call("GET", "/v1/questionnaire"))

    async def answer(self, row: Row, token: str, form: Form, counter: Counter) -> None:
        """Send one answer; a repetition has the same id and content, and counts once."""
        body = {
            "submission_id": self.journal.key(row.key, "answer"),
            "token": token,
            **drawn(f"{self.journal.run}/{row.key}", form, of_unit(self.journal.run, row.unit or "")),
            "consents": {"process": True},
            "language": "id",
        }
        try:
            await self.calls.call("POST", "/v1/survey-responses", body)
            outcome = TAKEN
        except GatewayError as error:
            if error.status is None:
                raise
            outcome = f"{REFUSED} {str(error).partition(': ')[2]}"
        self.journal.note(f"{ANSWER}{row.key}", outcome)
        counter.advance()


def answered(journal: Journal) -> Answered:
    """The account so far, from the journal."""
    outcomes = Counts(journal.notes(ANSWER).values())
    taken = outcomes.pop(TAKEN, 0)
    refused = {outcome.removeprefix(f"{REFUSED} "): number for outcome, number in outcomes.items()}
    return Answered(int(journal.noted("links") or 0), taken, refused)
