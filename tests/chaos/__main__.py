"""Strike a running installation again and again, then count every effect.

    python -m chaos --faults 200 --seed 7

Starts an installation of its own, with no data; nothing else may use the machine's cores for long. Prints a
line per fault and a table at the end; the status is 0 when nothing was lost, doubled or stuck. The same seed
strikes in the same order.
"""

from __future__ import annotations

import argparse
import random
import re
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymongo
from rich.console import Console
from rich.table import Table

from chaos import checker
from chaos.faults import drawn
from chaos.load import Load, answer_survey
from support.city import City
from support.counter import invitations
from tanggap import issuer
from tanggap.local import Stack
from tanggap.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}
# What a killed sender had claimed is taken up by the next one after this, not after two minutes.
LEASE = {"TANGGAP_SEND_LEASE_SECONDS": "10"}
MAY_REPEAT = re.compile(r'"intent_id":"([0-9a-f-]+)".*mail may be sent a second time')


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.faults} faults", flush=True)
    stack = Stack(
        ROOT / ".local" / "chaos",
        overrides={"gateway": NO_LIMITS, "notifications": LEASE},
        report=lambda step: print(step, flush=True),
    )
    stack.destroy()
    stack.up()
    try:
        return run(stack, options.faults, options.seed)
    finally:
        stack.down()


def run(stack: Stack, faults: int, seed: int) -> int:
    city = City(
        stack.env["TANGGAP_URL"],
        lambda role, unit=None, ref=None: issuer.token(
            stack.layout.issuer_key, sub=ref or f"{role}-kota", roles=[role], unit=unit
        ),
        stack.layout.mail,
    )
    city.load(ROOT / "cities" / "sawahlunto")
    load = Load(city, seed)
    load.start()
    struck, sender_killed = strike(stack, faults, seed)
    load.stop()
    settings = Settings(dict(stack.env), stack.layout)
    with pymongo.MongoClient(stack.env["MONGODB_URL"]) as client:
        held = checker.Holdings(client, settings, city)
        rest = held.settled(print)
        taken, asked = answer_all(city, load)
        rest |= held.settled(print)
        allowed = may_repeat(stack) if sender_killed else set()
        mailed, repeats = checker.receipts(held, load.filed, allowed)
        accounts = [
            checker.cases(held, load.filed),
            checker.closed(held, load.filed),
            checker.events(held, load.filed),
            checker.evidence(held, load.filed),
            mailed,
            checker.Account("invitations mailed", asked[0], asked[0] - asked[1], 0),
            checker.answers(held, taken),
        ]
        stuck = {**rest, **{f"dead letters in {name}": n for name, n in held.dead().items()}}
        if parked := held.parked():
            stuck["parked events"] = parked
    return show(struck, load, accounts, stuck, repeats)


def strike(stack: Stack, faults: int, seed: int) -> tuple[Counter[str], bool]:
    """One fault after the other, at random moments; which struck how often, and if a sender was killed."""
    chance = random.Random(seed + 1)
    struck: Counter[str] = Counter()
    repeats = False
    for number, fault in enumerate(drawn(seed, faults), 1):
        time.sleep(chance.uniform(0.2, 2.5))
        began = time.monotonic()
        fault.strike(stack, chance)
        struck[fault.name] += 1
        repeats = repeats or fault.may_repeat_mail
        print(f"{number:>4}/{faults} {fault.name} ({time.monotonic() - began:.1f} s)", flush=True)
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
    """The intents of which notifications itself said that a kill may have repeated them."""
    said: set[str] = set()
    for file in stack.layout.log.glob("notifications.log*"):
        said |= set(MAY_REPEAT.findall(file.read_text(errors="replace")))
    return said


def show(
    struck: Counter[str], load: Load, accounts: list[checker.Account], stuck: dict[str, int], repeats: int
) -> int:
    view = Table(title=f"{struck.total()} faults of {len(struck)} kinds, {len(load.filed)} filings")
    for column in ("effect", "wanted", "lost", "doubled", "first"):
        view.add_column(column, justify="left" if column in ("effect", "first") else "right")
    for one in accounts:
        view.add_row(one.what, f"{one.wanted:,}", str(one.lost), str(one.doubled), one.first)
    Console(width=110).print(view)
    for name, count in sorted(struck.items()):
        print(f"  {count:>3} × {name}")
    print(
        f"Filings that got a 503 and were accepted under the same key: {sum(f.repeated for f in load.filed)}."
    )
    print(f"Mails repeated by a kill in the SMTP window, each with one Message-ID: {repeats}.")
    for line in load.trouble:
        print(f"TROUBLE {line}")
    for name, count in stuck.items():
        print(f"STUCK {name}: {count}")
    lost, doubled = sum(one.lost for one in accounts), sum(one.doubled for one in accounts)
    print(f"lost {lost}, doubled {doubled}, stuck {sum(stuck.values())}, trouble {len(load.trouble)}")
    return 0 if not (lost or doubled or stuck or load.trouble) else 1


if __name__ == "__main__":
    sys.exit(main())
