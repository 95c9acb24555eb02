"""An installation as large as the overlay `small` makes it, and the memory that its processes take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.installation import NO_LIMITS, ROOT
from support.kubernetes import PROCESSES, Manifests, render
from tanggap.local import Stack
from tanggap.local.programs import Program

NAMES = {"rabbitmq": "broker", "mongodb": "database"}
UNCHECKED = {"TANGGAP_CHECK_CONTRACTS": "0"}
"""As in the overlay: producers are checked by tests."""


class Small(Stack):
    """Broker and database with the settings of the overlay; services and gateway once each, as there."""

    def __init__(self, directory: Path, overlay: Manifests) -> None:
        unlimited = {name: dict(UNCHECKED) for name in PROCESSES}
        # The whole flood comes from one address here; a city's comes from many.
        unlimited["gateway"] |= NO_LIMITS
        super().__init__(directory, overrides=unlimited)
        self._cache = cache_argument(overlay)
        self._mark = watermark(overlay)

    def programs(self, parts: Any) -> dict[str, Program]:
        if not self._programs:
            found = super().programs(parts)
            command = list(found["database"].command)
            command[command.index("--wiredTigerCacheSizeGB") + 1] = self._cache
            found["database"] = replace(found["database"], command=command)
            with (self.layout.run / "rabbitmq.conf").open("a") as settings:
                settings.write(f"vm_memory_high_watermark.absolute = {self._mark}\n")
        return self._programs


@contextmanager
def started(name: str = "flood") -> Iterator[Small]:
    """One with no data; it is stopped and deleted afterwards."""
    stack = Small(ROOT / ".local" / name, render("overlays/small"))
    stack.destroy()
    stack.up()
    try:
        yield stack
    finally:
        stack.destroy()


def cache_argument(overlay: Manifests) -> str:
    arguments = overlay.workload("mongodb").pod["containers"][0]["args"]
    return next(str(one).partition("=")[2] for one in arguments if "--wiredTigerCacheSizeGB" in one)


def watermark(overlay: Manifests) -> str:
    files = (settings["data"].get("20-tanggap.conf", "") for settings in overlay.of("ConfigMap"))
    (mark,) = re.findall(r"vm_memory_high_watermark.absolute = (\S+)", "\n".join(files))
    return str(mark)


def limits() -> dict[str, float]:
    """Megabytes that the overlay allows to each process."""
    overlay = render("overlays/small")
    found = {}
    for name in (*PROCESSES, *NAMES):
        limit = overlay.workload(name).pod["containers"][0]["resources"]["limits"]["memory"]
        found[NAMES.get(name, name)] = float(limit.removesuffix("Mi"))
    return found


def proportional(stack: Stack) -> dict[str, float]:
    """PSS in megabytes: what each process has for itself, and its part of what it shares."""
    return {name: sum(_field(pid, "smaps_rollup", "Pss") for pid in pids) for name, pids in _pids(stack)}


def peaks(stack: Stack) -> dict[str, float]:
    """The most resident memory, in megabytes, that each process has had since it started."""
    return {name: sum(_field(pid, "status", "VmHWM") for pid in pids) for name, pids in _pids(stack)}


def _pids(stack: Stack) -> Iterator[tuple[str, list[int]]]:
    """Every program with its children, the supervisor too."""
    for name, info in stack.supervisor.programs().items():
        yield name, _family(int(info["pid"]))
    yield "supervisor", [int(stack.supervisor.call("getPID"))]


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _field(pid: int, file: str, name: str) -> float:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"{name} of {pid}")
