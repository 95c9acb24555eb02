"""What an operator watches. Labels are codes, never people, units or texts."""

from __future__ import annotations

from prometheus_client import Counter

answers_total = Counter(
    "tanggap_survey_answers_total",
    "Answers that arrived, by mode and what became of them",
    ["mode", "outcome"],
)
"""`outcome` is `waiting` (counts, not released yet), `held`, or the reason why an answer does not count."""
released_total = Counter("tanggap_survey_answers_released_total", "Answers released from the pools")
invitations_total = Counter(
    "tanggap_survey_invitations_total", "Invitations by what became of them", ["outcome"]
)
