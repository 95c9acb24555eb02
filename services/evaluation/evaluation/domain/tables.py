"""Versioned tables as they come from `cities/<city>/evaluation/*.yaml`.

Every record names its version, its source, the day from which it applies and how sure we are of it:
`confirmed` (a cited public text says it), `configurable` (plausible or our own rule; BKPSDM may change it)
or `example` (invented so that a sample city can show something). Days are the city's own.

`reading_tables.py` turns plain data into these and refuses what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar


class Certainty(StrEnum):
    CONFIRMED = "confirmed"
    CONFIGURABLE = "configurable"
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Text:
    """A wording in both languages; Indonesian is the one that counts."""

    id: str
    en: str

    def to_data(self) -> dict[str, str]:
        return {"id": self.id, "en": self.en}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every row of a table has. `valid_from` is the first day on which the row applies."""

    version: str
    source: str
    valid_from: date
    certainty: Certainty


R = TypeVar("R", bound=Record)


def in_force(records: Iterable[R], day: date) -> R | None:
    """The newest record that applies on `day`; of two from the same day the later version by its text."""
    fitting = [record for record in records if record.valid_from <= day]
    return max(fitting, key=lambda record: (record.valid_from, record.version), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredikatMatrix(Record):
    """The predikat for every pair of ratings: `cells[(results, behaviour)]`, with the label of each."""

    cells: Mapping[tuple[str, str], str]
    labels: Mapping[str, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One limit on how many people may have one of `groups`. Exactly one limit is set."""

    code: str
    groups: tuple[str, ...]
    at_most_percent: int | None = None
    at_least_percent: int | None = None
    at_most_count: int | None = None
    at_least_count: int | None = None
    must_be_largest: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionRules(Record):
    """The pattern that a circular expects, by the organisation's own predikat."""

    basis: str
    minimum_people: int
    checks: Mapping[str, tuple[Check, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of development. `mix` is its part of the learning mix: class, coaching or work."""

    form: str
    name: Text
    mix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JpRule(Record):
    """How one form becomes JP (jam pelajaran).

    `per` is programme (the programme's own JP times `amount`), day, session or activity. A rule that is
    not `enabled` gives nothing; one that is `sample_only` gives something only where sample data is
    loaded. A newer record that is not enabled ends an older one.
    """

    form: str
    location: str
    per: str
    amount: Fraction | None
    enabled: bool
    sample_only: bool = False
    note: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JpTable:
    forms: Mapping[str, Form]
    rules: tuple[JpRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Record):
    """One figure or choice of the policy, with its own source."""

    key: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every figure the formulas need, as it stands on one day. Nothing below has a default in code.

    `version` changes whenever one of the settings does; it is the method version of everything that is
    computed from it. `settings` are the records behind the figures, for whoever asks where one is from.
    """

    version: str
    minimum_shown: int
    """Fewer answers about a person (or a unit) than this show nothing."""
    minimum_compared: int
    """From this many answers on a person may be compared with peers."""
    shrinkage_k: Fraction
    """The least weight, in answers, of the peers' mean; `k` of evaluation.md §6.1."""
    shrinkage_people: int
    """With fewer people than this, k is not estimated."""
    peers_minimum_people: int
    """Peers are at least this many people, the person included."""
    own_share_maximum: Fraction
    """At most this share of what a person is compared with may be her own answers."""
    finding_share: Fraction
    """At most this share of equally good people may be found below their peers in a period."""
    finding_comparisons: int
    """Over how many comparisons of one person in a period that share is divided."""
    finding_difference: Fraction
    """A difference smaller than this, in points of the scale, is no finding however sure it is."""
    stratum_minimum: int
    """A stratum needs this many answers in the city before a figure is adjusted for it."""
    unit_low: Fraction
    """An NRR x 25 below this is low for a unit."""
    jp_duty: int
    """JP (jam pelajaran) that a civil servant owes a year."""
    jp_gap_from: tuple[int, int]
    """Month and day from which a gap in the year's JP leads to a recommendation."""
    learning_mix: Mapping[str, int]
    """Per cent of class, coaching and work: reported, never enforced."""
    recommendation_days: int
    """Calendar days for which a recommendation stands."""
    objection_days: int
    """Days within which a person may object."""
    objection_counting: str
    """calendar or working"""
    official_record: str
    """Where the official predikat is issued unless a period says otherwise: e-kinerja or tanggap."""
    settings: tuple[Setting, ...] = field(default=(), repr=False)
