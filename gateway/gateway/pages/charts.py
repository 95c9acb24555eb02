"""Coordinates of the pictures beside the tables of results. No figure is computed here, only places.

Pictures are 320 units wide, the width of the smallest phone, and grow with the page. What they show is
always in a table as well: the picture is for seeing, the table for reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import segno

WIDTH = 320
LOWEST, HIGHEST = Decimal(25), Decimal(100)
BAR_ROOM, BAR_LEFT, BAR_WIDTH = 44, 2, 316
TREND_HEIGHT, TREND_TOP, TREND_BOTTOM = 190, 24, 150
TREND_LEFT, TREND_RIGHT = 56, 284
QR_QUIET_MODULES = 4


@dataclass(frozen=True)
class Bar:
    """One element's bar; `width` is None where there is no figure to draw."""

    element: Mapping[str, Any]
    top: int
    width: float | None


@dataclass(frozen=True)
class Bars:
    height: int
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Point:
    period: str
    value: str
    x: float
    y: float


@dataclass(frozen=True)
class Segment:
    """A line between neighbours that may be compared."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Trend:
    """Points in the order of time. `marks` are the places where the table of bands or the questionnaire
    changed: points on both sides are not joined. Periods without a figure leave a gap."""

    points: Sequence[Point]
    segments: Sequence[Segment]
    marks: Sequence[float]
    lines: Sequence[tuple[int, float]]


def number_of(value: Any) -> Decimal | None:
    """The figure a service wrote as text, or None where there is none."""
    if value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def bars(elements: Sequence[Mapping[str, Any]]) -> Bars:
    """Bars from 25 to 100, one below the other, in the order given."""
    drawn = []
    for position, element in enumerate(elements):
        figure = number_of(element.get("nrr_x25"))
        width = None if figure is None else round(float(share(figure)) * BAR_WIDTH, 1)
        drawn.append(Bar(element, position * BAR_ROOM, width))
    return Bars(max(1, len(drawn)) * BAR_ROOM, drawn)


def trend(rows: Sequence[Mapping[str, Any]]) -> Trend | None:
    """The index over periods, oldest first; None when fewer than two periods have a figure."""
    if sum(1 for row in rows if number_of(row.get("ikm")) is not None) < 2:
        return None
    step = (TREND_RIGHT - TREND_LEFT) / max(1, len(rows) - 1)
    points: list[Point] = []
    segments: list[Segment] = []
    marks: list[float] = []
    former: tuple[Mapping[str, Any], Point] | None = None
    previous: Mapping[str, Any] | None = None
    for position, row in enumerate(rows):
        x = round(TREND_LEFT + position * step, 1)
        if previous is not None and changed(previous, row):
            marks.append(round(x - step / 2, 1))
        previous = row
        figure = number_of(row.get("ikm"))
        if figure is None:
            former = None
            continue
        point = Point(str(row["period"]), str(row["ikm"]), x, height_of(figure))
        if former is not None and not changed(former[0], row):
            segments.append(Segment(former[1].x, former[1].y, point.x, point.y))
        points.append(point)
        former = (row, point)
    return Trend(points, segments, marks, [(tick, height_of(Decimal(tick))) for tick in (25, 50, 75, 100)])


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two points were measured by different tables or questions, so that no line joins them."""
    return after.get("verdict") == "not_comparable" or any(
        before.get(name) != after.get(name) for name in ("band_version", "questionnaire_version")
    )


def share(figure: Decimal) -> Decimal:
    return max(Decimal(0), min(Decimal(1), (figure - LOWEST) / (HIGHEST - LOWEST)))


def height_of(figure: Decimal) -> float:
    return round(TREND_BOTTOM - float(share(figure)) * (TREND_BOTTOM - TREND_TOP), 1)


@dataclass(frozen=True)
class Code:
    """A QR code as one path of unit squares, with its quiet zone inside `size`."""

    size: int
    path: str


def qr(text: str) -> Code:
    """The QR code of a link, error correction M: it can be read when a seventh of it is dirty or torn."""
    made = segno.make(text, error="m", micro=False)
    rows = list(made.matrix)
    squares = [
        f"M{x + QR_QUIET_MODULES} {y + QR_QUIET_MODULES}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    ]
    return Code(len(rows) + 2 * QR_QUIET_MODULES, "".join(squares))
