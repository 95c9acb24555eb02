"""Evidence items: what citizens' cases and answers say about a unit or a person, and how sure that is.

An item always has a place in the list: where nothing may be said its value is null, with the reason. What is
below the minimum is never zero, never an average, and its number stays hidden (evaluation.md §1, §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluation.domain.casemix import SHARE_SCALE, Adjusted, Cell, adjust
from evaluation.domain.comparing import Comparison, Peers, compare
from evaluation.domain.display import Reason, Showing, showing_of_person, showing_of_unit
from evaluation.domain.figures import plain
from evaluation.domain.identity import stable_id
from evaluation.domain.outcomes import Counts
from evaluation.domain.reliability import Spread, Sums
from evaluation.domain.shares import wilson
from evaluation.domain.tables import Policy

Item = dict[str, Any]
CASE_OUTCOME, STAFF_SURVEY, IKM_UNIT = "case_outcome", "staff_survey", "ikm_unit"
SHARES = ("on_time", "confirmed", "disputed")
FIRST_ANSWER, IKM = "first_answer_minutes", "ikm"
ELEMENTS = ("kompetensi", "perilaku")
STRATA = ["outcome", "service_type", "channel", "overdue_on_arrival"]
SURVEY_STRATA = ["outcome", "channel", "service_code"]


@dataclass(frozen=True, slots=True)
class Tallied:
    """Counts in one service type and stratum."""

    service_type: str
    stratum: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class About:
    """Whom an item is about, and in which period."""

    subject: str
    unit: str
    period: str
    is_asn: bool = True
    alone: bool = False


def evidence_id(kind: str, subject: str, unit: str, period: str, measure: str, service_type: str = "") -> str:
    """The same item has the same id, whenever it is computed: a citation and a comment can name it."""
    return stable_id(kind, subject, unit, period, measure, service_type)


def alone_types(officers: Mapping[str, int]) -> frozenset[str]:
    """The service types of a unit that one officer works on: every figure about them would be about her."""
    return frozenset(service_type for service_type, people in officers.items() if people < 2)


def person_case_items(
    about: About, own: Sequence[Tallied], city: Sequence[Tallied], alone: frozenset[str], policy: Policy
) -> list[Item]:
    """A person's items from closed cases. What she does alone in her unit is left out of them."""
    shared = [row for row in own if row.service_type not in alone]
    lonely = bool(own) and not shared
    types = {row.service_type for row in shared}
    compared = [row for row in city if row.service_type in types]
    total = _sum(shared)
    items = []
    for measure in SHARES:
        x, n = _share(total, measure)
        showing = showing_of_person(n, policy, is_asn=about.is_asn, alone=lonely)
        items.append(_share_item(about, measure, x, n, showing, policy, shared, compared))
    minutes = sum(count for _, count in total.answer_minutes)
    showing = showing_of_person(minutes, policy, is_asn=about.is_asn, alone=lonely)
    items.append(_minutes_item(about, total, showing, policy))
    return items


def unit_case_items(about: About, own: Sequence[Tallied], policy: Policy) -> list[Item]:
    """A unit's items from closed cases: shares with their interval, and no comparison with other units."""
    total = _sum(own)
    items = []
    for measure in SHARES:
        x, n = _share(total, measure)
        items.append(_share_item(about, measure, x, n, showing_of_unit(n, policy), policy, (), ()))
    minutes = sum(count for _, count in total.answer_minutes)
    items.append(_minutes_item(about, total, showing_of_unit(minutes, policy), policy))
    return items


def _sum(rows: Iterable[Tallied]) -> Counts:
    total = Counts()
    for row in rows:
        total = total + row.counts
    return total


def _share(counts: Counts, measure: str) -> tuple[int, int]:
    return getattr(counts, measure), getattr(counts, f"{measure}_of")


