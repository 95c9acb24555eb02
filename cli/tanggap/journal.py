"""What a replay, or the loading of a sample, has done so far, in a file that survives Ctrl-C and kill -9.

Everything is written before it is sent, so that a repetition sends the same bytes under the same key and
the gateway answers as the first time. Holds codes and secrets and nothing else of the rows; only its
owner reads it.
"""

import hashlib
import json
import os
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tanggap.errors import CliError

SCHEMA = """
create table if not exists about (name text primary key, value text not null);
create table if not exists filings (
  row text primary key, code text, secret text, refusal text, settled integer not null default 0
) without rowid;
create table if not exists steps (
  row text, number integer, attempt integer, version integer, unit text, state text not null, detail text,
  primary key (row, number)
) without rowid;
create table if not exists notes (name text primary key, value text not null) without rowid;
"""


@dataclass(frozen=True)
class Filing:
    """How the gateway answered a row: a code, or why it was refused. `settled`: its actions are through."""

    row: str
    code: str | None
    secret: str | None
    refusal: list[str]
    settled: bool


@dataclass(frozen=True)
class StepRecord:
    """An action that was sent: `state` is sent, done or refused."""

    number: int
    attempt: int
    version: int | None
    unit: str | None
    state: str
    detail: str | None


class Journal:
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self.file = file
        self.db = sqlite3.connect(file, isolation_level=None)
        # Losing the machine may lose the last entries, losing this process may not: enough, since what is
        # repeated is repeated under the same key.
        self.db.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + SCHEMA)

    def begin(self, inputs: str, now: datetime) -> None:
        """Start, or continue what was started with the same inputs; CliError when they have changed."""
        known = self.about("inputs")
        if known is None:
            values = {"inputs": inputs, "run": uuid.uuid4().hex[:12], "started_at": now.isoformat()}
            self.db.executemany("insert into about values (?, ?)", values.items())
        elif known != inputs:
            raise CliError(
                f"The files have changed since {self.file} was begun. "
                "Start anew with --fresh, which files every one as a new case."
            )

    @classmethod
    def forget(cls, file: Path) -> None:
        """Delete a journal, so that the next one files everything anew."""
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)

    def about(self, name: str) -> str | None:
        found = self.db.execute("select value from about where name = ?", (name,)).fetchone()
        return found[0] if found else None

    @property
    def run(self) -> str:
        """Names this replay; part of every key and of the reference it files under."""
        return self.about("run") or ""

    @property
    def started_at(self) -> str:
        return self.about("started_at") or ""

    def key(self, row: str, *parts: object) -> str:
        """The idempotency key of one request of one row."""
        return str(uuid.uuid5(uuid.UUID(int=0), "/".join(map(str, (self.run, row, *parts)))))

    def filings(self) -> dict[str, Filing]:
        rows = self.db.execute("select row, code, secret, refusal, settled from filings")
        return {
            row: Filing(row, code, secret, json.loads(refusal or "[]"), bool(settled))
            for row, code, secret, refusal, settled in rows
        }

    def filed(self, row: str, code: str, secret: str) -> None:
        self.db.execute("insert or replace into filings values (?, ?, ?, null, 0)", (row, code, secret))

    def refused(self, row: str, reasons: list[str]) -> None:
        self.db.execute(
            "insert or replace into filings values (?, null, null, ?, 1)", (row, json.dumps(reasons))
        )

    def settled(self, row: str) -> None:
        self.db.execute("update filings set settled = 1 where row = ?", (row,))

    def steps(self, row: str) -> dict[int, StepRecord]:
        found = self.db.execute(
            "select number, attempt, version, unit, state, detail from steps where row = ?", (row,)
        )
        return {record[0]: StepRecord(*record) for record in found}

    def step(self, row: str, record: StepRecord) -> None:
        values: tuple[Any, ...] = (
            row, record.number, record.attempt, record.version, record.unit, record.state, record.detail,
        )  # fmt: skip
        self.db.execute("insert or replace into steps values (?, ?, ?, ?, ?, ?, ?)", values)

    def refused_steps(self) -> list[tuple[str, int, str]]:
        found = self.db.execute(
            "select row, number, detail from steps where state = 'refused' order by row, number"
        )
        return list(found)

    def noted(self, name: str) -> str | None:
        """What was noted under a name; None if nothing was."""
        found = self.db.execute("select value from notes where name = ?", (name,)).fetchone()
        return found[0] if found else None

    def note(self, name: str, value: str = "") -> None:
        """Remember that something is done, perhaps with what came of it."""
        self.db.execute("insert or replace into notes values (?, ?)", (name, value))

    def notes(self, prefix: str) -> dict[str, str]:
        """Everything noted under names that begin so, by the rest of the name."""
        found = self.db.execute(
            "select substr(name, ?), value from notes where substr(name, 1, ?) = ?",
            (len(prefix) + 1, len(prefix), prefix),
        )
        return dict(found.fetchall())

    def close(self) -> None:
        self.db.close()


def inputs_of(*files: Path) -> str:
    """Changes when any of the files does."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
