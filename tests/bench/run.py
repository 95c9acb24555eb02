"""Tanggap beside others doing the same work, round by round in one run, on the same broker and database.

    make bench                                     # everything, up to 100,000 stored cases
    make bench ARGS="--stored 1000000"             # a million: some minutes and gigabytes more
    make bench ARGS="--only growth --rounds 2"
    PYTHONPATH=tests python tests/bench/run.py --cases 300 --rounds 1 --results /tmp/bench

The machine is shared and its speed drifts within seconds, so each round measures the systems directly one
after the other, in turns first, for about as long (a slower one is given fewer cases); a ratio is the median
of the rounds' ratios. Sending mail is measured at the end, for itself.

Prints tables, appends a row per measurement to the CSVs in docs/bench, draws them and writes their medians to
results.md there. Quote ratios of one run, never rates of two.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import draining
import filing
import growing
import machine
import memory
import plots
import pymongo
import report
import results
from systems import BARE, FASTAPI, STOCK_NAMEKO, peer, tanggap

from tanggap import issuer
from tanggap.city import load as load_city
from tanggap.client import Gateway
from tanggap.local import Stack

NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}
PARTS = ("filing", "reading", "draining", "memory", "growth")
IDLE_SECONDS = 15


@contextmanager
def installation() -> Iterator[tuple[Stack, pymongo.MongoClient[Any], ExitStack]]:
    """Tanggap with the sample city's catalogue and no case; gone afterwards."""
    unchecked = {"TANGGAP_CHECK_CONTRACTS": "0"}
    stack = Stack(
        results.ROOT / ".local" / "bench",
        overrides={"gateway": NO_LIMITS | unchecked, "complaints": unchecked, "notifications": unchecked},
        report=print,
    )
    stack.destroy()
    with ExitStack() as cleanup:
        cleanup.callback(stack.destroy)
        stack.up()
        token = issuer.token(stack.layout.issuer_key, sub="bench", roles=["admin"])
        with Gateway(stack.env["TANGGAP_URL"], token) as gateway:
            load_city(gateway, results.ROOT / "cities" / "sawahlunto")
        client: pymongo.MongoClient[Any] = pymongo.MongoClient(stack.env["MONGODB_URL"], w="majority")
        database = cleanup.enter_context(client)
        yield stack, database, cleanup


def beside_others(options: argparse.Namespace) -> None:
    """Filing, reading, draining and memory."""
    cases, rounds, concurrency = options.cases, options.rounds, options.concurrency
    with installation() as (stack, database, cleanup):
        results.record(options.results, "runs", [machine.row(stack, database, options)])
        used: list[results.Row] = []
        if "memory" in options.only:
            time.sleep(IDLE_SECONDS)
            used = memory.installation(stack, memory.FRESH)
        if options.only & {"filing", "reading"}:
            systems = [tanggap(stack, database, mail=False)]
            systems += [peer(about, stack, database, cleanup) for about in (STOCK_NAMEKO, FASTAPI, BARE)]
            mailing = tanggap(stack, database, mail=True)
            for system in (*systems, mailing):
                filing.measure(system, max(100, cases // 10), concurrency)
            if "memory" in options.only:
                time.sleep(IDLE_SECONDS)
                used += memory.beside(systems[1:], "idle after a first load")
        if "filing" in options.only:
            filed = filing.rounds(systems, cases, rounds, concurrency)
            mailed = filing.rounds([mailing], cases, max(1, rounds // 4), concurrency)
            paced = filing.paced(systems, filed, concurrency)
            results.record(options.results, "filing", [*filed, *mailed])
            results.record(options.results, "paced", paced)
            results.show("Filing: medians of the rounds", [*filed, *mailed], filing.COLUMNS)
            results.show("At half of its own rate", paced, filing.PACED_COLUMNS)
        if "reading" in options.only:
            read = filing.reading(systems, cases, rounds, concurrency)
            results.record(options.results, "reading", read)
            results.show("Reading one case", read, filing.READING_COLUMNS)
        if "draining" in options.only:
            drained = draining.rounds(stack, database, cases, rounds)
            results.record(options.results, "draining", drained)
            results.show("One consumer, each event once", drained, {"events_per_s": "events/s"})
        if "memory" in options.only:
            time.sleep(IDLE_SECONDS)
            used += memory.installation(stack, memory.LATER)
            results.record(options.results, "memory", used)


def growth(options: argparse.Namespace) -> None:
    """Filing at one size after the other, in an installation of its own."""
    sizes = [size for size in growing.SIZES if size <= options.stored]
    with installation() as (stack, database, cleanup):
        if options.only == {"growth"}:
            results.record(options.results, "runs", [machine.row(stack, database, options)])
        ours, yardstick = tanggap(stack, database, mail=False), peer(BARE, stack, database, cleanup)
        for system in (ours, yardstick):
            filing.measure(system, 500, options.concurrency)
        cases, rounds = options.cases // 3, max(1, options.rounds // 2)
        grown = growing.rounds(database, ours, yardstick, sizes, cases, rounds, options.concurrency)
    results.record(options.results, "growth", grown)
    results.show("Filing with so many stored", grown, growing.COLUMNS)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000, help="a round's, of the system that files most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--stored", type=int, default=100_000, help="how many cases to grow to")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="where the CSVs and plots go")
    options = parser.parse_args()
    options.only = set(options.only)
    return options


def main() -> int:
    options = arguments()
    began = time.monotonic()
    if options.only - {"growth"}:
        beside_others(options)
    if "growth" in options.only:
        growth(options)
    plots.draw(options.results)
    report.write(options.results)
    print("\n".join(report.verdicts(options.results)))
    print(f"Every measurement is in {options.results}, after {(time.monotonic() - began) / 60:.0f} minutes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
