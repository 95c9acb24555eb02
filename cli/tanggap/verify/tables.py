"""The rules by which a figure is judged: band tables, questionnaires and minimums, from the city's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from tanggap.city import load_yaml
from tanggap.errors import CliError

ELEMENT_MINIMUM, MINIMUM = "minimum_element_n", "minimum_n"


@dataclass(frozen=True)
class Element:
    key: str
    order: int


@dataclass(frozen=True)
class Tables:
    """What is in `cities/<city>/surveys/`. A version that is not there cannot be verified: CliError."""

    bands: dict[str, list[tuple[Fraction, str]]]
    questionnaires: dict[str, list[Element]]
    policy: list[dict[str, Any]]

    @classmethod
    def load(cls, city: Path) -> Tables:
        folder = city / "surveys"
        bands = {
            table["version"]: sorted(
                ((Fraction(str(band["lower"])), band["letter"]) for band in table["bands"]), reverse=True
            )
            for table in load_yaml(folder / "bands.yaml")
        }
        questionnaires = {
            one["version"]: [Element(e["key"], int(e["list_order"])) for e in one["elements"]]
            for one in load_yaml(folder / "questionnaires.yaml")
        }
        return cls(bands, questionnaires, load_yaml(folder / "policy.yaml"))

    def elements(self, version: str) -> list[Element]:
        """The elements of a questionnaire, in the order of the list."""
        if version not in self.questionnaires:
            raise CliError(f"The questionnaire {version} is not in the city's files.")
        return sorted(self.questionnaires[version], key=lambda element: element.order)

    def letter(self, version: str, index: Fraction) -> str:
        """The band of an index that is rounded already: the best whose lower bound it reaches."""
        if version not in self.bands:
            raise CliError(f"The band table {version} is not in the city's files.")
        table = self.bands[version]
        return next((letter for lower, letter in table if index >= lower), table[-1][1])

    def minimum(self, name: str, unit: str, day: date) -> int:
        """A minimum in force on a day; a row that names the unit goes before one that does not."""
        fitting = [
            row
            for row in self.policy
            if row["id"] == name and row.get("unit") in (None, unit) and begun(row["effective_from"], day)
        ]
        if not fitting:
            raise CliError(f"The city's policy has no {name} for {day}.")
        latest = max(fitting, key=lambda row: (row.get("unit") is not None, str(row["effective_from"])))
        return int(latest["value"])


def begun(since: Any, day: date) -> bool:
    return date.fromisoformat(str(since)) <= day
