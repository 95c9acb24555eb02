"""What the databases and the mail sink hold of one replay, read with operators' rights: read only.

This is the one place outside the services that knows their documents, so that a replay is checked against
what is stored and not against what an interface says is stored.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pymongo import MongoClient
from pymongo.database import Database

from tanggap import console
from tanggap.city import load_yaml
from tanggap.journal import Journal
from tanggap.replay.chain import MAILED, Chain, PeriodHeld
from tanggap.settings import Settings
from tanggap.verify.command import CITY
from tanggap.verify.recompute import recompute
from tanggap.verify.tables import ELEMENT_MINIMUM, MINIMUM, Tables

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

CASE_FIELDS = (
    "status", "unit", "closures", "closed_at", "contact_ref", "confidential", "inspectorate", "outcome",
    "reason",
)  # fmt: skip
TOO_LATE = "period_over"
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
    chain: Chain = field(default_factory=Chain)


def settled(
    known: Settings, journal: Journal, *, seconds: float, answers: int = 0, quiet: float = QUIET_SECONDS
) -> Holdings:
    """Read until nothing is under way and nothing changes any more, or the time is up.

    `answers` is how many of the replay's answers have to have used their invitation; `quiet` for how many
    seconds nothing may have changed.
    """
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
            done = done and held.chain.unsettled == 0 and held.chain.used >= answers
            calm = done and now - since >= quiet
            if calm or now > deadline:
                return held
            time.sleep(1.0)


def read(known: Settings, filer: str) -> Holdings:
    """What is held now of all cases that this filer filed."""
    with connect(known.need("TANGGAP_COMPLAINTS_DB")) as client:
        complaints = database_of(client, known.need("TANGGAP_COMPLAINTS_DB"))
        cases = list(complaints["cases"].find({"filed_by": filer}, dict.fromkeys(CASE_FIELDS, 1)))
        states = {case["_id"]: case["status"] for case in cases}
        noted = noted_messages(complaints, set(states))
        unpublished = unpublished_rows(complaints)
    with connect(known.need("TANGGAP_NOTIFICATIONS_DB")) as client:
        notifications = database_of(client, known.need("TANGGAP_NOTIFICATIONS_DB"))
        intents = list(intents_of(notifications, set(states)))
        unpublished += unpublished_rows(notifications)
        chain, more = chain_of(known, cases, notifications)
        unpublished += more
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
        chain=chain,
    )


def chain_of(known: Settings, cases: list[Document], notifications: Database[Document]) -> tuple[Chain, int]:
    """What became of the cases' closures in the other databases, and what waits there to be published."""
    closures = sum(case.get("closures", 0) for case in cases)
    with (
        connect(known.need("TANGGAP_SURVEYS_DB")) as surveys_client,
        connect(known.need("TANGGAP_EVALUATION_DB")) as evaluation_client,
    ):
        surveys = database_of(surveys_client, known.need("TANGGAP_SURVEYS_DB"))
        evaluation = database_of(evaluation_client, known.need("TANGGAP_EVALUATION_DB"))
        sources = sources_of(surveys, cases)
        heard = [source for id_, source in sources.items() if not id_.endswith(":0")]
        asked = {case["_id"]: sources.get(last_closure(case), {}) for case in cases if is_asked(case)}
        people = {
            case["contact_ref"]
            for case in cases
            if sources.get(last_closure(case), {}).get("outcome") == "invited"
        }
        mails = invitations_of(
            notifications, [case["contact_ref"] for case in cases if case.get("contact_ref")]
        )
        periods = {source["period"] for source in heard if source.get("period")}
        # Surveys does not note the period of a closure that came too late for it.
        late = [case for case in cases if sources.get(last_closure(case), {}).get("outcome") == TOO_LATE]
        periods |= periods_of(surveys, late)
        chain = Chain(
            closures=closures,
            heard=len(heard),
            facts=facts_of(evaluation, {case["_id"] for case in cases}),
            should_invite=len(asked),
            invited=sum(source.get("outcome") == "invited" for source in asked.values()),
            too_late=sum(source.get("outcome") == TOO_LATE for source in asked.values()),
            outcomes=Counter(source["outcome"] for source in heard),
            open=open_invitations(surveys, set(sources)),
            people=len(people),
            people_told=len(people & {mail["recipient_ref"] for mail in mails}),
            mails=Counter(mail["status"] for mail in mails),
            mailed_people=len({mail["recipient_ref"] for mail in mails if mail["status"] in MAILED}),
            periods=tuple(period_held(surveys, evaluation, id_) for id_ in sorted(periods)),
        )
        return chain, unpublished_rows(surveys) + unpublished_rows(evaluation)


def is_asked(case: Document) -> bool:
    """Whether the reporter of a closed case is to be asked, by what complaints holds of it."""
    return (
        case["status"] == "closed"
        and case.get("contact_ref") is not None
        and not case["confidential"]
        and not case["inspectorate"]
        and case.get("outcome") is not None
        and case.get("reason") not in ("unreachable", "info_not_provided")
    )


