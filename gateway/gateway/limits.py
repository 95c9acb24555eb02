"""Rate limits: token buckets in this process's memory.

Generous by address, since whole districts share one; strict by case and by contact. Each replica counts
for itself, so n replicas allow n times as much.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.callers import Caller
from gateway.config import Rate
from gateway.problems import Problem

_MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left in a bucket, for the RateLimit headers."""

    policy: str
    rate: Rate
    left: int
    refill_seconds: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.rate.count};w={self.rate.seconds}',
            "RateLimit": f'"{self.policy}";r={self.left};t={self.refill_seconds}',
        }


class Bucket:
    """Buckets of one policy, one per key. The least recently used are forgotten beyond 100,000."""

    def __init__(self, policy: str, rate: Rate | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> Standing | None:
        """Take one; None when this policy is off. Raises Problem rate-limited when the bucket is empty."""
        rate = self._rate
        if rate is None:
            return None
        now = self._clock()
        level, since = self._buckets.get(key, (float(rate.count), now))
        level = min(float(rate.count), level + (now - since) * rate.count / rate.seconds)
        allowed = level >= 1.0
        if allowed:
            level -= 1.0
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        standing = Standing(
            self._policy, rate, int(level), math.ceil((rate.count - level) * rate.seconds / rate.count)
        )
        if not allowed:
            wait = math.ceil((1.0 - level) * rate.seconds / rate.count)
            raise Problem("rate-limited", headers={**standing.headers(), "Retry-After": str(max(1, wait))})
        return standing


class Limits:
    """The limits that every request passes: a member of staff by her reference, everybody else by address."""

    def __init__(self, address: Bucket, staff: Bucket) -> None:
        self._address = address
        self._staff = staff

    def admit(self, caller: Caller) -> Standing | None:
        """What the caller has left. Raises Problem rate-limited."""
        return self._staff.take(caller.ref) if caller.ref else self._address.take(caller.address)
