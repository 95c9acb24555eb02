"""Periods from their opening to a correction, and what may be seen when."""

from datetime import date, timedelta
from typing import Any

import pytest
from component.surveys.world import (
    ADMIN,
    AUDITOR,
    COORDINATOR,
    KEYS,
    LEADER,
    NOW,
    OFFICER,
    PERIOD,
    PUBLIC,
    UNIT_HEAD,
    World,
    actor_of,
    closed,
    submitted,
)

from surveys.errors import NotAllowed, NotValid, Unseen, WrongState

LAST = date(2026, 12, 31)


def scores(value: int, **others: int) -> dict[str, int]:
    return dict.fromkeys(KEYS, value) | others


def fill(world: World, *numbers: int, unit: str = "dpupr", **block: Any) -> None:
    for value, number in enumerate(numbers, start=1):
        world.paper(number, value, unit=unit, **block)


def closed_with(world: World, number: int, unit: str = "dpupr") -> dict[str, Any]:
    world.paper(number, 3, unit=unit)
    world.act("close", unit)
    result: dict[str, Any] = world.result(unit)
    return result


def test_the_sweep_opens_the_current_period_of_every_unit_once(world: World) -> None:
    assert world.sweep() == {"opened": 4}
    assert world.sweep() == {}

    told = {(one["unit"], one["period"], one["kind"]) for one in world.events_of("survey.period_opened.v1")}
    assert told == {(unit, PERIOD, "quarter") for unit in ("dpupr", "dukcapil", "kec-silungkang", "perumdam")}


def test_no_period_is_missed_while_nobody_ran(world: World) -> None:
    world.sweep()

    world.go_to(date(2027, 8, 20))
    world.sweep()

    states = {row["code"]: row["state"] for row in world.rows.periods.find({"unit": "dpupr"})}
    assert states == {"2026-Q4": "closed", "2027-Q1": "closed", "2027-Q2": "closed", "2027-Q3": "open"}
    told = [one["period"] for one in world.events_of("survey.period_closed.v1") if one["unit"] == "dpupr"]
    assert told == ["2026-Q4", "2027-Q1", "2027-Q2"]


def test_a_period_closes_after_its_sixteenth_day_and_the_next_is_open(world: World) -> None:
    world.paper(12)

    world.go_to(LAST + timedelta(days=16), hour=23)
    world.sweep()
    assert world.period()["state"] == "open"
    world.go_to(LAST + timedelta(days=17), hour=0)
    world.sweep()

    assert world.period()["state"] == "closed"
    assert world.period(code="2027-Q1")["state"] == "open"
    (told,) = [one for one in world.events_of("survey.period_closed.v1") if one["unit"] == "dpupr"]
    assert (told["n"], told["ikm"], told["band"], told["version"]) == (12, "75.00", "C", 1)


def test_production_closes_no_period_before_its_last_day_is_over(world: World) -> None:
    world.paper(12)
    parts = world.rewired(profile="production")

    with pytest.raises(WrongState) as refused:
        parts.acting.act(actor_of(ADMIN), "dpupr", PERIOD, "close", {}, None)

    assert refused.value.current == {"reason": "still_open", "closes_on": "2027-01-16"}
    world.go_to(LAST + timedelta(days=17))
    parts.acting.act(actor_of(ADMIN), "dpupr", PERIOD, "close", {}, None)
    assert world.period()["state"] == "closed"


def test_closing_twice_computes_once(world: World) -> None:
    world.paper(12)

    world.act("close")
    world.act("close")
    world.go_to(LAST + timedelta(days=20))
    world.sweep()

    assert len([one for one in world.events_of("survey.period_closed.v1") if one["unit"] == "dpupr"]) == 1
    assert world.rows.closings.count_documents({"period": f"dpupr:{PERIOD}"}) == 1


