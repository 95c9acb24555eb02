"""`tanggap verify skm` recomputes by itself: worked examples, edges, and every kind of tampering."""

import json
import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tanggap.errors import CliError
from tanggap.verify import command
from tanggap.verify.answers import digest, inputs_hash, tampered
from tanggap.verify.compare import verify
from tanggap.verify.exact import root, rounded
from tanggap.verify.recompute import Recomputed, recompute, sample_target
from tanggap.verify.tables import Tables

CITY = Path(__file__).resolve().parents[3] / "cities" / "sawahlunto"
TABLES = Tables.load(CITY)
BANDS, QUESTIONNAIRE = "permenpanrb-14-2017", "skm-14-2017.1"
KEYS = [element.key for element in TABLES.elements(QUESTIONNAIRE)]


def answer(number: int, scores: dict[str, int]) -> dict[str, Any]:
    made = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "unit": "dpupr",
        "period": "2026-Q3",
        "questionnaire_version": QUESTIONNAIRE,
        "scores": scores,
        "respondent": {"sex": "L"},
        "mode": "qr_counter",
        "service_code": "jalan-rusak",
    }
    return {**made, "digest": digest(made)}


def answers(totals: list[int]) -> list[dict[str, Any]]:
    """Complete answers whose nine scores have these sums."""
    made = []
    for number, total in enumerate(totals):
        base, rest = divmod(total, 9)
        made.append(answer(number, {key: base + (place < rest) for place, key in enumerate(KEYS)}))
    return made


def figures(given: list[dict[str, Any]]) -> Recomputed:
    return recompute(given, QUESTIONNAIRE, BANDS, TABLES)


# The twenty respondents of surveys.md §14.4.
TWENTY = [27, 28, 29, 29, 30, 30, 31, 31, 31, 32, 32, 32, 33, 33, 33, 34, 34, 35, 36, 36]
FULL = {
    "persyaratan": 210,
    "prosedur": 205,
    "waktu": 190,
    "biaya": 240,
    "produk": 212,
    "kompetensi": 204,
    "perilaku": 215,
    "pengaduan": 188,
    "sarana": 201,
}
"""The full unit of surveys.md §14.2."""


