"""What may be shown for n answers about a person or a unit (table of evaluation.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evaluation.domain.tables import Policy


class Reason(StrEnum):
    """Why a figure is null."""

    NO_DATA = "no_data"
    BELOW_MINIMUM = "below_minimum_n"
    SINGLE_OFFICER = "single_officer"
    NOT_ASN = "not_asn"


class Recommend(StrEnum):
    """How far a figure may lead."""

    NO = "no"
    CONSIDER = "consider"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Showing:
    """What may leave the service. Where `reason` is set, value, interval and peers are null.

    `n` is null where it must stay hidden; `n_shown` is what is printed instead: `0`, `<10` or the number.
    """

    n: int | None
    n_shown: str
    reason: Reason | None
    early: bool
    peer_comparison: bool
    recommend: Recommend

    @property
    def figure(self) -> bool:
        return self.reason is None


def showing_of_person(n: int, policy: Policy, *, is_asn: bool, alone: bool) -> Showing:
    """For a figure about a person. `alone`: nobody else works on that service, so it could not be hidden
    that every answer is about her. Who is no ASN is never rated, so there is no figure at all."""
    if not is_asn:
        return _hidden(n, policy, Reason.NOT_ASN)
    if alone:
        return _hidden(n, policy, Reason.SINGLE_OFFICER)
    if n < policy.minimum_shown:
        return _hidden(n, policy, Reason.BELOW_MINIMUM if n else Reason.NO_DATA)
    if n < policy.minimum_compared:
        return Showing(n, str(n), None, True, False, Recommend.CONSIDER)
    return Showing(n, str(n), None, False, True, Recommend.YES)


def showing_of_unit(n: int, policy: Policy) -> Showing:
    """For a figure about a unit: the same minimum, no comparison, no early mark."""
    if n < policy.minimum_shown:
        return _hidden(n, policy, Reason.BELOW_MINIMUM if n else Reason.NO_DATA)
    return Showing(n, str(n), None, False, False, Recommend.YES)


def _hidden(n: int, policy: Policy, reason: Reason) -> Showing:
    """A number from 1 up to the minimum stays hidden: it could be counted back to single answers."""
    if 0 < n < policy.minimum_shown:
        return Showing(None, f"<{policy.minimum_shown}", reason, False, False, Recommend.NO)
    return Showing(n, str(n), reason, False, False, Recommend.NO)
