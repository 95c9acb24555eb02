"""How often equally good officers are found below their peers, and how often a real difference is seen.

    python tests/bench/fairness.py              # 500 officers, 1,000 periods: two minutes of one core
    python tests/bench/fairness.py --periods 40

Everything goes through the functions that the service uses. Prints a table, writes docs/bench/fairness.csv
and fails where more are flagged than allowed. The same seed gives the same figures; docs/bench/fairness.md
says what they mean.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import math
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import yaml
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evaluation.domain.casemix import Adjusted, Cell, adjust
from evaluation.domain.comparing import Comparison, Peers, Yardstick, place, yardstick
from evaluation.domain.display import Recommend, showing_of_person
from evaluation.domain.reading_tables import policy_on, settings
from evaluation.domain.reliability import Spread, Sums
from evaluation.domain.shares import wilson
from evaluation.domain.tables import Policy

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "bench" / "fairness.csv"
SEED = 20261124
OFFICERS = 500
PERIODS = 1000
ALLOWED = 0.005
FIELDS = ("scenario", "n", "difference", "judged", "flagged", "share", "low", "high", "seed")

SCORES = (1, 2, 3, 4)
# Shares of the scores 1 to 4: how citizens answer in ordinary, well liked and hardly criticised services.
SHAPES = ((0.03, 0.09, 0.50, 0.38), (0.02, 0.05, 0.40, 0.53), (0.01, 0.02, 0.12, 0.85))
# How many officers share a service type and a period; together 500.
GROUPS = (3, 3, 4, 5, 6, 8, 8, 10, 12, 15, 18, 20, 25, 28, 35, 45, 55, 70, 130)
# Answers about one officer in a quarter: from, to, and how common that is.
VOLUMES = ((1, 9, 25), (10, 33, 35), (34, 99, 30), (100, 250, 10))
CLASSES = ("10-33", "34-99", "100+")
ONE_MIND = 0.6
"""How often a citizen gives skill and manner the same score without thinking twice."""

Progressing = Callable[[], None]


def city_policy() -> Policy:
    records = yaml.safe_load((ROOT / "cities/sawahlunto/evaluation/policy.yaml").read_text())
    return policy_on(settings(records), datetime.date(2026, 11, 24))


def tilted(shape: Sequence[float], shift: float) -> tuple[float, ...]:
    """The shape with its mean moved by `shift`, as smoothly as the scale allows."""
    wanted = sum(s * p for s, p in zip(SCORES, shape, strict=True)) + shift
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        weights = [p * math.exp(middle * (s - 2.5)) for s, p in zip(SCORES, shape, strict=True)]
        total = sum(weights)
        mean = sum(s * w for s, w in zip(SCORES, weights, strict=True)) / total
        low, high = (middle, high) if mean < wanted else (low, middle)
    return tuple(w / total for w in weights)


class Answers:
    """Draws the sums of n answers to two elements that are answered by the same citizens."""

    def __init__(self, first: Sequence[float], second: Sequence[float], one_mind: float = ONE_MIND) -> None:
        both = {(a, b): (1 - one_mind) * first[a] * second[b] for a in range(4) for b in range(4)}
        for a in range(4):
            # The same place in the order of both, so that each element keeps its own shares.
            for b, share in _matching(first, second, a):
                both[a, b] += one_mind * share
        self._pairs = [(SCORES[a], SCORES[b]) for a, b in both]
        total, self._cumulative = 0.0, []
        for share in both.values():
            total += share
            self._cumulative.append(total)

    def draw(self, rng: Random, n: int) -> tuple[Sums, Sums]:
        counts = Counter(rng.choices(self._pairs, cum_weights=self._cumulative, k=n))
        first = second = first_squares = second_squares = 0
        for (a, b), often in counts.items():
            first += a * often
            second += b * often
            first_squares += a * a * often
            second_squares += b * b * often
        return Sums(n, first, first_squares), Sums(n, second, second_squares)


def _matching(first: Sequence[float], second: Sequence[float], place: int) -> Iterator[tuple[int, float]]:
    """How much of the first element's `place` lies beside each place of the second, both ordered."""
    low = sum(first[:place])
    high = low + first[place]
    start = 0.0
    for other, share in enumerate(second):
        overlap = min(high, start + share) - max(low, start)
        if overlap > 0:
            yield other, overlap
        start += share


@dataclass
class Tally:
    """Who was judged and who was flagged, by the number of answers."""

    judged: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    worst: int = 0
    """The most that were flagged in one period, where periods are counted."""

    def add(self, key: str, flagged: bool) -> None:
        self.judged[key] += 1
        self.flagged[key] += flagged

    def share(self) -> float:
        return sum(self.flagged.values()) / max(sum(self.judged.values()), 1)


