"""What citizens of the sample city answer: every reference resolves, and what has to be seen is there."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.city import load_city
from evaluation.domain.comparing import Certainty, Comparison, Peers, Verdict, compare
from evaluation.domain.reliability import Sums
from tanggap.answers import Form
from tanggap.sample.calendar import Quarter
from tanggap.sample.surveys import paper_rows, visit_answer
from tanggap.verify.recompute import Recomputed, recompute
from tanggap.verify.tables import Tables

Document = dict[str, Any]
TODAY = date(2026, 11, 24)
MUST_SHOW = {
    "published",
    "trend",
    "improvement_plan",
    "system_cause",
    "below_minimum",
    "band_unsure",
    "single_officer",
    "open_at_33",
}
BANDS, QUESTIONNAIRE = "permenpanrb-14-2017", "skm-14-2017.1"


@pytest.fixture(scope="module")
def city(folder: Path) -> Path:
    return folder / "sawahlunto"


@pytest.fixture(scope="module")
def surveys(city: Path) -> Document:
    found: Document = yaml.safe_load((city / "sample" / "surveys.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def periods(surveys: Document) -> dict[str, Document]:
    return {period["key"]: period for period in surveys["periods"]}


@pytest.fixture(scope="module")
def staff(city: Path) -> dict[str, Document]:
    document = yaml.safe_load((city / "sample" / "staff.yaml").read_text(encoding="utf-8"))
    return {person["ref"]: person for person in document["staff"]}


@pytest.fixture(scope="module")
def form(city: Path) -> Form:
    (newest,) = yaml.safe_load((city / "surveys" / "questionnaires.yaml").read_text(encoding="utf-8"))
    return Form.of(newest)


def scores(period: Document, form: Form) -> list[Document]:
    given = [row["answers"] for row in paper_rows(period, form)]
    for visit in period.get("visits", []):
        given += [visit_answer(period, visit, n, form)["answers"] for n in range(visit["answered"])]
    return given


def figures(period: Document, form: Form, city: Path) -> Recomputed:
    answers = [{"id": str(n), "scores": given} for n, given in enumerate(scores(period, form))]
    return recompute(answers, QUESTIONNAIRE, BANDS, Tables.load(city))


def shown(periods: dict[str, Document], what: str) -> list[Document]:
    return [period for period in periods.values() if what in period["shows"]]


def test_keys_are_unique_and_everything_that_has_to_be_seen_is_there(
    surveys: Document, periods: dict[str, Document]
) -> None:
    places = [(period["unit"], period["quarter"]) for period in surveys["periods"]]

    assert len(periods) == len(surveys["periods"]) == len(set(places))
    assert MUST_SHOW - {what for period in periods.values() for what in period["shows"]} == set()


def test_every_reference_resolves(
    surveys: Document,
    periods: dict[str, Document],
    staff: dict[str, Document],
    sawahlunto: Document,
    form: Form,
) -> None:
    units = {unit["code"] for unit in sawahlunto["units"]}
    services = {service["code"]: service for service in sawahlunto["services"]}
    department = surveys["department"]
    speaks_for = {department["unit"], *department["units"]}
    assert speaks_for <= units
    for period in periods.values():
        assert period["unit"] in units
        assert set((period.get("paper") or {}).get("scores", {})) <= {*form.elements, "default"}
        for improvement in period.get("improvements", []):
            assert improvement["owner_ref"] in staff
            assert improvement["element"] in form.elements
        for visit in period.get("visits", []):
            assert staff[visit["handler"]]["unit"] == period["unit"]
            assert period["unit"] in speaks_for
            assert services[visit["service_code"]]["unit"] in speaks_for
            assert visit["answered"] <= visit["n"]
            assert set(visit.get("scores", {})) <= {*form.elements, "default"}


def test_the_department_reports_visits_and_nothing_else(surveys: Document) -> None:
    assert surveys["department"]["types"] == ["service.delivered.v1"]


def test_what_is_published_may_be_published(periods: dict[str, Document], form: Form, city: Path) -> None:
    for period in shown(periods, "published"):
        assert period["end"] == "published"
        assert figures(period, form, city).reasons(10, 10) == []


def test_nine_answers_show_no_figure(periods: dict[str, Document], form: Form, city: Path) -> None:
    (period,) = shown(periods, "below_minimum")

    found = figures(period, form, city)

    assert found.n == 9
    assert "below_minimum_n" in found.reasons(10, 10)
    assert period["end"] == "closed"


def test_the_unsure_band_has_an_interval_over_two_bands(
    periods: dict[str, Document], form: Form, city: Path
) -> None:
    (period,) = shown(periods, "band_unsure")

    interval = figures(period, form, city).interval(None)

    assert interval is not None
    assert figures(period, form, city).letter(interval[0]) != figures(period, form, city).letter(interval[1])


def test_a_unit_with_a_trend_has_two_published_periods_in_a_row(periods: dict[str, Document]) -> None:
    quarters = [period["quarter"] for period in shown(periods, "trend")]

    assert {period["unit"] for period in shown(periods, "trend")} == {"dukcapil"}
    assert sorted(quarters) == [-2, -1]


def test_one_officer_alone_handles_every_visit_of_a_published_period(periods: dict[str, Document]) -> None:
    (period,) = shown(periods, "single_officer")

    assert {visit["handler"] for visit in period["visits"]} == {"talawi-1"}
    assert sum(visit["answered"] for visit in period["visits"]) >= 10


def test_one_plan_is_done_and_one_still_open(periods: dict[str, Document], form: Form, city: Path) -> None:
    (period,) = shown(periods, "improvement_plan")

    steps = [[step["action"] for step in plan["steps"]] for plan in period["improvements"]]

    assert ["start", "complete"] in steps
    assert ["start"] in steps
    assert figures(period, form, city).lowest[0] == period["improvements"][0]["element"]


def test_a_poor_unit_has_its_low_elements_in_the_system(
    periods: dict[str, Document], form: Form, city: Path
) -> None:
    (period,) = shown(periods, "system_cause")

    assert set(figures(period, form, city).lowest[:2]) <= {"waktu", "produk", "biaya", "sarana", "pengaduan"}


def test_the_open_period_waits_for_its_34th_answer(periods: dict[str, Document], form: Form) -> None:
    (period,) = shown(periods, "open_at_33")

    assert period["quarter"] == 0
    assert len(scores(period, form)) == 33
    assert period["end"] == "open"
    # Three officers handle this kind of service, so that a figure about one of them may be told.
    assert len({visit["handler"] for visit in period["visits"]}) >= 3


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_whatever_the_34th_answer_is_the_officer_is_compared_and_found_below_her_peers(
    periods: dict[str, Document], form: Form, city: Path, last: int
) -> None:
    comparison = compared(periods, form, city, last)

    assert comparison.n == 34
    assert (comparison.verdict, comparison.certainty) == (Verdict.BELOW, Certainty.FINDING)


def compared(periods: dict[str, Document], form: Form, city: Path, last: int) -> Comparison:
    """Her competence beside that of her peers, five of whose answers each still wait to be released."""
    (period,) = shown(periods, "open_at_33")
    own = [given["kompetensi"] for given in scores(period, form)] + [last]
    peers = [
        sorted((given["kompetensi"] for given in scores(one, form)), reverse=True)[5:]
        for one in shown(periods, "peers")
    ]
    everybody = own + [score for given in peers for score in given]
    policy = load_city(city, sample=True).policy(TODAY)
    found = compare(sums(own), Peers(sums(everybody), 1 + len(peers)), policy)
    assert found is not None
    assert Fraction(len(own), len(everybody)) <= policy.own_share_maximum
    return found


def sums(given: list[int]) -> Sums:
    return Sums(len(given), sum(given), sum(score * score for score in given))


@pytest.mark.parametrize(
    ("today", "away", "quarter"),
    [
        (date(2026, 11, 24), 0, Quarter("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))),
        (date(2026, 11, 24), -1, Quarter("2026-Q3", date(2026, 7, 1), date(2026, 9, 30))),
        (date(2026, 1, 1), -1, Quarter("2025-Q4", date(2025, 10, 1), date(2025, 12, 31))),
        (date(2026, 3, 31), -2, Quarter("2025-Q3", date(2025, 7, 1), date(2025, 9, 30))),
    ],
)
def test_quarters_are_counted_from_the_day_of_loading(today: date, away: int, quarter: Quarter) -> None:
    assert Quarter.of(today, away) == quarter
    assert quarter.day(0, 9, today) == min(quarter.starts_on, today)
    assert quarter.day(9, 9, date(2030, 1, 1)) == quarter.ends_on
