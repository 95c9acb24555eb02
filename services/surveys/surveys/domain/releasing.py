"""How answers that wait become answers that count, without telling which was whose.

Those that wait are a pool. From a pool that is large enough a random part is released and some stay back, so
that neither the first nor the last answers of a period are ever alone as long as the period has enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rule:
    """`batch` is the smallest release while the period is open, `keep_back` the pool that then stays."""

    batch: int
    keep_back: int


def release_now(waiting: int, rule: Rule) -> int:
    """How many of the waiting are released while the period is open: none, or at least a whole batch."""
    spare = waiting - rule.keep_back
    return spare if spare >= rule.batch else 0


def shared(values: Sequence[Value | None], minimum: int) -> list[Value | None]:
    """Each value where at least `minimum` of the batch share it, else None.

    Those without a value are as many as the minimum too, or none at all: a single one would stand out. So
    the smallest groups are hidden as well until that holds.
    """
    counts = Counter(values)
    kept = sorted((n, str(value), value) for value, n in counts.items() if value is not None and n >= minimum)
    hidden = len(values) - sum(n for n, _, _ in kept)
    while kept and 0 < hidden < minimum:
        hidden += kept.pop(0)[0]
    names = {value for _, _, value in kept}
    return [value if value in names else None for value in values]
