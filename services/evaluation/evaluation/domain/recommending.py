"""What could help a person or a unit, with the reasons (evaluation.md §7.4).

Every draft is for a person to approve. It names its reason codes, the figure behind it with n and interval,
how sure it is, and says in plain words why. None of it is a mark against anybody: causes in the system
(`system_cause`) lead to an improvement of the unit's service and never to a training of its staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from evaluation.domain import wording
from evaluation.domain.comparing import Certainty, Comparison
from evaluation.domain.display import Reason
from evaluation.domain.figures import half_up
from evaluation.domain.tables import Policy, Text

SYSTEM_ELEMENTS = ("prosedur", "persyaratan", "waktu", "biaya", "produk", "sarana")
COMPLAINTS_ELEMENT = "pengaduan"

RULE_VERSION = "1"
"""The first set of rules, that of evaluation.md §7.4. It changes whenever a rule below does."""

PERSON, UNIT = "person", "unit"
NO_GAP = "no_gap"


class ReasonCode(StrEnum):
    LOW_KOMPETENSI = "low_kompetensi"
    LOW_PERILAKU = "low_perilaku"
    SYSTEM_CAUSE = "system_cause"
    LOW_PENGADUAN_UNIT = "low_pengaduan_unit"
    GAP_COMPETENCY = "gap_competency"
    JP_GAP = "jp_gap"


@dataclass(frozen=True, slots=True)
class _ElementRule:
    code: ReasonCode
    forms: tuple[str, ...]


_ELEMENT_RULES = {
    "kompetensi": _ElementRule(
        ReasonCode.LOW_KOMPETENSI,
        ("pelatihan_teknis", "bimtek", "workshop", "kursus", "e_learning", "magang"),
    ),
    "perilaku": _ElementRule(
        ReasonCode.LOW_PERILAKU,
        ("coaching", "mentoring", "workshop", "pelatihan_sosial_kultural", "bimbingan_di_tempat_kerja"),
    ),
}
_COMPLAINT_FORMS = ("workshop", "bimtek", "pelatihan_teknis")
_ORDER = {code: place for place, code in enumerate(ReasonCode)}
_HIDDEN_ORDER = (Reason.NOT_ASN, Reason.SINGLE_OFFICER, Reason.BELOW_MINIMUM, Reason.NO_DATA)


@dataclass(frozen=True, slots=True)
class ElementFigure:
    """One element of a person in one service type and period; `reason` is set where nothing may be shown."""

    element: str
    service_type: str
    period: str
    comparison: Comparison | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Competency:
    """A competency of the person's post. `assessed` is None where nobody has assessed it: no gap then."""

    key: str
    required: int
    assessed: int | None


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of a person on `today` (the city's date)."""

    staff_ref: str
    unit: str
    today: date
    figures: Sequence[ElementFigure] = ()
    competencies: Sequence[Competency] = ()
    verified_jp: int | None = None
    """JP verified in the year of `today`; None where she owes none."""


@dataclass(frozen=True, slots=True)
class UnitElement:
    """An element of a unit in a closed period; `nrr` is exact, None where it may not be shown."""

    element: str
    n: int | None
    nrr: Fraction | None


@dataclass(frozen=True, slots=True)
class UnitFacts:
    unit: str
    period: str
    elements: Sequence[UnitElement]
    today: date


@dataclass(frozen=True, slots=True)
class Data:
    """The figure behind a draft. `n_shown` is None for what is no sample; `peer_mean` is there only where
    comparing is allowed (>= 34 answers)."""

    measure: str
    value: Fraction
    n_shown: str | None
    interval: tuple[float, float] | None = None
    peer_mean: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which offers fit, and how to order them.

    `forms` and `elements` must fit where they are given; without elements and without `gap_jp` a competency
    must. Otherwise competencies and the gap order what fits.
    """

    forms: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    competencies: tuple[str, ...] = ()
    service_types: tuple[str, ...] = ()
    gap_jp: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A recommendation before anybody approved it. `expires_on` is the last day on which it stands.

    `key` is the same for the same subject, reason and period, so that what is computed twice is stored once.
    `wants_offers` is False for a cause in the system: the unit plans an improvement in surveys.
    """

    key: str
    kind: str
    subject: str
    unit: str
    reason_codes: tuple[ReasonCode, ...]
    certainty: Certainty
    data: Data | None
    explanation: Text
    wanted: Wanted | None
    rule_version: str
    expires_on: date

    @property
    def wants_offers(self) -> bool:
        return self.wanted is not None


@dataclass(frozen=True, slots=True)
class Nothing:
    """No recommendation, and why: below_minimum_n, no_data, single_officer, not_asn or no_gap."""

    reason: str
    explanation: Text


@dataclass(frozen=True, slots=True)
class Advice:
    drafts: tuple[Draft, ...] = ()
    nothing: Nothing | None = None


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """An offer of the catalogue as far as choosing needs it."""

    offer_id: str
    form: str
    title: str
    start: date
    jp: int | None = None
    competencies: Sequence[str] = ()
    elements: Sequence[str] = ()
    service_types: Sequence[str] = ()
    is_open: bool = True


def for_person(facts: PersonFacts, policy: Policy) -> Advice:
    """Drafts for a person, strongest reason first, or `nothing` with the reason.

    The same facts give the same drafts in the same order.
    """
    drafts = [
        *(
            _from_figure(facts, figure, policy)
            for figure in sorted(facts.figures, key=_most_answers_first)
            if figure.reason is None and figure.comparison is not None and figure.comparison.certainty
        ),
        *_from_competencies(facts, policy),
        *_from_jp(facts, policy),
    ]
    drafts.sort(key=lambda draft: (_ORDER[draft.reason_codes[0]], draft.certainty is not Certainty.FINDING))
    # Who changed units has a figure from each; the surer one of the same service and period speaks.
    once = {draft.key: draft for draft in reversed(drafts)}
    drafts = [draft for draft in drafts if once[draft.key] is draft]
    return Advice(tuple(drafts)) if drafts else Advice(nothing=nothing(_why_nothing(facts)))


def _most_answers_first(figure: ElementFigure) -> tuple[str, str, str, int, Fraction]:
    found = figure.comparison
    n, value = (0, Fraction(0)) if found is None else (found.n, found.figure)
    return figure.element, figure.service_type, figure.period, -n, value


def _from_figure(facts: PersonFacts, figure: ElementFigure, policy: Policy) -> Draft:
    comparison = figure.comparison
    if comparison is None or comparison.certainty is None:
        raise ValueError("only a figure below the peers leads to a draft")
    rule = _ELEMENT_RULES[figure.element]
    may_compare = comparison.basis >= policy.minimum_compared
    return Draft(
        key=f"{facts.staff_ref}:{rule.code}:{figure.service_type}:{figure.period}",
        kind=PERSON,
        subject=facts.staff_ref,
        unit=facts.unit,
        reason_codes=(rule.code,),
        certainty=comparison.certainty,
        data=Data(
            measure=figure.element,
            value=comparison.figure,
            n_shown=str(comparison.basis),
            interval=comparison.figure_interval,
            peer_mean=comparison.peer_mean if may_compare else None,
        ),
        explanation=wording.low_element(figure.element, figure.service_type, comparison, may_compare),
        wanted=Wanted(
            forms=rule.forms,
            elements=(figure.element,),
            competencies=_gaps(facts),
            service_types=(figure.service_type,),
        ),
        rule_version=RULE_VERSION,
        expires_on=_expiry(facts.today, policy),
    )


def _gaps(facts: PersonFacts) -> tuple[str, ...]:
    return tuple(
        sorted(c.key for c in facts.competencies if c.assessed is not None and c.assessed < c.required)
    )


def _from_competencies(facts: PersonFacts, policy: Policy) -> list[Draft]:
    gaps = _gaps(facts)
    if not gaps:
        return []
    levels = {c.key: (c.assessed or 0, c.required) for c in facts.competencies if c.key in gaps}
    return [
        Draft(
            key=f"{facts.staff_ref}:{ReasonCode.GAP_COMPETENCY}:{'+'.join(gaps)}",
            kind=PERSON,
            subject=facts.staff_ref,
            unit=facts.unit,
            reason_codes=(ReasonCode.GAP_COMPETENCY,),
            certainty=Certainty.FINDING,
            data=None,
            explanation=wording.competency_gap(levels),
            wanted=Wanted(competencies=gaps),
            rule_version=RULE_VERSION,
            expires_on=_expiry(facts.today, policy),
        )
    ]


def _from_jp(facts: PersonFacts, policy: Policy) -> list[Draft]:
    year, verified = facts.today.year, facts.verified_jp
    if verified is None or facts.today < date(year, *policy.jp_gap_from) or verified >= policy.jp_duty:
        return []
    gap = policy.jp_duty - verified
    return [
        Draft(
            key=f"{facts.staff_ref}:{ReasonCode.JP_GAP}:{year}",
            kind=PERSON,
            subject=facts.staff_ref,
            unit=facts.unit,
            reason_codes=(ReasonCode.JP_GAP,),
            certainty=Certainty.FINDING,
            data=Data("jp", Fraction(verified), None),
            explanation=wording.jp_gap(year, verified, policy.jp_duty),
            wanted=Wanted(competencies=_gaps(facts), gap_jp=gap),
            rule_version=RULE_VERSION,
            expires_on=min(_expiry(facts.today, policy), date(year, 12, 31)),
        )
    ]


def _why_nothing(facts: PersonFacts) -> str:
    hidden = {figure.reason for figure in facts.figures if figure.reason is not None}
    if any(figure.reason is None and figure.comparison is not None for figure in facts.figures):
        return NO_GAP
    return next((reason.value for reason in _HIDDEN_ORDER if reason in hidden), Reason.NO_DATA.value)


def for_unit(facts: UnitFacts, policy: Policy) -> Advice:
    """Drafts for a unit: causes in the system and complaint handling, apart from each other."""
    shown = {e.element: (e.nrr, e.n) for e in facts.elements if e.nrr is not None}
    if not shown:
        return Advice(nothing=nothing(Reason.BELOW_MINIMUM.value))
    scaled = {key: half_up(25 * nrr, 2) for key, (nrr, _) in shown.items()}
    low = sorted(
        (key for key in SYSTEM_ELEMENTS if key in scaled and scaled[key] < policy.unit_low),
        key=lambda key: (shown[key][0], SYSTEM_ELEMENTS.index(key)),
    )
    drafts = []
    if low:
        explanation = wording.system_cause(low, policy.unit_low)
        data = Data(low[0], scaled[low[0]], _said(shown[low[0]][1]))
        drafts.append(_of_unit(facts, ReasonCode.SYSTEM_CAUSE, data, explanation, None, policy))
    complaints = shown.get(COMPLAINTS_ELEMENT)
    if complaints is not None:
        is_lowest = complaints[0] == min(nrr for nrr, _ in shown.values()) and len(shown) > 1
        if is_lowest or scaled[COMPLAINTS_ELEMENT] < policy.unit_low:
            data = Data(COMPLAINTS_ELEMENT, scaled[COMPLAINTS_ELEMENT], _said(complaints[1]))
            explanation = wording.low_complaints(scaled[COMPLAINTS_ELEMENT], is_lowest)
            wanted = Wanted(forms=_COMPLAINT_FORMS, elements=(COMPLAINTS_ELEMENT,))
            drafts.append(_of_unit(facts, ReasonCode.LOW_PENGADUAN_UNIT, data, explanation, wanted, policy))
    return Advice(tuple(drafts)) if drafts else Advice(nothing=nothing(NO_GAP))


def _of_unit(
    facts: UnitFacts, code: ReasonCode, data: Data, explanation: Text, wanted: Wanted | None, policy: Policy
) -> Draft:
    return Draft(
        key=f"{facts.unit}:{code}:{facts.period}",
        kind=UNIT,
        subject=facts.unit,
        unit=facts.unit,
        reason_codes=(code,),
        certainty=Certainty.FINDING,
        data=data,
        explanation=explanation,
        wanted=wanted,
        rule_version=RULE_VERSION,
        expires_on=_expiry(facts.today, policy),
    )


def _said(n: int | None) -> str | None:
    return None if n is None else str(n)


def _expiry(today: date, policy: Policy) -> date:
    return today + timedelta(days=policy.recommendation_days)


def nothing(reason: str) -> Nothing:
    """No recommendation, said in words."""
    return Nothing(reason, wording.nothing(reason))


def options(draft: Draft, offers: Iterable[OfferFacts], today: date) -> list[OfferFacts]:
    """Open offers that fit and have not begun, best first: by the gap in JP covered, then by competencies
    covered, then by date, then by id. Empty for a draft that wants none."""
    wanted = draft.wanted
    if wanted is None:
        return []
    fitting = [o for o in offers if o.is_open and o.start > today and _fits(o, wanted)]
    return sorted(
        fitting,
        key=lambda offer: (
            -min(offer.jp or 0, wanted.gap_jp or 0),
            -len(set(offer.competencies) & set(wanted.competencies)),
            offer.start,
            offer.offer_id,
        ),
    )


def _fits(offer: OfferFacts, wanted: Wanted) -> bool:
    if wanted.forms and offer.form not in wanted.forms:
        return False
    if wanted.service_types and offer.service_types:
        if not set(offer.service_types) & set(wanted.service_types):
            return False
    if wanted.elements:
        return bool(set(offer.elements) & set(wanted.elements))
    if wanted.gap_jp is not None:
        return bool(offer.jp)
    return bool(set(offer.competencies) & set(wanted.competencies))
