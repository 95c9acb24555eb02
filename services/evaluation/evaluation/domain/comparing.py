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

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import sqrt
from statistics import NormalDist

from evaluation.domain.casemix import SURVEY_SCALE, Adjusted
from evaluation.domain.reliability import Z95, Bayes, Shrunk, Spread, Sums, bayes_of, reliability, shrink_mean
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


@dataclass(frozen=True, slots=True)
class Peers:
    """All answers of one element in one service type and period, the person's own included.

    With `spread` k is estimated; without it (or with too few people) the policy's k is used.
    """

    everybody: Sums
    people: int
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What one group compares its people with. Make it once for a group, then place everybody.

    `k` is None where no difference between people is measured. `skew` is the most negative skewness of an
    answer that the group's sums allow on a scale of four points, 0 if that is positive.
    """

    policy: Policy
    everybody: Sums
    people: int
    mean: Fraction
    sd: float
    k: Fraction | None
    skew: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A person's figure beside her peers'.

    `mean` is the raw mean of `n` answers, `figure` what is compared: the adjusted value where there is one.
    `basis` is how many answers the figure rests on, fewer than `n` where strata were left out so that no
    single answer can be told. The intervals are those of mean and figure, from the pooled standard deviation
    and cut at the scale. `certainty` is None unless the verdict is below_peers. Where no difference between
    people is measured `k` is None, the reliability 0 and the shrunken mean everybody's.
    """

    n: int
    mean: Fraction
    figure: Fraction
    basis: int
    interval: tuple[float, float]
    figure_interval: tuple[float, float]
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
    if person.n == 0:
        return None
    return place(person, yardstick(peers, policy), adjusted)


def bayes(peers: Peers, policy: Policy) -> Bayes | None:
    """The estimate of k for the group, or None where the policy's k is to be used."""
    if peers.spread is None or peers.people < policy.shrinkage_people:
        return None
    return bayes_of(peers.everybody, peers.people, peers.spread)


def yardstick(peers: Peers, policy: Policy) -> Yardstick:
    """Raises ValueError without answers."""
    everybody = peers.everybody
    mean, variance = everybody.mean, everybody.variance
    if mean is None:
        raise ValueError("peers without answers are no yardstick")
    estimate = bayes(peers, policy)
    k: Fraction | None = policy.shrinkage_k
    freedom = max(everybody.n - 1, 1)
    if estimate is not None:
        variance = estimate.msw
        k = None if estimate.k is None else max(estimate.k, policy.shrinkage_k)
        freedom = max(everybody.n - peers.people, 1)
    return Yardstick(
        policy, everybody, peers.people, mean, sqrt(variance or 0), k, worst_skewness(everybody), freedom
    )


def place(person: Sums, group: Yardstick, adjusted: Adjusted | None = None) -> Comparison:
    """`compare` with a yardstick at hand. Raises ValueError without answers or if she is not in the group."""
    n, mean = person.n, person.mean
    if mean is None or n > group.everybody.n:
        raise ValueError("a person with answers that the group contains is expected")
    figure, basis, own_share = mean, n, Fraction(n, group.everybody.n)
    if adjusted is not None and adjusted.adjusted and adjusted.n < group.policy.minimum_shown <= n:
        adjusted = replace(adjusted, value=mean, raw=mean, expected=None, adjusted=False, clamped=False)
    if adjusted is not None and adjusted.adjusted:
        figure, basis, own_share = adjusted.value, adjusted.n, adjusted.own_share
    if group.k is None:
        shrunk = shrink_mean(0, group.mean, group.mean, group.sd, Fraction(group.everybody.n))
    else:
        shrunk = shrink_mean(basis, figure, group.mean, group.sd, group.k)
    verdict = _verdict(basis, figure, own_share, shrunk, group)
    return Comparison(
        n=n,
        mean=mean,
        figure=figure,
        basis=basis,
        interval=_around(mean, n, group.sd),
        figure_interval=_around(figure, basis, group.sd),
        adjusted=adjusted,
        peer_mean=group.mean,
        peer_people=group.people,
        sd=group.sd,
        k=group.k,
        reliability=0.0 if group.k is None else reliability(basis, group.k),
        shrunk=shrunk,
        verdict=verdict,
        certainty=_certainty(basis, adjusted, group.policy) if verdict is Verdict.BELOW else None,
    )


