"""The sample city's tables, read as the service reads them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from evaluation.domain import reading_tables
from evaluation.domain.tables import DistributionRules, JpTable, Policy, PredikatMatrix

FOLDER = Path(__file__).resolve().parents[3] / "cities" / "sawahlunto" / "evaluation"
TODAY = date(2026, 11, 24)


def plain_data(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def policy(day: date = TODAY) -> Policy:
    return reading_tables.policy_on(reading_tables.settings(plain_data("policy.yaml")), day)


def matrix() -> PredikatMatrix:
    return reading_tables.matrices(plain_data("matrix.yaml"))[0]


def distribution() -> DistributionRules:
    return reading_tables.distributions(plain_data("distribution.yaml"))[0]


def jp() -> JpTable:
    return reading_tables.jp_table(plain_data("jp_rules.yaml"))
