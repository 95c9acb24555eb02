"""What a submission must be to count as an answer, and why one does not. Nothing here knows a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from surveys.domain.figures import check_scores
from surveys.domain.questionnaire import Questionnaire

INVITE_LINK, QR_COUNTER, ASSISTED, PAPER = "invite_link", "qr_counter", "assisted", "paper_import"
MODES = (INVITE_LINK, QR_COUNTER, ASSISTED, PAPER)

# Every reason why an answer that was received does not count; kept as counts beside the period's figures.
LATE, ALREADY_USED, REVOKED = "period_closed", "already_used", "link_revoked"
FORGED, EXPIRED, UNKNOWN_LINK = "link_forged", "link_expired", "link_unknown"
UNKNOWN_UNIT, NO_PERIOD, CONFLICT = "unknown_unit", "no_period", "conflict_of_interest"
REUSED_ID, NO_CONSENT, UNREADABLE = "submission_id_reused", "no_consent", "unreadable"
NOT_REVIEWED, DISCARDED = "held_not_reviewed", "held_discarded"

MAX_COMMENT_BYTES = 8000


class NotCounted(Exception):
    """An answer that does not count. `reason` is one of the codes above or of `check_scores`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it was read; what could not be read of the optional parts is left out.

    `day` is that of the service, `received_on` the day on which the answer was handed in.
    """

    submission_id: str
    body_hash: str
    mode: str
    day: date
    received_on: date
    scores: Mapping[str, Any]
    respondent: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    unit: str | None = None
    service_code: str | None = None
    comment: str | None = None
    may_process: bool = False
    may_publish_comment: bool = False
    device: str | None = None
    assisted_by: str | None = None


def check_content(submission: Submission, questionnaire: Questionnaire) -> dict[str, int]:
    """The scores of a submission that may count. Raises NotCounted: no consent, or scores that are none."""
    if not submission.may_process:
        raise NotCounted(NO_CONSENT)
    scores = {key: score for key, score in submission.scores.items() if score is not None}
    try:
        check_scores(scores, questionnaire.keys)
    except ValueError as error:
        raise NotCounted(str(error)) from None
    return scores


def known_respondent(respondent: Mapping[str, str], questionnaire: Questionnaire) -> dict[str, str]:
    """What she said about herself, as far as the questionnaire asks for it; the rest is not kept."""
    options = {field.key: field.keys for field in questionnaire.respondent}
    return {key: value for key, value in respondent.items() if value in options.get(key, ())}


def cut_comment(text: str | None) -> str | None:
    """A comment that fits the constant size in which answers wait; None for an empty one."""
    cleaned = "".join(c for c in (text or "") if c in "\n\t" or c.isprintable()).strip()
    return cleaned.encode()[:MAX_COMMENT_BYTES].decode(errors="ignore").strip() or None