def _share_item(
    about: About,
    measure: str,
    x: int,
    n: int,
    showing: Showing,
    policy: Policy,
    own: Sequence[Tallied],
    city: Sequence[Tallied],
) -> Item:
    item = _item(CASE_OUTCOME, about, measure, showing, policy)
    share = wilson(x, n)
    if not showing.figure or share is None:
        return item
    item |= {
        "value": plain(share.value, 4),
        "interval": {"low": plain(share.low, 4), "high": plain(share.high, 4)},
    }
    adjusted = _case_mix(measure, own, city, policy)
    if adjusted is not None:
        _put_adjusted(item, adjusted, STRATA, 4)
        if showing.peer_comparison:
            item["peer_mean"] = plain(_overall(measure, city), 4)
    return item


def _overall(measure: str, city: Sequence[Tallied]) -> Fraction | None:
    x, n = _share(_sum(city), measure)
    return Fraction(x, n) if n else None


def _case_mix(
    measure: str, own: Sequence[Tallied], city: Sequence[Tallied], policy: Policy
) -> Adjusted | None:
    overall = _overall(measure, city)
    if overall is None:
        return None
    return adjust(_cells(measure, own), _cells(measure, city), overall, policy.stratum_minimum, SHARE_SCALE)


def _cells(measure: str, rows: Iterable[Tallied]) -> dict[tuple[str | None, ...], Cell]:
    cells: dict[tuple[str | None, ...], Cell] = {}
    for row in rows:
        x, n = _share(row.counts, measure)
        if n:
            before = cells.get(row.stratum, Cell(0, 0))
            cells[row.stratum] = Cell(before.n + n, before.total + x)
    return cells


def _put_adjusted(item: Item, adjusted: Adjusted, strata: list[str], places: int) -> None:
    if adjusted.adjusted:
        item |= {
            "adjusted": plain(adjusted.value, places),
            "adjusted_for": list(strata),
            "clamped": adjusted.clamped,
        }
    else:
        item["not_adjusted"] = True


def _minutes_item(about: About, counts: Counts, showing: Showing, policy: Policy) -> Item:
    item = _item(CASE_OUTCOME, about, FIRST_ANSWER, showing, policy)
    if showing.figure:
        item["value"] = plain(counts.first_answer_minutes, 1)
    return item


def person_survey_items(
    about: About, service_type: str, facts: Mapping[str, Any], policy: Policy
) -> list[Item]:
    """A person's items from citizens' answers about how she served them, shrunk and adjusted."""
    items = []
    for element in ELEMENTS:
        comparison = comparison_of(element, facts, policy)
        n = int(facts["elements"].get(element, {}).get("n") or 0)
        showing = showing_of_person(n, policy, is_asn=about.is_asn, alone=about.alone)
        item = _item(STAFF_SURVEY, about, element, showing, policy, service_type)
        if showing.figure and comparison is not None:
            low, high = comparison.interval
            item |= {
                "value": plain(comparison.mean),
                "interval": {"low": plain(low), "high": plain(high)},
                "shrunk": {
                    "value": plain(comparison.shrunk.mean),
                    "low": plain(comparison.shrunk.low),
                    "high": plain(comparison.shrunk.high),
                },
                "reliability": plain(comparison.reliability, 3),
            }
            if comparison.adjusted is not None:
                _put_adjusted(item, comparison.adjusted, SURVEY_STRATA, 2)
            if showing.peer_comparison:
                item["peer_mean"] = plain(comparison.peer_mean)
        items.append(item)
    return items


def unheard_items(about: About, policy: Policy) -> list[Item]:
    """The items of a person about whom surveys told nothing: fewer than the minimum have answered.

    How many, surveys do not say, so `<10` may be none at all.
    """
    items = []
    for element in ELEMENTS:
        showing = showing_of_person(1, policy, is_asn=about.is_asn, alone=about.alone)
        items.append(_item(STAFF_SURVEY, about, element, showing, policy))
    return items


