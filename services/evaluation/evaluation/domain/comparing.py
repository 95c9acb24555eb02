"""When a person's figure lies below her peers' (docs/adr/0014-when-a-figure-becomes-a-finding.md).

Peers are everybody with the same service type and period, the person included. Two conditions, both needed:

1. the 95 % interval of the shrunken mean lies below the peers' mean (evaluation.md §6.1);
2. the plain difference is larger than chance makes it: of equally good people at most
   `policy.finding_share` are found in a period over all `policy.finding_comparisons` of each.

Since the mean of the peers holds the person's own answers, the difference is tested with the standard
error of a mean against a total that contains it, s sqrt((1 - own share) / n); that is algebraically the
test of the person against the others alone. Nothing is found where no difference between people is
measured, where the peers are too few, or where the difference is too small to matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from evaluation.domain.casemix import Adjusted
from evaluation.domain.reliability import Bayes, Shrunk, Spread, Sums
from evaluation.domain.tables import Policy


class Verdict(StrEnum):
    BELOW = "below_peers"
    NOT_BELOW = "not_below"
    WITHIN_CHANCE = "within_chance"
    TOO_SMALL = "difference_too_small"
    NO_MEASURED_DIFFERENCE = "no_measured_difference"
    FEW_PEERS = "few_peers"
    BELOW_MINIMUM = "below_minimum_n"


class Certainty(StrEnum):
    """How sure a recommendation is. `consider` goes to the person and the superior as a question."""

    FINDING = "finding"
    CONSIDER = "consider"


@dataclass(frozen=True)
class Peers:
    """All answers of one element in one service type and period, the person's own included.

    With `spread` k is estimated; without it (or with too few people) the policy's k is used. Build it once
    for a group and compare everybody with it.
    """

    everybody: Sums
    people: int
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A person's figure beside her peers'.

    `mean` is the raw mean, `figure` what is compared: the adjusted value where there is one. `interval` is
    that of `figure` with the pooled standard deviation, cut at the scale. `certainty` is None unless the
    verdict is below_peers. `k` is None where no difference between people is measured.
    """

    n: int
    mean: Fraction
    figure: Fraction
    interval: tuple[float, float]
    adjusted: Adjusted | None
    peer_mean: Fraction
    peer_people: int
    sd: float
    k: Fraction | None
    reliability: float
    shrunk: Shrunk
    verdict: Verdict
    certainty: Certainty | None


def compare(
    person: Sums, peers: Peers, policy: Policy, adjusted: Adjusted | None = None
) -> Comparison | None:
    """Place a person's figure among her peers'; None without answers.

    Pure: the same sums give the same verdict, whatever arrived first. What of it may be shown is
    `display.showing_of_person`'s to say. Raises ValueError if the peers do not contain the person.
    """
    raise NotImplementedError


def bayes(peers: Peers, policy: Policy) -> Bayes | None:
    """The estimate of k for the group, or None where the policy's k is to be used."""
    raise NotImplementedError
