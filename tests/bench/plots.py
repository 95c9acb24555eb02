"""The figures of docs/bench as pictures, SVG beside the CSVs: each from the latest run that holds them.

PYTHONPATH=tests python tests/bench/plots.py
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import results

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

STYLE = {
    "svg.hashsalt": "tanggap",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "figure.constrained_layout.use": True,
}
OURS, DATABASE, TARGET = "#0b6e4f", "#3b5ba5", "#b00020"
COLOURS = {"Nameko": "#c46210", "FastStream": "#3b5ba5", "bare": "#777777", "Tanggap": OURS}
"""By a word in a system's name; in this order they are drawn from the bottom."""
TARGETS = {"stock Nameko": 8.0, "FastAPI + FastStream": 4.0, "bare batches": 0.3}
Row = dict[str, str]


def draw(folder: Path) -> None:
    """Write every picture there are rows for."""
    pictures = {
        "ratios": ("filing", ratios),
        "filing": ("filing", accepting),
        "cost": ("filing", cost),
        "noticed": ("paced", noticed),
        "reading": ("reading", reading),
        "draining": ("draining", draining),
        "growth": ("growth", growth),
        "memory": ("memory", memory),
    }
    with pyplot.rc_context(STYLE):
        for name, (source, picture) in pictures.items():
            rows = results.latest(folder, source)
            if rows:
                figure = picture(rows)
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
                pyplot.close(figure)


def values(rows: Iterable[Row], field: str, system: str) -> list[float]:
    return [float(row[field]) for row in rows if row["system"] == system and row[field]]


def named(rows: Iterable[Row]) -> list[str]:
    """The systems, ours first."""
    order = list(COLOURS)
    return sorted({row["system"] for row in rows}, key=lambda system: (-order.index(word_of(system)), system))


def word_of(system: str) -> str:
    return next(word for word in COLOURS if word in system)


def colours(systems: Iterable[str]) -> list[str]:
    return [COLOURS[word_of(system)] for system in systems]


def bars(axes: Axes, systems: Sequence[str], of_each: Sequence[Sequence[float]], title: str) -> None:
    """A bar as high as the median of each, with a dot per round."""
    medians = [statistics.median(some) for some in of_each]
    axes.barh(range(len(systems)), medians, color=colours(systems), height=0.6)
    for position, (some, median) in enumerate(zip(of_each, medians, strict=True)):
        axes.plot(some, [position] * len(some), "o", color="black", markersize=2.5, alpha=0.6)
        axes.annotate(
            f"{median:,.0f}" if median >= 20 else f"{median:,.2f}",
            (max([*some, median]), position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(systems)), systems)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.margins(x=0.15)
    axes.set_title(title, loc="left")


def ratios(rows: list[Row]) -> Figure:
    """Completed cases per second over those of each other, by round, with what is to be reached."""
    others = [system for system in named(rows) if system in TARGETS]
    figure, panels = pyplot.subplots(1, len(others), figsize=(8, 2.8), squeeze=False)
    for axes, theirs, colour in zip(panels[0], others, colours(others), strict=True):
        by_round = {
            system: {row["round"]: float(row["completed_per_s"]) for row in rows if row["system"] == system}
            for system in ("Tanggap", theirs)
        }
        numbers = sorted(by_round[theirs], key=int)
        found = [by_round["Tanggap"][number] / by_round[theirs][number] for number in numbers]
        axes.bar(numbers, found, color=colour, width=0.6)
        axes.axhline(TARGETS[theirs], color=TARGET, linewidth=1.2)
        axes.annotate(
            f"to reach: {TARGETS[theirs]:g}",
            (0, TARGETS[theirs]),
            xytext=(0, 3),
            textcoords="offset points",
            color=TARGET,
        )
        axes.set_ylim(0, max(*found, TARGETS[theirs]) * 1.15)
        axes.set_title(f"Tanggap over {theirs}", loc="left", fontsize=9)
        axes.set_xlabel("round")
    return figure


def accepting(rows: list[Row]) -> Figure:
    systems = named(rows)
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 2.6), sharey=True)
    bars(
        panels[0],
        systems,
        [values(rows, "completed_per_s", system) for system in systems],
        "completed cases per second",
    )
    spans(panels[1], systems, rows, "accept_p50_ms", "accept_p99_ms", "accepting, p50 to p99, ms")
    return figure


