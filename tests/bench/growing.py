"""What a case costs when many are stored already: filing again at 1,000, 10,000, ... stored cases."""

from __future__ import annotations

import datetime
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import filing
import pymongo
import results
from pymongo.write_concern import WriteConcern
from systems import System

from gateway.codes import ALPHABET, check_character
from servicekit.ids import uuid8

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TEMPLATES = 200
BATCH = 2_000
DAYS = 600
"""Copies lie up to so long ago; after two years notifications forgets."""
ALLOWED = 0.15
COLUMNS = {
    "completed_per_s": "completed/s",
    "beside": "times bare",
    "cpu_s_per_1000": "CPU s per 1,000",
    "database_cpu_s_per_1000": "of the database",
    "accept_p99_ms": "accepted p99 ms",
}


class Copies:
    """Finished cases, put straight into the collections as copies of cases that were really filed.

    A copy has a code and ids of its own, lies some time in the past and is closed: case, history and notices
    in complaints, intents in notifications. A closed case has no timer that waits, and what is kept for
    days only (outbox, inbox) is not copied.
    """

    def __init__(self, database: pymongo.MongoClient[Any]) -> None:
        write = WriteConcern(w=1)
        complaints = database.get_database("complaints", write_concern=write)
        notifications = database.get_database("notifications", write_concern=write)
        self.cases, self.intents = complaints["cases"], notifications["intents"]
        self.of_case = {name: complaints[name] for name in ("history", "notices")}
        self.admin = database.admin
        self.templates = [self.template(case) for case in self.cases.find().limit(TEMPLATES)]

    def template(self, case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        code = case["_id"]
        found = {
            name: list(collection.find({"_id": {"$gte": f"{code}:", "$lt": f"{code};"}}))
            for name, collection in self.of_case.items()
        }
        return {"cases": [case], **found, "intents": list(self.intents.find({"complaint_id": code}))}

    def fill(self, size: int) -> float:
        """Copy until so many cases are stored; the seconds it took, a checkpoint at the end included.

        In the order of codes and of times, which the database takes faster than any other.
        """
        began = time.perf_counter()
        missing = size - self.cases.estimated_document_count()
        codes = sorted(new_code() for _ in range(missing))
        ages = sorted((random.randrange(DAYS * 86400) for _ in codes), reverse=True)
        new = list(zip(codes, ages, strict=True))
        with ThreadPoolExecutor(2) as pool:
            # list() lets the first failure out.
            list(pool.map(self.insert, (new[start : start + BATCH] for start in range(0, missing, BATCH))))
        self.admin.command("fsync")
        return time.perf_counter() - began

    def insert(self, new: list[tuple[str, int]]) -> None:
        collections = {"cases": self.cases, **self.of_case, "intents": self.intents}
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in collections}
        for code, age in new:
            for name, copied in copies(random.choice(self.templates), code, age).items():
                rows[name] += copied
        for name, collection in collections.items():
            if rows[name]:
                collection.insert_many(rows[name], ordered=False)


def new_code() -> str:
    digits = "".join(random.choices(ALPHABET, k=12))
    return digits + check_character(digits)


def copies(template: dict[str, list[dict[str, Any]]], code: str, age: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of one case again, under new ids and so many seconds earlier."""
    old = template["cases"][0]["_id"]
    earlier = datetime.timedelta(seconds=age)
    made = {name: [moved(row, old, code, earlier) for row in rows] for name, rows in template.items()}
    made["cases"][0]["status"] = "closed"
    for intent in made["intents"]:
        event = older_id(earlier)
        intent["_id"] = intent["_id"].replace(intent["event_id"], event)
        intent["event_id"] = event
    return made


def moved(row: dict[str, Any], old: str, code: str, earlier: datetime.timedelta) -> dict[str, Any]:
    return {
        name: value - earlier
        if isinstance(value, datetime.datetime) and value.year < 9000
        else value.replace(old, code)
        if isinstance(value, str)
        else value
        for name, value in row.items()
    }


def older_id(earlier: datetime.timedelta) -> str:
    """An id that sorts as a UUIDv7 of that time does."""
    then = int((time.time() - earlier.total_seconds()) * 1000)
    return uuid8(then.to_bytes(6, "big") + secrets.token_bytes(10))


def rounds(
    database: pymongo.MongoClient[Any],
    ours: System,
    yardstick: System,
    sizes: list[int],
    cases: int,
    number_of_rounds: int,
    concurrency: int,
) -> list[results.Row]:
    """Filing at each size, beside a system whose own database stays small: its drift is the machine's."""
    rows: list[results.Row] = []
    copies = Copies(database)
    for size in sizes:
        seconds = copies.fill(size)
        print(f"{size:,} cases are stored after another {seconds:.0f} s", flush=True)
        filing.measure(ours, cases // 4, concurrency)
        for number in range(1, number_of_rounds + 1):
            stored = copies.cases.estimated_document_count()
            share = int(cases * yardstick.share)
            if number % 2:
                figures = filing.measure(ours, cases, concurrency)
                bare = filing.measure(yardstick, share, concurrency)
            else:
                bare = filing.measure(yardstick, share, concurrency)
                figures = filing.measure(ours, cases, concurrency)
            times = float(figures["completed_per_s"]) / float(bare["completed_per_s"])
            rows.append(
                {
                    **results.context(),
                    "system": f"{size:,} stored",
                    "size": size,
                    "stored": stored,
                    "fill_s": round(seconds, 1),
                    "round": number,
                    "cases": cases,
                    **figures,
                    "bare_per_s": bare["completed_per_s"],
                    "beside": round(times, 4),
                }
            )
            print(f"round {number} at {stored:,}: {figures['completed_per_s']:,} completed/s", flush=True)
    return rows


def verdict(rows: results.Rows) -> str:
    """The largest size against the smallest: CPU of Tanggap and database, rate beside the bare one."""
    sizes = {int(row["size"]) for row in rows}
    smallest, largest = (
        [row for row in rows if int(row["size"]) == size] for size in (min(sizes), max(sizes))
    )
    cost = [
        results.median(some, "cpu_s_per_1000") + results.median(some, "database_cpu_s_per_1000")
        for some in (smallest, largest)
    ]
    rate = results.median(largest, "beside") / results.median(smallest, "beside")
    grown = cost[1] / cost[0]
    flat = grown <= 1 + ALLOWED and rate >= 1 - ALLOWED
    return (
        f"Cost per case from {int(smallest[0]['size']):,} to {int(largest[0]['size']):,} stored: "
        f"{grown:.2f} times the CPU, {rate:.2f} times the rate beside bare batches "
        f"(flat within {ALLOWED:.0%}: {'reached' if flat else 'missed'})."
    )
