"""Sends a planned replay: first every filing, then every case's actions, many at a time.

An answer that says "not now" is waited out and the request repeated under its key; one that says "unknown
outcome" likewise. Nothing is sent that the journal does not hold already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx

from tanggap.client import describe, problem_of, retry_after
from tanggap.console import Counter
from tanggap.errors import CliError, GatewayError
from tanggap.journal import Filing, Journal, StepRecord
from tanggap.replay.plan import DUPLICATE, UNIT, Course, Row, Step
from tanggap.replay.respond import own_address

OUTAGE_SECONDS = 300.0
STORED_SECONDS = 120.0
CONFLICT_ATTEMPTS = 3
NOT_NOW = {429, 503, 504}

REPORTER_ACTIONS = {"provide_info", "confirm", "dispute", "support"}
OFFICER_ACTIONS = {"bounce", "progress", "resolve"}

Item = TypeVar("Item")
TokenFor = Callable[[str, str | None], str]


@dataclass(frozen=True)
class Actor:
    role: str
    unit: str | None


class Sender:
    """One replay against one gateway. `token_for(role, unit)` gives the token of the person who acts."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        journal: Journal,
        token_for: TokenFor,
        concurrency: int,
        inspectorate: str | None,
    ) -> None:
        self.http = http
        self.journal = journal
        self.token_for = token_for
        self.concurrency = concurrency
        self.inspectorate = inspectorate
        self.tokens: dict[Actor, str] = {}

    async def file_all(self, rows: list[Row], done: dict[str, Filing], counter: Counter) -> None:
        async def file(row: Row) -> None:
            await self.file(row)
            counter.advance()

        await self.each((row for row in rows if row.key not in done), file)

    async def file(self, row: Row) -> None:
        """File one row; the same bytes under the same key however often it is repeated."""
        body = {**own_address(row.submission, self.journal), "received_at": self.journal.started_at}
        answer = await self.send(
            "POST", "/v1/complaints", body, key=self.journal.key(row.key), actor=Actor("desk", None)
        )
        if answer.status_code == 202:
            receipt = answer.json()
            self.journal.filed(row.key, receipt["tracking_code"], receipt["secret"])
        elif answer.status_code in {401, 403}:
            raise GatewayError(
                f"The gateway does not let the replay file: {describe(answer)}", answer.status_code
            )
        else:
            self.journal.refused(row.key, reasons(answer))

    async def act_all(self, rows: list[Row], counter: Counter) -> None:
        """Carry out the actions of every filed row that are still open.

        Merging rows come first: a case that has ended takes in no other.
        """
        filings = self.journal.filings()
        planned = [
            (row, filing, chosen_course(row, filings))
            for row in rows
            if (filing := filings[row.key]).code is not None and not filing.settled
        ]

        by_key = {row.key: row for row in rows}

        async def act(item: tuple[Row, Filing, Course]) -> None:
            row, filing, course = item
            target = filings.get(row.same_matter or "") if needs_duplicate(course) else None
            if target is not None:
                await self.stored(by_key[target.row], target)
            await self.act(row, filing, course, target.code if target is not None else None)
            counter.advance()

        merging = [item for item in planned if needs_duplicate(item[2])]
        await self.each(merging, act)
        await self.each([item for item in planned if not needs_duplicate(item[2])], act)

    async def act(self, row: Row, filing: Filing, course: Course, target: str | None) -> None:
        records = self.journal.steps(row.key)
        view: dict[str, Any] | None = None
        for number, step in enumerate(course.steps, start=1):
            record = records.get(number)
            if record is not None and record.state == "done":
                continue
            if record is not None and record.state == "refused":
                break
            view = view or await self.stored(row, filing)
            if record is None:
                record = StepRecord(number, 1, view["version"], view.get("unit"), "sent", None)
                self.journal.step(row.key, record)
            after = await self.step(row, filing, step, record, target)
            if after is None:
                break
            view = after
        self.journal.settled(row.key)

    async def step(
        self, row: Row, filing: Filing, step: Step, record: StepRecord, target: str | None
    ) -> dict[str, Any] | None:
        """Carry out one action; None when it was refused. A lost race is tried again on the newer version."""
        while True:
            answer = await self.send_step(row, filing, step, record, target)
            if answer.status_code < 300:
                self.journal.step(row.key, replace(record, state="done"))
                view: dict[str, Any] = answer.json()
                return view if "version" in view else await self.stored(row, filing)
            if answer.status_code != 409 or record.attempt >= CONFLICT_ATTEMPTS:
                self.journal.step(
                    row.key, replace(record, state="refused", detail=f"{step.action}: {describe(answer)}")
                )
                return None
            view = await self.stored(row, filing)
            record = replace(
                record, attempt=record.attempt + 1, version=view["version"], unit=view.get("unit")
            )
            self.journal.step(row.key, record)

    async def send_step(
        self, row: Row, filing: Filing, step: Step, record: StepRecord, target: str | None
    ) -> httpx.Response:
        special = {UNIT: row.unit, DUPLICATE: target}
        payload = {
            name: special.get(value, value) if isinstance(value, str) else value
            for name, value in step.payload.items()
        }
        actor = self.actor(row, step, record.unit)
        return await self.send(
            "POST",
            f"/v1/complaints/{filing.code}/{step.action.replace('_', '-')}",
            {**payload, "version": record.version},
            key=self.journal.key(row.key, record.number, record.attempt),
            actor=actor,
            secret=filing.secret if actor is None else None,
        )

    def actor(self, row: Row, step: Step, unit: str | None) -> Actor | None:
        """Who does this by default; None is the reporter. The inspectorate alone handles its own cases."""
        role = step.by or (
            "reporter"
            if step.action in REPORTER_ACTIONS
            else "officer"
            if step.action in OFFICER_ACTIONS
            else "coordinator"
        )
        if role == "reporter":
            return None
        if row.supervisory:
            return Actor("inspector", self.inspectorate)
        return Actor(role, unit if role in {"officer", "unit_head"} else None)

    async def stored(self, row: Row, filing: Filing) -> dict[str, Any]:
        """The case as staff see it, once complaints has stored it."""
        actor = Actor("inspector", self.inspectorate) if row.supervisory else Actor("admin", None)
        deadline = asyncio.get_running_loop().time() + STORED_SECONDS
        pause = 0.05
        while True:
            answer = await self.send("GET", f"/v1/complaints/{filing.code}", actor=actor)
            if answer.status_code == 200 and "version" in (view := answer.json()):
                found: dict[str, Any] = view
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise CliError(
                    f"Case {filing.code} was accepted {STORED_SECONDS:.0f} s ago and is not stored."
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        actor: Actor | None = None,
        secret: str | None = None,
    ) -> httpx.Response:
        """One request; repeated under its key through outages, up to five minutes of them."""
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if secret is not None:
            headers["Tanggap-Secret"] = secret
        if actor is not None:
            headers["Authorization"] = f"Bearer {self.token(actor)}"
        deadline = asyncio.get_running_loop().time() + OUTAGE_SECONDS
        while True:
            pause = 1.0
            try:
                answer = await self.http.request(method, path, json=body, headers=headers)
                if answer.status_code not in NOT_NOW:
                    return answer
                pause = retry_after(answer)
                trouble = describe(answer)
            except httpx.TransportError as error:
                trouble = type(error).__name__
            if asyncio.get_running_loop().time() > deadline:
                raise GatewayError(
                    f"The gateway has not taken requests for {OUTAGE_SECONDS:.0f} s: {trouble}"
                )
            await asyncio.sleep(pause)

    def token(self, actor: Actor) -> str:
        if actor not in self.tokens:
            self.tokens[actor] = self.token_for(actor.role, actor.unit)
        return self.tokens[actor]

    async def each(self, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Work on the items in order, a fixed number at a time; the first failure stops all."""
        waiting = iter(list(items))

        async def worker() -> None:
            for item in waiting:
                await work(item)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(worker())


def needs_duplicate(course: Course) -> bool:
    return any(step.needs_duplicate for step in course.steps)


def chosen_course(row: Row, filings: dict[str, Filing]) -> Course:
    """The row's course; its alternative when the case it repeats was never filed."""
    if row.otherwise is None or not needs_duplicate(row.course):
        return row.course
    target = filings.get(row.same_matter or "")
    return row.course if target is not None and target.code is not None else row.otherwise


def reasons(answer: httpx.Response) -> list[str]:
    """Why a filing was refused: pointer and code of each field, else the status and title."""
    problem = problem_of(answer)
    fields = [f"{error.get('pointer')} {error.get('code')}" for error in problem.get("errors", [])]
    return fields or [f"{answer.status_code} {problem.get('title', answer.reason_phrase)}"]
