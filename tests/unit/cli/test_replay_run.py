"""A whole replay against an in-memory gateway that fails in every way that can be waited out."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tanggap.journal import Journal
from tanggap.replay import run as running
from tanggap.replay.plan import Course, Row, Step
from tanggap.replay.run import Sender

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
STATES = {"verify": "verified", "assign": "assigned", "resolve": "resolved", "merge": "merged"}


class FakeGateway:
    """Answers by key as the real one does: the same key and body give the same answer, applied once."""

    def __init__(self) -> None:
        self.cases: dict[str, dict[str, Any]] = {}
        self.answers: dict[tuple[str, bytes], httpx.Response] = {}
        self.applied: Counter[str] = Counter()
        self.troubles: list[int] = []
        self.lose_answers = 0
        self.actors: list[tuple[str, str | None]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.troubles:
            return httpx.Response(self.troubles.pop(), headers={"Retry-After": "0"})
        if request.method == "GET":
            return httpx.Response(200, json=self.cases[request.url.path.split("/")[3]])
        memory = (request.headers["Idempotency-Key"], request.content)
        if memory not in self.answers:
            self.answers[memory] = self.apply(request)
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return self.answers[memory]

    def apply(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        path = request.url.path.split("/")[3:]
        if not path:
            if body["description"] == "refuse":
                errors = [{"pointer": "/location", "code": "outside"}]
                return httpx.Response(422, json={"title": "Invalid", "errors": errors})
            code = f"CODE{len(self.cases)}"
            self.cases[code] = {"tracking_code": code, "version": 1, "unit": None, "status": "filed"}
            self.applied["file"] += 1
            return httpx.Response(202, json={"tracking_code": code, "secret": f"s-{code}"})
        code, action = path
        case = self.cases[code]
        if body["version"] != case["version"]:
            return httpx.Response(409, json={"title": "Conflict", "current": case})
        self.actors.append((action, request.headers.get("Authorization")))
        case |= {
            "version": case["version"] + 1,
            "status": STATES[action],
            "unit": body.get("unit", case["unit"]),
        }
        self.applied[f"{code} {action}"] += 1
        return httpx.Response(200, json=dict(case))


class Cut(Exception):
    """The process ends here, after the gateway has acted."""


class Counted:
    def __init__(self) -> None:
        self.number = 0

    def advance(self, number: int = 1) -> None:
        self.number += number


WORK = Course(
    "resolved",
    (Step("verify", {}), Step("assign", {"unit": "$unit"}), Step("resolve", {"outcome": "granted"})),
)


def row(number: int, description: str = "x", course: Course = WORK, **more: Any) -> Row:
    values: dict[str, Any] = {"unit": "dpupr", "supervisory": False, "otherwise": None, "same_matter": None}
    values |= more
    return Row(number, f"r{number}", {"description": description}, course=course, **values)


def replayed(gateway: FakeGateway, journal: Journal, rows: list[Row]) -> None:
    async def go() -> None:
        transport = httpx.MockTransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            sender = Sender(http, journal, lambda role, unit: f"{role}/{unit}", 4, "inspektorat")
            await sender.file_all(rows, journal.filings(), Counted())
            await sender.act_all(rows, Counted())

    asyncio.run(go())


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal")
    journal.begin("inputs", NOW)
    return journal


def test_every_row_is_filed_and_brought_where_its_status_says(journal: Journal) -> None:
    gateway = FakeGateway()

    replayed(gateway, journal, [row(1), row(2, "refuse"), row(3)])

    assert [case["status"] for case in gateway.cases.values()] == ["resolved", "resolved"]
    assert journal.filings()["r2"].refusal == ["/location outside"]


def test_outages_and_lost_answers_double_nothing(journal: Journal) -> None:
    gateway = FakeGateway()
    gateway.troubles = [503, 504, 429]
    gateway.lose_answers = 3

    replayed(gateway, journal, [row(1), row(2)])

    assert gateway.applied["file"] == 2
    assert set(gateway.applied.values()) - {2} == {1}


def test_a_replay_that_was_cut_anywhere_goes_on_without_doubling(journal: Journal, monkeypatch: Any) -> None:
    rows = [row(number) for number in range(1, 6)]
    gateway = FakeGateway()
    original = FakeGateway.__call__
    left = 0

    def cut(self: FakeGateway, request: httpx.Request) -> httpx.Response:
        nonlocal left
        answer = original(self, request)
        left -= 1
        if left < 0:
            raise Cut
        return answer

    monkeypatch.setattr(FakeGateway, "__call__", cut)
    for _ in range(100):
        left = 2
        try:
            replayed(gateway, journal, rows)
            break
        except ExceptionGroup:
            continue

    assert all(filing.settled for filing in journal.filings().values())
    assert gateway.applied["file"] == 5
    assert {number for name, number in gateway.applied.items() if name != "file"} == {1}


def test_a_lost_race_is_tried_again_on_the_newer_version(journal: Journal) -> None:
    gateway = FakeGateway()
    replayed(gateway, journal, [row(1, course=Course("filed", ()))])
    journal.db.execute("update filings set settled = 0")
    gateway.cases["CODE0"]["version"] = 7
    journal.db.execute("insert into steps values ('r1', 1, 1, 1, null, 'sent', null)")

    replayed(gateway, journal, [row(1)])

    assert gateway.cases["CODE0"]["status"] == "resolved"


def test_a_duplicate_is_merged_into_the_row_it_repeats(journal: Journal) -> None:
    gateway = FakeGateway()
    merge = Course("merged", (Step("verify", {}), Step("merge", {"into": "$duplicate"})))

    replayed(gateway, journal, [row(1), row(2, course=merge, same_matter="r1")])

    assert Counter(case["status"] for case in gateway.cases.values()) == {"resolved": 1, "merged": 1}


def test_a_duplicate_of_a_refused_row_takes_the_other_course(journal: Journal) -> None:
    gateway = FakeGateway()
    merge = Course("merged", (Step("merge", {"into": "$duplicate"}),))
    other = Course("verified", (Step("verify", {}),))

    replayed(gateway, journal, [row(1, "refuse"), row(2, course=merge, same_matter="r1", otherwise=other)])

    assert [case["status"] for case in gateway.cases.values()] == ["verified"]


def test_each_action_is_done_by_the_role_that_may(journal: Journal) -> None:
    gateway = FakeGateway()

    replayed(gateway, journal, [row(1)])
    replayed(gateway, journal, [row(1), row(2, supervisory=True, unit="inspektorat")])

    ordinary, inspected = gateway.actors[:3], gateway.actors[3:]
    assert ordinary == [
        ("verify", "Bearer coordinator/None"),
        ("assign", "Bearer coordinator/None"),
        ("resolve", "Bearer officer/dpupr"),
    ]
    assert {who for _, who in inspected} == {"Bearer inspector/inspektorat"}


def test_a_gateway_that_stays_away_ends_the_replay_with_a_reason(journal: Journal, monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "OUTAGE_SECONDS", 0.0)
    gateway = FakeGateway()
    gateway.troubles = [503] * 100

    with pytest.raises(BaseExceptionGroup) as caught:
        replayed(gateway, journal, [row(1)])

    assert "has not taken requests" in str(caught.value.exceptions[0])
