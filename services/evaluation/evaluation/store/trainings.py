"""The catalogue of trainings, who is in them, and what happened on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from evaluation.domain.enrolments import CONFIRMED, LIVE, WAITING, Enrolment, Offer
from evaluation.store.paging import Document, page


class TrainingStore:
    def __init__(self, database: Database[Document]) -> None:
        self._offers = database["offers"]
        self._enrolments = database["enrolments"]
        self._history = database["enrolment_history"]

    def ensure_indexes(self) -> None:
        self._offers.create_index([("status", ASCENDING), ("start", ASCENDING)])
        self._enrolments.create_index([("offer_id", ASCENDING), ("state", ASCENDING)])
        self._enrolments.create_index([("staff_ref", ASCENDING), ("_id", ASCENDING)])
        self._enrolments.create_index([("rater_ref", ASCENDING), ("_id", ASCENDING)])

    def offer(self, offer_id: str, session: ClientSession | None = None) -> Offer | None:
        row = self._offers.find_one({"_id": offer_id}, session=session)
        return None if row is None else _offer(row)

    def hold_offer(self, offer_id: str, session: ClientSession) -> Offer | None:
        """Read an offer and touch it: of two transactions that count its places at once, one runs again."""
        row = self._offers.find_one_and_update({"_id": offer_id}, {"$inc": {"touched": 1}}, session=session)
        return None if row is None else _offer(row)

    def put_offer(self, session: ClientSession, offer: Offer, at: datetime) -> None:
        document = {**_offer_document(offer), "changed_at": at}
        del document["_id"]
        self._offers.update_one({"_id": offer.offer_id}, {"$set": document}, upsert=True, session=session)

    def offers(self, query: Document, cursor: str | None, limit: int) -> tuple[list[Offer], str | None]:
        rows, following = page(self._offers, query, cursor, limit)
        return [_offer(row) for row in rows], following

    def open_offers(self) -> list[Offer]:
        return [_offer(row) for row in self._offers.find({"status": "open"}).sort("_id", ASCENDING)]

    def places(self, offer_ids: list[str], session: ClientSession | None = None) -> dict[str, dict[str, int]]:
        """How many are confirmed and how many wait, per offer. Who has completed keeps the place."""
        found: dict[str, dict[str, int]] = {id_: {"taken": 0, "waiting": 0} for id_ in offer_ids}
        rows = self._enrolments.aggregate(
            [
                {
                    "$match": {
                        "offer_id": {"$in": offer_ids},
                        "state": {"$in": [CONFIRMED, WAITING, "completed"]},
                    }
                },
                {"$group": {"_id": {"offer": "$offer_id", "state": "$state"}, "count": {"$sum": 1}}},
            ],
            session=session,
        )
        for row in rows:
            name = "waiting" if row["_id"]["state"] == WAITING else "taken"
            found[row["_id"]["offer"]][name] += row["count"]
        return found

    def enrolment(self, id: str, session: ClientSession | None = None) -> Enrolment | None:
        row = self._enrolments.find_one({"_id": id}, session=session)
        return None if row is None else _enrolment(row)

    def live_enrolment(self, offer_id: str, staff_ref: str, session: ClientSession) -> Enrolment | None:
        """The person's enrolment in an offer that was neither withdrawn nor is the offer undone."""
        query = {"offer_id": offer_id, "staff_ref": staff_ref, "state": {"$in": [*LIVE, "completed"]}}
        row = self._enrolments.find_one(query, session=session)
        return None if row is None else _enrolment(row)

    def first_waiting(self, offer_id: str, session: ClientSession) -> Enrolment | None:
        found = self._enrolments.find({"offer_id": offer_id, "state": WAITING}, session=session)
        row = next(iter(found.sort([("waiting_since", ASCENDING), ("_id", ASCENDING)]).limit(1)), None)
        return None if row is None else _enrolment(row)

    def put_enrolment(self, session: ClientSession, enrolment: Enrolment, link: Document) -> None:
        """Store an enrolment and one more row of its history."""
        document = asdict(enrolment)
        document["_id"] = document.pop("id")
        self._enrolments.replace_one({"_id": enrolment.id}, document, upsert=True, session=session)
        number = self._history.count_documents({"enrolment_id": enrolment.id}, session=session)
        self._history.insert_one(
            {"_id": f"{enrolment.id}:{number + 1:04}", "enrolment_id": enrolment.id, **link},
            session=session,
        )

    def enrolments(
        self, query: Document, cursor: str | None, limit: int
    ) -> tuple[list[Enrolment], str | None]:
        rows, following = page(self._enrolments, query, cursor, limit, newest_first=True)
        return [_enrolment(row) for row in rows], following

    def enrolment_history(self, id: str) -> list[Document]:
        return list(self._history.find({"enrolment_id": id}).sort("_id", ASCENDING))


def _offer_document(offer: Offer) -> Document:
    document = asdict(offer)
    document["_id"] = document.pop("offer_id")
    for name in ("start", "end"):
        document[name] = document[name].isoformat()
    for name in ("competencies", "elements", "service_types"):
        document[name] = list(document[name])
    return document


def _offer(row: Mapping[str, Any]) -> Offer:
    names: tuple[str, ...] = ("form", "title", "organiser", "place", "location", "status", "days", "sessions")
    names += ("programme_jp", "capacity", "internship")
    return Offer(
        offer_id=row["_id"],
        start=date.fromisoformat(row["start"]),
        end=date.fromisoformat(row["end"]),
        competencies=tuple(row["competencies"]),
        elements=tuple(row["elements"]),
        service_types=tuple(row["service_types"]),
        **{name: row[name] for name in names},
    )


def _enrolment(row: Mapping[str, Any]) -> Enrolment:
    return Enrolment(id=row["_id"], **{name: value for name, value in row.items() if name != "_id"})
