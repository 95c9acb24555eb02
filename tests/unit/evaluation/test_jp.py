from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation.city_tables import jp

from evaluation.domain.jp import INTERNATIONAL, Activity, convert, rule_for
from evaluation.domain.tables import Certainty, JpRule

RULES = jp().rules
END = date(2026, 10, 2)


def jp_of(activity: Activity, **kwargs: bool) -> int | None:
    return convert(RULES, activity, **kwargs).jp


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        (Activity("workshop", END, days=2), 10),
        (Activity("seminar", END, INTERNATIONAL, days=3), 18),
        (Activity("pelatihan_teknis", END, INTERNATIONAL, programme_jp=40), 48),
        (Activity("workshop", END, days=1), 5),
        (Activity("seminar", END, days=1), 4),
        (Activity("workshop", END, INTERNATIONAL, days=1), 7),
        (Activity("pelatihan_kepemimpinan", END, programme_jp=900), 900),
        (Activity("pelatihan_fungsional", END, programme_jp=40), 40),
        (Activity("pelatihan_sosial_kultural", END, INTERNATIONAL, programme_jp=10), 12),
    ],
)
def test_confirmed_rules(activity: Activity, expected: int) -> None:
    found = convert(RULES, activity)

    assert found.jp == expected
    assert (found.rule_version, found.certainty) == ("perlan-10-2018", Certainty.CONFIRMED)
    assert not found.example and found.reason is None


@pytest.mark.parametrize(
    "form",
    [
        "kursus",
        "penataran",
        "bimtek",
        "sosialisasi",
        "detasering",
        "pertukaran",
        "benchmarking",
        "coaching",
        "mentoring",
        "e_learning",
        "belajar_mandiri",
        "komunitas_belajar",
        "bimbingan_di_tempat_kerja",
        "outbound",
    ],
)
def test_a_form_without_an_enabled_rule_waits_and_is_not_zero(form: str) -> None:
    found = convert(RULES, Activity(form, END, days=2, sessions=3, programme_jp=40), sample=True)

    assert found.jp is None
    assert found.awaiting_rule


def test_leadership_training_abroad_has_no_rule() -> None:
    found = convert(RULES, Activity("pelatihan_kepemimpinan", END, INTERNATIONAL, programme_jp=100))

    assert (found.jp, found.reason) == (None, "no_rule")


def test_the_internship_counts_in_the_sample_city_and_says_it_is_an_example() -> None:
    found = convert(RULES, Activity("magang", END, days=20), sample=True)

    assert found.jp == 20
    assert found.example
    assert (found.certainty, found.rule_version) == (Certainty.EXAMPLE, "contoh-1")
    rule = rule_for(RULES, "magang", "national", END)
    assert rule is not None and rule.note is not None and "contoh" in rule.note.id


def test_a_real_city_waits_for_a_rule_on_internships() -> None:
    found = convert(RULES, Activity("magang", END, days=20))

    assert found.jp is None
    assert (found.reason, found.rule_version, found.example) == ("rule_disabled", "usulan-1", False)


@pytest.mark.parametrize(
    ("form", "reason"), [("workshop", "days_missing"), ("pelatihan_teknis", "programme_jp_missing")]
)
def test_without_what_a_rule_counts_nothing_is_guessed(form: str, reason: str) -> None:
    found = convert(RULES, Activity(form, END))

    assert (found.jp, found.reason) == (None, reason)
    assert not found.awaiting_rule


def rule(amount: str, **changes: object) -> JpRule:
    base = JpRule(
        version="1",
        source="test",
        valid_from=date(2020, 1, 1),
        certainty=Certainty.CONFIGURABLE,
        form="kursus",
        location="national",
        per="day",
        amount=Fraction(amount),
        enabled=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_rule_of_the_last_day_applies() -> None:
    rules = [
        rule("4"),
        rule("6", version="2", valid_from=date(2026, 7, 1)),
        rule("1", version="3", valid_from=date(2027, 1, 1), enabled=False),
    ]
    days = {
        date(2026, 6, 30): (8, "1"),
        date(2026, 7, 1): (12, "2"),
        date(2026, 12, 31): (12, "2"),
        date(2027, 1, 1): (None, "3"),
        date(2019, 12, 31): (None, None),
    }

    found = {end: convert(rules, Activity("kursus", end, days=2)) for end in days}

    assert {end: (one.jp, one.rule_version) for end, one in found.items()} == days


@pytest.mark.parametrize(
    ("amount", "days", "expected"),
    [
        ("4/3", 3, 4),
        ("1/3", 1, 0),
        ("2/3", 1, 1),
        ("1/2", 1, 1),
        ("1/2", 3, 2),
        ("1/3", 5, 2),
        ("7/6", 9, 11),
    ],
)
def test_fractions_are_rounded_once_and_half_up(amount: str, days: int, expected: int) -> None:
    assert convert([rule(amount)], Activity("kursus", END, days=days)).jp == expected


@given(st.fractions(0, 20, max_denominator=30), st.integers(0, 60))
def test_conversion_is_exact(amount: Fraction, days: int) -> None:
    found = convert([rule(str(amount))], Activity("kursus", END, days=days)).jp

    assert found is not None
    assert found - Fraction(1, 2) <= amount * days < found + Fraction(1, 2)


def test_sessions_are_counted() -> None:
    by_session = [rule("2", per="session")]

    assert convert(by_session, Activity("kursus", END, sessions=4)).jp == 8
    assert convert(by_session, Activity("kursus", END, days=4)).reason == "sessions_missing"


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        jp_of(Activity("workshop", END, days=-1))
