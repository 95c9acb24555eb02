"""Filed, stored, published, noticed: completed cases per second, side by side and round by round in one run.

    make bench                      # 6 rounds of 4,000 cases
    python tests/bench/run.py --cases 500 --rounds 1

The machine is shared and its speed drifts within seconds, so each round measures both systems directly one
after the other, in turns first, for about as long (the slower one is given fewer cases); the figure is the
median of the rounds' ratios. Sending mail is measured at the end, for itself.

Prints a table and appends one row per measurement to docs/bench/results.csv. Quote ratios of one run, never
rates of two.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import datetime
import importlib.metadata
import platform
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pymongo
from load import run_load
from rich.console import Console
from rich.table import Table
from systems import System, stock_nameko, tanggap

from tanggap import issuer
from tanggap.city import load as load_city
from tanggap.client import Gateway
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "bench" / "results.csv"
NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}
COMPLETION_SECONDS = 300
TARGET = 4.0
FIELDS = (
    "at", "commit", "python", "system", "version", "round", "cases", "concurrency", "accepted_per_s",
    "completed_per_s", "accept_p50_ms", "accept_p99_ms", "cpu_s_per_1000",
)  # fmt: skip


def measure(system: System, cases: int, concurrency: int) -> dict[str, float]:
    """One round: file `cases` requests, wait until each has its notice."""
    requests = [system.request(number) for number in range(cases)]
    completed, cpu = system.start_counting(), system.cpu_seconds()
    started = time.perf_counter()
    load = asyncio.run(run_load("127.0.0.1", system.port, requests, concurrency))
    refused = {status: count for status, count in load.statuses.items() if status not in (201, 202)}
    if refused:
        raise SystemExit(f"{system.name} refused: {refused}; first body: {load.bodies[0][:300]!r}")
    while (done := completed()) < cases:
        if time.perf_counter() - started > COMPLETION_SECONDS:
            raise SystemExit(f"{system.name}: {done} of {cases} completed in {COMPLETION_SECONDS} s")
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    return {
        "accepted_per_s": load.rate,
        "completed_per_s": cases / seconds,
        "accept_p50_ms": load.percentile(0.5) * 1000,
        "accept_p99_ms": load.percentile(0.99) * 1000,
        "cpu_s_per_1000": (system.cpu_seconds() - cpu) / cases * 1000,
    }


def admin_token(stack: Stack) -> str:
    return issuer.token(stack.layout.issuer_key, sub="bench", roles=["admin"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def record(rows: list[dict[str, object]]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerows(rows)


def table(rows: list[dict[str, object]], systems: list[System]) -> None:
    view = Table(title="Medians of the rounds")
    for column in ("system", "accepted/s", "completed/s", "p50 ms", "p99 ms", "CPU s per 1,000"):
        view.add_column(column, justify="left" if column == "system" else "right")
    for system in systems:
        mine = [row for row in rows if row["system"] == system.name]
        medians = [statistics.median(float(str(row[field])) for row in mine) for field in FIELDS[8:]]
        view.add_row(system.name, *(f"{median:,.2f}" for median in medians))
    Console(width=100).print(view)


def ratios(rows: list[dict[str, object]], ours: System, theirs: System) -> list[float]:
    """Completed cases per second of ours over theirs, round by round, the lowest first."""
    rates = {(row["system"], row["round"]): float(str(row["completed_per_s"])) for row in rows}
    rounds = sorted({number for name, number in rates if name == theirs.name}, key=int)
    return sorted(rates[ours.name, number] / rates[theirs.name, number] for number in rounds)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--concurrency", type=int, default=32)
    options = parser.parse_args()
    unchecked = {"TANGGAP_CHECK_CONTRACTS": "0"}
    stack = Stack(
        ROOT / ".local" / "bench",
        overrides={"gateway": NO_LIMITS | unchecked, "complaints": unchecked, "notifications": unchecked},
        report=print,
    )
    stack.destroy()
    rows: list[dict[str, object]] = []
    with ExitStack() as cleanup:
        stack.up()
        cleanup.callback(stack.down)
        with Gateway(stack.env["TANGGAP_URL"], admin_token(stack)) as gateway:
            load_city(gateway, ROOT / "cities" / "sawahlunto")
        database = cleanup.enter_context(pymongo.MongoClient(stack.env["MONGODB_URL"], w="majority"))
        ours, mailing = tanggap(stack, database, mail=False), tanggap(stack, database, mail=True)
        theirs = stock_nameko(stack, database, cleanup, free_port())
        plan = [
            (number, system)
            for number in range(1, options.rounds + 1)
            for system in ((ours, theirs) if number % 2 else (theirs, ours))
        ]
        plan += [(number, mailing) for number in range(1, options.rounds // 4 + 1)]
        for system in (ours, theirs, mailing):
            measure(system, max(100, options.cases // 10), options.concurrency)
        for number, system in plan:
            cases = int(options.cases * system.share)
            figures = measure(system, cases, options.concurrency)
            print(f"round {number}, {system.name}: {figures['completed_per_s']:,.0f} completed/s", flush=True)
            rows.append(
                {
                    "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                    "commit": commit(),
                    "python": platform.python_version(),
                    "system": system.name,
                    "version": importlib.metadata.version("nameko"),
                    "round": number,
                    "cases": cases,
                    "concurrency": options.concurrency,
                    **{name: round(value, 2) for name, value in figures.items()},
                }
            )
        table(rows, [ours, theirs, mailing])
    record(rows)
    by_round = ratios(rows, ours, theirs)
    ratio = statistics.median(by_round)
    print(
        f"Completed cases per second: {ratio:.2f} times stock Nameko, the median of {len(by_round)} rounds "
        f"from {by_round[0]:.2f} to {by_round[-1]:.2f} (to reach: {TARGET:.0f})."
    )
    print(f"Every round is in {RESULTS.relative_to(ROOT)}.")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