def of_sums(sums: dict[str, int], n: int) -> list[dict[str, Any]]:
    """n answers in which each element has its sum."""
    columns = {key: [total // n + (place < total % n) for place in range(n)] for key, total in sums.items()}
    return [answer(place, {key: column[place] for key, column in columns.items()}) for place in range(n)]


def published(given: list[dict[str, Any]], population: int | None = None) -> dict[str, Any]:
    """A right result for these answers, as a service would publish it."""
    found = figures(given)
    interval = found.interval(population)
    assert interval is not None
    result: dict[str, Any] = {
        "unit": "dpupr",
        "period": "2026-Q3",
        "state": "published",
        "starts_on": "2026-07-01",
        "n": found.n,
        "n_shown": str(found.n),
        "population": population,
        "target": sample_target(population),
        "ikm": found.ikm,
        "band": found.letter(found.ikm or ""),
        "band_version": BANDS,
        "band_certain": found.letter(interval[0]) == found.letter(interval[1]),
        "interval": {"low": interval[0], "high": interval[1]},
        "elements": [
            {
                "key": key,
                "n": len(found.given(key)),
                "sum": sum(found.given(key)),
                "nrr": rounded(found.nrr(key) or Fraction(0), 4),
            }
            for key in KEYS
        ],
        "lowest": found.lowest,
        "missing": [],
        "cautions": ["self_selected"],
        "method": "exact-1",
        "questionnaire_version": QUESTIONNAIRE,
        "signature_valid": True,
        "inputs": [{"id": one["id"], "digest": one["digest"]} for one in given],
    }
    return {**result, "inputs_hash": inputs_hash(result, [one["digest"] for one in given])}


@pytest.mark.parametrize(
    ("n", "total", "index", "band"),
    [
        (58, 1357, "64.99", "D"),
        (113, 2644, "65.00", "C"),
        (5000, 116991, "65.00", "C"),
        (26, 717, "76.60", "C"),
        (19, 524, "76.61", "B"),
        (5000, 137889, "76.61", "B"),
        (19, 604, "88.30", "B"),
        (43, 1367, "88.31", "A"),
        (5000, 158949, "88.31", "A"),
    ],
)
def test_every_edge_of_a_band_is_on_its_side(n: int, total: int, index: str, band: str) -> None:
    base, rest = divmod(total, n)
    found = figures(answers([base + (place < rest) for place in range(n)]))

    assert (found.ikm, found.letter(found.ikm or "")) == (index, band)


def test_a_full_unit_is_recomputed_as_worked_out_by_hand() -> None:
    found = figures(of_sums(FULL, 62))

    assert found.ikm == "83.56"
    assert {key: rounded(found.nrr(key) or Fraction(0), 4) for key in ("waktu", "pengaduan", "sarana")} == {
        "waktu": "3.0645",
        "pengaduan": "3.0323",
        "sarana": "3.2419",
    }
    assert found.lowest == ["pengaduan", "waktu", "sarana"]
    assert sample_target(100) == 80


def test_missing_answers_are_divided_by_those_who_answered() -> None:
    sums = dict(zip(FULL, [31, 32, 28, 30, 33, 34, 35, 27, 30], strict=True))
    given = of_sums(sums, 10)
    for key, n in (("biaya", 8), ("pengaduan", 9)):
        total = sums[key]
        for place, one in enumerate(given):
            one["scores"].pop(key)
            if place < n:
                one["scores"][key] = total // n + (place < total % n)

    found = figures(given)

    assert found.ikm == "80.69"
    assert found.reasons(10, 10) == ["element_below_minimum"]


@pytest.mark.parametrize(
    ("population", "low", "high", "certain"),
    [(60, "85.82", "90.84", False), (25, "86.96", "89.71", False), (None, "85.26", "91.41", False)],
)
def test_the_interval_of_the_worked_example(
    population: int | None, low: str, high: str, certain: bool
) -> None:
    found = figures(answers(TWENTY))

    assert found.ikm == "88.33"
    assert found.interval(population) == (low, high)
    assert (found.letter(low) == found.letter(high)) is certain


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(0, 6))
def test_the_rounding_is_half_up(numerator: int, denominator: int, places: int) -> None:
    value = Fraction(abs(numerator), denominator)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    # Only where thirty digits decide it exactly.
    if Fraction(exact) == value:
        expected = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        assert Decimal(rounded(value, places)) == expected
    assert abs(Fraction(rounded(value, places)) - value) <= Fraction(1, 2 * 10**places)


@given(st.fractions(0, 1000))
def test_a_root_is_a_root(value: Fraction) -> None:
    assert abs(root(value) ** 2 - value) < Fraction(1, 10**30)


@pytest.mark.parametrize("population", [None, 60])
def test_a_right_result_agrees(population: int | None) -> None:
    found, findings = verify(published(answers(TWENTY), population), answers(TWENTY), TABLES)

    assert findings == []
    assert found.n == 20


def wheres(result: dict[str, Any], given: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(finding.what, finding.where) for finding in verify(result, given, TABLES)[1]]


def test_the_one_altered_answer_is_named() -> None:
    given = answers(TWENTY)
    result = published(given)
    chance = random.Random(5)
    for _ in range(30):
        place, key = chance.randrange(20), chance.choice(KEYS)
        changed = [dict(one, scores=dict(one["scores"])) for one in given]
        old = changed[place]["scores"][key]
        changed[place]["scores"][key] = chance.choice([s for s in (1, 2, 3, 4) if s != old])

        found = wheres(result, changed)

        assert ("altered", given[place]["id"]) in found
        assert [id_ for what, id_ in found if what != "figure"] == [given[place]["id"]]
        assert ("figure", "inputs_hash") in found
        assert ("figure", f"{key}/sum") in found


def test_an_altered_digest_does_not_hide_an_altered_answer() -> None:
    given = answers(TWENTY)
    result = published(given)
    changed = answer(3, {**given[3]["scores"], "waktu": 1})

    assert ("altered", changed["id"]) in wheres(result, [*given[:3], changed, *given[4:]])
    mended = {**result, "inputs": [{"id": one["id"], "digest": digest(one)} for one in [*given[:3], changed]]}
    assert ("figure", "inputs_hash") in wheres(mended, [*given[:3], changed, *given[4:]])


def test_who_and_how_somebody_answered_cannot_be_altered_either() -> None:
    given = answers(TWENTY)
    for change in ({"mode": "assisted"}, {"respondent": {}}, {"service_code": None}, {"period": "2026-Q2"}):
        changed = [{**given[0], **change}, *given[1:]]
        assert ("altered", given[0]["id"]) in wheres(published(given), changed)


def test_a_removed_an_added_and_a_doubled_answer_are_named() -> None:
    given = answers(TWENTY)
    result = published(given)
    extra = answer(99, dict.fromkeys(KEYS, 4))

    assert ("missing", given[7]["id"]) in wheres(result, given[:7] + given[8:])
    assert ("added", extra["id"]) in wheres(result, [*given, extra])
    assert ("twice", given[0]["id"]) in wheres(result, [*given, given[0]])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"ikm": "88.34"}, "ikm"),
        ({"band": "B"}, "band"),
        ({"band_certain": True}, "band_certain"),
        ({"interval": {"low": "85.26", "high": "91.40"}}, "interval"),
        ({"interval": None}, "interval"),
        ({"n": 21}, "n"),
        ({"ikm": None}, "ikm"),
        ({"lowest": ["sarana"]}, "lowest"),
        ({"target": 5}, "target"),
        ({"printed_011": "88.33"}, "printed_011"),
        ({"signature_valid": False}, "signature"),
        ({"inputs_hash": "0" * 64}, "inputs_hash"),
    ],
)
def test_a_figure_that_is_not_of_the_answers_is_found(change: dict[str, Any], where: str) -> None:
    given = answers(TWENTY)

    assert ("figure", where) in wheres({**published(given), **change}, given)


