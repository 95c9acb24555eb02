"""What surveys keeps in MongoDB. The only place that knows documents, collections and indexes.

pending, pending_comments  answers and comments that wait in a pool, sealed, of one size, without origin
answers                    released answers, under random ids
comments                   released comments, under ids of their own
held                       answers of a counter or device that sent too many, sealed, until somebody looked
tallies                    sums about people, one sealed document a period
invites, sources           who may answer, and what they were invited for; apart from every answer
counters                   links and QR codes of counters
submissions, limits        what was handed in lately, how many from one counter or device; gone after two days
refusals                   answers that were refused and belong to no period
periods, closings          the state of each period, and every computation with its inputs
improvements               improvement plans
units, services, departments, officers   our copies, and how many serve what
remembered, waiting        results of actions, and first sights of events that came too early
"""

from __future__ import annotations

from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

Document = dict[str, Any]

COLLECTIONS = (
    "pending",
    "pending_comments",
    "answers",
    "comments",
    "held",
    "tallies",
    "invites",
    "sources",
    "counters",
    "submissions",
    "limits",
    "refusals",
    "periods",
    "closings",
    "improvements",
    "units",
    "services",
    "departments",
    "officers",
    "remembered",
    "waiting",
    "inbox",
    "outbox",
)

WITH_LINKS = ("survey.invited.v1", "survey.reminder_due.v1")
LINKS_SECONDS = 300

__all__ = ["COLLECTIONS", "ClientSession", "Database", "Document", "ensure_collections"]


def ensure_collections(database: Database[Document]) -> None:
    """Create collections and indexes; idempotent. A transaction could not create them."""
    existing = set(database.list_collection_names())
    for name in COLLECTIONS:
        if name not in existing:
            database.create_collection(name, check_exists=False)
    for name in ("pending", "pending_comments"):
        database[name].create_index("group")
    database["answers"].create_index([("period", 1), ("_id", 1)])
    database["comments"].create_index([("unit", 1), ("period", 1), ("state", 1), ("_id", 1)])
    database["held"].create_index("period")
    database["invites"].create_index("source", unique=True, sparse=True)
    database["invites"].create_index([("state", 1), ("remind_on", 1)], sparse=True)
    database["invites"].create_index([("state", 1), ("expires_on", 1)])
    database["counters"].create_index("fingerprint", unique=True)
    database["counters"].create_index([("unit", 1), ("_id", 1)])
    for name in ("submissions", "limits"):
        database[name].create_index("purge_at", expireAfterSeconds=0)
    database["periods"].create_index([("unit", 1), ("starts_on", 1)])
    database["periods"].create_index([("state", 1), ("closes_on", 1)])
    database["closings"].create_index([("period", 1), ("version", 1)], unique=True)
    database["improvements"].create_index([("unit", 1), ("period", 1), ("_id", 1)])
    database["improvements"].create_index([("state", 1), ("due_on", 1)])
    database["officers"].create_index([("unit", 1), ("service_type", 1)])
    database["remembered"].create_index("at", expireAfterSeconds=24 * 3600)
    database["waiting"].create_index("at", expireAfterSeconds=24 * 3600)
    # The kit keeps what was sent for a week, and a copy of the database would show the link in clear. It is
    # needed only until the broker has confirmed it.
    database["outbox"].create_index(
        "sent_at",
        name="links_sent",
        expireAfterSeconds=LINKS_SECONDS,
        partialFilterExpression={"type": {"$in": list(WITH_LINKS)}},
    )
