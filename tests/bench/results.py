"""Where figures go: a CSV per benchmark under docs/bench, and a table on the terminal."""

from __future__ import annotations

import csv
import datetime
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "bench"
Row = dict[str, str | int | float]


def commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def context() -> Row:
    """What every row says of its circumstances."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"at": now, "commit": commit(), "python": platform.python_version()}


def record(name: str, rows: Sequence[Row]) -> Path:
    """Append the rows to docs/bench/<name>.csv."""
    path = FOLDER / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        if new:
            writer.writeheader()
        writer.writerows(rows)
    return path


def show(title: str, rows: Sequence[Row], columns: dict[str, str]) -> None:
    """Print each system's medians; `columns` maps a row's fields to headings."""
    view = Table(title=title)
    view.add_column("system")
    for heading in columns.values():
        view.add_column(heading, justify="right")
    for system in dict.fromkeys(row["system"] for row in rows):
        mine = [row for row in rows if row["system"] == system]
        medians = [statistics.median(float(row[field]) for row in mine) for field in columns]
        view.add_row(str(system), *(f"{median:,.2f}" for median in medians))
    Console(width=110).print(view)


def ratios(rows: Sequence[Row], field: str, ours: str, theirs: str) -> list[float]:
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
