"""What the latest run found: medians as tables, and each target of the design with what came of it.

PYTHONPATH=tests python tests/bench/report.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import draining
import filing
import growing
import memory
import results
from systems import BARE, FASTAPI, STOCK_NAMEKO

# design.md §7: what each ratio has to reach.
FILING_BESIDE = {STOCK_NAMEKO.name: 8.0, FASTAPI.name: 4.0, BARE.name: 0.3}
DRAINING_BESIDE = {"FastStream": 8.0, "bare batches": 0.5}
READING_BESIDE = {FASTAPI.name: 1.0}
NOTICED_P99_MS = 300.0
DRAINING_COLUMNS = {"events_per_s": "events/s"}


def verdicts(folder: Path) -> list[str]:
    """A line per target, from the last run that measured it."""
    said: list[str] = []
    for what, source, field, ours, targets in (
        ("Completed cases per second", "filing", "completed_per_s", "Tanggap", FILING_BESIDE),
        ("Events drained per second", "draining", "events_per_s", draining.OURS, DRAINING_BESIDE),
        ("Reads per second", "reading", "reads_per_s", "Tanggap", READING_BESIDE),
    ):
        rows = results.latest(folder, source)
        for theirs, target in targets.items():
            if any(row["system"] == theirs for row in rows):
                ratios = results.ratios(rows, field, ours, theirs)
                said.append(results.verdict(what, ratios, theirs, target))
    if paced := [row for row in results.latest(folder, "paced") if row["system"] == "Tanggap"]:
        p99 = results.median(paced, "noticed_p99_ms")
        said.append(
            f"From filed to noticed at half of the rate: p99 {p99:.0f} ms (to stay under: "
            f"{NOTICED_P99_MS:.0f}; {'reached' if p99 < NOTICED_P99_MS else 'missed'})."
        )
    if used := results.latest(folder, "memory"):
        said += [*memory.verdicts(used, memory.FRESH), *memory.verdicts(used, memory.LATER)]
    if grown := results.latest(folder, "growth"):
        said.append(growing.verdict(grown))
    return said


def write(folder: Path) -> None:
    """<folder>/results.md."""
    parts = [
        "# The latest run\n\nWritten by `make bench`; what is measured and how: "
        "[benchmarks.md](../benchmarks.md). Medians of the rounds.",
        circumstances(results.latest(folder, "runs")),
        "## Against the targets\n\n" + "\n".join(f"- {line}" for line in verdicts(folder)),
        table("Filing", results.latest(folder, "filing"), filing.COLUMNS),
        table("At half of its own rate", results.latest(folder, "paced"), filing.PACED_COLUMNS),
        table("Reading one case", results.latest(folder, "reading"), filing.READING_COLUMNS),
        table("One consumer, each event once", results.latest(folder, "draining"), DRAINING_COLUMNS),
        table("Filing with so many stored", results.latest(folder, "growth"), growing.COLUMNS),
        used_memory(results.latest(folder, "memory")),
    ]
    (folder / "results.md").write_text("\n\n".join(part for part in parts if part) + "\n")


def circumstances(runs: Sequence[dict[str, str]]) -> str:
    return "\n".join(
        f"Run {run['run']} of commit {run['commit']}: {run['cores']} cores ({run['processor']}), "
        f"{run['memory_gb']} GB, Linux {run['kernel']}, load {run['load_average']} at the start; "
        f"RabbitMQ {run['rabbitmq']}, MongoDB {run['mongodb']}, Python {run['python']}, "
        f"nameko {run['nameko']}, FastAPI {run['fastapi']}, FastStream {run['faststream']}, "
        f"pymongo {run['pymongo']}; {run['rounds']} rounds of up to {run['cases']} cases over "
        f"{run['concurrency']} connections."
        for run in runs
    )


def table(title: str, rows: Sequence[dict[str, str]], columns: dict[str, str]) -> str:
    if not rows:
        return ""
    lines = [f"## {title}", "", f"| | {' | '.join(columns.values())} |", "|---|" + "---:|" * len(columns)]
    for system in dict.fromkeys(row["system"] for row in rows):
        mine = [row for row in rows if row["system"] == system]
        medians = [shown(results.median(mine, field)) for field in columns]
        lines.append(f"| {system} | {' | '.join(medians)} |")
    return "\n".join(lines)


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"


def used_memory(rows: Sequence[dict[str, str]]) -> str:
    if not rows:
        return ""
    ours = [row for row in rows if row["system"] == "Tanggap"]
    states = list(dict.fromkeys(row["state"] for row in ours))
    found = {(row["process"], row["state"]): float(row["pss_mb"]) for row in ours}
    processes = list(dict.fromkeys(row["process"] for row in ours))
    lines = ["## Memory, MB (PSS)", "", f"| | {' | '.join(states)} |", "|---|" + "---:|" * len(states)]
    groups = {
        **{name: (name,) for name in processes},
        "**the five Python processes**": memory.PYTHON,
        "**everything**": processes,
    }
    for name, members in groups.items():
        totals = [sum(found[member, state] for member in members) for state in states]
        lines.append(f"| {name} | {' | '.join(f'{total:.0f}' for total in totals)} |")
    others = [f"{row['system']} {float(row['pss_mb']):.0f}" for row in rows if row["system"] != "Tanggap"]
    return "\n".join(lines) + (f"\n\nBeside it, {rows_state(rows)}: {', '.join(others)}." if others else "")


def rows_state(rows: Sequence[dict[str, str]]) -> str:
    return next(row["state"] for row in rows if row["system"] != "Tanggap")


if __name__ == "__main__":
    write(results.FOLDER)
    sys.exit(0)