def spans(axes: Axes, systems: Sequence[str], rows: list[Row], low: str, high: str, title: str) -> None:
    """From one percentile to another, the medians of the rounds, on a logarithmic scale."""
    for position, (system, colour) in enumerate(zip(systems, colours(systems), strict=True)):
        start, end = (statistics.median(values(rows, field, system)) for field in (low, high))
        axes.plot([start, end], [position, position], color=colour, linewidth=6, solid_capstyle="butt")
        axes.annotate(
            f"{start:,.0f} to {end:,.0f}",
            (end, position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_xscale("log")
    axes.margins(x=0.35)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_title(title, loc="left")
    axes.set_yticks(range(len(systems)), systems)
    axes.set_ylim(len(systems) - 0.5, -0.5)


def cost(rows: list[Row]) -> Figure:
    """CPU of the system's own processes, of the broker and of the database, for 1,000 cases."""
    systems = [system for system in named(rows) if values(rows, "broker_cpu_s_per_1000", system)]
    figure, axes = pyplot.subplots(figsize=(8, 2.4))
    stacked(
        axes,
        systems,
        {
            "own processes": [statistics.median(values(rows, "cpu_s_per_1000", one)) for one in systems],
            "broker": [statistics.median(values(rows, "broker_cpu_s_per_1000", one)) for one in systems],
            "database": [statistics.median(values(rows, "database_cpu_s_per_1000", one)) for one in systems],
        },
        "CPU seconds per 1,000 cases",
        "{:.2f}",
    )
    return figure


def stacked(axes: Axes, labels: Sequence[str], parts: dict[str, list[float]], title: str, shown: str) -> None:
    left = [0.0] * len(labels)
    palette = pyplot.get_cmap("tab20")
    for number, (part, lengths) in enumerate(parts.items()):
        axes.barh(range(len(labels)), lengths, left=left, height=0.6, label=part, color=palette(number))
        left = [start + length for start, length in zip(left, lengths, strict=True)]
    for position, total in enumerate(left):
        axes.annotate(
            shown.format(total), (total, position), xytext=(5, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.margins(x=0.12)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False, bbox_to_anchor=(1.0, 1.0), loc="upper left")


def noticed(rows: list[Row]) -> Figure:
    systems = named(rows)
    figure, axes = pyplot.subplots(figsize=(8, 2.2))
    spans(
        axes,
        systems,
        rows,
        "noticed_p50_ms",
        "noticed_p99_ms",
        "from filed to noticed at half of its own rate, p50 to p99, ms",
    )
    axes.axvline(300, color=TARGET, linewidth=1.2)
    axes.annotate("stay under 300", (300, -0.4), xytext=(3, 0), textcoords="offset points", color=TARGET)
    return figure


def reading(rows: list[Row]) -> Figure:
    systems = named(rows)
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 2), sharey=True)
    bars(panels[0], systems, [values(rows, "reads_per_s", system) for system in systems], "reads per second")
    spans(panels[1], systems, rows, "p50_ms", "p99_ms", "p50 to p99, ms")
    return figure


def draining(rows: list[Row]) -> Figure:
    systems = named(rows)
    figure, axes = pyplot.subplots(figsize=(8, 2.4))
    bars(axes, systems, [values(rows, "events_per_s", system) for system in systems], "events per second")
    return figure


def growth(rows: list[Row]) -> Figure:
    """Rate and cost by how many cases are stored: every round a dot, the medians a line."""
    figure, panels = pyplot.subplots(1, 3, figsize=(9, 2.8))
    sizes = sorted({int(row["size"]) for row in rows})
    for axes, title, fields in (
        (panels[0], "completed cases per second", {"completed_per_s": "Tanggap"}),
        (panels[1], "times bare batches", {"beside": "Tanggap"}),
        (
            panels[2],
            "CPU seconds per 1,000 cases",
            {"cpu_s_per_1000": "Tanggap", "database_cpu_s_per_1000": "database"},
        ),
    ):
        for (field, label), colour in zip(fields.items(), (OURS, DATABASE), strict=False):
            of_size = [[float(row[field]) for row in rows if int(row["size"]) == size] for size in sizes]
            axes.plot(sizes, [statistics.median(some) for some in of_size], color=colour, label=label)
            axes.plot(
                [int(row["stored"]) for row in rows],
                [float(row[field]) for row in rows],
                "o",
                color=colour,
                markersize=3,
                alpha=0.6,
            )
        axes.set_xscale("log")
        axes.set_ylim(0, 1.15 * max(float(row[field]) for row in rows for field in fields))
        axes.set_title(title, loc="left", fontsize=9)
        axes.set_xlabel("stored cases")
    panels[2].legend(frameon=False)
    return figure


def memory(rows: list[Row]) -> Figure:
    """Everything of an installation, process by process, before and after the load."""
    ours = [row for row in rows if row["system"] == "Tanggap"]
    states = list(dict.fromkeys(row["state"] for row in ours))
    processes = list(dict.fromkeys(row["process"] for row in ours))
    found = {(row["state"], row["process"]): float(row["pss_mb"]) for row in ours}
    figure, axes = pyplot.subplots(figsize=(9, 3))
    stacked(
        axes,
        states,
        {process: [found.get((state, process), 0.0) for state in states] for process in processes},
        "memory, MB (PSS)",
        "{:,.0f}",
    )
    axes.axvline(1500, color=TARGET, linewidth=1.2)
    axes.annotate("stay under 1,500", (1500, -0.42), xytext=(3, 0), textcoords="offset points", color=TARGET)
    return figure


if __name__ == "__main__":
    draw(results.FOLDER)
    sys.exit(0)
