"""What is done to a running installation, and undone again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from tanggap.local import Stack

SERVICES = ("complaints", "notifications", "surveys", "evaluation")
PROCESSES = (*SERVICES, "gateway", "mail", "broker", "database")
DEFAULT_WATERMARK, DEFAULT_DISK_LIMIT = "0.4", "50MB"


@dataclass(frozen=True)
class Fault:
    """One kind of trouble. `strike` returns when the part is back, not when everybody has noticed."""

    name: str
    strike: Callable[[Stack, random.Random], None]
    may_repeat_mail: bool = False
    """An end of the sender, or of the mail server, in the SMTP window: the one honest exception."""


def killed(process: str, how: signal.Signals) -> Fault:
    def strike(stack: Stack, _: random.Random) -> None:
        stack.process(process).kill(how)
        stack.wait_ready(process)

    window = (process, how) == ("notifications", signal.SIGKILL) or process == "mail"
    return Fault(f"{how.name} {process}", strike, window)


def frozen(process: str) -> Fault:
    def strike(stack: Stack, chance: random.Random) -> None:
        part = stack.process(process)
        part.pause()
        try:
            time.sleep(chance.uniform(0.5, 4))
        finally:
            part.resume()

    return Fault(f"freeze {process}", strike)


def alarm(what: str, command: str, raised: str, normal: str) -> Fault:
    def strike(stack: Stack, chance: random.Random) -> None:
        stack.rabbitmqctl(command, raised)
        try:
            time.sleep(chance.uniform(1, 4))
        finally:
            stack.rabbitmqctl(command, normal)

    return Fault(f"{what} alarm", strike)


def slow_mail(stack: Stack, chance: random.Random) -> None:
    """The mail server takes its time with every message."""
    delay, fresh = stack.layout.mail / "delay", stack.layout.mail / "delay.new"
    fresh.write_text(f"{chance.uniform(0.5, 6):.1f}")
    fresh.replace(delay)
    try:
        time.sleep(chance.uniform(3, 8))
    finally:
        delay.unlink()


def cut_connections(stack: Stack, _: random.Random) -> None:
    stack.rabbitmqctl("close_all_connections", "chaos")


def step_down(stack: Stack, _: random.Random) -> None:
    """The primary gives up for two seconds, and with it every connection and transaction."""
    direct = stack.env["MONGODB_URL"] + "&directConnection=true"
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(direct, serverSelectionTimeoutMS=5000) as client:
        try:
            client.admin.command("replSetStepDown", 2, secondaryCatchUpPeriodSecs=0, force=True)
        except PyMongoError:
            # It closes the connection on which it was told to, or somebody else has just told it.
            time.sleep(0.2)
        deadline = time.monotonic() + 30
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise TimeoutError("no primary 30 s after it stepped down")
            time.sleep(0.1)


FAULTS = (
    *(killed(process, how) for process in PROCESSES for how in (signal.SIGKILL, signal.SIGTERM)),
    *(frozen(process) for process in PROCESSES),
    alarm("memory", "set_vm_memory_high_watermark", "0.000001", DEFAULT_WATERMARK),
    alarm("disk", "set_disk_free_limit", "100000GB", DEFAULT_DISK_LIMIT),
    Fault("cut every connection", cut_connections),
    Fault("slow mail", slow_mail),
    Fault("step down", step_down),
)


def drawn(faults: Sequence[Fault], seed: int, count: int) -> Iterator[Fault]:
    """`count` faults in an order that the seed decides; each kind comes before any comes again."""
    chance = random.Random(seed)
    while count > 0:
        yield from chance.sample(faults, min(len(faults), count))
        count -= len(faults)
