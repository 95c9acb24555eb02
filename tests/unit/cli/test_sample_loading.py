"""The sample's surveys, evaluations and trainings against an in-memory gateway, cut short at any request."""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from tanggap.calls import Calls
from tanggap.invitations import Invitations
from tanggap.journal import Journal
from tanggap.sample import surveys
from tanggap.sample.evaluation import EvaluationSample
from tanggap.sample.surveys import SurveySample
from tanggap.sample.trainings import TrainingSample

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ELEMENTS = ("waktu", "biaya")
QUESTIONNAIRE = {
    "version": "v1",
    "elements": [{"key": key} for key in ELEMENTS],
    "respondent": [{"key": "sex", "options": [{"key": "male"}, {"key": "female"}]}],
}
SURVEYS: dict[str, Any] = {
    "department": {
        "code": "antrean",
        "name": {"id": "A", "en": "A"},
        "unit": "u",
        "units": [],
        "types": ["t"],
    },
    "periods": [
        {
            "key": "past",
            "unit": "u",
            "quarter": -1,
            "paper": {"n": 12, "scores": {}, "comments": ["Baik."]},
            "population": {"n": 100, "origin": "Buku"},
            "end": "published",
            "improvements": [
                {
                    "element": "waktu",
                    "action": "Menambah loket",
                    "owner_ref": "head",
                    "due_in_days": 9,
                    "steps": [{"action": "start", "payload": {}}],
                }
            ],
        },
        {
            "key": "now",
            "unit": "v",
            "quarter": 0,
            "visits": [{"handler": "officer", "service_code": "ktp", "n": 5, "answered": 3, "scores": {}}],
            "end": "open",
        },
    ],
}
EVALUATION: dict[str, Any] = {
    "opened_by": "hr",
    "quarter": -1,
    "evaluations": [
        {
            "key": "one",
            "staff_ref": "officer",
            "record": "tanggap",
            "steps": [
                {"action": "expect", "by": "head", "payload": {"results": []}},
                {"action": "agree", "by": "officer", "payload": {}},
            ],
        }
    ],
}
TRAININGS: dict[str, Any] = {
    "offered_by": "hr",
    "offers": [{"offer_id": "lokakarya", "form": "workshop", "start_in_days": 3, "end_in_days": 4}],
    "enrolments": [
        {
            "offer": "lokakarya",
            "staff_ref": "officer",
            "steps": [{"action": "approve", "by": "head", "payload": {}}],
        }
    ],
    "claims": [
        {
            "staff_ref": "officer",
            "entry": {"form": "seminar", "start_in_days": -3, "end_in_days": -3},
            "steps": [{"action": "verify", "by": "hr", "payload": {}}],
        }
    ],
}


class Cut(Exception):
    """The process ends here, after the gateway has acted."""


class FakePeople:
    url = "http://gateway"

    def with_role(self, role: str) -> str:
        return role


class FakeGateway:
    """Applies every request once by its key, counts what it applied, and mails invitations to a sink."""

    def __init__(self, sink: Path) -> None:
        self.sink = sink
        self.remembered: dict[tuple[str, bytes], Any] = {}
        self.applied: Counter[str] = Counter()
        self.states: dict[str, str] = {}
        self.answers: Counter[str] = Counter()
        self.contacts: dict[str, str] = {}
        self.versions: Counter[str] = Counter()
        self.cut_after: int | None = None
        self.unknown_units = 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answer(request)
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise Cut
        return answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        if request.method == "GET":
            return httpx.Response(200, json=self.read(path))
        if path.endswith("/open") and self.unknown_units:
            self.unknown_units -= 1
            return httpx.Response(404, json={"title": "Unknown"})
        body = request.content
        memory = (request.headers.get("Idempotency-Key") or path, body)
        if memory not in self.remembered:
            self.remembered[memory] = self.apply(path, body, request)
        return httpx.Response(200, json=self.remembered[memory])

    def read(self, path: str) -> Any:
        if path == "questionnaire":
            return QUESTIONNAIRE
        place = path.removeprefix("surveys/results/")
        return {"state": self.states[place], "progress": {"n": self.answers[place.split("/")[0]]}}

    def apply(self, path: str, body: bytes, request: httpx.Request) -> Any:
        self.applied[re.sub(r"id-\d+", "id", path)] += 1
        if path == "surveys/paper":
            rows = body.decode().strip().splitlines()[1:]
            self.answers[request.url.params["unit"]] += len(rows)
            return {"accepted": len(rows), "rows": []}
        document = json.loads(body)
        if path == "contacts":
            ref = f"contact-{len(self.contacts)}"
            self.contacts[ref] = document["email"]
            return {"contact_ref": ref}
        if path == "events":
            for event in document:
                self.invite(event["data"])
            return {"items": [{"id": event["id"], "status": "accepted"} for event in document]}
        if path == "survey-responses":
            self.answers["v"] += 1
            return {"status": "received"}
        if path.startswith("surveys/periods/"):
            unit, period, action = path.split("/")[2:]
            after = {"open": "open", "close": "closed", "publish": "published"}
            place = f"{unit}/{period}"
            self.states[place] = after.get(action, self.states.get(place, ""))
        self.versions[path] += 1
        number = len(self.remembered)
        names = ("rtl_id", "evaluation_id", "enrolment_id", "entry_id")
        counts = {"counts": {"refused": 0}, "verdicts": []}
        return {**dict.fromkeys(names, f"id-{number}"), "version": number + 1, "state": "x", **counts}

    def invite(self, visit: dict[str, Any]) -> None:
        if visit["contact_ref"] is None:
            return
        address = self.contacts[visit["contact_ref"]]
        message = EmailMessage()
        message["X-Envelope-To"] = address
        message.set_content(f"http://gateway/survei/{visit['visit_ref'].replace('-', '')}")
        (self.sink / "new").mkdir(parents=True, exist_ok=True)
        (self.sink / "new" / address).write_bytes(message.as_bytes())


