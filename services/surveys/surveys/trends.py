"""How a unit's index changed from period to period, and whether that is more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from surveys.city import City
from surveys.domain.periods import SHOWN
from surveys.domain.precision import compare
from surveys.store import Document
from surveys.store.periods import Periods, span

_MOST_POINTS = 8


class Trends:
    def __init__(self, periods: Periods, city: City) -> None:
        self._periods = periods
        self._city = city

    def up_to(self, row: Document, figures: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Published periods of the same kind up to this one, each compared with the one before."""
        shown = self._periods.of_unit(row["unit"], SHOWN)
        rows = [one for one in shown if one["kind"] == row["kind"] and one["ends_on"] < row["ends_on"]]
        points: list[tuple[Document, Mapping[str, Any]]] = []
        for one in rows[-_MOST_POINTS:]:
            computed = self._periods.computed(one["_id"])
            if computed is not None:
                points.append((one, computed["figures"]))
        points.append((row, figures))
        trend = []
        before: tuple[Document, Mapping[str, Any]] | None = None
        for point in points:
            trend.append(self._point(before, point))
            before = point if point[1]["ikm"] is not None else before
        return trend

    def _point(
        self,
        before: tuple[Document, Mapping[str, Any]] | None,
        point: tuple[Document, Mapping[str, Any]],
    ) -> dict[str, Any]:
        row, figures = point
        found: dict[str, Any] = {
            "period": row["code"],
            "ikm": figures["ikm"],
            "band": figures["band"],
            "band_version": figures["band_version"],
            "change": None,
            "change_interval": None,
            "verdict": None,
            "alert": False,
        }
        if before is None or figures["ikm"] is None:
            return found
        earlier_row, earlier = before
        same = all(earlier[name] == figures[name] for name in ("band_version", "questionnaire_version"))
        apart = earlier_row["ends_on"] < row["starts_on"]
        policy, day = self._city.policy, span(row).starts_on
        change = compare(
            Decimal(earlier["ikm"]),
            Decimal(figures["ikm"]),
            (_error(earlier), _error(figures)),
            # Rolling years share quarters: their difference is no sum of independent errors.
            comparable=same and apart,
            alert_below=_decimal(policy.fraction("alert_ikm_change", day)),
        )
        fallen = same and apart and _fell(earlier, figures, policy.fraction("alert_nrr_change", day))
        bounds = change.interval
        return found | {
            "change": None if change.change is None else f"{change.change:.2f}",
            "change_interval": bounds and {"low": f"{bounds.low:.2f}", "high": f"{bounds.high:.2f}"},
            "verdict": change.verdict,
            "alert": change.alert or fallen,
        }


def _error(figures: Mapping[str, Any]) -> Fraction | None:
    text = figures["standard_error"]
    return None if text is None else Fraction(text)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _fell(earlier: Mapping[str, Any], later: Mapping[str, Any], threshold: Fraction) -> bool:
    """Whether an element fell by more than the threshold; exactly that much does not alert."""
    before = {one["key"]: one for one in earlier["elements"] if one["n"]}
    return any(
        Fraction(one["sum"], one["n"]) - Fraction(before[one["key"]]["sum"], before[one["key"]]["n"])
        < threshold
        for one in later["elements"]
        if one["n"] and one["key"] in before
    )
