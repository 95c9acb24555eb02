"""From plain data (what a YAML loader returns) to the tables, refusing what does not fit.

The files are `matrix.yaml`, `distribution.yaml`, `jp_rules.yaml` and `policy.yaml` of a city's folder
`evaluation/`; their form is described at the top of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from evaluation.domain.tables import DistributionRules, JpTable, Policy, PredikatMatrix, Setting


class BadTable(ValueError):
    """A table that cannot be used. `pointer` is a JSON pointer into the file, `why` a plain phrase."""

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(f"{pointer or '/'}: {why}")
        self.pointer = pointer
        self.why = why


def matrices(data: object) -> tuple[PredikatMatrix, ...]:
    """Read matrix.yaml: all nine cells and a label for every predikat. Raises BadTable."""
    raise NotImplementedError


def distributions(data: object) -> tuple[DistributionRules, ...]:
    """Read distribution.yaml. Raises BadTable."""
    raise NotImplementedError


def jp_table(data: object) -> JpTable:
    """Read jp_rules.yaml. Raises BadTable, also for a rule of a form that is not listed."""
    raise NotImplementedError


def settings(data: object) -> tuple[Setting, ...]:
    """Read policy.yaml: one record per figure or choice. Raises BadTable."""
    raise NotImplementedError


def policy_on(records: Sequence[Setting], day: date) -> Policy:
    """The policy as it stands on `day`. Raises BadTable naming a figure that is missing or unusable."""
    raise NotImplementedError