def size_class(n: int) -> str:
    return "1-9" if n < 10 else CLASSES[0] if n < 34 else CLASSES[1] if n < 100 else CLASSES[2]


def volume(rng: Random) -> int:
    low, high, _ = rng.choices(VOLUMES, weights=[share for _, _, share in VOLUMES])[0]
    return rng.randint(low, high)


def is_flagged(comparison: Comparison, policy: Policy) -> bool:
    """Whether anything at all would follow for the person: a finding or a recommendation to consider."""
    showing = showing_of_person(comparison.n, policy, is_asn=True, alone=False)
    return comparison.certainty is not None and showing.recommend is not Recommend.NO


def by_interval_alone(comparison: Comparison, policy: Policy) -> bool:
    """What would follow if the 95 % interval of the shrunken mean were all that is asked for."""
    enough = comparison.n >= policy.minimum_shown and comparison.peer_people >= policy.peers_minimum_people
    return enough and comparison.k is not None and comparison.shrunk.high < comparison.peer_mean


def measured(people: Sequence[Sums], policy: Policy, told_spread: bool = True) -> Yardstick:
    spread = Spread.of(people) if told_spread else None
    return yardstick(Peers(sum(people, Sums()), len(people), spread), policy)


def everyday(
    rng: Random,
    policy: Policy,
    periods: int,
    told_spread: bool,
    step: Progressing,
    judge: Callable[[Comparison, Policy], bool] = is_flagged,
) -> Tally:
    """Officers of one city: groups of all sizes, each with its own way of answering, all equally good."""
    tally = Tally()
    ways = [Answers(SHAPES[i % 3], SHAPES[(i + 1) % 3]) for i in range(3)]
    for _ in range(periods):
        before = sum(tally.flagged.values())
        for number, size in enumerate(GROUPS):
            drawn = [ways[number % 3].draw(rng, volume(rng)) for _ in range(size)]
            rods = [measured([who[e] for who in drawn], policy, told_spread) for e in (0, 1)]
            for who in drawn:
                flagged = any(judge(place(who[e], rods[e]), policy) for e in (0, 1))
                tally.add(size_class(who[0].n), flagged)
        tally.worst = max(tally.worst, sum(tally.flagged.values()) - before)
        step()
    return tally


def busiest(rng: Random, policy: Policy, periods: int, told_spread: bool, step: Progressing) -> Tally:
    """The hardest case: everybody has four service types with 34 answers or more, and no two answers to
    different elements have anything in common. All shapes are hardly criticised, where chance strays most."""
    tally = Tally()
    way = Answers(SHAPES[2], SHAPES[2], one_mind=0.0)
    for _ in range(periods):
        for size in GROUPS:
            flagged = [False] * size
            for _ in range(4):
                drawn = [way.draw(rng, rng.randint(34, 90)) for _ in range(size)]
                for e in (0, 1):
                    rod = measured([who[e] for who in drawn], policy, told_spread)
                    for number, who in enumerate(drawn):
                        flagged[number] |= is_flagged(place(who[e], rod), policy)
            for one in flagged:
                tally.add("34-99", one)
        step()
    return tally


def hard_cases(rng: Random, policy: Policy, periods: int, adjusting: bool, step: Progressing) -> Tally:
    """Equally good officers, some of whom get most of the refusals; with and without allowing for it."""
    tally = Tally()
    granted, refused = (
        Answers(SHAPES[1], SHAPES[1]),
        Answers(tilted(SHAPES[1], -0.9), tilted(SHAPES[1], -0.9)),
    )
    for _ in range(periods):
        for size in (10, 20, 40):
            drawn = []
            for _ in range(size):
                n, unlucky = max(volume(rng), 10), rng.random() * 0.6
                refusals = sum(rng.random() < unlucky for _ in range(n))
                drawn.append((granted.draw(rng, n - refusals), refused.draw(rng, refusals)))
            for who, flagged in _judge_mixed(drawn, policy, adjusting):
                tally.add(size_class(who), flagged)
        step()
    return tally


Mixed = tuple[tuple[Sums, Sums], tuple[Sums, Sums]]


def _judge_mixed(drawn: Sequence[Mixed], policy: Policy, adjusting: bool) -> Iterable[tuple[int, bool]]:
    flagged = [False] * len(drawn)
    for e in (0, 1):
        people = [kinds[0][e] + kinds[1][e] for kinds in drawn]
        rod = measured(people, policy)
        city = {(str(k),): _cell(sum((kinds[k][e] for kinds in drawn), Sums())) for k in (0, 1)}
        for number, kinds in enumerate(drawn):
            adjusted: Adjusted | None = None
            if adjusting:
                own = {(str(k),): _cell(kinds[k][e]) for k in (0, 1)}
                adjusted = adjust(own, city, rod.mean, policy.stratum_minimum)
            flagged[number] |= is_flagged(place(people[number], rod, adjusted), policy)
    return zip((kinds[0][0].n + kinds[1][0].n for kinds in drawn), flagged, strict=True)


