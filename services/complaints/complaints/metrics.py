"""What an operator watches. Labels are codes, never people, units or texts."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

deadlines_fired_total = Counter(
    "tanggap_deadlines_fired_total",
    "What became of timers that came due, by the event they caused",
    ["event"],
)
deadlines_failed_total = Counter(
    "tanggap_deadlines_failed_total",
    "Timers that could not be handled in a sweep; each sweep that fails on one counts it again",
)
deadline_lag_seconds = Histogram(
    "tanggap_deadline_lag_seconds",
    "From a timer's due time to its effect",
    buckets=(1, 5, 15, 30, 60, 120, 300, 900, 3600, 21600, 86400),
)