def comparison_of(element: str, facts: Mapping[str, Any], policy: Policy) -> Comparison | None:
    """The person's figure beside her peers', from what surveys summed up; None without answers."""
    own = _sums(facts["elements"].get(element))
    everybody = facts["peers"].get(element) if isinstance(facts.get("peers"), Mapping) else None
    if everybody is None and isinstance(facts.get("peers"), Mapping):
        everybody = (facts["peers"].get("elements") or {}).get(element)
    if own.n == 0 or everybody is None:
        return None
    total = _sums(everybody)
    if total.n < own.n:
        return None
    peers = Peers(total, int(everybody.get("people") or 0), _spread(total, everybody))
    return compare(own, peers, policy, _survey_mix(element, facts, total, policy))


def _sums(value: Any) -> Sums:
    if not isinstance(value, Mapping):
        return Sums()
    return Sums(int(value["n"]), int(value["sum"]), int(value["sum_of_squares"]))


def _spread(total: Sums, everybody: Mapping[str, Any]) -> Spread | None:
    """What empirical Bayes needs beside the totals, where surveys tell it; else the policy's k is used."""
    within, squared = everybody.get("within"), everybody.get("n_squared")
    if within is None or squared is None:
        return None
    return Spread(total.squares - Fraction(str(within)), int(squared))


def _survey_mix(element: str, facts: Mapping[str, Any], total: Sums, policy: Policy) -> Adjusted | None:
    own, mean = _survey_cells(element, facts.get("strata")), total.mean
    if not own or mean is None:
        return None
    city = _survey_cells(element, facts.get("strata_city"))
    return adjust(own, city, mean, policy.stratum_minimum)


def _survey_cells(element: str, strata: Any) -> dict[tuple[str | None, ...], Cell]:
    cells: dict[tuple[str | None, ...], Cell] = {}
    for row in strata if isinstance(strata, list) else ():
        key = tuple(row.get(name) for name in SURVEY_STRATA)
        before = cells.get(key, Cell(0, 0))
        cells[key] = Cell(before.n + int(row["n"]), before.total + int(row["sums"][element]))
    return cells


def ikm_item(unit: str, facts: Mapping[str, Any], policy: Policy) -> Item:
    """A unit's published index of satisfaction, as surveys closed the period."""
    n = facts.get("n")
    reason = None
    if facts.get("ikm") is None:
        reason = Reason.NO_DATA.value if facts.get("n_shown") == "0" else Reason.BELOW_MINIMUM.value
    about = About(unit, unit, facts["period"])
    item = _blank(IKM_UNIT, about, IKM, policy)
    item |= {"n": n, "n_shown": str(facts.get("n_shown")), "reason": reason}
    if reason is None:
        interval = facts.get("interval")
        item |= {
            "value": float(facts["ikm"]),
            "interval": interval and {name: float(interval[name]) for name in ("low", "high")},
            "band": facts.get("band"),
            "band_version": facts.get("band_version"),
            "method_version": str(facts.get("method")),
        }
    return item


def _item(
    kind: str, about: About, measure: str, showing: Showing, policy: Policy, service_type: str = ""
) -> Item:
    item = _blank(kind, about, measure, policy, service_type)
    item |= {
        "n": showing.n,
        "n_shown": showing.n_shown,
        "reason": None if showing.reason is None else showing.reason.value,
        "early": showing.early,
        "peer_comparison": showing.peer_comparison,
    }
    return item


def _blank(kind: str, about: About, measure: str, policy: Policy, service_type: str = "") -> Item:
    return {
        "evidence_id": evidence_id(kind, about.subject, about.unit, about.period, measure, service_type),
        "kind": kind,
        "subject_ref": about.subject,
        "unit": about.unit,
        "period": about.period,
        "measure": measure,
        "service_type": service_type or None,
        "value": None,
        "n": None,
        "n_shown": "0",
        "interval": None,
        "reason": None,
        "early": False,
        "peer_mean": None,
        "peer_comparison": False,
        "shrunk": None,
        "adjusted": None,
        "adjusted_for": [],
        "reliability": None,
        "method_version": policy.version,
    }
