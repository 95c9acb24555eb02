"""A published result against what its answers give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from tanggap.verify.answers import Finding, digest, inputs_hash, tampered
from tanggap.verify.exact import rounded
from tanggap.verify.recompute import Recomputed, recompute, sample_target
from tanggap.verify.tables import ELEMENT_MINIMUM, MINIMUM, Tables

FIGURE = "figure"
ALWAYS = ("n", "sum", "nrr")


def verify(
    result: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], tables: Tables
) -> tuple[Recomputed, list[Finding]]:
    """Everything that does not agree: answers first, then hash and signature, then figures.

    A figure that is hidden for a reason the result names is no finding. Raises CliError where the answers
    cannot be computed at all, or a version is not in the city's files.
    """
    findings = tampered(result.get("inputs") or [], answers)
    findings += _signed(result, answers)
    found = recompute(answers, result["questionnaire_version"], result["band_version"], tables)
    findings += _figures(result, found, tables)
    return found, findings


def _signed(result: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    computed = inputs_hash(result, (digest(answer) for answer in answers))
    if computed != result["inputs_hash"]:
        yield Finding(FIGURE, "inputs_hash", result["inputs_hash"], computed)
    listed = inputs_hash(result, (one["digest"] for one in result.get("inputs") or []))
    if listed != result["inputs_hash"]:
        yield Finding(FIGURE, "inputs (the list of digests)", result["inputs_hash"], listed)
    if result.get("signature_valid") is not True:
        yield Finding(FIGURE, "signature", "not valid", "")


def _figures(result: Mapping[str, Any], found: Recomputed, tables: Tables) -> Iterator[Finding]:
    unit, day = result["unit"], date.fromisoformat(result["starts_on"])
    minimum = tables.minimum(MINIMUM, unit, day)
    element_minimum = tables.minimum(ELEMENT_MINIMUM, unit, day)
    reasons = found.reasons(minimum, element_minimum)
    # Reasons beyond the answers, such as what another period would give away, only ever hide more.
    hidden = bool(reasons or result.get("missing") or ())
    yield from (
        Finding(FIGURE, "missing", ", ".join(result.get("missing") or ()) or "-", reason)
        for reason in reasons
        if reason not in (result.get("missing") or ())
    )
    yield from _same("n", result.get("n"), found.n if found.n >= minimum else None, hidden=hidden)
    yield from _same("ikm", result.get("ikm"), None if reasons else found.ikm, hidden=hidden)
    band = found.letter(found.ikm) if found.ikm and not reasons else None
    yield from _same("band", result.get("band"), band, hidden=hidden)
    yield from _interval(result, found, hidden=hidden, shown=not reasons)
    yield from _same("target", result.get("target"), sample_target(result.get("population")), hidden=False)
    lowest = None if reasons else found.lowest
    yield from _same("lowest", result.get("lowest") or None, lowest, hidden=hidden)
    if "printed_011" in result:
        printed = None if reasons else found.printed_011
        yield from _same("printed_011", result["printed_011"], printed, hidden=hidden)
    yield from _elements(result, found, element_minimum, hidden=hidden)


def _interval(
    result: Mapping[str, Any], found: Recomputed, *, hidden: bool, shown: bool
) -> Iterator[Finding]:
    bounds = found.interval(result.get("population")) if shown else None
    published = result.get("interval")
    ends = (published["low"], published["high"]) if published else None
    yield from _same("interval", ends, bounds, hidden=hidden)
    certain = None if bounds is None else found.letter(bounds[0]) == found.letter(bounds[1])
    yield from _same("band_certain", result.get("band_certain"), certain, hidden=hidden)


def _elements(
    result: Mapping[str, Any], found: Recomputed, minimum: int, *, hidden: bool
) -> Iterator[Finding]:
    published = {element["key"]: element for element in result["elements"]}
    order = [element.key for element in found.elements]
    yield from _same("elements", list(published), order, hidden=False)
    for key in order:
        given = found.given(key)
        shown = len(given) >= minimum
        nrr = found.nrr(key) if shown else None
        times25 = rounded(25 * nrr, 2) if nrr is not None else None
        expected = {
            "n": len(given) if shown else None,
            "sum": sum(given) if shown else None,
            "nrr": None if nrr is None else rounded(nrr, 4),
            "nrr_x25": times25,
            "band": found.letter(times25) if times25 is not None else None,
            "counts": [given.count(score) for score in (1, 2, 3, 4)] if shown else None,
        }
        element = published.get(key, {})
        for name, value in expected.items():
            # Beyond number, sum and mean a result may leave out what follows from them.
            if name in ALWAYS or element.get(name) is not None:
                yield from _same(f"{key}/{name}", element.get(name), value, hidden=hidden)


def _same(where: str, published: Any, computed: Any, *, hidden: bool) -> Iterator[Finding]:
    if published is None and hidden:
        return
    if _plain(published) != _plain(computed):
        yield Finding(FIGURE, where, _text(published), _text(computed))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