def test_nine_answers_show_no_figure_to_anybody(world: World) -> None:
    result = closed_with(world, 9)

    assert (result["n"], result["n_shown"], result["ikm"], result["band"]) == (None, "<10", None, None)
    assert result["missing"] == ["below_minimum_n", "element_below_minimum", "period_closed_not_published"]
    assert all(one["nrr"] is None and one["counts"] is None for one in result["elements"])
    assert result["respondents"] == {"suppressed": True}
    (told,) = world.events_of("survey.period_closed.v1")
    assert (told["n"], told["n_shown"], told["ikm"], told["lowest"]) == (None, "<10", None, [])
    with pytest.raises(WrongState) as refused:
        world.act("publish")
    assert refused.value.current == {
        "reason": "not_publishable",
        "missing": ["below_minimum_n", "element_below_minimum"],
    }


def test_ten_answers_end_with_an_index(world: World) -> None:
    result = closed_with(world, 10)

    assert (result["n"], result["n_shown"], result["ikm"], result["band"]) == (10, "10", "75.00", "C")
    assert result["missing"] == ["period_closed_not_published", "no_improvement_plan"]
    assert world.act("publish") == ["no_improvement_plan"]
    assert world.result(actor=PUBLIC)["ikm"] == "75.00"


def test_an_element_with_nine_answers_hides_the_index(world: World) -> None:
    world.paper(9, 3)
    world.paper(3, {key: 3 for key in KEYS if key != "biaya"})
    world.act("close")

    result = world.result()

    assert result["n"] == 12
    assert result["ikm"] is None
    assert result["missing"] == ["element_below_minimum", "period_closed_not_published"]
    assert {one["key"]: one["nrr"] for one in result["elements"]}["biaya"] is None
    with pytest.raises(WrongState):
        world.act("publish")


def test_the_public_sees_an_open_period_without_any_count(world: World) -> None:
    world.paper(33)

    public, staff = world.result(actor=PUBLIC), world.result(actor=LEADER)

    assert (public["missing"], public["n_shown"], public["progress"]) == (["period_open"], None, None)
    assert "refused" not in public
    assert (staff["n_shown"], staff["progress"]["n"]) == ("33", 33)


def test_the_public_sees_of_a_closed_period_only_that_it_is_not_published(world: World) -> None:
    closed_with(world, 12)

    public = world.result(actor=PUBLIC)

    assert (public["n_shown"], public["missing"]) == ("12", ["period_closed_not_published"])
    assert (public["n"], public["ikm"], public["lowest"], public["trend"]) == (None, None, [], [])
    with pytest.raises(Unseen):
        world.result(code="2020-Q1", actor=PUBLIC)


def test_a_published_result_names_everything_that_belongs_to_it(world: World) -> None:
    world.act("open")
    world.act("population", n=100, origin="Buku tamu loket")
    fill(world, 0, 2, 20, 40, respondent={"sex": "female", "age": "30-39", "education": "sma", "job": "pns"})
    world.act("close")
    world.act("publish")

    result = world.result(actor=PUBLIC)

    assert (result["n"], result["population"], result["population_origin"], result["target"]) == (
        *(62, 100, "Buku tamu loket", 80),
    )
    assert result["cautions"] == [
        "below_sample_target",
        "band_unsure",
        "self_selected",
        "no_improvement_plan",
    ]
    assert result["band_name"]["id"] == "Sangat baik"
    assert result["interval"]["low"] < result["ikm"] < result["interval"]["high"]
    assert result["method"] == "exact-1"
    assert result["signature_valid"] is True
    assert result["lowest"][0] == "pengaduan"
    assert result["elements"][0]["name"]["en"] == "Requirements"
    assert result["elements"][0]["counts"] == [0, 2, 20, 40]
    assert result["modes"] == {"paper_import": 62}
    assert result["published_at"] == NOW.date().isoformat()
    assert "inputs" not in result
    assert [point["period"] for point in result["trend"]] == [PERIOD]


def test_users_are_counted_from_closed_cases_where_nobody_else_came(world: World) -> None:
    for _ in range(12):
        world.answer(submitted(4, token=world.invite()))
    world.case(closed(), closed(contact_ref=None))
    world.act("close")

    result = world.result()

    assert (result["population"], result["population_origin"], result["target"]) == (14, "cases", 14)
    assert "population_unknown" not in result["cautions"]


