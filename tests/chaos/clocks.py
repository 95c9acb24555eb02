"""Clocks set wrong and right again, one process at a time: the machine's own is never touched.

Not with libfaketime: its clock_nanosleep refuses what Python's time.sleep asks for while monotonic time is
left alone, and faking that too would be a clock that no machine has.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

from chaos.faults import SERVICES, Fault
from tanggap.local import Stack

SOURCE = Path(__file__).with_name("clock.c")
CLOCKED = (*SERVICES, "gateway")
LARGEST_STEP_SECONDS = 50
"""Less than the minute by which the gateway lets an identity provider's clock differ."""
NEEDS = "cc"


def available() -> bool:
    return shutil.which(NEEDS) is not None


def file_of(directory: Path, process: str) -> Path:
    """Beside the installation's directory, which is made anew with every start."""
    return directory.with_name(f"{directory.name}-clocks") / process


def prepared(directory: Path) -> dict[str, dict[str, str]]:
    """The settings by which each process reads its time through a file of its own, all of them right."""
    library = file_of(directory, "clock.so")
    library.parent.mkdir(parents=True, exist_ok=True)
    command = [NEEDS, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    for process in CLOCKED:
        set_off(file_of(directory, process), 0)
    return {
        process: {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(file_of(directory, process))}
        for process in CLOCKED
    }


def set_off(file: Path, seconds: int) -> None:
    """In place: the process has mapped this file."""
    with file.open("r+b" if file.exists() else "wb") as target:
        target.write(struct.pack("=q", seconds))


def stepped(process: str) -> Fault:
    def strike(stack: Stack, chance: random.Random) -> None:
        file = file_of(stack.layout.directory, process)
        set_off(file, chance.choice((-1, 1)) * chance.randint(5, LARGEST_STEP_SECONDS))
        try:
            time.sleep(chance.uniform(2, 5))
        finally:
            set_off(file, 0)

    return Fault(f"clock step {process}", strike)


FAULTS = tuple(stepped(process) for process in CLOCKED)
