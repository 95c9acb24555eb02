"""What a person at the terminal sees: colours and progress bars on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PLAIN_EVERY = 10
"""Where there is no terminal, one progress line per this many percent."""


class Counter(Protocol):
    def advance(self, number: int = 1) -> None: ...


class PlainCounter:
    """A line for every tenth of the work, for logs and CI."""

    def __init__(self, title: str, total: int, done: int) -> None:
        self.title, self.total, self.done = title, max(total, 1), done
        self.shown = self.percent()

    def percent(self) -> int:
        return 100 * self.done // self.total // PLAIN_EVERY * PLAIN_EVERY

    def advance(self, number: int = 1) -> None:
        self.done += number
        if self.percent() > self.shown:
            self.shown = self.percent()
            sys.stderr.write(f"{self.title}: {self.shown} % ({self.done}/{self.total})\n")


class BarCounter:
    def __init__(self, bar: Progress, title: str, total: int, done: int) -> None:
        self.bar = bar
        self.task = bar.add_task(title, total=total, completed=done)

    def advance(self, number: int = 1) -> None:
        self.bar.advance(self.task, number)


@contextmanager
def progress(title: str, total: int, done: int = 0) -> Iterator[Counter]:
    """Show how far a piece of long work is, on standard error."""
    if not err.is_terminal:
        yield PlainCounter(title, total, done)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        yield BarCounter(bar, title, total, done)


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], title: str | None = None) -> None:
    """A table; on anything but a terminal plain tab-separated lines, which other programs can read."""
    lines = [[str(cell) for cell in row] for row in rows]
    heads = list(columns)
    if not out.is_terminal:
        # Not by rich, which would turn the tabs into blanks.
        for line in ([title] if title else []) + ["\t".join(row) for row in [heads, *lines]]:
            click.echo(line)
        return
    shown = Table(*heads, title=title, title_justify="left", box=None, pad_edge=False)
    for row in lines:
        shown.add_row(*(cell.replace("[", r"\[") for cell in row))
    out.print(shown)
