"""What is kept of answers about people: sums, never an answer; and what of it may leave (evaluation.md §6).

A tally is plain data, {staff: {service type: {n, kompetensi: [n, sum, squares], perilaku: [...],
strata: {"outcome|channel|service": [n, sum of kompetensi, sum of perilaku]}}}}, since it is stored sealed.
A visit at a counter has no outcome: that part of its stratum is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from surveys.domain.questionnaire import PERSONAL_ELEMENTS

Tally = dict[str, dict[str, dict[str, Any]]]
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class About:
    """Who served, and the circumstances she did not choose."""

    staff_ref: str
    service_type: str
    outcome: str | None
    channel: str | None
    service_code: str | None

    @property
    def stratum(self) -> str:
        return _SEPARATOR.join((self.outcome or "", self.channel or "", self.service_code or ""))


@dataclass(frozen=True, slots=True)
class PersonRule:
    """From how many answers, officers and city-wide answers of a stratum on something may be said."""

    minimum_n: int
    minimum_officers: int
    minimum_stratum: int
    minimum_city_stratum: int


def add(tally: Tally, about: About, scores: Mapping[str, int]) -> None:
    """Count one answer. One without either personal element says nothing about a person."""
    given = {key: scores[key] for key in PERSONAL_ELEMENTS if key in scores}
    if not given:
        return
    row = tally.setdefault(about.staff_ref, {}).setdefault(about.service_type, _empty())
    row["n"] += 1
    for key, score in given.items():
        sums = row[key]
        sums[0] += 1
        sums[1] += score
        sums[2] += score * score
    # A stratum compares like with like, so it takes whole answers only.
    if len(given) == len(PERSONAL_ELEMENTS):
        stratum = row["strata"].setdefault(about.stratum, [0, 0, 0])
        stratum[0] += 1
        for place, key in enumerate(PERSONAL_ELEMENTS, start=1):
            stratum[place] += given[key]


def pooled(tallies: Iterable[Tally]) -> Tally:
    """Several tallies as one: a person who worked for two units keeps one row for each of them apart."""
    total: Tally = {}
    for number, tally in enumerate(tallies):
        for staff, types in tally.items():
            for service_type, row in types.items():
                total.setdefault(f"{number}/{staff}", {})[service_type] = row
    return total


def aggregates(
    own: Tally, city: Tally, officers: Mapping[str, int], rule: PersonRule
) -> list[dict[str, Any]]:
    """What may be told about each person of a unit, without unit and period; empty is the usual case.

    Nothing below the minimum of answers, nothing where too few officers share the service type. A stratum
    under its minimum is left out, with others until together they reach it, so that subtraction finds no
    single answer.
    """
    found = []
    for staff, types in sorted(own.items()):
        for service_type, row in sorted(types.items()):
            enough = all(row[key][0] >= rule.minimum_n for key in PERSONAL_ELEMENTS)
            if not enough or officers.get(service_type, 0) < rule.minimum_officers:
                continue
            strata = _shown_strata(row["strata"], row["n"], rule.minimum_stratum)
            everybody = _strata_of(city, service_type)
            found.append(
                {
                    "staff_ref": staff,
                    "service_type": service_type,
                    "n": row["n"],
                    "elements": {key: _sums(row[key]) for key in PERSONAL_ELEMENTS},
                    "strata": [_stratum(name, sums) for name, sums in sorted(strata.items())],
                    "peers": _peers(city, service_type),
                    "strata_city": [
                        _stratum(name, everybody[name])
                        for name in sorted(strata)
                        if name in everybody and everybody[name][0] >= rule.minimum_city_stratum
                    ],
                }
            )
    return found


def _empty() -> dict[str, Any]:
    return {"n": 0, **{key: [0, 0, 0] for key in PERSONAL_ELEMENTS}, "strata": {}}


def _shown_strata(strata: Mapping[str, list[int]], n: int, minimum: int) -> dict[str, list[int]]:
    shown = {name: sums for name, sums in strata.items() if sums[0] >= minimum}
    by_size = sorted((sums[0], name) for name, sums in shown.items())
    while by_size and 0 < n - sum(sums[0] for sums in shown.values()) < minimum:
        del shown[by_size.pop(0)[1]]
    return shown


def _strata_of(city: Tally, service_type: str) -> dict[str, list[int]]:
    total: dict[str, list[int]] = {}
    for types in city.values():
        for name, sums in types.get(service_type, _empty())["strata"].items():
            so_far = total.setdefault(name, [0, 0, 0])
            for place, value in enumerate(sums):
                so_far[place] += value
    return total


def _peers(city: Tally, service_type: str) -> dict[str, Any]:
    rows = [types[service_type] for types in city.values() if service_type in types]
    peers: dict[str, Any] = {"n": sum(row["n"] for row in rows)}
    for key in PERSONAL_ELEMENTS:
        given = [row[key] for row in rows if row[key][0]]
        total = [sum(sums[place] for sums in given) for place in range(3)]
        within = sum((squares - Fraction(sum_**2, n) for n, sum_, squares in given), Fraction(0))
        peers[key] = {
            **_sums(total),
            "people": len(given),
            "within": f"{within.numerator}/{within.denominator}",
            "n_squared": sum(n * n for n, _, _ in given),
        }
    return peers


def _sums(sums: list[int]) -> dict[str, int]:
    return {"n": sums[0], "sum": sums[1], "sum_of_squares": sums[2]}


def _stratum(name: str, sums: list[int]) -> dict[str, Any]:
    outcome, channel, service_code = name.split(_SEPARATOR)
    return {
        "outcome": outcome or None,
        "channel": channel or None,
        "service_code": service_code or None,
        "n": sums[0],
        "sums": dict(zip(PERSONAL_ELEMENTS, sums[1:], strict=True)),
    }
