"""Strike a running installation again and again, then count every effect.

    python -m chaos --faults 200 --seed 7
    python -m chaos --faults 12 --cluster          three brokers, three databases: leaders and primaries go
    python -m chaos --faults 20 --broker debian13  RabbitMQ 4.0, fetched on the first use

Starts an installation of its own, with no data; nothing else may use the machine's cores for long. Prints a
line per fault and a table at the end; the status is 0 when nothing was lost, doubled or stuck. The same seed
strikes in the same order.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

from chaos import campaign, clocks, cluster_faults
from chaos.cluster import Cluster
from chaos.faults import FAULTS, Fault, drawn
from chaos.queues import FULL
from support.broker import Management
from support.installation import NO_LIMITS, ROOT, city_of
from tanggap.local import Stack, broker

DIRECTORY = ROOT / ".local" / "chaos"
LEASE = {"TANGGAP_SEND_LEASE_SECONDS": "10"}
"""What a killed sender had claimed is taken up by the next one after this, not after two minutes."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument(
        "--broker", choices=("installed", "debian13"), default="installed", help="whose RabbitMQ"
    )
    parser.add_argument("--cluster", action="store_true", help="three brokers and three databases")
    options = parser.parse_args()
    if options.broker == "debian13":
        use_debian13()
    kinds = cluster_faults.FAULTS if options.cluster else plain_kinds()
    stack = installation(Cluster if options.cluster else Stack)
    try:
        stack.up()
        seen = Management(stack.env["AMQP_MANAGEMENT_URL"]).call("GET", "/overview")
        say(f"RabbitMQ {seen['rabbitmq_version']} on Erlang {seen['erlang_version']}")
        faults = drawn(kinds, options.seed, options.faults)
        outcome = campaign.run(stack, city_of(stack), faults, options.seed, say)
    finally:
        stack.down()
    outcome.show()
    return 1 if outcome.wrong else 0


def plain_kinds() -> tuple[Fault, ...]:
    """Every kind of fault that this machine can do."""
    if not clocks.available():
        say(f"Without clock steps: they need {clocks.NEEDS}.")
        return (*FAULTS, FULL)
    return (*FAULTS, FULL, *clocks.FAULTS)


def installation(kind: type[Stack]) -> Stack:
    """A fresh one, whose processes read their time through files if that can be had."""
    more = clocks.prepared(DIRECTORY) if clocks.available() else {}
    own = {"gateway": NO_LIMITS, "notifications": LEASE}
    overrides = {name: own.get(name, {}) | more.get(name, {}) for name in clocks.CLOCKED}
    stack = kind(DIRECTORY, overrides=overrides, report=say)
    stack.destroy()
    return stack


def use_debian13() -> None:
    """The broker and its tools are Debian 13's from now on, in this process and those it starts."""
    made = subprocess.run([ROOT / "scripts" / "debian13"], check=True, stdout=subprocess.PIPE, text=True)
    tree = Path(made.stdout.strip()) / "usr" / "lib"
    os.environ["PATH"] = f"{tree / 'erlang' / 'bin'}:{os.environ['PATH']}"
    broker.SERVER = tree / "rabbitmq" / "bin" / "rabbitmq-server"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
