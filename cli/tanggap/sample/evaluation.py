"""The sample's staff records and their performance periods, one in every stage."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tanggap import staff
from tanggap.calls import Calls
from tanggap.city import load_yaml
from tanggap.console import Counter
from tanggap.errors import CliError, GatewayError
from tanggap.journal import Journal
from tanggap.sample.calendar import Quarter
from tanggap.sample.people import People

KNOWN_SECONDS = 60.0
Document = dict[str, Any]


@dataclass
class EvaluationSample:
    rows: list[dict[str, str]]
    document: Document
    people: People
    journal: Journal
    now: datetime

    @classmethod
    def of(cls, folder: Path, people: People, journal: Journal, now: datetime) -> "EvaluationSample":
        table, periods = folder / "staff-evaluation.csv", folder / "evaluation.yaml"
        rows = staff.read(table.read_bytes()).rows if table.exists() else []
        return cls(rows, load_yaml(periods) if periods.exists() else {}, people, journal, now)

    @property
    def evaluations(self) -> list[Document]:
        return self.document.get("evaluations") or []

    @property
    def size(self) -> int:
        return bool(self.rows) + len(self.evaluations)

    async def import_staff(self, calls: Calls, counter: Counter) -> None:
        """As `tanggap import staff` does; a unit that evaluation has not heard of yet is waited for."""
        if not self.rows:
            return
        if self.journal.noted("staff-evaluation") is None:
            by, deadline = self.people.with_role("hr"), asyncio.get_running_loop().time() + KNOWN_SECONDS
            body, path = {"rows": self.rows}, "/v1/evaluation/staff/import"
            while True:
                tried = await calls.call("POST", path, {**body, "dry_run": True}, by=by)
                if not tried["counts"]["refused"]:
                    break
                if asyncio.get_running_loop().time() > deadline:
                    refused = next(one for one in tried["verdicts"] if one["problems"])
                    raise CliError(f"sample/staff-evaluation.csv: {refused}")
                await asyncio.sleep(0.5)
            key = self.journal.key("staff-evaluation")
            await calls.call("POST", path, {**body, "dry_run": False}, by=by, key=key)
            self.journal.note("staff-evaluation")
        counter.advance()

    async def load(self, calls: Calls, counter: Counter) -> None:
        async with asyncio.TaskGroup() as group:
            for evaluation in self.evaluations:
                group.create_task(self.carry_out(calls, evaluation, counter))

    async def carry_out(self, calls: Calls, evaluation: Document, counter: Counter) -> None:
        """Open a period and bring it where it belongs; what was done before is not done again."""
        try:
            name = f"evaluation/{evaluation['key']}"
            noted = self.journal.noted(name)
            at = json.loads(noted) if noted else await self.opened(calls, name, evaluation)
            for number, step in enumerate(evaluation["steps"], start=1):
                if number <= at["steps"]:
                    continue
                path = f"/v1/evaluation/evaluations/{at['id']}/{step['action']}"
                view = await calls.call(
                    "POST",
                    path,
                    {**(step.get("payload") or {}), "version": at["version"]},
                    by=step["by"],
                    key=self.journal.key(name, number),
                )
                at = {"id": at["id"], "version": view["version"], "steps": number}
                self.journal.note(name, json.dumps(at))
        except GatewayError as error:
            raise CliError(f"Sample evaluation {evaluation['key']}: {error}") from error
        counter.advance()

    async def opened(self, calls: Calls, name: str, evaluation: Document) -> Document:
        quarter = Quarter.of(self.now.date(), self.document["quarter"])
        body = {
            "staff_ref": evaluation["staff_ref"],
            "start": quarter.starts_on.isoformat(),
            "end": quarter.ends_on.isoformat(),
            "official_record": {"kind": evaluation["record"]},
        }
        view = await calls.call(
            "POST",
            "/v1/evaluation/evaluations",
            body,
            by=self.document["opened_by"],
            key=self.journal.key(name),
        )
        at = {"id": view["evaluation_id"], "version": view["version"], "steps": 0}
        self.journal.note(name, json.dumps(at))
        return at
