"""A period's figures from its answers alone, with what lets anybody recompute them."""

from __future__ import annotations

import base64
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from servicekit.sealing import KeyRing
from surveys.city import City
from surveys.domain.bands import BandTable
from surveys.domain.canonical import answer_digest, inputs_hash
from surveys.domain.figures import METHOD, ElementSum, Figures, compute, lowest
from surveys.domain.precision import Interval, interval, sample_target, standard_error
from surveys.domain.publication import (
    YEAR_INCOMPLETE,
    Guards,
    assisted_share,
    cautions,
    missing,
    shown_number,
)
from surveys.domain.rounding import as_text, half_up
from surveys.store import Document

_SIGNATURE = b"skm-result\x00"
UNSTATED = "unstated"


class Computing:
    def __init__(self, ring: KeyRing, city: City) -> None:
        self._ring = ring
        self._city = city

    def guards(self, period: Document) -> Guards:
        """The minimums that were in force when the period began."""
        return self._city.policy.guards(date.fromisoformat(period["starts_on"]))

    def computed(
        self,
        period: Document,
        answers: Sequence[Document],
        *,
        population: int | None,
        population_origin: str | None,
        modes: Mapping[str, int],
        complete: bool = True,
    ) -> Document:
        """{figures, inputs, numbers}: guarded figures, the answers' digests, and the bare respondent counts.

        `modes` are counted as answers come in: most answers do not say how they came.
        `figures` hold nulls wherever the guards say so; `numbers` stay inside the service.
        """
        questionnaire = self._city.questionnaire(period["questionnaire_version"])
        table = self._city.table(period["band_version"])
        guards = self.guards(period)
        figures = compute(questionnaire.keys, (answer["scores"] for answer in answers))
        inputs = [{"id": row["_id"], "digest": answer_digest(as_exported(row))} for row in answers]
        reasons = missing(figures, guards)
        shown = not reasons
        error = standard_error(figures.means, population)
        bounds = interval(figures.exact_ikm, error) if shown and figures.exact_ikm is not None else None
        certain = _is_certain(bounds, table)
        target = sample_target(population)
        found = {
            "n": figures.n if figures.n >= guards.minimum_n else None,
            "n_shown": shown_number(figures.n, guards.minimum_n),
            "population": population,
            "population_origin": population_origin,
            "target": target,
            "elements": [_element(element, table, guards) for element in figures.elements],
            "ikm": _text(figures.ikm, 2) if shown else None,
            "interval": bounds and {"low": _text(bounds.low, 2), "high": _text(bounds.high, 2)},
            "standard_error": _text(half_up(error, 6), 6) if shown and error is not None else None,
            "band": table.letter(figures.ikm) if shown and figures.ikm is not None else None,
            "band_version": table.version,
            "band_certain": certain if shown else None,
            "lowest": lowest(figures, questionnaire.rank) if shown else [],
            "missing": reasons,
            "cautions": self._cautions(figures, target, certain, population, modes, guards, complete, shown),
            "method": METHOD,
            "questionnaire_version": questionnaire.version,
            "printed_011": _text(figures.printed_011, 2) if shown else None,
            "assisted_share": _share(modes) if shown else None,
        }
        hash_ = inputs_hash(
            unit=period["unit"],
            period=period["code"],
            questionnaire_version=questionnaire.version,
            band_version=table.version,
            method=METHOD,
            digests=[one["digest"] for one in inputs],
        )
        found |= {"inputs_hash": hash_, "signature": self.sign(hash_)}
        numbers = {
            "n": figures.n,
            "modes": dict(modes),
            "respondents": self._respondents(questionnaire, answers),
        }
        return {"figures": found, "inputs": inputs, "numbers": numbers}

    def _cautions(
        self,
        figures: Figures,
        target: int | None,
        certain: bool | None,
        population: int | None,
        modes: Mapping[str, int],
        guards: Guards,
        complete: bool,
        shown: bool,
    ) -> list[str]:
        if not shown:
            return []
        found = cautions(
            n=figures.n,
            target=target,
            band_certain=certain,
            population=population,
            modes=modes,
            guards=guards,
        )
        return found if complete else [*found, YEAR_INCOMPLETE]

    def _respondents(self, questionnaire: Any, answers: Sequence[Document]) -> dict[str, dict[str, int]]:
        """How many chose what, those who did not say among them: each table sums up to all answers."""
        tables = {}
        for field in questionnaire.respondent:
            counts = Counter(answer["respondent"].get(field.key, UNSTATED) for answer in answers)
            tables[field.key] = {key: counts.get(key, 0) for key in dict.fromkeys((*field.keys, UNSTATED))}
        return tables

    def sign(self, hash_: str) -> str:
        """`v1.<key id>.<base64url of HMAC-SHA256>` over the inputs hash."""
        mac = self._ring.digests(_SIGNATURE + hash_.encode())[0]
        return f"v1.{self._ring.current_kid}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def is_signed(self, hash_: str, signature: str) -> bool:
        """Whether this service signed the hash, under any key it still has."""
        macs = self._ring.digests(_SIGNATURE + hash_.encode())
        known = [base64.urlsafe_b64encode(mac).rstrip(b"=").decode() for mac in macs]
        given = signature.rpartition(".")[2]
        return any(hmac.compare_digest(given, one) for one in known)


def as_exported(row: Document) -> dict[str, Any]:
    """An answer as it leaves: `period` is its own collecting period, also within a rolling year."""
    exported = {key: value for key, value in row.items() if key != "_id"}
    return {**exported, "id": row["_id"], "period": row["period"].partition(":")[2]}


def altered(inputs: Sequence[Mapping[str, str]], answers: Sequence[Document]) -> list[str]:
    """The ids of answers that are no longer what a computation saw: changed, gone, or new."""
    now = {row["_id"]: answer_digest(as_exported(row)) for row in answers}
    then = {one["id"]: one["digest"] for one in inputs}
    return sorted(id_ for id_ in now.keys() | then.keys() if now.get(id_) != then.get(id_))


def pooled_population(periods: Sequence[tuple[int | None, str | None]]) -> tuple[int | None, str | None]:
    """The users of several periods together, where all of them are known."""
    numbers = [number for number, _ in periods]
    if not numbers or any(number is None for number in numbers):
        return None, None
    origins = {origin for _, origin in periods}
    return sum(number for number in numbers if number is not None), "; ".join(sorted(filter(None, origins)))


def _element(element: ElementSum, table: BandTable, guards: Guards) -> dict[str, Any]:
    shown = element.n >= guards.minimum_element_n
    mean = element.mean if shown else None
    times25 = half_up(25 * mean, 2) if mean is not None else None
    return {
        "key": element.key,
        "n": element.n if shown else None,
        "sum": element.total if shown else None,
        "nrr": as_text(half_up(mean, 4), 4) if mean is not None else None,
        "nrr_x25": _text(times25, 2),
        "band": table.letter(times25) if times25 is not None else None,
        "counts": list(element.counts) if shown else None,
    }


def _is_certain(bounds: Interval | None, table: BandTable) -> bool | None:
    if bounds is None:
        return None
    return table.letter(bounds.low) == table.letter(bounds.high)


def _share(modes: Mapping[str, int]) -> str | None:
    share = assisted_share(modes)
    return None if share is None else as_text(half_up(Fraction(share), 4), 4)


def _text(value: Decimal | None, places: int) -> str | None:
    return None if value is None else as_text(value, places)
