"""Which cells of a table stay hidden, so that nobody is found by subtraction (surveys.md §13).

Within one table: a cell under the minimum is hidden, and then the next smallest ones, until at least two are
hidden and their sum reaches the minimum. Between tables (a rolling year beside its quarters): what follows
from all published equations together is computed exactly, and more is hidden until nothing protected does.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

Variable = TypeVar("Variable", bound=Hashable)
Cells = Mapping[str, int | None]
Cell = tuple[str, str]  # quarter, key


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is shown: `parts` are the collecting periods whose answers it counts."""

    parts: tuple[str, ...]
    n: int
    cells: Cells


def suppress(cells: Mapping[str, int], minimum: int, also: Iterable[str] = ()) -> dict[str, int | None]:
    """The cells with None for each that is not shown. `also` names cells to hide for another reason."""
    hidden = {key for key, count in cells.items() if count < minimum} | set(also)
    open_ = sorted((count, key) for key, count in cells.items() if key not in hidden)
    while hidden and open_ and not _is_safe([cells[key] for key in hidden], minimum):
        hidden.add(open_.pop(0)[1])
    return {key: None if key in hidden else count for key, count in cells.items()}


def suppress_beside(
    parts: Sequence[str], cells: Mapping[str, int], published: Sequence[Table], minimum: int
) -> dict[str, int | None]:
    """The cells of a new table, beside tables that are published already.

    A cell of a collecting period that its own table does not show stays unknown, whatever is subtracted
    from what. What earlier tables gave away cannot be taken back.
    """
    also: set[str] = set()
    shown = suppress(cells, minimum)
    before = determined(_equations(published))
    while True:
        table = Table(tuple(parts), sum(cells.values()), shown)
        tables = [*published, table]
        leaked = determined(_equations(tables)) - before - _displayed(tables)
        left = sorted((count, key) for key, count in cells.items() if shown[key] is not None)
        if not leaked or not left:
            return shown
        also.add(left[0][1])
        shown = suppress(cells, minimum, also)


def reveals_small(
    numbers: Mapping[str, int], published: Sequence[Sequence[str]], candidate: Sequence[str], minimum: int
) -> bool:
    """Whether figures of `candidate` would give away those of a period with too few answers.

    `numbers` are the answers of each collecting period, `published` the sets of them whose pooled figures
    are public. A period under the minimum must not follow from them, nor several that together are under it.
    """
    sets = [frozenset(one) for one in published] + [frozenset(candidate)]
    alone = {next(iter(one)) for one in sets if len(one) == 1}
    small = {code for code, n in numbers.items() if 0 < n < minimum and code not in alone}
    equations = [{code: Fraction(1) for code in one if numbers.get(code, 0)} for one in sets]
    if determined(equations) & small:
        return True
    rests = [sum(numbers.get(code, 0) for code in one - alone) for one in sets if len(one) > 1]
    return any(0 < rest < minimum for rest in rests)


def determined(equations: Iterable[Mapping[Variable, Fraction]]) -> set[Variable]:
    """The variables whose value follows from linear equations with known right sides.

    Gauss and Jordan over fractions: a variable is determined if and only if its row is reduced to it alone.
    """
    rows: dict[Variable, dict[Variable, Fraction]] = {}
    for equation in equations:
        row = {name: value for name, value in equation.items() if value}
        for pivot in [name for name in row if name in rows]:
            _subtract(row, rows[pivot], row[pivot])
        if not row:
            continue
        pivot = next(iter(row))
        factor = row[pivot]
        row = {name: value / factor for name, value in row.items()}
        for other in rows.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        rows[pivot] = row
    return {pivot for pivot, row in rows.items() if len(row) == 1}


def _subtract(row: dict[Variable, Fraction], other: Mapping[Variable, Fraction], factor: Fraction) -> None:
    for name, value in other.items():
        left = row.get(name, Fraction(0)) - factor * value
        if left:
            row[name] = left
        else:
            row.pop(name, None)


def _is_safe(hidden: Sequence[int], minimum: int) -> bool:
    return len(hidden) >= 2 and sum(hidden) >= minimum


def _equations(tables: Sequence[Table]) -> list[dict[Cell, Fraction]]:
    keys = sorted({key for table in tables for key in table.cells})
    one = Fraction(1)
    found: list[dict[Cell, Fraction]] = []
    for table in tables:
        found.append({(part, key): one for part in table.parts for key in keys})
        shown = [key for key, count in table.cells.items() if count is not None]
        found += [{(part, key): one for part in table.parts} for key in shown]
    return found


def _displayed(tables: Sequence[Table]) -> set[Cell]:
    return {
        (table.parts[0], key)
        for table in tables
        if len(table.parts) == 1
        for key, count in table.cells.items()
        if count is not None
    }
