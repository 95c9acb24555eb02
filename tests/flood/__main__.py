"""A flood day: 5,000 reports in ten minutes through the gateway, on the sizing of the overlay `small`.

    python -m flood
    python -m flood --reports 500 --minutes 1       the short form, which proves the script and nothing else

Starts an installation of its own, with no data; nothing else should use the machine. Prints what was measured
beside what is to be reached, and adds a row to docs/bench/flood.csv; the status is 0 when all was reached.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import pymongo

from flood.installation import limits, peaks, proportional, started
from flood.reports import Effects, Flood
from support.installation import ROOT, city_of
from tanggap.local import Stack

RESULTS = ROOT / "docs" / "bench" / "flood.csv"
IDLE_SECONDS = 30
ACCEPT_MS, TOLD_SECONDS, IDLE_MB = 300.0, 120.0, 1500.0
CPUS = 2


@dataclass(frozen=True)
class Measure:
    what: str
    found: str
    wanted: str
    reached: bool


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m flood", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CPUS])
    say(f"{options.reports} reports in {options.minutes:g} minutes, seed {options.seed}")
    with started() as stack:
        row, measures = measured(stack, options)
    for one in measures:
        say(f"{'reached' if one.reached else 'MISSED ':<8} {one.what:<48} {one.found:>12}   {one.wanted}")
    keep(row)
    return 0 if all(one.reached for one in measures) else 1


def measured(stack: Stack, options: argparse.Namespace) -> tuple[dict[str, Any], list[Measure]]:
    city_of(stack)
    time.sleep(IDLE_SECONDS)
    before = proportional(stack)
    say(f"idle before: {shown(before)}")
    flood = Flood(stack.env["TANGGAP_URL"], options.reports, options.minutes * 60, options.seed)
    asyncio.run(flood.run())
    ended = time.time()
    say(f"answers: {dict(flood.statuses)}")
    with pymongo.MongoClient[dict[str, Any]](stack.env["MONGODB_URL"]) as client:
        effects = Effects(client["complaints"], stack.layout.mail)
        settled(effects, flood)
        stored, mails, told_at = (
            effects.stored(list(flood.accepted.values())),
            effects.mails(),
            effects.told_at(),
        )
    highest = peaks(stack)
    time.sleep(IDLE_SECONDS)
    after = proportional(stack)
    say(f"idle after: {shown(after)}")
    allowed = limits()
    shares = {name: highest[name] / limit for name, limit in allowed.items()}
    say("highest resident: " + shown({name: highest[name] for name in allowed}))
    accept = [1000 * one for one in flood.waits]
    told = [told_at[address] - at for address, at in flood.accepted_at.items() if address in told_at]
    doubled = sum(count - 1 for count in mails.values())
    last = max(told_at.values(), default=ended) - ended
    tightest = max(shares, key=lambda name: shares[name])
    row = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "reports": options.reports,
        "minutes": options.minutes,
        "accepted": len(flood.accepted),
        "accept_p50_ms": round(at_percent(accept, 50), 1),
        "accept_p99_ms": round(at_percent(accept, 99), 1),
        "stored": stored,
        "told": len(told),
        "told_twice": doubled,
        "told_p50_s": round(at_percent(told, 50), 2),
        "told_p99_s": round(at_percent(told, 99), 2),
        "last_told_after_s": round(last, 1),
        "idle_before_mb": round(sum(before.values())),
        "idle_after_mb": round(sum(after.values())),
        "tightest": tightest,
        "tightest_share": round(shares[tightest], 2),
    }
    wanted = options.reports
    return row, [
        Measure("accepted", str(len(flood.accepted)), f"= {wanted}", len(flood.accepted) == wanted),
        Measure(
            "accepting, p99 in ms",
            f"{row['accept_p99_ms']}",
            f"< {ACCEPT_MS:g}",
            row["accept_p99_ms"] < ACCEPT_MS,
        ),
        Measure("stored", str(stored), f"= {wanted}", stored == wanted),
        Measure("told, by a mail through SMTP", str(len(told)), f"= {wanted}", len(told) == wanted),
        Measure("told twice", str(doubled), "= 0", doubled == 0),
        Measure(
            "last mail, seconds after the last report",
            f"{last:.1f}",
            f"< {TOLD_SECONDS:g}",
            last < TOLD_SECONDS,
        ),
        Measure(
            "idle before, MB of PSS",
            f"{row['idle_before_mb']}",
            f"< {IDLE_MB:g}",
            row["idle_before_mb"] < IDLE_MB,
        ),
        Measure(
            "idle after, MB of PSS",
            f"{row['idle_after_mb']}",
            f"< {IDLE_MB:g}",
            row["idle_after_mb"] < IDLE_MB,
        ),
        Measure(
            f"highest resident of its limit ({tightest})",
            f"{100 * shares[tightest]:.0f} %",
            "< 100 %",
            shares[tightest] < 1,
        ),
    ]


def settled(effects: Effects, flood: Flood) -> None:
    """Return when everybody is told, or when the time for it is over."""
    deadline = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < deadline:
        if len(effects.mails()) >= len(flood.accepted):
            return
        time.sleep(0.5)


def at_percent(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else float("nan")


def shown(by_name: dict[str, float]) -> str:
    listed = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in by_name.items())
    return f"{sum(by_name.values()):.0f} MB ({listed})"


def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout.strip()


def keep(row: dict[str, Any]) -> None:
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
