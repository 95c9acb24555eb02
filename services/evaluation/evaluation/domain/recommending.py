"""What could help a person or a unit, with the reasons (evaluation.md §7.4).

Every draft is for a person to approve. It names its reason codes, the figure behind it with n and interval,
how sure it is, and says in plain words why. None of it is a mark against anybody: causes in the system
(`system_cause`) lead to an improvement of the unit's service and never to a training of its staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from evaluation.domain.comparing import Certainty, Comparison
from evaluation.domain.display import Reason
from evaluation.domain.tables import Policy, Text

PERSONAL_ELEMENTS = ("kompetensi", "perilaku")
SYSTEM_ELEMENTS = ("prosedur", "persyaratan", "waktu", "biaya", "produk", "sarana")
COMPLAINTS_ELEMENT = "pengaduan"


class ReasonCode(StrEnum):
    LOW_KOMPETENSI = "low_kompetensi"
    LOW_PERILAKU = "low_perilaku"
    SYSTEM_CAUSE = "system_cause"
    LOW_PENGADUAN_UNIT = "low_pengaduan_unit"
    GAP_COMPETENCY = "gap_competency"
    JP_GAP = "jp_gap"


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
    lowest: Sequence[str] = ()
    """Keys of the lowest elements as surveys published them."""
    n_shown: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """The figure behind a draft. `peer_mean` only where comparing is allowed (>= 34 answers)."""

    measure: str
    value: Fraction
    n_shown: str
    interval: tuple[float, float] | None = None
    peer_mean: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which offers fit, and how to order them."""

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
    raise NotImplementedError


def for_unit(facts: UnitFacts, policy: Policy) -> Advice:
    """Drafts for a unit: causes in the system and complaint handling, apart from each other."""
    raise NotImplementedError


def options(draft: Draft, offers: Iterable[OfferFacts], today: date) -> list[OfferFacts]:
    """Open offers that fit and have not begun, best first: by the gap in JP covered, then by competencies
    covered, then by date, then by id. Empty for a draft that wants none."""
    raise NotImplementedError
