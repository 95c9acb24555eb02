"""One campaign against a running installation: strike while people file, then count every effect."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pymongo
from rich.console import Console
from rich.table import Table

from chaos import checker
from chaos.faults import Fault
from chaos.load import Load, answer_survey
from support.city import City
from support.counter import invitations
from tanggap.local import Stack
from tanggap.settings import Settings

MAY_REPEAT = re.compile(
    r'"intent_id":"([0-9a-f-]+)".*'
    r"(?:mail may be sent a second time|connection lost while handing over a mail)"
)


@dataclass(frozen=True)
class Outcome:
    """What was struck, and what came of it."""

    struck: Counter[str]
    load: Load
    accounts: list[checker.Account]
    stuck: dict[str, int]
    repeats: dict[str, int]

    @property
    def wrong(self) -> list[str]:
        """What was lost, doubled, stuck or refused for good; empty when all is well."""
        found = [
            f"{one.what}: lost {one.lost}, doubled {one.doubled}, first {one.first or 'unknown'}"
            for one in self.accounts
            if one.lost or one.doubled
        ]
        return found + [f"stuck in {name}: {n}" for name, n in self.stuck.items()] + self.load.trouble

    def show(self) -> None:
        view = Table(
            title=f"{self.struck.total()} faults of {len(self.struck)} kinds, {len(self.load.filed)} filings"
        )
        for column in ("effect", "wanted", "lost", "doubled", "first"):
            view.add_column(column, justify="left" if column in ("effect", "first") else "right")
        for one in self.accounts:
            view.add_row(one.what, f"{one.wanted:,}", str(one.lost), str(one.doubled), one.first)
        Console(width=110).print(view)
        for name, count in sorted(self.struck.items()):
            print(f"  {count:>3} × {name}")
        repeated = sum(one.repeated for one in self.load.filed)
        print(f"Filings that got a 503 and were accepted under the same key: {repeated}.")
        print(f"Mails repeated by a kill in the SMTP window, each with one Message-ID: {len(self.repeats)}.")
        for message_id, count in self.repeats.items():
            print(f"  {count:>3} × Message-ID {message_id}")
        for line in self.load.trouble:
            print(f"TROUBLE {line}")
        for name, count in self.stuck.items():
            print(f"STUCK {name}: {count}")
        lost, doubled = sum(one.lost for one in self.accounts), sum(one.doubled for one in self.accounts)
        stuck = sum(self.stuck.values())
        print(f"lost {lost}, doubled {doubled}, stuck {stuck}, trouble {len(self.load.trouble)}", flush=True)


def run(
    stack: Stack, city: City, faults: Iterable[Fault], seed: int, report: Callable[[str], None]
) -> Outcome:
    """Strike with each fault while people file; return when nothing is under way any more.

    What the installation held before is left out of the accounts.
    """
    settings = Settings(dict(stack.env), stack.layout)
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(stack.env["MONGODB_URL"]) as client:
        held = checker.Holdings(client, settings, city)
        report(f"seed {seed}")
        held.settled(report)
        before = held.now()
        load = Load(city, seed)
        load.start()
        try:
            struck, may = strike(stack, faults, seed, report)
        finally:
            load.stop()
        rest = held.settled(report)
        taken, asked = answer_all(city, load)
        rest |= held.settled(report)
        allowed = may_repeat(stack) if may else set()
        mailed, repeats = checker.receipts(held, load.filed, allowed)
        accounts = [
            checker.cases(held, before, load.filed),
            checker.closed(held, before, load.filed),
            checker.events(held, load.filed),
            checker.evidence(held, before, load.filed),
            mailed,
            checker.Account("invitations mailed", asked[0], asked[0] - asked[1], 0),
            checker.answers(held, before, taken),
        ]
        return Outcome(struck, load, accounts, {**rest, **held.set_aside(before)}, repeats)


def strike(
    stack: Stack, faults: Iterable[Fault], seed: int, report: Callable[[str], None]
) -> tuple[Counter[str], bool]:
    """One fault after the other, at random moments; which struck how often, and if a mail may come twice."""
    chance = random.Random(seed + 1)
    struck: Counter[str] = Counter()
    repeats = False
    for number, fault in enumerate(faults, 1):
        time.sleep(chance.uniform(0.2, 2.5))
        began = time.monotonic()
        fault.strike(stack, chance)
        struck[fault.name] += 1
        repeats = repeats or fault.may_repeat_mail
        report(f"{number:>4} {fault.name} ({time.monotonic() - began:.1f} s)")
    # The last one is noticed too, and everything has a chance to be ready again.
    time.sleep(2)
    stack.wait_ready()
    return struck, repeats


def answer_all(city: City, load: Load) -> tuple[int, tuple[int, int]]:
    """Whoever's case was closed answers her invitation: answers taken, and invitations wanted and found."""
    invited = [one.address for one in load.filed if one.closed]
    if not invited:
        return 0, (0, 0)
    tokens = invitations(city, invited, within=120)
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(lambda token: answer_survey(city, token), tokens.values()))
    return taken, (len(invited), len(tokens))


def may_repeat(stack: Stack) -> set[str]:
    """The mails of which notifications itself said that nobody knows whether they were taken."""
    said: set[str] = set()
    for file in stack.layout.log.glob("notifications.log*"):
        said |= set(MAY_REPEAT.findall(file.read_text(errors="replace")))
    return said
