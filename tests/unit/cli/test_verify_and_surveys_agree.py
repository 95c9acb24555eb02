"""Two programs that share no code: what surveys computes is what `tanggap verify` computes."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.sealing import KeyRing, generate_key
from surveys.city import read_city
from surveys.computing import Computing, as_exported
from tanggap.verify.compare import verify
from tanggap.verify.tables import Tables

CITY = Path(__file__).resolve().parents[3] / "cities" / "sawahlunto"
KNOWN, TABLES = read_city(CITY), Tables.load(CITY)
QUESTIONNAIRE = KNOWN.questionnaires[0]
COMPUTING = Computing(KeyRing.parse(generate_key("k1")), KNOWN)
PERIOD = {
    "unit": "dpupr",
    "code": "2026-Q3",
    "starts_on": "2026-07-01",
    "questionnaire_version": QUESTIONNAIRE.version,
    "band_version": "permenpanrb-14-2017",
}
SCORES = st.fixed_dictionaries({}, optional={key: st.integers(1, 4) for key in QUESTIONNAIRE.keys}).filter(
    bool
)
COMPLETE = st.fixed_dictionaries({key: st.integers(1, 4) for key in QUESTIONNAIRE.keys})
ANSWERS = st.lists(COMPLETE, min_size=0, max_size=25) | st.lists(SCORES | COMPLETE, min_size=8, max_size=25)
POPULATION = st.none() | st.integers(1, 400)


def rows(scores: list[dict[str, int]]) -> list[dict[str, Any]]:
    return [
        {
            "_id": str(uuid.UUID(int=number + 1)),
            "unit": "dpupr",
            "period": "dpupr:2026-Q3",
            "questionnaire_version": QUESTIONNAIRE.version,
            "scores": one,
            "respondent": {"sex": "P"},
            "mode": "invite_link",
            "service_code": "jalan-rusak",
        }
        for number, one in enumerate(scores)
    ]


def result_of(stored: list[dict[str, Any]], population: int | None) -> dict[str, Any]:
    modes = {"invite_link": len(stored)}
    computed = COMPUTING.computed(PERIOD, stored, population=population, population_origin=None, modes=modes)
    figures, signed = computed["figures"], COMPUTING.is_signed
    return {
        "unit": "dpupr",
        "period": "2026-Q3",
        "starts_on": "2026-07-01",
        **figures,
        "signature_valid": signed(figures["inputs_hash"], figures["signature"]),
        "inputs": computed["inputs"],
    }


@settings(max_examples=150, deadline=None)
@given(ANSWERS, POPULATION)
def test_whatever_was_answered_both_say_the_same(
    scores: list[dict[str, int]], population: int | None
) -> None:
    stored = rows(scores)

    found, findings = verify(result_of(stored, population), [as_exported(row) for row in stored], TABLES)

    assert findings == []
    assert found.n == len(scores)


@settings(max_examples=60, deadline=None)
@given(st.lists(COMPLETE, min_size=10, max_size=25), st.data())
def test_one_score_that_was_altered_is_named_by_its_answer(scores: list[dict[str, int]], data: Any) -> None:
    stored = rows(scores)
    result = result_of(stored, None)
    place = data.draw(st.integers(0, len(stored) - 1))
    key = data.draw(st.sampled_from(QUESTIONNAIRE.keys))
    stored[place]["scores"] = {**stored[place]["scores"], key: stored[place]["scores"][key] % 4 + 1}

    _, findings = verify(result, [as_exported(row) for row in stored], TABLES)

    assert [f.where for f in findings if f.what == "altered"] == [stored[place]["_id"]]


@pytest.mark.parametrize("version", sorted(TABLES.bands))
def test_both_read_the_same_bands(version: str) -> None:
    from decimal import Decimal
    from fractions import Fraction

    table = KNOWN.table(version)
    for hundredths in range(2500, 10001):
        index = Decimal(hundredths) / 100
        assert table.letter(index) == TABLES.letter(version, Fraction(index))