def test_users_are_unknown_where_some_walked_in(world: World) -> None:
    world.answer(*(submitted(4, token=world.invite()) for _ in range(11)))
    world.answer(submitted(4, token=world.counter(), mode="qr_counter"))
    world.act("close")

    result = world.result()

    assert result["population"] is None
    assert "population_unknown" in result["cautions"]


def test_a_large_share_of_assisted_answers_is_said(world: World) -> None:
    world.paper(12)
    world.answer(*(world.assisted(4) for _ in range(12)))
    world.act("close")

    result = world.result()

    assert result["assisted_share"] == "0.5000"
    assert "assisted_share_high" in result["cautions"]


def test_an_index_near_an_edge_is_said_to_be_unsure(world: World) -> None:
    fill(world, 2, 4, 4, 12)
    world.act("close")

    result = world.result()

    assert result["band_certain"] is False
    assert "band_unsure" in result["cautions"]


def test_small_groups_of_respondents_are_hidden_with_another(world: World) -> None:
    world.paper(18, 3, respondent={"education": "sma"})
    world.paper(12, 3, respondent={"education": "s1"})
    world.paper(7, 3, respondent={"education": "smp"})
    world.paper(3, 3, respondent={"education": "sd"})
    world.act("close")
    world.act("publish")

    shown = {row["key"]: row["n"] for row in world.result(actor=PUBLIC)["respondents"]["education"]}

    assert (shown["sma"], shown["s1"], shown["smp"], shown["sd"]) == (18, 12, None, None)
    assert world.result(actor=PUBLIC)["respondents"]["suppressed"] is True


def test_a_rolling_year_pools_its_four_quarters(world: World) -> None:
    unit = "kec-silungkang"
    world.go_to(date(2026, 2, 10))
    for month, value, number in ((2, 2, 4), (5, 3, 5), (8, 4, 6), (11, 4, 3)):
        day = date(2026, month, 10)
        world.go_to(day)
        world.sweep()
        world.paper(number, value, unit=unit, day=day)
    world.go_to(date(2027, 1, 20))
    world.sweep()

    quarter, year = world.result(unit, "2026-Q4"), world.result(unit, "2026-Q4-R4")

    assert (quarter["n_shown"], quarter["ikm"]) == ("<10", None)
    assert (year["kind"], year["state"], year["n"]) == ("rolling_year", "closed", 18)
    assert year["ikm"] == f"{25 * (2 * 4 + 3 * 5 + 4 * 9) / 18:.2f}"
    world.act("publish", unit, "2026-Q4-R4")
    items = world.parts.reading.results(unit, 2026)["items"]
    assert [(one["period"], one["n"]) for one in items] == [("2026-Q4-R4", 18)]


def test_a_rolling_year_is_not_shown_where_it_gives_its_small_quarter_away(world: World) -> None:
    unit = "kec-silungkang"
    for month, number in ((2, 12), (5, 15), (8, 11), (11, 4)):
        day = date(2026, month, 10)
        world.go_to(day)
        world.sweep()
        world.paper(number, 3, unit=unit, day=day)
    world.go_to(date(2027, 1, 20))
    world.sweep()
    for code in ("2026-Q1", "2026-Q2", "2026-Q3"):
        world.act("publish", unit, code)

    with pytest.raises(WrongState) as refused:
        world.act("publish", unit, "2026-Q4-R4")

    assert refused.value.current["missing"] == ["reveals_small_period"]


def test_a_trend_compares_with_the_period_before(world: World) -> None:
    fill(world, 0, 0, 10, 30)
    world.act("close")
    world.act("publish")
    world.go_to(date(2027, 2, 10))
    world.sweep()
    fill(world, 0, 20, 20, 0, day=date(2027, 2, 10))
    world.act("close", code="2027-Q1")
    world.act("publish", code="2027-Q1")

    first, second = world.result(code="2027-Q1", actor=PUBLIC)["trend"]

    assert (first["period"], first["ikm"], first["verdict"]) == (PERIOD, "93.75", None)
    assert (second["change"], second["verdict"], second["alert"]) == ("-31.25", "down", True)
    assert second["change_interval"]["high"] < "0"


