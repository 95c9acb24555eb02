"""Evaluations: the current state, every result that was ever valid, and a history that only grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from evaluation.domain.evaluations import (
    DECIDED,
    FINALISED,
    OBJECTED,
    Evaluation,
    Objection,
    Predikat,
    Rating,
)
from evaluation.store.paging import Document, page


class OpenedAlready(Exception):
    """This person has an evaluation of this period."""


class EvaluationStore:
    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["evaluations"]
        self._versions = database["evaluation_versions"]
        self._history = database["evaluation_history"]

    def ensure_indexes(self) -> None:
        self._rows.create_index(
            [("staff_ref", ASCENDING), ("start", ASCENDING), ("end", ASCENDING)], unique=True
        )
        self._rows.create_index([("rater_ref", ASCENDING), ("_id", ASCENDING)])
        self._rows.create_index([("decider_ref", ASCENDING), ("state", ASCENDING)])
        self._rows.create_index([("unit", ASCENDING), ("start", ASCENDING), ("end", ASCENDING)])

    def get(self, id: str, session: ClientSession | None = None) -> Evaluation | None:
        row = self._rows.find_one({"_id": id}, session=session)
        return None if row is None else _evaluation(row)

    def insert(self, session: ClientSession, evaluation: Evaluation, link: Document) -> None:
        """Raises OpenedAlready when the person has an evaluation of the same period; nothing was written."""
        try:
            self._rows.insert_one(_document(evaluation), session=session)
        except DuplicateKeyError:
            raise OpenedAlready from None
        self._add_link(session, evaluation, link)

    def same_period(self, staff_ref: str, start: date, end: date) -> Evaluation | None:
        query = {"staff_ref": staff_ref, "start": start.isoformat(), "end": end.isoformat()}
        row = self._rows.find_one(query)
        return None if row is None else _evaluation(row)

    def save(self, session: ClientSession, evaluation: Evaluation, link: Document, *, seal: bool) -> None:
        """Replace what was read in the same transaction, and add to the history; `seal` keeps the result.

        MongoDB aborts the transaction when another one changed the evaluation since it was read.
        """
        document = _document(evaluation)
        self._rows.replace_one({"_id": evaluation.id}, document, session=session)
        self._add_link(session, evaluation, link)
        if seal:
            kept = {name: document[name] for name in ("rating", "predikat", "reference", "warnings")}
            self._versions.insert_one(
                {
                    "_id": f"{evaluation.id}:{evaluation.version:06}",
                    "evaluation_id": evaluation.id,
                    "version": evaluation.version,
                    "at": link["at"],
                    **kept,
                },
                session=session,
            )

    def _add_link(self, session: ClientSession, evaluation: Evaluation, link: Document) -> None:
        self._history.insert_one(
            {"_id": f"{evaluation.id}:{evaluation.version:06}", "evaluation_id": evaluation.id, **link},
            session=session,
        )

    def history(self, id: str, session: ClientSession | None = None) -> list[Document]:
        """Every change with actor, time and reason, oldest first."""
        return list(self._history.find(_of(id), session=session).sort("_id", ASCENDING))

    def versions(self, id: str, session: ClientSession | None = None) -> list[Document]:
        """Every result that was valid, oldest first."""
        return list(self._versions.find(_of(id), session=session).sort("_id", ASCENDING))

    def page(self, query: Document, cursor: str | None, limit: int) -> tuple[list[Evaluation], str | None]:
        rows, following = page(self._rows, query, cursor, limit, newest_first=True)
        return [_evaluation(row) for row in rows], following

    def decides_open_objection(self, staff_ref: str, actor_ref: str, session: ClientSession) -> bool:
        """Whether the actor has yet to decide an objection of this person."""
        query = {"decider_ref": actor_ref, "state": OBJECTED, "staff_ref": staff_ref}
        return self._rows.find_one(query, {"_id": 1}, session=session) is not None

    def predikat_counts(
        self, unit: str, start: date, end: date, *, without: str | None = None
    ) -> dict[str, int]:
        """How many results of a unit and period have each predikat."""
        match: Document = {
            "unit": unit,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "state": {"$in": [FINALISED, OBJECTED, DECIDED]},
        }
        if without is not None:
            match["_id"] = {"$ne": without}
        found = self._rows.aggregate(
            [{"$match": match}, {"$group": {"_id": "$predikat.key", "count": {"$sum": 1}}}]
        )
        return {row["_id"]: row["count"] for row in found if row["_id"] is not None}

    def given(self, start: date, end: date) -> list[tuple[str, str, str, str]]:
        """Who rated whom how on both axes in periods that end in the span, results that are final alone."""
        query = {
            "end": {"$gte": start.isoformat(), "$lte": end.isoformat()},
            "state": {"$in": [FINALISED, OBJECTED, DECIDED]},
            "rating": {"$ne": None},
        }
        wanted = {"rater_ref": 1, "staff_ref": 1, "rating.results": 1, "rating.behaviour": 1}
        return [
            (row["rater_ref"], row["staff_ref"], row["rating"]["results"], row["rating"]["behaviour"])
            for row in self._rows.find(query, wanted)
        ]


def _of(id: str) -> Document:
    return {"_id": {"$gte": f"{id}:", "$lt": f"{id};"}}


def _document(evaluation: Evaluation) -> Document:
    document = asdict(evaluation)
    document["_id"] = document.pop("id")
    for name in ("start", "end", "object_until"):
        document[name] = _day(document[name])
    document["results"] = list(document["results"])
    document["warnings"] = list(document["warnings"])
    document["follow_up"] = [{**row, "due_on": _day(row["due_on"])} for row in evaluation.follow_up]
    if evaluation.rating is not None:
        document["rating"]["evidence"] = [dict(item) for item in evaluation.rating.evidence]
    return document


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _evaluation(row: Mapping[str, Any]) -> Evaluation:
    rating, predikat, objection = row["rating"], row["predikat"], row["objection"]
    until: str | None = row["object_until"]
    finalised_at: datetime | None = row["finalised_at"]
    return Evaluation(
        id=row["_id"],
        version=row["version"],
        staff_ref=row["staff_ref"],
        unit=row["unit"],
        rater_ref=row["rater_ref"],
        decider_ref=row["decider_ref"],
        start=date.fromisoformat(row["start"]),
        end=date.fromisoformat(row["end"]),
        record=row["record"],
        state=row["state"],
        opened_at=row["opened_at"],
        reference=row["reference"],
        results=tuple(row["results"]),
        behaviours=row["behaviours"],
        rating=None if rating is None else Rating(**{**rating, "evidence": tuple(rating["evidence"])}),
        predikat=None if predikat is None else Predikat(**predikat),
        organisation=row["organisation"],
        warnings=tuple(row["warnings"]),
        objection=None if objection is None else Objection(**objection),
        finalised_at=finalised_at,
        clock_started_at=row["clock_started_at"],
        clock_by=row["clock_by"],
        object_until=None if until is None else date.fromisoformat(until),
        follow_up=tuple(
            {**one, "due_on": date.fromisoformat(one["due_on"]) if one["due_on"] else None}
            for one in row["follow_up"]
        ),
    )
