"""Improvement plans (rencana tindak lanjut): planned, in progress, done with evidence, or cancelled.

planned ──start──▶ in_progress ──complete──▶ done
   │ └──────────complete──────────────────────▲
   └──cancel──▶ cancelled ◀──cancel── in_progress
"""

from __future__ import annotations

from datetime import date

PLANNED, IN_PROGRESS, DONE, CANCELLED = "planned", "in_progress", "done", "cancelled"
OPEN_STATES = (PLANNED, IN_PROGRESS)
_TRANSITIONS = {
    ("start", PLANNED): IN_PROGRESS,
    ("complete", PLANNED): DONE,
    ("complete", IN_PROGRESS): DONE,
    ("cancel", PLANNED): CANCELLED,
    ("cancel", IN_PROGRESS): CANCELLED,
}
ACTIONS = ("start", "complete", "cancel")
NEEDS = {"complete": "evidence_ref", "cancel": "reason"}
"""The field of the payload without which an action is refused."""


def next_state(state: str, action: str) -> str | None:
    """The state after an action; None where the action means nothing in this state."""
    return _TRANSITIONS.get((action, state))


def is_overdue(state: str, due_on: date, today: date) -> bool:
    return state in OPEN_STATES and today > due_on


def follow_up_score(published_on: date, last_done_on: date | None, *, all_done: bool, today: date) -> int:
    """0 to 5 for the speed of complete follow-up after a report (PEKPPP F-02, own reading, unconfirmed).

    5 within one calendar month, 4 within three, 3 six, 2 nine, 1 twelve, bounds inclusive and the day clamped
    to the month's end. While rows are open it is the score still reachable today.
    """
    end = last_done_on if all_done and last_done_on is not None else today
    for months, score in ((1, 5), (3, 4), (6, 3), (9, 2), (12, 1)):
        if end <= _months_later(published_on, months):
            return score
    return 0


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
