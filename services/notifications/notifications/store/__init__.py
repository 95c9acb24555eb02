"""Documents of notifications' own MongoDB. Nothing outside this package imports pymongo.

intents      one per event, rule, recipient and channel: state, timings, masked recipient; no address
payloads     address and rendered text of a mail, sealed; removed after `purge_at`
attempts     append-only: what each attempt came to
contacts     sealed blocks of recipients, as the gateway sealed them
inbox_items  the in-app inbox of staff, and of departments: there with what was refused and why
templates, rules, settings    immutable versions, and which of them are in force
units, services, departments  our copies of their names
suppressions keyed hashes of addresses that refused for good
asked        keyed hashes of addresses that may not be asked about a service again yet
unasked      addresses that may never be, as keyed hashes and sealed; without an end
links        fingerprints of the links by which people say so, each with its sealed address
"""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import PyMongoError

# What callers may catch without knowing the driver.
StoreUnavailable = PyMongoError

TWO_YEARS = 2 * 365 * 86400
Document = dict[str, Any]


def ensure_indexes(database: Database[Document]) -> None:
    """Create what the queries need. Idempotent; never inside a transaction."""
    intents = database["intents"]
    # Only intents that somebody has to look at again carry `due_at`, so this index stays small.
    intents.create_index(
        [("status", ASCENDING), ("due_at", ASCENDING)],
        name="due",
        partialFilterExpression={"due_at": {"$exists": True}},
    )
    intents.create_index([("complaint_id", ASCENDING), ("_id", ASCENDING)])
    intents.create_index([("status", ASCENDING), ("_id", DESCENDING)])
    intents.create_index("subject", partialFilterExpression={"subject": {"$exists": True}})
    intents.create_index("created_at", expireAfterSeconds=TWO_YEARS)
    database["payloads"].create_index("purge_at", expireAfterSeconds=0)
    database["attempts"].create_index([("intent_id", ASCENDING), ("n", ASCENDING)], unique=True)
    database["attempts"].create_index("at", expireAfterSeconds=TWO_YEARS)
    contacts = database["contacts"]
    contacts.create_index(
        [("audience", ASCENDING), ("active", ASCENDING)],
        partialFilterExpression={"audience": "staff"},
        name="staff",
    )
    contacts.create_index("kid")
    contacts.create_index("purge_at", expireAfterSeconds=0)
    items = database["inbox_items"]
    items.create_index([("recipient_ref", ASCENDING), ("_id", DESCENDING)])
    items.create_index(
        [("recipient_ref", ASCENDING)], name="unread", partialFilterExpression={"read_at": None}
    )
    items.create_index(
        [("event_type", ASCENDING), ("_id", DESCENDING)],
        name="refusals",
        partialFilterExpression={"refusal": {"$exists": True}},
    )
    items.create_index("purge_at", expireAfterSeconds=0)
    database["asked"].create_index("until", expireAfterSeconds=0)
    database["suppressions"].create_index("until", expireAfterSeconds=0)
    database["links"].create_index("purge_at", expireAfterSeconds=0)
    database["unasked"].create_index("kid")
    # Written in transactions, in which a collection had better exist.
    for name in ("units", "services", "departments"):
        database[name].create_index("version")