def test_an_element_that_is_wrong_or_left_out_is_found() -> None:
    given = answers(TWENTY)
    result = published(given)
    swapped = [dict(e) for e in result["elements"]]
    swapped[7]["key"], swapped[8]["key"] = swapped[8]["key"], swapped[7]["key"]

    assert ("figure", "elements") in wheres({**result, "elements": swapped}, given)
    assert ("figure", "elements") in wheres({**result, "elements": result["elements"][:8]}, given)
    wrong = [{**e, "nrr": "4.0000"} if e["key"] == "waktu" else e for e in result["elements"]]
    assert ("figure", "waktu/nrr") in wheres({**result, "elements": wrong}, given)


def test_too_few_answers_agree_only_with_no_figure_and_its_reason() -> None:
    given = answers(TWENTY[:9])
    shown = published(given)
    nothing = {"key": "", "n": None, "sum": None, "nrr": None}
    hidden = {
        **shown,
        **dict.fromkeys(("n", "ikm", "band", "interval", "band_certain")),
        "lowest": [],
        "missing": ["below_minimum_n", "element_below_minimum"],
        "elements": [{**nothing, "key": key} for key in KEYS],
    }

    assert wheres(hidden, given) == []
    assert ("figure", "ikm") in wheres(shown, given)
    assert ("figure", "missing") in wheres({**hidden, "missing": []}, given)


def test_an_answer_of_another_scale_or_form_cannot_be_verified() -> None:
    given = answers(TWENTY)
    for scores in ({"waktu": 5}, {"waktu": 0}, {"waktu": True}, {"waktu": "4"}, {"lain": 3}, {}):
        with pytest.raises(CliError):
            figures([*given, answer(50, scores)])
    with pytest.raises(CliError):
        recompute(given, "another.1", BANDS, TABLES)


def test_digests_do_not_depend_on_order_or_on_names_that_stand_beside() -> None:
    given = answers(TWENTY)
    turned = [{"unit_name": "DPUPR", **dict(reversed(list(one.items())))} for one in reversed(given)]

    assert tampered(published(given)["inputs"], turned) == []
    assert wheres(published(given), turned) == []


def test_older_tables_are_read_by_their_own_version() -> None:
    assert TABLES.letter("kep-25-2004", Fraction("64.50")) == "B"
    assert TABLES.letter(BANDS, Fraction("64.50")) == "D"


class FakeGateway:
    """Serves results and answers in pages of three."""

    def __init__(self, results: dict[str, Any], given: list[dict[str, Any]]) -> None:
        self.results, self.given = results, given

    def __enter__(self) -> "FakeGateway":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, path: str, **parameters: Any) -> Any:
        if path == "/v1/surveys/periods":
            states = [{**one, "period": one["period"]} for one in self.results.values()]
            return {"items": [*states, {"unit": "dlh", "period": "2026-Q4", "state": "open"}]}
        if path.endswith("/answers"):
            start = int(parameters.get("cursor") or 0)
            following = str(start + 3) if start + 3 < len(self.given) else None
            return {"items": self.given[start : start + 3], "next_cursor": following}
        return self.results[path.removeprefix("/v1/surveys/results/")]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("TANGGAP_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("TANGGAP_TOKEN", "token")

    def invoke(given: list[dict[str, Any]], *arguments: str, **changes: Any) -> Any:
        result = {**published(answers(TWENTY)), **changes}
        gateway = FakeGateway({"dpupr/2026-Q3": result}, given)
        monkeypatch.setattr(command, "Gateway", lambda url, token: gateway)
        return CliRunner().invoke(command.verify, ["skm", *arguments])

    return invoke


def test_the_command_agrees_with_status_0(run: Callable[..., Any]) -> None:
    done = run(answers(TWENTY), "dpupr", "2026-Q3")

    assert done.exit_code == 0, done.output
    assert "IKM 88.33 A (85.26 - 91.41), band unsure" in done.output
    assert "Everything agrees" in done.output


def test_the_command_names_the_altered_answer_with_status_1(run: Callable[..., Any]) -> None:
    given = answers(TWENTY)
    given[4]["scores"]["waktu"] = 1

    done = run(given, "dpupr", "2026-Q3")
    machine = run(given, "dpupr", "2026-Q3", "--json")
    everything = run(given, "--all")

    assert done.exit_code == machine.exit_code == everything.exit_code == 1
    assert given[4]["id"] in done.output
    (document,) = json.loads(machine.output)
    assert (document["agrees"], document["findings"][0]["where"]) == (False, given[4]["id"])
    assert given[4]["id"] in everything.output


def test_an_open_period_has_nothing_to_verify(run: Callable[..., Any]) -> None:
    assert "open" in str(run(answers(TWENTY), "dpupr", "2026-Q3", state="open").exception)
    assert "--all" in str(run(answers(TWENTY), "dpupr").exception)