def last_closure(case: Document) -> str:
    return f"case:{case['_id']}:{case.get('closures', 0)}"


def sources_of(surveys: Database[Document], cases: list[Document]) -> dict[str, Document]:
    """What surveys made of every closure and reopening of these cases, by the closure."""
    ids = {f"case:{case['_id']}:{number}" for case in cases for number in range(case.get("closures", 0) + 1)}
    found: dict[str, Document] = {}
    for batch in batches(ids):
        found |= {source["_id"]: source for source in surveys["sources"].find({"_id": {"$in": batch}})}
    return found


def periods_of(surveys: Database[Document], cases: list[Document]) -> set[str]:
    """The periods in which these cases were closed, as far as there are any."""
    days = {(case["unit"], city_day(case["closed_at"])) for case in cases if case.get("closed_at")}
    found = set()
    for unit, day in days:
        query = {
            "unit": unit,
            "kind": {"$ne": "rolling_year"},
            "starts_on": {"$lte": day},
            "ends_on": {"$gte": day},
        }
        found |= {row["_id"] for row in surveys["periods"].find(query, {"_id": 1})}
    return found


def city_day(at: datetime) -> str:
    return at.replace(tzinfo=UTC).astimezone(zone()).date().isoformat()


@cache
def zone() -> ZoneInfo:
    return ZoneInfo(load_yaml(CITY / "city.yaml")["timezone"])


def open_invitations(surveys: Database[Document], sources: set[str]) -> int:
    """Only an open invitation still says what it was made for."""
    return sum(
        surveys["invites"].count_documents({"state": "open", "source": {"$in": batch}})
        for batch in batches(sources)
    )


def invitations_of(notifications: Database[Document], contacts: list[str]) -> list[Document]:
    """The messages of invitations to these people, who are new in every case."""
    found: list[Document] = []
    for batch in batches(set(contacts)):
        query = {"event_type": "survey.invited.v1", "recipient_ref": {"$in": batch}}
        found += notifications["intents"].find(query, {"recipient_ref": 1, "status": 1})
    return found


def facts_of(evaluation: Database[Document], codes: set[str]) -> int:
    return sum(
        len(case["closures"])
        for batch in batches(codes)
        for case in evaluation["cases"].find({"_id": {"$in": batch}}, {"closures.no": 1})
    )


def period_held(surveys: Database[Document], evaluation: Database[Document], id_: str) -> PeriodHeld:
    """A period in surveys and in evaluation, with its index computed again from the stored answers."""
    row = surveys["periods"].find_one({"_id": id_}) or {}
    computed = surveys["closings"].find_one({"period": id_}, {"inputs": 0}, sort=[("version", -1)])
    figures = computed["figures"] if computed else {}
    result = evaluation["unit_results"].find_one({"_id": id_}) or {}
    facts = result.get("facts") or {}
    answers = list(surveys["answers"].find({"period": id_}, {"scores": 1}))
    prefix = {"$gte": f"{id_}:", "$lt": f"{id_};"}
    return PeriodHeld(
        unit=row["unit"],
        period=row["code"],
        state=row["state"],
        accepted=sum(row["accepted"].values()),
        waiting=surveys["pending"].count_documents({"group": prefix}),
        released=len(answers),
        held=surveys["held"].count_documents({"period": id_}),
        refused=row["refused"],
        n=computed["numbers"]["n"] if computed else None,
        n_shown=figures.get("n_shown"),
        ikm=figures.get("ikm"),
        band=figures.get("band"),
        missing=tuple(figures.get("missing") or ()),
        recomputed=index_of(row, answers) if computed else None,
        evaluation_n_shown=facts.get("n_shown"),
        evaluation_ikm=facts.get("ikm"),
    )


@cache
def rules() -> Tables:
    return Tables.load(CITY)


def index_of(period: Document, answers: list[Document]) -> str | None:
    """The index by `tanggap verify`'s own arithmetic; None where the city's rules show none."""
    tables = rules()
    day, unit = date.fromisoformat(period["starts_on"]), period["unit"]
    raw = [{"id": answer["_id"], "scores": answer["scores"]} for answer in answers]
    found = recompute(raw, period["questionnaire_version"], period["band_version"], tables)
    minimums = (tables.minimum(MINIMUM, unit, day), tables.minimum(ELEMENT_MINIMUM, unit, day))
    return None if found.reasons(*minimums) else found.ikm


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
        for file in os.scandir(directory / folder) if (directory / folder).exists() else ():
            id_ = message_id(file.path)
            if id_:
                yield id_


@cache
def message_id(file: str) -> str:
    """The Message-ID of one mail, read once: a stored mail never changes. Empty if it has none."""
    with open(file, "rb") as lines:
        head = lines.read(8192).replace(b"\r\n", b"\n").split(b"\n\n")[0]
    match = re.search(rb"^message-id:\s*<([^@>]+)@", head, re.IGNORECASE | re.MULTILINE)
    return match[1].decode("ascii", "replace") if match else ""
