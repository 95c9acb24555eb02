"""Periods of the sample: opened, answered on paper and through invitations, closed, published."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tanggap.answers import Form, drawn
from tanggap.calls import Calls
from tanggap.console import Counter
from tanggap.departments.credentials import digest, new_key
from tanggap.errors import CliError, GatewayError
from tanggap.files import write_private
from tanggap.invitations import Invitations
from tanggap.journal import Journal
from tanggap.sample.calendar import Quarter
from tanggap.sample.people import People

POLL_SECONDS = 0.3
KNOWN_SECONDS = 60.0
INVITED_SECONDS = 120.0
COUNTED_SECONDS = 60.0
STAYS_OPEN = timedelta(days=14)
BATCH = 100
OPEN, PUBLISHED = "open", "published"
BATCH_TYPE = "application/cloudevents-batch+json"

Document = dict[str, Any]


@dataclass(frozen=True)
class Visitor:
    """One who was served at a counter. `address` is None for one who left none and is not asked."""

    ref: str
    address: str | None
    visit: Mapping[str, Any]
    day: date


@dataclass
class SurveySample:
    department: Document | None
    periods: list[Document]
    people: People
    journal: Journal
    now: datetime
    invitations: Invitations

    @classmethod
    def of(cls, document: Document, people: People, journal: Journal, now: datetime) -> "SurveySample":
        sink = people.settings.values.get("TANGGAP_MAIL_DIR") or people.settings.local.mail
        invitations = Invitations(Path(sink), f".{journal.run}@")
        return cls(
            document.get("department"), document.get("periods") or [], people, journal, now, invitations
        )

    @property
    def size(self) -> int:
        return sum(steps(period) for period in self.periods)

    async def load(self, calls: Calls, counter: Counter) -> None:
        """Every period at once. Raises CliError naming the period that fails."""
        if not self.periods:
            return
        form = Form.of(await calls.call("GET", "/v1/questionnaire"))
        async with asyncio.TaskGroup() as group:
            for period in self.periods:
                group.create_task(self.named(Loading(self, calls, form, period, counter)))

    async def named(self, loading: "Loading") -> None:
        try:
            await loading.run()
        except GatewayError as error:
            raise CliError(f"Sample period {loading.period['key']}: {error}") from error

    async def register_department(self, calls: Calls) -> None:
        """Register the system that reports visits. Its key is kept beside the installation's secrets."""
        if self.department is None or self.journal.noted("department") is not None:
            return
        body = {**self.department, "active": True, "key_hash": digest(self.api_key())}
        code = body.pop("code")
        key = self.journal.key("department", code)
        await calls.call("PUT", f"/v1/departments/{code}", body, by=self.people.with_role("admin"), key=key)
        self.journal.note("department", code)

    def api_key(self) -> str:
        """Made once for an installation; a second loading finds it again."""
        if self.department is None:
            raise CliError("sample/surveys.yaml has visits and no department that reports them.")
        code = self.department["code"]
        file = self.people.settings.local.secrets / f"department-{code}"
        if not file.exists():
            write_private(file, new_key(code))
        return file.read_text().strip()


def steps(period: Mapping[str, Any]) -> int:
    """How much there is to do for a period, as progress counts it."""
    return 1 + sum(int(visit["answered"]) for visit in period.get("visits") or [])


def seed_of(period: Mapping[str, Any], *parts: object) -> str:
    return "/".join(map(str, (period["key"], *parts)))


def paper_rows(period: Mapping[str, Any], form: Form) -> list[Document]:
    """The answers on paper, the same whenever they are drawn: {answers, respondent, comment}."""
    paper = period.get("paper") or {}
    comments = paper.get("comments") or []
    return [
        {
            **drawn(seed_of(period, "paper", number), form, paper.get("scores") or {}),
            "comment": comments[number] if number < len(comments) else "",
        }
        for number in range(paper.get("n", 0))
    ]


def visit_answer(period: Mapping[str, Any], visit: Mapping[str, Any], number: int, form: Form) -> Document:
    """What one visitor answers: {answers, respondent}."""
    return drawn(seed_of(period, visit["handler"], number), form, visit.get("scores") or {})


