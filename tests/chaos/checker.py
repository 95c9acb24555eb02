"""Every effect of a run, counted in the databases, the queues and the mail sink."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pymongo

from chaos.faults import SERVICES
from chaos.load import Filed
from servicekit.topology import Topology
from support.broker import CONTRACTS
from support.city import City
from tanggap.dlq import post
from tanggap.settings import Settings

SETTLE_SECONDS = 420
"""A retry may wait five minutes in its queue; what is not done after this is stuck."""


@dataclass(frozen=True)
class Account:
    """What was found of one kind of effect, in the words of the table, and the first discrepancy."""

    what: str
    wanted: int
    lost: int
    doubled: int
    first: str = ""


@dataclass(frozen=True)
class Before:
    """What an installation held when a run began: none of it is the run's."""

    cases: frozenset[str]
    answers: int
    aside: dict[str, int]


@dataclass
class Holdings:
    """The databases and queues of an installation that nobody else uses at this time."""

    client: pymongo.MongoClient[dict[str, Any]]
    settings: Settings
    city: City

    def collection(self, service: str, name: str) -> Any:
        return self.client[service][name]

    def unsettled(self) -> dict[str, int]:
        """What is still under way: outboxes, queues, mails."""
        open_ = {
            f"outbox of {service}": self.collection(service, "outbox").count_documents({"state": "pending"})
            for service in SERVICES
        }
        open_["mails"] = self.collection("notifications", "intents").count_documents(
            {"status": {"$in": ["queued", "sending"]}}
        )
        open_ |= queues(self.settings)
        return {name: count for name, count in open_.items() if count}

    def settled(self, report: Callable[[str], None]) -> dict[str, int]:
        """Wait until nothing is under way; answers what still is."""
        deadline = time.monotonic() + SETTLE_SECONDS
        said = time.monotonic()
        while (rest := self.unsettled()) and time.monotonic() < deadline:
            if time.monotonic() - said > 15:
                said = time.monotonic()
                report(f"under way: {', '.join(f'{name} {count}' for name, count in rest.items())}")
            time.sleep(1)
        return rest

    def now(self) -> Before:
        known = (
            self.collection(*place).distinct("_id")
            for place in (("complaints", "cases"), ("evaluation", "cases"))
        )
        return Before(frozenset(id_ for ids in known for id_ in ids), self.answers(), self.aside())

    def answers(self) -> int:
        """Answers that wait to be released, are released or are held: each is in one of three places."""
        return sum(
            self.collection("surveys", name).count_documents({}) for name in ("pending", "answers", "held")
        )

    def aside(self) -> dict[str, int]:
        """Dead letters by queue, and events that no broker wanted to take."""
        parked = sum(
            self.collection(service, "outbox").count_documents({"state": "parked"}) for service in SERVICES
        )
        dead = {f"dead letters in {queue}": n or 0 for queue, n in post.counts(self.settings).items()}
        return dead | {"parked events": parked}

    def set_aside(self, before: Before) -> dict[str, int]:
        """What has come aside since."""
        found = {name: count - before.aside.get(name, 0) for name, count in self.aside().items()}
        return {name: count for name, count in found.items() if count}


def queues(settings: Settings) -> dict[str, int]:
    """Messages that wait in work and retry queues."""
    found: dict[str, int] = {}
    wanted = {queue.name for queue in Topology.load(CONTRACTS).queues() if not queue.name.startswith("dlq-")}
    with post.connected(post.broker_of(settings).url, None) as connection:
        channel = connection.channel()
        for name in sorted(wanted):
            found[name] = channel.queue_declare(name, passive=True).message_count
    return found


def cases(held: Holdings, before: Before, filed: list[Filed]) -> Account:
    """Each accepted filing is one case, and no case is there that nobody filed."""
    rows = held.collection("complaints", "cases").find({}, {"_id": 1})
    stored = Counter(row["_id"] for row in rows if row["_id"] not in before.cases)
    return compared("filings stored as cases", (code(one.code) for one in filed), stored)


def closed(held: Holdings, before: Before, filed: list[Filed]) -> Account:
    rows = held.collection("complaints", "cases").find({"status": "closed"}, {"_id": 1})
    found = Counter(row["_id"] for row in rows if row["_id"] not in before.cases)
    return compared("cases closed", (code(one.code) for one in filed if one.closed), found)


def evidence(held: Holdings, before: Before, filed: list[Filed]) -> Account:
    """Each closure is one item that evaluation counts from."""
    rows = held.collection("evaluation", "cases").find({}, {"closures": 1})
    found = Counter(
        {row["_id"]: len(row.get("closures", ())) for row in rows if row["_id"] not in before.cases}
    )
    return compared("closures in evaluation", (code(one.code) for one in filed if one.closed), found)


def events(held: Holdings, filed: list[Filed]) -> Account:
    """Of each case that was closed, every step of its way was told once."""
    rows = held.collection("complaints", "outbox").find({}, {"type": 1, "key": 1})
    found = Counter((row["key"], row["type"]) for row in rows)
    wanted = [(code(one.code), "complaint.filed.v1") for one in filed]
    way = ("verified", "assigned", "progressed", "resolved", "closed")
    wanted += [(code(one.code), f"complaint.{step}.v1") for one in filed if one.closed for step in way]
    asked = set(wanted)
    return compared("events told", wanted, Counter({key: n for key, n in found.items() if key in asked}))


def receipts(held: Holdings, filed: list[Filed], allowed: set[str]) -> tuple[Account, dict[str, int]]:
    """Each filing has one mail of receipt; and how often those came that may come again, by Message-ID."""
    intents = held.collection("notifications", "intents")
    address = {code(one.code): one.address for one in filed}
    ids = {
        row["_id"]: address[row["complaint_id"]]
        for row in intents.find({"rule": "receipt", "channel": "email"}, {"complaint_id": 1})
        if row["complaint_id"] in address
    }
    sunk = Counter(str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in held.city.all_mails())
    arrived: Counter[str] = Counter()
    repeats: dict[str, int] = {}
    for id_, to in ids.items():
        count = sunk[id_]
        if count > 1 and id_ in allowed:
            repeats[id_] = count
            count = 1
        arrived[to] += count
    return compared("receipts mailed", (one.address for one in filed), arrived), repeats


def answers(held: Holdings, before: Before, taken: int) -> Account:
    """Answers that were accepted are counted once."""
    found = held.answers() - before.answers
    return Account("survey answers", taken, max(0, taken - found), max(0, found - taken))


def compared(what: str, wanted: Iterable[Any], found: Counter[Any]) -> Account:
    asked = Counter(wanted)
    lost = asked - found
    doubled = found - asked
    first = next(iter(lost), None) or next(iter(doubled), None)
    return Account(what, asked.total(), lost.total(), doubled.total(), f"{first}" if first else "")


def code(shown: str) -> str:
    """A tracking code as it is stored: without the dashes in which it is shown."""
    return shown.replace("-", "")
