"""Tanggap beside others doing the same work, round by round in one run, on the same broker and database.

    make bench                      # 6 rounds of 6,000 cases
    PYTHONPATH=tests python tests/bench/run.py --cases 500 --rounds 1

The machine is shared and its speed drifts within seconds, so each round measures the systems directly one
after the other, in turns first, for about as long (a slower one is given fewer cases); a ratio is the median
of the rounds' ratios. Sending mail is measured at the end, for itself.

Prints tables and appends a row per measurement to docs/bench/*.csv. Quote ratios of one run, never rates of
two.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
from contextlib import ExitStack

import draining
import filing
import pymongo
import results
from systems import FASTAPI, STOCK_NAMEKO, peer, tanggap

from tanggap import issuer
from tanggap.city import load as load_city
from tanggap.client import Gateway
from tanggap.local import Stack

NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}
# design.md §7: what each ratio has to reach.
FILING_BESIDE = {"stock Nameko": 8.0, "FastAPI + FastStream": 4.0}
DRAINING_BESIDE = {"FastStream": 8.0, "bare batches": 0.5}
READING_BESIDE = {"FastAPI + FastStream": 1.0}
NOTICED_P99_MS = 300.0


def admin_token(stack: Stack) -> str:
    return issuer.token(stack.layout.issuer_key, sub="bench", roles=["admin"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--concurrency", type=int, default=32)
    options = parser.parse_args()
    unchecked = {"TANGGAP_CHECK_CONTRACTS": "0"}
    stack = Stack(
        results.ROOT / ".local" / "bench",
        overrides={"gateway": NO_LIMITS | unchecked, "complaints": unchecked, "notifications": unchecked},
        report=print,
    )
    stack.destroy()
    with ExitStack() as cleanup:
        stack.up()
        cleanup.callback(stack.down)
        with Gateway(stack.env["TANGGAP_URL"], admin_token(stack)) as gateway:
            load_city(gateway, results.ROOT / "cities" / "sawahlunto")
        database = cleanup.enter_context(pymongo.MongoClient(stack.env["MONGODB_URL"], w="majority"))
        systems = [
            tanggap(stack, database, mail=False),
            *(peer(about, stack, database, cleanup, free_port()) for about in (STOCK_NAMEKO, FASTAPI)),
        ]
        mailing = tanggap(stack, database, mail=True)
        for system in (*systems, mailing):
            filing.measure(system, max(100, options.cases // 10), options.concurrency)
        filed = filing.rounds(systems, options.cases, options.rounds, options.concurrency)
        mailed = filing.rounds([mailing], options.cases, max(1, options.rounds // 4), options.concurrency)
        paced = filing.paced(systems, filed, options.concurrency)
        read = filing.reading(systems, options.cases, options.rounds, options.concurrency)
        drained = draining.rounds(stack, database, options.cases, options.rounds)
    results.show("Filing: medians of the rounds", [*filed, *mailed], filing.COLUMNS)
    results.show("At half of its own rate", paced, filing.PACED_COLUMNS)
    results.show("Reading one case", read, {"reads_per_s": "reads/s", "p50_ms": "p50 ms", "p99_ms": "p99 ms"})
    results.show("One consumer, each event once", drained, {"events_per_s": "events/s"})
    for name, rows in (
        ("results", [*filed, *mailed]),
        ("paced", paced),
        ("reading", read),
        ("draining", drained),
    ):
        results.record(name, rows)
    ours = systems[0].name
    for what, rows, field, mine, targets in (
        ("Completed cases per second", filed, "completed_per_s", ours, FILING_BESIDE),
        ("Events drained per second", drained, "events_per_s", draining.OURS, DRAINING_BESIDE),
        ("Reads per second", read, "reads_per_s", ours, READING_BESIDE),
    ):
        for theirs, target in targets.items():
            print(results.verdict(what, results.ratios(rows, field, mine, theirs), theirs, target))
    p99 = statistics.median(float(row["noticed_p99_ms"]) for row in paced if row["system"] == ours)
    print(
        f"From filed to noticed at half of the rate: p99 {p99:.0f} ms (to stay under: {NOTICED_P99_MS:.0f})."
    )
    print(f"Every measurement is in {results.FOLDER.relative_to(results.ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
