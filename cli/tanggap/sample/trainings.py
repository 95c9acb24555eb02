"""The sample's catalogue of trainings, who is on the way through them, and claims of the ledger."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tanggap.calls import Calls
from tanggap.console import Counter
from tanggap.errors import CliError, GatewayError
from tanggap.journal import Journal
from tanggap.sample.people import People

Document = dict[str, Any]
DAYS = {"start_in_days": "start", "end_in_days": "end"}


@dataclass
class TrainingSample:
    document: Document
    people: People
    journal: Journal
    now: datetime

    @classmethod
    def of(cls, document: Document, people: People, journal: Journal, now: datetime) -> "TrainingSample":
        return cls(document, people, journal, now)

    def rows(self, name: str) -> list[Document]:
        return self.document.get(name) or []

    @property
    def size(self) -> int:
        return sum(len(self.rows(name)) for name in ("offers", "enrolments", "claims"))

    async def load(self, calls: Calls, counter: Counter) -> None:
        """Offers first; enrolments in their order, since the first to come has the place."""
        async with asyncio.TaskGroup() as group:
            for offer in self.rows("offers"):
                group.create_task(self.offer(calls, offer, counter))
        async with asyncio.TaskGroup() as group:
            group.create_task(self.enrol_all(calls, counter))
            for number, claim in enumerate(self.rows("claims"), start=1):
                group.create_task(self.claim(calls, f"claim/{number}", claim, counter))

    def dated(self, document: Mapping[str, Any]) -> Document:
        """With days of the calendar instead of days from the day of loading."""
        return {
            DAYS.get(name, name): (self.now.date() + timedelta(days=value)).isoformat()
            if name in DAYS
            else value
            for name, value in document.items()
        }

    async def offer(self, calls: Calls, offer: Document, counter: Counter) -> None:
        name = f"offer/{offer['offer_id']}"
        if self.journal.noted(name) is None:
            body = {key: value for key, value in self.dated(offer).items() if key != "offer_id"}
            path = f"/v1/evaluation/trainings/{offer['offer_id']}"
            await self.called(calls, name, path, body, self.by, method="PUT")
            self.journal.note(name)
        counter.advance()

    @property
    def by(self) -> str:
        return str(self.document["offered_by"])

    async def enrol_all(self, calls: Calls, counter: Counter) -> None:
        for number, enrolment in enumerate(self.rows("enrolments"), start=1):
            path = f"/v1/evaluation/trainings/{enrolment['offer']}/enrol"
            name, by = f"enrolment/{number}", enrolment["staff_ref"]
            id_ = await self.made(calls, name, path, {}, by, "enrolment_id")
            await self.steps(calls, name, f"/v1/evaluation/enrolments/{id_}", enrolment["steps"])
            counter.advance()

    async def claim(self, calls: Calls, name: str, claim: Document, counter: Counter) -> None:
        path, by = "/v1/evaluation/ledger", claim["staff_ref"]
        id_ = await self.made(calls, name, path, self.dated(claim["entry"]), by, "entry_id")
        await self.steps(calls, name, f"{path}/{id_}", claim["steps"])
        counter.advance()

    async def made(self, calls: Calls, name: str, path: str, body: Document, by: str, id_name: str) -> str:
        known = self.journal.noted(name)
        if known is None:
            view = await self.called(calls, name, path, body, by)
            known = str(view[id_name])
            self.journal.note(name, known)
        return known

    async def steps(self, calls: Calls, name: str, path: str, steps: list[Document]) -> None:
        for number, step in enumerate(steps, start=1):
            step_name = f"{name}/{number}"
            if self.journal.noted(step_name) is None:
                body = step.get("payload") or {}
                view = await self.called(calls, step_name, f"{path}/{step['action']}", body, step["by"])
                self.journal.note(step_name, json.dumps(view.get("state") or view.get("status")))

    async def called(
        self, calls: Calls, name: str, path: str, body: Document, by: str, *, method: str = "POST"
    ) -> Document:
        try:
            found: Document = await calls.call(method, path, body, by=by, key=self.journal.key(name))
        except GatewayError as error:
            raise CliError(f"Sample {name}: {error}") from error
        return found
