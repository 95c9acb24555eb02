"""Filed, stored, published, noticed: completed cases per second, and how long one takes at half of that."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import statistics
import time
from collections.abc import Callable
from itertools import islice

import results
from load import LoadResult, run_load
from systems import System

COMPLETION_SECONDS = 300
COLUMNS = {
    "accepted_per_s": "accepted/s",
    "completed_per_s": "completed/s",
    "accept_p50_ms": "p50 ms",
    "accept_p99_ms": "p99 ms",
    "cpu_s_per_1000": "CPU s per 1,000",
    "broker_cpu_s_per_1000": "of the broker",
    "database_cpu_s_per_1000": "of the database",
}
PACED_COLUMNS = {
    "rate": "filed/s",
    "accept_p99_ms": "accepted p99 ms",
    "noticed_p50_ms": "noticed p50 ms",
    "noticed_p99_ms": "noticed p99 ms",
}
READING_COLUMNS = {"reads_per_s": "reads/s", "p50_ms": "p50 ms", "p99_ms": "p99 ms"}
PACED_SECONDS = 8
READ_CASES = 200


def measure(system: System, cases: int, concurrency: int, rate: float | None = None) -> results.Row:
    """File `cases` requests, as fast as answers come or at a rate, and wait until each has its notice."""
    completed, before = system.start_counting(), system.cpu_seconds()
    load = system.file(cases, concurrency, rate)
    check(system, load)
    wait_until_all(system, completed, cases)
    seconds = time.perf_counter() - load.started
    cpu = {who: round((used - before[who]) / cases * 1000, 3) for who, used in system.cpu_seconds().items()}
    return {
        "accepted_per_s": round(load.rate, 2),
        "completed_per_s": round(cases / seconds, 2),
        "accept_p50_ms": round(load.percentile(0.5) * 1000, 2),
        "accept_p99_ms": round(load.percentile(0.99) * 1000, 2),
        "cpu_s_per_1000": cpu["app"],
        "broker_cpu_s_per_1000": cpu["broker"],
        "database_cpu_s_per_1000": cpu["database"],
    }


def wait_until_all(system: System, completed: Callable[[], int], cases: int) -> None:
    deadline = time.monotonic() + COMPLETION_SECONDS
    while (done := completed()) < cases:
        if time.monotonic() > deadline:
            raise SystemExit(f"{system.name}: {done} of {cases} completed in {COMPLETION_SECONDS} s")
        time.sleep(0.05)


def check(system: System, load: LoadResult) -> None:
    refused = {status: count for status, count in load.statuses.items() if status not in (200, 201, 202)}
    if refused:
        raise SystemExit(f"{system.name} refused: {refused}; first body: {load.bodies[0][:300]!r}")


def rounds(
    systems: list[System], cases: int, number_of_rounds: int, concurrency: int, first: int = 1
) -> list[results.Row]:
    """The systems one after the other, in the other order every second round."""
    rows: list[results.Row] = []
    for number in range(first, first + number_of_rounds):
        for system in systems if number % 2 else reversed(systems):
            share = int(cases * system.share)
            figures = measure(system, share, concurrency)
            print(f"round {number}, {system.name}: {figures['completed_per_s']:,} completed/s", flush=True)
            rows.append(
                {
                    **results.context(),
                    "system": system.name,
                    "version": importlib.metadata.version(system.library),
                    "round": number,
                    "cases": share,
                    "concurrency": concurrency,
                    **figures,
                }
            )
    return rows


def paced(systems: list[System], filed: list[results.Row], concurrency: int) -> list[results.Row]:
    """Each at half of its own completed rate: from filed to noticed, as a citizen waits."""
    rows: list[results.Row] = []
    for system in systems:
        full = statistics.median(
            float(row["completed_per_s"]) for row in filed if row["system"] == system.name
        )
        rate = full / 2
        lags = system.start_timing()
        figures = measure(system, int(rate * PACED_SECONDS), concurrency, rate)
        waited = sorted(lags())
        rows.append(
            {
                **results.context(),
                "system": system.name,
                "rate": round(rate, 1),
                "cases": len(waited),
                "accept_p99_ms": figures["accept_p99_ms"],
                "noticed_p50_ms": round(waited[len(waited) // 2] * 1000, 1),
                "noticed_p99_ms": round(waited[int(len(waited) * 0.99)] * 1000, 1),
            }
        )
    return rows


def reading(systems: list[System], reads: int, number_of_rounds: int, concurrency: int) -> list[results.Row]:
    """One stored case after another, read over HTTP by whoever filed it."""
    requests = {}
    systems = [system for system in systems if system.read]
    for system in systems:
        completed = system.start_counting()
        load = system.file(READ_CASES, concurrency, None)
        check(system, load)
        wait_until_all(system, completed, READ_CASES)
        requests[system.name] = [system.read(json.loads(body)) for body in load.bodies if system.read]
    rows: list[results.Row] = []
    for number in range(1, number_of_rounds + 1):
        turn = number % len(systems)
        for system in systems[turn:] + systems[:turn]:
            share = int(reads * system.share)
            mine = requests[system.name]
            repeated = islice((request for _ in range(share) for request in mine), share)
            load = asyncio.run(run_load("127.0.0.1", system.port, repeated, concurrency))
            check(system, load)
            rows.append(
                {
                    **results.context(),
                    "system": system.name,
                    "round": number,
                    "reads": share,
                    "reads_per_s": round(load.rate, 1),
                    "p50_ms": round(load.percentile(0.5) * 1000, 2),
                    "p99_ms": round(load.percentile(0.99) * 1000, 2),
                }
            )
    return rows