def _cell(sums: Sums) -> Cell:
    return Cell(sums.n, sums.total)


def power(
    rng: Random, policy: Policy, n: int, difference: float, trials: int, vary: float, step: Progressing
) -> Tally:
    """One officer of twelve is worse by `difference` points in one element. The others are equally good
    (`vary` 0) or differ among themselves with that standard deviation."""
    tally = Tally()
    shape = SHAPES[0]
    low = Answers(tilted(shape, -difference), shape)
    shifts = [tilted(shape, step_ / 20) for step_ in range(-8, 9)]
    ways = [Answers(moved, shape) for moved in shifts]
    edges = [step_ / 20 + 0.025 for step_ in range(-8, 8)]
    for _ in range(trials):
        drawn = [low.draw(rng, n)[0]]
        for _ in range(11):
            way = ways[bisect_left(edges, rng.gauss(0, vary))] if vary else ways[8]
            drawn.append(way.draw(rng, rng.randint(34, 99))[0])
        tally.add("all", is_flagged(place(drawn[0], measured(drawn, policy)), policy))
    step()
    return tally


@dataclass(frozen=True)
class Row:
    scenario: str
    n: str
    difference: str
    judged: int
    flagged: int
    held: bool = False
    """Whether the share must not be over what is allowed."""

    @property
    def share(self) -> float:
        return self.flagged / self.judged

    def fields(self, seed: int) -> tuple[str, ...]:
        interval = wilson(self.flagged, self.judged)
        low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
        return (
            self.scenario,
            self.n,
            self.difference,
            str(self.judged),
            str(self.flagged),
            f"{self.share:.5f}",
            f"{low:.5f}",
            f"{high:.5f}",
            str(seed),
        )


def rows_of(scenario: str, tally: Tally, held: bool = True) -> list[Row]:
    judged, flagged = sum(tally.judged.values()), sum(tally.flagged.values())
    found = [Row(scenario, "all", "0", judged, flagged, held)]
    if tally.worst:
        found.append(Row(f"{scenario}: the worst period", "all", "0", OFFICERS, tally.worst))
    for name in CLASSES:
        if 0 < tally.judged[name] < judged:
            found.append(Row(scenario, name, "0", tally.judged[name], tally.flagged[name], held))
    return found


def run(periods: int, seed: int, policy: Policy, progress: Progress) -> list[Row]:
    """Every scenario, each with a generator of its own, so that one does not move another."""
    short, trials = max(periods // 10, 1), max(periods, 40)
    grid = [(n, d, v) for v in (0.0, 0.15) for n in (34, 50, 100) for d in (0.2, 0.3, 0.5)]
    task = progress.add_task("fairness", total=periods + 8 * short + len(grid))

    def step() -> None:
        progress.advance(task)

    rows = [
        *rows_of("equally good", everyday(Random(seed), policy, periods, True, step)),
        *rows_of("equally good, spread not told", everyday(Random(seed + 1), policy, short, False, step)),
        *rows_of(
            "equally good, the interval alone",
            everyday(Random(seed + 1), policy, short, False, step, by_interval_alone),
            held=False,
        ),
        *rows_of("eight comparisons each", busiest(Random(seed + 2), policy, short, True, step)),
        *rows_of(
            "eight comparisons each, spread not told", busiest(Random(seed + 3), policy, short, False, step)
        ),
        *rows_of("hard cases, allowed for", hard_cases(Random(seed + 4), policy, 2 * short, True, step)),
        *rows_of(
            "hard cases, not allowed for",
            hard_cases(Random(seed + 4), policy, 2 * short, False, step),
            held=False,
        ),
    ]
    for n, difference, vary in grid:
        tally = power(Random(f"{seed}-{n}-{difference}-{vary}"), policy, n, difference, trials, vary, step)
        name = "seen, others differ too" if vary else "seen, others equal"
        rows.append(Row(name, str(n), str(difference), trials, sum(tally.flagged.values())))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--periods", type=int, default=PERIODS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console()
    with Progress(console=console) as progress:
        rows = run(arguments.periods, arguments.seed, city_policy(), progress)
    table = Table("scenario", "n", "difference", "judged", "flagged", "share")
    for row in rows:
        table.add_row(
            row.scenario, row.n, row.difference, str(row.judged), str(row.flagged), f"{row.share:.3%}"
        )
    console.print(table)
    with arguments.results.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(row.fields(arguments.seed) for row in rows)
    over = [row for row in rows if row.held and row.share > ALLOWED]
    for row in over:
        console.print(f"Over {ALLOWED:.1%}: {row.scenario}, n {row.n}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
