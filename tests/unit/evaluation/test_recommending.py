from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.evaluation.city_tables import TODAY, policy
from unit.evaluation.test_comparing import COLLEAGUES, answers, compared

from evaluation.domain.comparing import Certainty
from evaluation.domain.display import Reason
from evaluation.domain.recommending import (
    Advice,
    Competency,
    ElementFigure,
    OfferFacts,
    PersonFacts,
    ReasonCode,
    UnitElement,
    UnitFacts,
    for_person,
    for_unit,
    options,
)

POLICY = policy()
SUMS_14_2 = {
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


def figure(
    element: str, n: int, hundredths: int, reason: Reason | None = None, service_type: str = "document"
) -> ElementFigure:
    comparison = compared(answers(n, hundredths), *COLLEAGUES)
    return ElementFigure(element, service_type, "2026-Q3", comparison, reason)


def person(*figures: ElementFigure, today: date = date(2026, 8, 3), **changes: object) -> PersonFacts:
    return replace(PersonFacts("staf-1", "dukcapil", today, figures), **changes)  # type: ignore[arg-type]


def unit(elements: Mapping[str, int | None], n: int = 62) -> UnitFacts:
    found = [
        UnitElement(key, None if total is None else n, None if total is None else Fraction(total, n))
        for key, total in elements.items()
    ]
    return UnitFacts("dukcapil", "2026-Q3", found, TODAY)


def codes(advice: Advice) -> list[str]:
    return [code.value for draft in advice.drafts for code in draft.reason_codes]


def test_a_low_figure_of_skill_leads_to_an_offer_in_that_service() -> None:
    (draft,) = for_person(person(figure("kompetensi", 40, 260)), POLICY).drafts

    assert draft.reason_codes == (ReasonCode.LOW_KOMPETENSI,)
    assert draft.certainty is Certainty.FINDING
    assert draft.data is not None and draft.wanted is not None
    assert (draft.data.measure, draft.data.n_shown) == ("kompetensi", "40")
    assert draft.data.interval is not None and draft.data.peer_mean is not None
    assert draft.wanted.service_types == ("document",)
    assert "magang" in draft.wanted.forms and "coaching" not in draft.wanted.forms


def test_a_low_figure_of_manner_leads_to_coaching() -> None:
    (draft,) = for_person(person(figure("perilaku", 40, 260)), POLICY).drafts

    assert draft.reason_codes == (ReasonCode.LOW_PERILAKU,)
    assert draft.wanted is not None and "coaching" in draft.wanted.forms


def test_few_answers_are_something_to_consider_and_name_no_peers() -> None:
    (draft,) = for_person(person(figure("kompetensi", 20, 200)), POLICY).drafts

    assert draft.certainty is Certainty.CONSIDER
    assert draft.data is not None and draft.data.peer_mean is None
    assert "Rata-rata seluruh petugas" not in draft.explanation.id
    assert "masih sedikit" in draft.explanation.id


def test_findings_come_before_questions() -> None:
    drafts = for_person(
        person(figure("kompetensi", 20, 200), figure("kompetensi", 40, 260, service_type="information")),
        POLICY,
    ).drafts

    assert [draft.certainty for draft in drafts] == [Certainty.FINDING, Certainty.CONSIDER]
    assert len({draft.key for draft in drafts}) == 2


def test_figures_from_two_units_of_one_period_make_one_offer() -> None:
    twice = person(figure("kompetensi", 20, 200), figure("kompetensi", 40, 260))

    (draft,) = for_person(twice, POLICY).drafts

    assert draft.certainty is Certainty.FINDING


@pytest.mark.parametrize("reason", list(Reason))
def test_what_may_not_be_shown_recommends_nothing_and_says_why(reason: Reason) -> None:
    advice = for_person(person(figure("kompetensi", 40, 200, reason)), POLICY)

    assert advice.drafts == ()
    assert advice.nothing is not None and advice.nothing.reason == reason.value
    assert advice.nothing.explanation.id.startswith("Tidak ada rekomendasi")


def test_nothing_below_ten_answers() -> None:
    hidden = ElementFigure("kompetensi", "document", "2026-Q3", None, Reason.BELOW_MINIMUM)

    advice = for_person(person(hidden), POLICY)

    assert advice.nothing is not None and advice.nothing.reason == "below_minimum_n"


def test_a_good_figure_has_no_gap() -> None:
    advice = for_person(person(figure("kompetensi", 40, 340)), POLICY)

    assert advice.nothing is not None and advice.nothing.reason == "no_gap"


def test_nothing_known_is_no_data() -> None:
    advice = for_person(person(), POLICY)

    assert advice.nothing is not None and advice.nothing.reason == "no_data"


def test_a_competency_below_what_the_post_needs() -> None:
    facts = person(
        competencies=[
            Competency("pelayanan-publik", 3, 2),
            Competency("ti", 2, 2),
            Competency("hukum", 3, None),
        ]
    )

    (draft,) = for_person(facts, POLICY).drafts

    assert draft.reason_codes == (ReasonCode.GAP_COMPETENCY,)
    assert draft.wanted is not None and draft.wanted.competencies == ("pelayanan-publik",)
    assert "hukum" not in draft.explanation.id


@pytest.mark.parametrize(
    ("today", "verified", "expected"),
    [
        (date(2026, 9, 29), 0, []),
        (date(2026, 9, 30), 19, ["jp_gap"]),
        (date(2026, 12, 31), 0, ["jp_gap"]),
        (date(2026, 11, 1), 20, []),
        (date(2026, 11, 1), None, []),
    ],
)
def test_a_gap_in_jp_is_raised_from_the_end_of_the_third_quarter(
    today: date, verified: int | None, expected: list[str]
) -> None:
    assert codes(for_person(person(today=today, verified_jp=verified), POLICY)) == expected


def test_a_gap_in_jp_stands_until_the_year_ends() -> None:
    (draft,) = for_person(person(today=date(2026, 11, 2), verified_jp=12), POLICY).drafts

    assert draft.expires_on == date(2026, 12, 31)
    assert draft.wanted is not None and draft.wanted.gap_jp == 8
    assert "12 dari 20 JP" in draft.explanation.id


def test_the_unit_of_the_survey_page_needs_help_with_complaints_and_no_training_of_staff() -> None:
    advice = for_unit(unit(SUMS_14_2), POLICY)

    (draft,) = advice.drafts
    assert draft.reason_codes == (ReasonCode.LOW_PENGADUAN_UNIT,)
    assert draft.data is not None
    assert draft.data.value == Fraction(7581, 100)
    assert (draft.kind, draft.subject) == ("unit", "dukcapil")
    assert draft.wanted is not None and draft.wanted.elements == ("pengaduan",)


def test_swapping_two_elements_would_help_the_wrong_thing() -> None:
    swapped = {**SUMS_14_2, "pengaduan": SUMS_14_2["sarana"], "sarana": SUMS_14_2["pengaduan"]}

    assert codes(for_unit(unit(swapped), POLICY)) == ["system_cause"]


def test_a_cause_in_the_system_trains_nobody() -> None:
    (draft,) = for_unit(unit({**SUMS_14_2, "waktu": 170, "prosedur": 160, "pengaduan": 210}), POLICY).drafts

    assert draft.reason_codes == (ReasonCode.SYSTEM_CAUSE,)
    assert draft.data is not None and draft.data.measure == "prosedur"
    assert not draft.wants_offers
    assert options(draft, [offer("a", elements=["prosedur"])], TODAY) == []
    assert "bukan pada petugas" in draft.explanation.id


def test_both_causes_stay_apart() -> None:
    found = codes(for_unit(unit({**SUMS_14_2, "waktu": 150, "pengaduan": 140}), POLICY))

    assert found == ["system_cause", "low_pengaduan_unit"]


def test_the_lowest_element_counts_even_in_a_good_unit() -> None:
    good: dict[str, int | None] = {**dict.fromkeys(SUMS_14_2, 230), "pengaduan": 229}

    assert codes(for_unit(unit(good), POLICY)) == ["low_pengaduan_unit"]


@pytest.mark.parametrize(("total", "expected"), [(30642, []), (30641, ["system_cause"])])
def test_the_edge_of_low_is_on_the_rounded_value(total: int, expected: list[str]) -> None:
    # 3.0642 x 25 is 76.605 exactly, which rounds to 76.61 and is band B; 3.0641 x 25 rounds to 76.60.
    elements: dict[str, int | None] = {"waktu": total, "pengaduan": 40000}

    assert codes(for_unit(unit(elements, n=10000), POLICY)) == expected


def test_a_unit_below_the_minimum_gets_nothing_with_the_reason() -> None:
    advice = for_unit(unit(dict.fromkeys(SUMS_14_2)), POLICY)

    assert advice.nothing is not None and advice.nothing.reason == "below_minimum_n"


def test_an_element_that_is_hidden_is_not_taken_as_low() -> None:
    assert codes(for_unit(unit({**SUMS_14_2, "pengaduan": None}), POLICY)) == []


def offer(
    offer_id: str, form: str = "pelatihan_teknis", start: date = date(2027, 1, 5), **more: object
) -> OfferFacts:
    return replace(OfferFacts(offer_id, form, "Pelatihan", start), **more)  # type: ignore[arg-type]


def test_offers_for_a_gap_are_ranked_by_what_they_cover() -> None:
    facts = person(today=TODAY, verified_jp=12, competencies=[Competency("ti", 3, 1)])
    draft = next(d for d in for_person(facts, POLICY).drafts if d.reason_codes == (ReasonCode.JP_GAP,))
    offers = [
        offer("late", jp=8, start=date(2027, 2, 1)),
        offer("much-more", jp=40, start=date(2027, 1, 9)),
        offer("little", jp=4),
        offer("with-competency", jp=9, start=date(2027, 3, 1), competencies=["ti"]),
        offer("without-jp"),
        offer("closed", jp=8, is_open=False),
        offer("begun", jp=8, start=TODAY),
    ]

    found = [one.offer_id for one in options(draft, offers, TODAY)]

    assert found == ["with-competency", "much-more", "late", "little"]


def test_offers_for_a_low_element_must_be_about_it() -> None:
    (draft,) = for_person(person(figure("kompetensi", 40, 260)), POLICY).drafts
    offers = [
        offer("other-element", elements=["perilaku"]),
        offer("other-service", elements=["kompetensi"], service_types=["complaint"]),
        offer("other-form", form="seminar", elements=["kompetensi"]),
        offer("any-service", elements=["kompetensi"], start=date(2027, 1, 7)),
        offer("internship", form="magang", elements=["kompetensi"], service_types=["document"]),
    ]

    assert [one.offer_id for one in options(draft, offers, TODAY)] == ["internship", "any-service"]


def test_offers_for_a_competency_must_train_it() -> None:
    (draft,) = for_person(person(competencies=[Competency("ti", 3, 1)]), POLICY).drafts
    offers = [offer("ti", competencies=["ti"], form="seminar"), offer("hukum", competencies=["hukum"])]

    assert [one.offer_id for one in options(draft, offers, TODAY)] == ["ti"]


HARSH = ("buruk", "gagal", "lemah", "malas", "tidak kompeten", "poor", "failed", "weak", "bad", "incompetent")


def every_draft() -> list[tuple[str, str]]:
    busy = person(
        figure("kompetensi", 40, 260),
        figure("perilaku", 20, 200),
        today=TODAY,
        verified_jp=3,
        competencies=[Competency("ti", 3, 1)],
    )
    low = unit({**SUMS_14_2, "waktu": 150, "pengaduan": 140})
    drafts = [*for_person(busy, POLICY).drafts, *for_unit(low, POLICY).drafts]
    return [(draft.explanation.id, draft.explanation.en) for draft in drafts]


def test_every_explanation_speaks_both_languages_and_marks_nobody() -> None:
    found = every_draft()

    assert len(found) == 6
    for indonesian, english in found:
        assert indonesian.endswith(".") and english.endswith(".")
        assert indonesian != english
        assert not any(word in f"{indonesian} {english}".lower().split() for word in HARSH)
        assert any(
            phrase in indonesian
            for phrase in ("bukan penilaian", "bukan pada petugas", "tidak ada pegawai yang")
        )


@given(st.permutations(range(4)))
def test_the_order_of_facts_changes_nothing(order: list[int]) -> None:
    figures = [
        figure("kompetensi", 40, 260),
        figure("perilaku", 40, 260),
        figure("kompetensi", 20, 200, service_type="information"),
        figure("perilaku", 5, 200, Reason.BELOW_MINIMUM, "information"),
    ]

    assert for_person(person(*[figures[place] for place in order]), POLICY) == for_person(
        person(*figures), POLICY
    )