class Counted:
    def __init__(self) -> None:
        self.number = 0

    def advance(self, number: int = 1) -> None:
        self.number += number


def samples(journal: Journal, sink: Path) -> tuple[SurveySample, EvaluationSample, TrainingSample]:
    people: Any = FakePeople()
    invitations = Invitations(sink, f".{journal.run}@")
    survey_sample = SurveySample(
        SURVEYS["department"],
        SURVEYS["periods"],
        people,
        journal,
        NOW,
        invitations,
    )
    survey_sample.api_key = lambda: "tgd_antrean_key"  # type: ignore[method-assign]
    evaluation = EvaluationSample([{"staff_ref": "officer"}], EVALUATION, people, journal, NOW)
    return survey_sample, evaluation, TrainingSample(TRAININGS, people, journal, NOW)


def load(gateway: FakeGateway, file: Path) -> int:
    """Load everything in a fresh process, as it were; how much of it was counted."""
    journal, counter = Journal(file), Counted()
    journal.begin("inputs", NOW)
    answers, evaluation, trainings = samples(journal, gateway.sink)

    async def go() -> None:
        transport = httpx.MockTransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            calls = Calls(http, lambda name: name, patience=1)
            await answers.register_department(calls)
            await answers.load(calls, counter)
            await evaluation.import_staff(calls, counter)
            await evaluation.load(calls, counter)
            await trainings.load(calls, counter)

    try:
        asyncio.run(go())
    finally:
        journal.close()
    assert answers.size + evaluation.size + trainings.size == counter.number
    return counter.number


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr(surveys, "POLL_SECONDS", 0.01)
    return FakeGateway(tmp_path / "mail")


def test_everything_is_loaded_once(gateway: FakeGateway, tmp_path: Path) -> None:
    load(gateway, tmp_path / "journal")

    assert gateway.answers == {"u": 12, "v": 3}
    assert gateway.states == {"u/2026-Q3": "published", "v/2026-Q4": "open"}
    assert gateway.applied["contacts"] == 3
    assert gateway.applied["evaluation/evaluations"] == 1
    assert gateway.applied["surveys/improvements/id/start"] == 1
    assert gateway.applied["evaluation/enrolments/id/approve"] == 1
    assert gateway.applied["evaluation/ledger/id/verify"] == 1


def test_loading_again_changes_nothing(gateway: FakeGateway, tmp_path: Path) -> None:
    load(gateway, tmp_path / "journal")
    before = Counter(gateway.applied)

    load(gateway, tmp_path / "journal")

    # A trial of the import is the one thing that may be asked again.
    assert gateway.applied - before == Counter()


@pytest.mark.parametrize("requests", [0, 1, 3, 6, 10, 15, 20, 26, 29])
def test_an_interruption_at_any_request_doubles_nothing(
    gateway: FakeGateway, tmp_path: Path, requests: int
) -> None:
    undisturbed = FakeGateway(tmp_path / "other-mail")
    load(undisturbed, tmp_path / "other")
    gateway.cut_after = requests
    with pytest.raises(BaseException) as cut:
        load(gateway, tmp_path / "journal")
    assert isinstance(cut.value, Cut) or cut.group_contains(Cut)
    gateway.cut_after = None

    load(gateway, tmp_path / "journal")

    assert gateway.applied == undisturbed.applied
    assert gateway.answers == undisturbed.answers
    assert gateway.states == undisturbed.states