def _around(value: Fraction, n: int, sd: float) -> tuple[float, float]:
    half = Z95 * sd / sqrt(n)
    lowest, highest = SURVEY_SCALE
    return max(float(value) - half, float(lowest)), min(float(value) + half, float(highest))


def _verdict(n: int, figure: Fraction, own_share: Fraction, shrunk: Shrunk, group: Yardstick) -> Verdict:
    policy = group.policy
    if n < policy.minimum_shown:
        return Verdict.BELOW_MINIMUM
    if group.people < policy.peers_minimum_people or own_share > policy.own_share_maximum:
        return Verdict.FEW_PEERS
    if group.k is None:
        return Verdict.NO_MEASURED_DIFFERENCE
    if figure >= group.mean:
        return Verdict.NOT_BELOW
    difference = group.mean - figure
    if difference < policy.finding_difference:
        return Verdict.TOO_SMALL
    error = group.sd * sqrt((1 - own_share) / n)
    if shrunk.high >= group.mean or difference <= critical_value(n, float(own_share), group) * error:
        return Verdict.WITHIN_CHANCE
    return Verdict.BELOW


def _certainty(n: int, adjusted: Adjusted | None, policy: Policy) -> Certainty:
    """A figure that could not be adjusted may owe to the cases a person got, so it is never a finding."""
    not_adjusted = adjusted is not None and not adjusted.adjusted
    if n < policy.minimum_compared or not_adjusted:
        return Certainty.CONSIDER
    return Certainty.FINDING


def critical_value(n: int, own_share: float, group: Yardstick) -> float:
    """How many standard errors a difference needs.

    The normal quantile of the share allowed for one comparison, raised for two things that would find too
    many: answers crowd at the top of the scale, so that low means stray farther (the first term of Cornish
    and Fisher's expansion, with the worst skewness the sums allow), and the spread is estimated from few
    answers (the first term of Student's).
    """
    z = _quantile(group.policy.finding_share, group.policy.finding_comparisons)
    ratio = own_share / (1 - own_share)
    skew = -group.skew * max(1 - ratio, 0.0) * sqrt((1 - own_share) / n)
    return z + (z * z - 1) * skew / 6 + (z**3 + z) / (4 * group.freedom)


@lru_cache(maxsize=64)
def _quantile(share: Fraction, comparisons: int) -> float:
    return NormalDist().inv_cdf(1 - float(share / comparisons))


def worst_skewness(answers: Sums) -> float:
    """The most negative skewness that answers on the scale 1 to 4 with these sums can have; 0 if none is.

    Number, total and squares leave one thing open, how many 1s there are: one answer moved from 4 to 1 and
    three from 2 to 3 keep all three. Each 1 lowers the third moment, so the most of them is the worst.
    """
    n, mean, variance = answers.n, answers.mean, answers.within
    if mean is None or variance == 0:
        return 0.0
    # Counts of 2, 3 and 4 if there were no 1, with the scale moved so that 2 is 0.
    first = answers.total - 2 * n
    second = answers.squares - 4 * answers.total + 4 * n
    fours = Fraction(second - first, 2)
    twos = n - (2 * first - second) - fours
    ones = max(Fraction(0), min(twos / 3, fours))
    thirds = first + 3 * (second - first) - 6 * ones
    # `thirds` is the sum of cubes on the moved scale; turn it into the central moment.
    shifted = mean - 2
    central = thirds - 3 * shifted * second + 2 * n * shifted**3
    deviation = sqrt(variance / n)
    return min(0.0, float(central / n) / (deviation * deviation * deviation))
