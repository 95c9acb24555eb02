"""What is known about one case, told in any order and any number of times, and the rows it adds to evidence.

A case keeps every closure, reopening and dispute it was told of. Its evidence is a function of that set:
the newest closure counts, unless it was reopened or is one of the inspectorate or confidential.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from evaluation.domain.outcomes import Counts, Dispute, Subject, closed_case, contributions
from evaluation.domain.periods import quarter_of

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """What one case adds to one unit, or to one person in a unit, in the quarter in which it was closed."""

    complaint_id: str
    period: str
    subject: Subject
    service_type: str
    stratum: tuple[str, ...]
    counts: Counts


def empty(complaint_id: str) -> Document:
    return {"_id": complaint_id, "closures": [], "reopened": [], "disputes": []}


def with_closure(known: Document, closure: Mapping[str, Any]) -> Document:
    """Add a closure. Of two that claim the same number the earlier told one counts, whichever came first."""
    others = [one for one in known["closures"] if one["no"] != closure["no"]]
    same = [one for one in known["closures"] if one["no"] == closure["no"]]
    kept = min([*same, dict(closure)], key=lambda one: (one["told_at"], one["event_id"]))
    return {**known, "closures": sorted([*others, kept], key=lambda one: int(one["no"]))}


def with_reopening(known: Document, closure_no: int) -> Document:
    return {**known, "reopened": sorted({*known["reopened"], closure_no})}


def with_dispute(known: Document, dispute: Mapping[str, Any]) -> Document:
    kept = {one["number"]: one for one in [dict(dispute), *known["disputes"]]}
    return {**known, "disputes": [kept[number] for number in sorted(kept)]}


def rows_of(known: Mapping[str, Any], zone: tzinfo) -> list[Row]:
    """The rows of a case as it is known now; none while it is open again, and none of a guarded one."""
    if not known["closures"]:
        return []
    last = known["closures"][-1]
    if last["guarded"] or last["no"] <= max(known["reopened"], default=0):
        return []
    case = closed_case(last["facts"])
    disputes = [
        Dispute(known["_id"], one["number"], one["unit"], one["handler"])
        for one in known["disputes"]
        if one["unit"] is not None
    ]
    period = quarter_of(last["closed_at"].astimezone(zone).date())
    stratum = (
        case.outcome or "none",
        case.kind,
        case.channel,
        "late_on_arrival" if case.overdue_on_arrival else "in_time_on_arrival",
    )
    return [
        Row(known["_id"], period, subject, case.kind, stratum, counts)
        for subject, counts in sorted(
            contributions(case, disputes).items(), key=lambda item: (item[0].unit, item[0].person or "")
        )
    ]
