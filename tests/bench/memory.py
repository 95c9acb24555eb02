"""Resident memory, process by process: what each has for itself and its part of what it shares (PSS)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import results
from systems import System

from tanggap.local import Stack

PYTHON = ("gateway", "complaints", "notifications", "surveys", "evaluation")
PYTHON_MB, EVERYTHING_MB = 600.0, 1500.0
FRESH, LATER = "idle after the start", "idle after the load"


def installation(stack: Stack, state: str) -> list[results.Row]:
    """A row per program of an installation, its children counted with it."""
    programs = {name: int(info["pid"]) for name, info in stack.supervisor.programs().items() if info["pid"]}
    supervisor = int(stack.supervisor.call("getPID"))
    return rows("Tanggap", state, programs) + [row("Tanggap", state, "supervisor", [supervisor])]


def beside(systems: Iterable[System], state: str) -> list[results.Row]:
    return [row(system.name, state, "all of it", system.pids()) for system in systems]


def rows(system: str, state: str, programs: Mapping[str, int]) -> list[results.Row]:
    return [row(system, state, name, family(pid)) for name, pid in programs.items()]


def row(system: str, state: str, process: str, pids: Iterable[int]) -> results.Row:
    pss, rss = (sum(values) for values in zip(*(megabytes(pid) for pid in pids), strict=True))
    return {
        **results.context(),
        "system": system,
        "state": state,
        "process": process,
        "pss_mb": round(pss, 1),
        "rss_mb": round(rss, 1),
    }


def family(pid: int) -> list[int]:
    """A process and all that came from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def megabytes(pid: int) -> tuple[float, float]:
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        if line.endswith(" kB")
    )
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("Pss", "Rss"))  # type: ignore[return-value]


def verdicts(measured: results.Rows, state: str) -> list[str]:
    """The five Python processes, and everything with broker, databases, mail sink and supervisor."""
    ours = {
        str(row["process"]): float(row["pss_mb"])
        for row in measured
        if row["system"] == "Tanggap" and row["state"] == state
    }
    totals = (
        ("The five Python processes", sum(ours[name] for name in PYTHON), PYTHON_MB),
        ("Everything with broker and databases", sum(ours.values()), EVERYTHING_MB),
    )
    return [
        f"{what}, {state}: {total:.0f} MB (to stay under: {limit:.0f}; "
        f"{'reached' if total < limit else 'missed'})."
        for what, total, limit in totals
    ]
