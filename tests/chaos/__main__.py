"""Strike a running installation again and again, then count every effect.

    python -m chaos --faults 200 --seed 7

Starts an installation of its own, with no data; nothing else may use the machine's cores for long. Prints a
line per fault and a table at the end; the status is 0 when nothing was lost, doubled or stuck. The same seed
strikes in the same order.
"""

from __future__ import annotations

import argparse
import secrets
import sys

from chaos import campaign
from chaos.faults import FAULTS, drawn
from support.installation import city_of, started


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    with started("chaos") as stack:
        faults = drawn(FAULTS, options.seed, options.faults)
        outcome = campaign.run(stack, city_of(stack), faults, options.seed, say)
    outcome.show()
    return 1 if outcome.wrong else 0


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
