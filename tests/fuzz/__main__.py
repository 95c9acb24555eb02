"""The long forms. Every run prints its seed, and the same seed sends the same input.

    PYTHONPATH=tests .venv/bin/python -m fuzz uploads --count 100000
    PYTHONPATH=tests .venv/bin/python -m fuzz events --count 100000 --seed 7
    PYTHONPATH=tests .venv/bin/python -m fuzz description --count 100000

`events` starts an installation of its own below .local/ and takes it away afterwards.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def uploads(count: int, seed: int) -> bool:
    from fuzz.uploads import Uploads

    run = Uploads(seed)
    run.send(count)
    say(f"answers: {dict(sorted(run.answers.items()))}")
    for one in run.wrong:
        say(f"WRONG  {one}")
    return not run.wrong


def events(count: int, seed: int) -> bool:
    from fuzz.events import Fuzzer
    from tanggap.local import Stack

    stack = Stack(ROOT / ".local" / "fuzz")
    stack.destroy()
    stack.up()
    try:
        fuzzer = Fuzzer(stack, seed)
        fuzzer.send(count)
        left = fuzzer.drained(within=60 + count / 100)
        raised, failed, ready = fuzzer.raised(), fuzzer.failed(), fuzzer.ready()
        say(f"dead letters: {fuzzer.dead()}")
        say(f"postponed by a handler: {fuzzer.waiting()}")
        say(f"refused without a reason: {failed}")
        say(f"left in work queues: {left}; handlers that raised: {raised}; all ready: {ready}")
        return not left and not raised and not failed and ready
    finally:
        stack.destroy()


def description(count: int, seed: int) -> bool:
    from fuzz.description import walk

    sent, wrong = walk(count, seed)
    say(f"requests: {sent}")
    for one in wrong:
        say(f"WRONG  {one}")
    return not wrong


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    kinds: dict[str, Callable[[int, int], bool]] = {
        "uploads": uploads,
        "events": events,
        "description": description,
    }
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    say(f"{given.kind}: {given.count} cases, seed {given.seed}")
    started = time.monotonic()
    good = kinds[given.kind](given.count, given.seed)
    say(f"{'nothing found' if good else 'FAULTS FOUND'} in {time.monotonic() - started:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
