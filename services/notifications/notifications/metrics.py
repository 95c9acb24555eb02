"""What an operator watches. Labels are codes, never people."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

outcomes_total = Counter(
    "tanggap_messages_total", "Messages by what became of them", ["channel", "audience", "outcome"]
)
repeats_total = Counter(
    "tanggap_mails_repeated_total", "Mails put back after their sender vanished: they may arrive twice"
)
smtp_seconds = Histogram(
    "tanggap_smtp_seconds",
    "Time of handing one mail over",
    ["outcome"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
mail_seconds = Histogram(
    "tanggap_mail_seconds",
    "From what made a mail necessary being known to the server's taking it",
    ["audience"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 21600, 86400),
)
mails_oldest_seconds = Gauge(
    "tanggap_mails_oldest_seconds", "Age of the oldest mail that could be sent now and waits; 0 without one"
)
mails_due = Gauge("tanggap_mails_due", "Mails that could be sent now and wait")
"""Grows while the mail server is away."""
