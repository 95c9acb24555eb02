"""What the databases and the mail sink hold of one replay, read with operators' rights: read only.

This is the one place outside the services that knows their documents, so that a replay is checked against
what is stored and not against what an interface says is stored.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.database import Database

from tanggap import console
from tanggap.journal import Journal
from tanggap.settings import Settings

Document = dict[str, Any]

OUTCOMES = {
    "sent": "sent",
    "delivered": "delivered",
    "skipped": "skipped",
    "permanent_failure": "failed",
    "temporary_failure": "failed",
    "technical_failure": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}
"""notifications' final states, in the words of the events that tell of them."""
TOLD = {"sent", "delivered", "skipped", "failed"}
"""The outcomes that notifications publishes and a case's timeline shows."""

QUIET_SECONDS = 3.0
"""Nothing may have changed for this long before the account is drawn up."""


@dataclass(frozen=True)
class Holdings:
    """`states` by tracking code; `sent` and `noted` count messages by channel and outcome."""

    states: dict[str, str]
    sent: Counter[str]
    noted: Counter[str]
    quiet: Counter[str]
    """Messages whose rule keeps them out of the case's timeline."""
    pending: int
    doubled: int
    unpublished: int
    """Rows in either outbox that are still to be published."""
    emails_sent: int
    mails: int | None
    """Mails in the local sink; None where there is no local sink."""


def settled(known: Settings, journal: Journal, *, seconds: float) -> Holdings:
    """Read until nothing is under way and nothing changes any more, or the time is up."""
    deadline = time.monotonic() + seconds
    before: Holdings | None = None
    since = time.monotonic()
    with console.err.status("waiting for the last messages"):
        while True:
            held = read(known, f"replay-{journal.run}")
            now = time.monotonic()
            if held != before:
                before, since = held, now
            done = held.pending == 0 and held.unpublished == 0 and held.sent == held.noted
            calm = done and now - since >= QUIET_SECONDS
            if calm or now > deadline:
                return held
            time.sleep(1.0)


def read(known: Settings, filer: str) -> Holdings:
    """What is held now of all cases that this filer filed."""
    with connect(known.need("TANGGAP_COMPLAINTS_DB")) as client:
        complaints = database_of(client, known.need("TANGGAP_COMPLAINTS_DB"))
        states = {
            case["_id"]: case["status"]
            for case in complaints["cases"].find({"filed_by": filer}, {"status": 1})
        }
        noted = noted_messages(complaints, set(states))
        unpublished = unpublished_rows(complaints)
    with connect(known.need("TANGGAP_NOTIFICATIONS_DB")) as client:
        notifications = database_of(client, known.need("TANGGAP_NOTIFICATIONS_DB"))
        intents = list(intents_of(notifications, set(states)))
        unpublished += unpublished_rows(notifications)
    ended = [intent for intent in intents if intent["status"] in OUTCOMES]
    outcomes = [(intent, OUTCOMES[intent["status"]]) for intent in ended]
    told = [(i, outcome) for i, outcome in outcomes if outcome in TOLD and i["announce"]]
    quiet = [(i, outcome) for i, outcome in outcomes if outcome not in TOLD or not i["announce"]]
    emails = {
        i["_id"] for i, outcome in outcomes if i["channel"] == "email" and outcome in {"sent", "delivered"}
    }
    directory = known.values.get("TANGGAP_MAIL_DIR")
    return Holdings(
        states=states,
        sent=Counter(label(i["channel"], outcome) for i, outcome in told),
        noted=noted,
        quiet=Counter(label(i["channel"], outcome) for i, outcome in quiet),
        pending=len(intents) - len(ended),
        doubled=len(intents) - len({identity(intent) for intent in intents}),
        unpublished=unpublished,
        emails_sent=len(emails),
        mails=sum(id_ in emails for id_ in message_ids(Path(directory))) if directory else None,
    )


def connect(url: str) -> MongoClient[Document]:
    return MongoClient(url, serverSelectionTimeoutMS=5000, timeoutMS=60000)


def database_of(client: MongoClient[Document], url: str) -> Database[Document]:
    return client[urlsplit(url).path[1:]]


def intents_of(database: Database[Document], codes: set[str]) -> Iterator[Document]:
    fields = {"event_id": 1, "rule": 1, "recipient_ref": 1, "channel": 1, "status": 1, "announce": 1}
    for batch in batches(codes):
        yield from database["intents"].find({"complaint_id": {"$in": batch}}, fields)


def identity(intent: Document) -> tuple[Any, ...]:
    return tuple(intent.get(name) for name in ("event_id", "rule", "recipient_ref", "channel"))


def noted_messages(database: Database[Document], codes: set[str]) -> Counter[str]:
    """What became of each message, as the cases tell it; a notice's id begins with its case's code."""
    noted: Counter[str] = Counter()
    for notice in database["notices"].find({}, {"channel": 1, "state": 1}):
        if notice["_id"].partition(":")[0] in codes:
            noted[label(notice["channel"], notice["state"])] += 1
    return noted


def unpublished_rows(database: Database[Document]) -> int:
    return database["outbox"].count_documents({"state": {"$in": ["pending", "parked"]}})


def label(channel: str, outcome: str) -> str:
    return f"{channel} {outcome}"


def batches(codes: set[str], size: int = 5000) -> Iterator[list[str]]:
    ordered = sorted(codes)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def message_ids(directory: Path) -> Iterator[str]:
    """The left part of every stored mail's Message-ID, which notifications makes from the message's id."""
    for folder in ("new", "cur"):
        for file in (directory / folder).glob("*"):
            with file.open("rb") as lines:
                head = lines.read(8192).replace(b"\r\n", b"\n").split(b"\n\n")[0]
            match = re.search(rb"^message-id:\s*<([^@>]+)@", head, re.IGNORECASE | re.MULTILINE)
            if match:
                yield match[1].decode("ascii", "replace")
