"""Where figures go: a CSV per benchmark under docs/bench, and a table on the terminal."""

from __future__ import annotations

import csv
import datetime
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "bench"
Row = dict[str, str | int | float]
Rows = Sequence[Mapping[str, str | int | float]]


@lru_cache
def commit() -> str:
    """Of the tree as the run found it; `-dirty` when files differed from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@lru_cache
def run() -> str:
    """When this run began, which every row of it carries; runs.csv says what it ran on."""
    return now()


def context() -> Row:
    """What every row says of its circumstances."""
    return {"run": run(), "at": now(), "commit": commit(), "python": platform.python_version()}


def record(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """Append the rows to <folder>/<name>.csv; raises ValueError when it has other columns."""
    path = folder / f"{name}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    there = path.exists()
    if there:
        with path.open(newline="") as file:
            if next(csv.reader(file)) != list(rows[0]):
                raise ValueError(f"{path} has other columns than {', '.join(rows[0])}")
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        if not there:
            writer.writeheader()
        writer.writerows(rows)


def latest(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of the last run in <folder>/<name>.csv; none when there is no such file."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    run = max(row["run"] for row in rows)
    return [row for row in rows if row["run"] == run]


def show(title: str, rows: Sequence[Row], columns: dict[str, str]) -> None:
    """Print each system's medians; `columns` maps a row's fields to headings."""
    view = Table(title=title)
    view.add_column("system")
    for heading in columns.values():
        view.add_column(heading, justify="right")
    for system in dict.fromkeys(row["system"] for row in rows):
        mine = [row for row in rows if row["system"] == system]
        medians = [median(mine, field) for field in columns]
        view.add_row(str(system), *(f"{value:,.2f}" for value in medians))
    Console(width=130).print(view)


def median(rows: Rows, field: str) -> float:
    return statistics.median(float(row[field]) for row in rows)


def ratios(rows: Rows, field: str, ours: str, theirs: str) -> list[float]:
    """A figure of ours over theirs, round by round, the lowest first.

    Both of a round were measured directly one after the other, which medians of a whole run were not.
    """
    values = {(row["system"], row["round"]): float(row[field]) for row in rows}
    rounds = [number for system, number in values if system == theirs]
    return sorted(values[ours, number] / values[theirs, number] for number in rounds)


def verdict(what: str, by_round: list[float], theirs: str, target: float) -> str:
    """A ratio in words, and whether it reaches what design.md asks."""
    ratio = statistics.median(by_round)
    return (
        f"{what}: {ratio:.2f} times {theirs}, the median of {len(by_round)} rounds from {by_round[0]:.2f} "
        f"to {by_round[-1]:.2f} (to reach: {target:g}; {'reached' if ratio >= target else 'missed'})."
    )