@dataclass
class Loading:
    """One period on its way."""

    sample: SurveySample
    calls: Calls
    form: Form
    period: Document
    counter: Counter

    @property
    def admin(self) -> str:
        return self.sample.people.with_role("admin")

    @property
    def today(self) -> date:
        return self.sample.now.date()

    @property
    def quarter(self) -> Quarter:
        return Quarter.of(self.today, self.period["quarter"])

    @property
    def result(self) -> str:
        return f"/v1/surveys/results/{self.period['unit']}/{self.quarter.code}"

    def key(self, *parts: object) -> str:
        return self.sample.journal.key(f"period/{self.period['key']}", *parts)

    async def run(self) -> None:
        journal, done = self.sample.journal, f"period/{self.period['key']}"
        if journal.noted(done) is not None:
            self.counter.advance(steps(self.period))
            return
        await self.open()
        if (await self.view())["state"] == OPEN:
            await asyncio.gather(self.paper(), self.visits())
            await self.until_counted()
            if self.period["end"] != OPEN:
                await self.end()
        if self.period["end"] == PUBLISHED:
            await self.act("publish", {})
        for number, improvement in enumerate(self.period.get("improvements") or []):
            await self.improve(number, improvement)
        journal.note(done)
        self.counter.advance()

    async def view(self) -> Document:
        found: Document = await self.calls.call("GET", self.result, by=self.admin)
        return found

    async def act(self, action: str, payload: Document) -> None:
        path = f"/v1/surveys/periods/{self.period['unit']}/{self.quarter.code}/{action}"
        await self.calls.call("POST", path, payload, by=self.admin, key=self.key(action))

    async def open(self) -> None:
        """Open the period; of one that is past, for two weeks more. A new unit may still be unknown."""
        past = self.period["quarter"] < 0
        payload = {"closes_at": (self.today + STAYS_OPEN).isoformat()} if past else {}
        deadline = asyncio.get_running_loop().time() + KNOWN_SECONDS
        while True:
            try:
                return await self.act("open", payload)
            except GatewayError as error:
                if error.status != 404 or asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(POLL_SECONDS)

    async def paper(self) -> None:
        rows = paper_rows(self.period, self.form)
        if not rows:
            return
        out = io.StringIO()
        columns = (*self.form.elements, "date", "comment", *self.form.choices)
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        for number, row in enumerate(rows):
            day = self.quarter.day(number, len(rows), self.today)
            writer.writerow(
                {**row["answers"], **row["respondent"], "date": day.isoformat(), "comment": row["comment"]}
            )
        verdicts = await self.calls.call(
            "POST",
            "/v1/surveys/paper",
            by=self.admin,
            key=self.key("paper"),
            params={"unit": self.period["unit"]},
            text=(out.getvalue(), "text/csv"),
        )
        if verdicts["accepted"] != len(rows):
            problems = next(row["problems"] for row in verdicts["rows"] if row["problems"])
            raise CliError(f"Sample period {self.period['key']}: a questionnaire was refused: {problems}")

    async def visits(self) -> None:
        for visit in self.period.get("visits") or []:
            visitors = [self.visitor(visit, number) for number in range(visit["n"])]
            refs = await asyncio.gather(*(self.contact(visitor) for visitor in visitors))
            events = [self.delivered(visitor, ref) for visitor, ref in zip(visitors, refs, strict=True)]
            for start in range(0, len(events), BATCH):
                await self.publish(events[start : start + BATCH])
            await self.answer(visit, visitors)

    def visitor(self, visit: Document, number: int) -> Visitor:
        ref = f"{self.period['key']}-{visit['handler']}-{number + 1}"
        asked = number < visit["answered"]
        address = f"tamu-{ref}.{self.sample.journal.run}@contoh.example.invalid" if asked else None
        past = self.period["quarter"] < 0
        day = self.quarter.day(number, visit["n"], self.today) if past else self.today
        return Visitor(ref, address, visit, day)

    async def contact(self, visitor: Visitor) -> str | None:
        """Hand in an address; no event carries one."""
        if visitor.address is None:
            return None
        body = {"audience": "citizen", "name": "Tamu Contoh", "email": visitor.address, "language": "id"}
        key = self.key("contact", visitor.ref)
        handed = await self.calls.call("POST", "/v1/contacts", body, by=self.sample.api_key(), key=key)
        return str(handed["contact_ref"])

    def delivered(self, visitor: Visitor, contact_ref: str | None) -> Document:
        department = self.sample.department or {}
        data = {
            "visit_ref": f"{self.sample.journal.run}-{visitor.ref}",
            "unit": self.period["unit"],
            "service_code": visitor.visit["service_code"],
            "handler_ref": visitor.visit["handler"],
            "contact_ref": contact_ref,
            "date": visitor.day.isoformat(),
            "channel": "counter",
        }
        return {
            "specversion": "1.0",
            "id": self.key("visit", visitor.ref),
            "source": f"/departments/{department.get('code')}",
            "type": "service.delivered.v1",
            "subject": data["visit_ref"],
            "time": self.sample.journal.started_at,
            "datacontenttype": "application/json",
            "data": data,
        }

    async def publish(self, events: list[Document]) -> None:
        told = await self.calls.call(
            "POST", "/v1/events", by=self.sample.api_key(), text=(json.dumps(events), BATCH_TYPE)
        )
        refused = [one for one in told["items"] if one["status"] != "accepted"]
        if refused:
            raise CliError(f"Sample period {self.period['key']}: a visit was refused: {refused[0]}")

    async def answer(self, visit: Document, visitors: list[Visitor]) -> None:
        """Answer through the links in the mails, as they come in."""
        waiting = {
            (visitor.address or "").lower(): (visitor, number)
            for number, visitor in enumerate(visitors)
            if visitor.address
        }
        links = self.sample.invitations
        deadline = asyncio.get_running_loop().time() + INVITED_SECONDS
        while waiting:
            arrived = {address: token for address, token in links.look().items() if address in waiting}
            todo = [(*waiting.pop(address), token) for address, token in arrived.items()]
            await asyncio.gather(*(self.respond(visit, *one) for one in todo))
            if not waiting:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise CliError(
                    f"Sample period {self.period['key']}: {len(waiting)} visitors were not invited within "
                    f"{INVITED_SECONDS:.0f} s. See `tanggap mail list`, and GET /v1/events/rejections."
                )
            await asyncio.sleep(POLL_SECONDS)

    async def respond(self, visit: Document, visitor: Visitor, number: int, token: str) -> None:
        body = {
            "submission_id": self.key("answer", visitor.ref),
            "token": token,
            **visit_answer(self.period, visit, number, self.form),
            "consents": {"process": True},
            "language": "id",
        }
        try:
            await self.calls.call("POST", "/v1/survey-responses", body)
        except GatewayError as error:
            # Answered before an interruption, so long ago that the repetition is not remembered.
            if error.status not in (409, 410):
                raise
        self.counter.advance()

    async def until_counted(self) -> None:
        """Wait until every answer counts; they are on their way when the gateway has taken them."""
        visits = self.period.get("visits") or []
        wanted = (self.period.get("paper") or {}).get("n", 0) + sum(visit["answered"] for visit in visits)
        deadline = asyncio.get_running_loop().time() + COUNTED_SECONDS
        while True:
            view = await self.view()
            if view["state"] != OPEN or view["progress"]["n"] >= wanted:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise CliError(
                    f"Sample period {self.period['key']}: {view['progress']['n']} of {wanted} answers count. "
                    f"Refused: {view.get('refused')}."
                )
            await asyncio.sleep(POLL_SECONDS)

    async def end(self) -> None:
        if self.period.get("population"):
            await self.act("population", self.period["population"])
        await self.act("close", {})

    async def improve(self, number: int, improvement: Document) -> None:
        journal, name = self.sample.journal, f"improvement/{self.period['key']}/{number}"
        rtl_id = journal.noted(name)
        if rtl_id is None:
            body = {
                "unit": self.period["unit"],
                "period": self.quarter.code,
                "element": improvement["element"],
                "action": improvement["action"],
                "owner_ref": improvement["owner_ref"],
                "due_on": (self.today + timedelta(days=improvement["due_in_days"])).isoformat(),
            }
            planned = await self.calls.call(
                "POST", "/v1/surveys/improvements", body, by=self.admin, key=self.key("plan", number)
            )
            rtl_id = str(planned["rtl_id"])
            journal.note(name, rtl_id)
        for step in improvement.get("steps") or []:
            if journal.noted(f"{name}/{step['action']}") is None:
                path = f"/v1/surveys/improvements/{rtl_id}/{step['action']}"
                key = self.key("improve", number, step["action"])
                await self.calls.call("POST", path, step["payload"], by=self.admin, key=key)
                journal.note(f"{name}/{step['action']}")