def test_who_may_act_on_periods(world: World) -> None:
    world.paper(12)

    for actor in (PUBLIC, OFFICER, LEADER, AUDITOR, {**UNIT_HEAD, "unit": "dukcapil"}):
        with pytest.raises(NotAllowed):
            world.act("close", actor=actor)
    world.act("close", actor=UNIT_HEAD)
    with pytest.raises(NotAllowed):
        world.act("open", code="2026-Q3", actor=UNIT_HEAD, closes_at="2026-12-01")


def test_wrong_input_is_named(world: World) -> None:
    world.paper(12)
    cases: list[tuple[str, str, dict[str, Any], str]] = [
        ("explode", PERIOD, {}, "/action"),
        ("close", "2026-Q5", {}, "/period"),
        ("population", PERIOD, {"n": 0, "origin": "Loket"}, "/n"),
        ("population", PERIOD, {"n": 12}, "/origin"),
        ("open", "2026-H1", {}, "/period"),
        ("open", "2026-Q3", {}, "/closes_at"),
        ("open", "2027-Q1", {}, "/period"),
        ("open", "2026-Q3", {"closes_at": "2026-11-01"}, "/closes_at"),
        ("correct", PERIOD, {}, "/reason"),
    ]
    for action, code, payload, pointer in cases:
        with pytest.raises(NotValid) as refused:
            world.act(action, code=code, **payload)
        assert refused.value.faults[0].pointer == pointer, action
    with pytest.raises(Unseen):
        world.act("close", "tidak-ada")
    with pytest.raises(Unseen):
        world.act("close", code="2026-Q2")
    with pytest.raises(WrongState):
        world.act("publish")


def test_sample_data_is_loaded_into_a_past_period_in_development_only(world: World) -> None:
    world.act("open", code="2026-Q3", closes_at="2026-11-30T23:59:00+07:00", key="o-1")
    world.act("open", code="2026-Q3", closes_at="2026-11-30T23:59:00+07:00", key="o-1")
    world.paper(12, 4, day=date(2026, 8, 10), received_on=NOW.date())
    world.act("close", code="2026-Q3")
    world.act("publish", code="2026-Q3")

    assert world.result(code="2026-Q3", actor=PUBLIC)["ikm"] == "100.00"
    with pytest.raises(NotValid):
        world.rewired(profile="production").acting.act(
            actor_of(ADMIN), "dpupr", "2026-Q2", "open", {"closes_at": "2026-12-01"}, None
        )


def test_a_key_is_good_for_one_request(world: World) -> None:
    world.paper(12)
    world.act("population", n=100, origin="Loket", key="p-1")

    with pytest.raises(NotValid) as refused:
        world.act("population", n=200, origin="Loket", key="p-1")

    assert refused.value.faults[0].code == "key_reused"


def test_progress_is_shown_to_those_who_run_surveys(world: World) -> None:
    world.paper(7)
    world.paper(2, unit="dukcapil")

    everything = world.parts.reading.periods(actor_of(COORDINATOR), None, "open", None, None)["items"]
    own = world.parts.reading.periods(actor_of(UNIT_HEAD), None, None, None, None)

    assert {one["unit"]: one["progress"]["n"] for one in everything} == {"dpupr": 7, "dukcapil": 2}
    assert [one["unit"] for one in own["items"]] == ["dpupr"]
    assert "unplaced" not in own
    with pytest.raises(NotAllowed):
        world.parts.reading.periods(actor_of(PUBLIC), None, None, None, None)
    with pytest.raises(NotAllowed):
        world.parts.reading.periods(actor_of(UNIT_HEAD), "dukcapil", None, None, None)
