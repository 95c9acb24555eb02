"""Lists, searches and counts, always within what the actor may see."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from complaints.domain.case import Case
from complaints.errors import invalid
from complaints.store.documents import NEVER, Document, case_from_document

# Counting stops here: a number this large is read as "many", and the index must not be walked for ever.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a list is narrowed to; None and empty mean not narrowed."""

    status: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    service_code: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    text: str | None = None
    code: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    month: str | None = None
    needs_review: bool | None = None
    overdue: bool | None = None
    officer: str | None = None


def visible(scopes: Collection[str], unit: str | None) -> Document | None:
    """The part of all cases that the scopes open; None when they open nothing."""
    if "any" in scopes:
        return {}
    parts: list[Document] = []
    if "city" in scopes:
        parts.append({"inspectorate": False})
    elif "unit" in scopes and unit is not None:
        parts.append({"inspectorate": False, "unit": unit})
    if "inspectorate" in scopes:
        parts.append({"inspectorate": True})
    if not parts and "public" in scopes:
        parts.append({"released": True})
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"$or": parts}


class Listing:
    def __init__(self, database: Database[Document]) -> None:
        self._cases = database["cases"]

    def page(
        self,
        scope: Document,
        criteria: Criteria,
        *,
        staff: bool,
        now: datetime,
        cursor: str | None,
        limit: int,
    ) -> tuple[list[Case], str | None]:
        """One page. Staff see what is due first, the public what was released last; ties by code."""
        field, direction = ("sort_due", ASCENDING) if staff else ("released_at", DESCENDING)
        parts = [scope, query_of(criteria, staff=staff, now=now)]
        if cursor is not None:
            at, code = read_cursor(cursor)
            beyond = "$gt" if direction == ASCENDING else "$lt"
            parts.append({"$or": [{field: {beyond: at}}, {field: at, "_id": {"$gt": code}}]})
        query = {"$and": [part for part in parts if part]} if any(parts) else {}
        found = list(self._cases.find(query).sort([(field, direction), ("_id", ASCENDING)]).limit(limit + 1))
        more = len(found) > limit
        page = found[:limit]
        following = make_cursor(page[-1][field], page[-1]["_id"]) if more else None
        return [case_from_document(document) for document in page], following

    def counts(self, scope: Document, criteria: Criteria, *, staff: bool, now: datetime) -> dict[str, int]:
        """Cases per status under the same filters, whatever status the list itself is narrowed to."""
        narrowed = query_of(criteria, staff=staff, now=now)
        narrowed.pop("status", None)
        parts = [part for part in (scope, narrowed) if part]
        stages: list[Document] = [
            {"$match": {"$and": parts} if parts else {}},
            {"$limit": MOST_COUNTED},
            {"$group": {"_id": "$status", "n": {"$sum": 1}}},
        ]
        return {row["_id"]: row["n"] for row in self._cases.aggregate(stages)}

    def figures(self, scope: Document, now: datetime) -> dict[str, Any]:
        """Exact numbers of everything in scope."""
        parts: Mapping[str, list[Document]] = {
            **{
                f"by_{name}": [{"$group": {"_id": f"${name}", "n": {"$sum": 1}}}]
                for name in ("status", "kind", "unit", "outcome", "closed_by", "reason", "service_code")
            },
            "total": [{"$count": "n"}],
            "overdue": [{"$match": {"sort_due": {"$lt": now}}}, {"$count": "n"}],
            "needs_review": [{"$match": {"needs_review": True}}, {"$count": "n"}],
        }
        result = next(iter(self._cases.aggregate([{"$match": scope}, {"$facet": dict(parts)}])))
        figures: dict[str, Any] = {}
        for name, rows in result.items():
            if name.startswith("by_"):
                figures[name] = {row["_id"]: row["n"] for row in rows if row["_id"] is not None}
            else:
                figures[name] = rows[0]["n"] if rows else 0
        return figures


def query_of(criteria: Criteria, *, staff: bool, now: datetime) -> Document:
    query: Document = {}
    for name in ("status", "kind", "service_code", "unit"):
        values = getattr(criteria, name)
        if values:
            query[name] = {"$in": list(values)}
    if criteria.code:
        query["_id"] = criteria.code
    elif criteria.text:
        query["$text"] = {"$search": criteria.text}
    if criteria.month:
        query["month"] = criteria.month
    if criteria.bbox is not None:
        west, south, east, north = criteria.bbox
        point = "location" if staff else "public_point"
        query[f"{point}.lat"] = {"$gte": south, "$lte": north}
        query[f"{point}.lon"] = {"$gte": west, "$lte": east}
    if staff and criteria.needs_review is not None:
        query["needs_review"] = criteria.needs_review
    if staff and criteria.overdue is not None:
        query["sort_due"] = {"$lt": now} if criteria.overdue else {"$gte": now}
    if staff and criteria.officer is not None:
        query["officer"] = criteria.officer
    return query


def make_cursor(at: datetime, code: str) -> str:
    milliseconds = -1 if at >= NEVER.replace(hour=0) else round(at.timestamp() * 1000)
    return base64.urlsafe_b64encode(json.dumps([milliseconds, code]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Raises NotValid for anything that `make_cursor` did not make."""
    try:
        milliseconds, code = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(code, str):
            raise TypeError
        at = NEVER if milliseconds == -1 else datetime.fromtimestamp(milliseconds / 1000, UTC)
        return at, code
    except (ValueError, TypeError, OverflowError, OSError, binascii.Error):
        raise invalid("/cursor", "invalid", "This cursor is not one of ours.") from None
