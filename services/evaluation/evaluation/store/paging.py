"""Pages of a list by the id of the last row, in the order of ids."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

Document = dict[str, Any]
MOST_ON_A_PAGE = 200


def page(
    rows: Collection[Document],
    query: Document,
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> tuple[list[Document], str | None]:
    """Up to `limit` rows behind the cursor, and the cursor of the next page if there is one."""
    if cursor is not None:
        query = {"$and": [query, {"_id": {"$lt" if newest_first else "$gt": cursor}}]}
    order = DESCENDING if newest_first else ASCENDING
    found = list(rows.find(query).sort("_id", order).limit(limit + 1))
    return found[:limit], found[limit - 1]["_id"] if len(found) > limit else None
