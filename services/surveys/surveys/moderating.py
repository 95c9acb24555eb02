"""Comments that may be published, and answers that were held: somebody looks, never the unit itself."""

from __future__ import annotations

from typing import Any

from surveys.access import Access, Actor, Once
from surveys.domain.periods import OPEN
from surveys.domain.submission import DISCARDED
from surveys.errors import Unseen, WrongState, invalid
from surveys.pool import Pool
from surveys.store import ClientSession, Document
from surveys.store.answers import Answers
from surveys.store.periods import Periods, period_id

NEW, PUBLISHED, HIDDEN = "new", "published", "hidden"
_STATES = (NEW, PUBLISHED, HIDDEN)
_MOST = 100


class Moderating:
    def __init__(self, once: Once, answers: Answers, periods: Periods, pool: Pool, access: Access) -> None:
        self._once = once
        self._answers = answers
        self._periods = periods
        self._pool = pool
        self._access = access

    def comments(
        self, actor: Actor, unit: Any, period: Any, state: Any, cursor: Any, limit: Any
    ) -> dict[str, Any]:
        """Released comments by random id: their order tells nothing."""
        for name, value in (("unit", unit), ("period", period), ("state", state), ("cursor", cursor)):
            if not isinstance(value, str | None):
                raise invalid(f"/{name}", "not_a_text", "This must be a text.")
        if state and state not in _STATES:
            raise invalid("/state", "unknown_state", f"A state is one of {', '.join(_STATES)}.")
        narrowed = self._access.visible_unit(actor, "moderate", unit or None)
        query: Document = {}
        if narrowed:
            query["unit"] = narrowed
        if period:
            query["period"] = period_id(narrowed, period) if narrowed else {"$regex": f":{_plain(period)}$"}
        if state:
            query["state"] = state
        size = max(1, min(int(limit or 20), _MOST))
        rows = self._answers.comments(query, cursor or None, size + 1)
        following = rows[size - 1]["_id"] if len(rows) > size else None
        return {"items": [_comment(row) for row in rows[:size]], "next_cursor": following}

    def moderate(
        self, actor: Actor, comment_id: Any, decision: Any, text: Any, key: str | None
    ) -> dict[str, Any]:
        """Publish a comment, with the text a moderator freed of names, or hide it."""
        if decision not in ("publish", "hide"):
            raise invalid("/decision", "unknown_decision", "A decision is publish or hide.")
        result: dict[str, Any] = self._once.run(
            actor,
            key,
            ["moderate_comment", comment_id, decision, text],
            lambda session: self._moderated(session, actor, comment_id, decision, text),
        )
        return result

    def _moderated(
        self, session: ClientSession, actor: Actor, id_: Any, decision: str, text: Any
    ) -> dict[str, Any]:
        row = self._answers.comment(id_, session) if isinstance(id_, str) else None
        if row is None:
            raise Unseen("comment")
        self._access.require(actor, "moderate", row["unit"])
        if decision == "hide":
            change: Document = {"state": HIDDEN, "published_text": None}
        else:
            if not row["may_publish"]:
                raise WrongState({"reason": "no_consent"}, "Its writer did not agree to its publication.")
            shown = text.strip() if isinstance(text, str) else row["text"]
            if not 1 <= len(shown) <= 4000:
                raise invalid("/text", "wrong_length", "The text to publish has 1 to 4,000 characters.")
            change = {"state": PUBLISHED, "published_text": shown}
        self._answers.moderate(session, row["_id"], change)
        return _comment({**row, **change})

    def held(self, actor: Actor, unit: Any) -> dict[str, Any]:
        """Answers that wait for a look, opened: what was answered, how, and why it was held; no time."""
        if not isinstance(unit, str | None):
            raise invalid("/unit", "not_a_text", "A unit is named by its code.")
        narrowed = self._access.visible_unit(actor, "moderate", unit or None)
        rows = self._answers.held({"unit": narrowed} if narrowed else {})
        return {"items": [self._held_view(row) for row in rows]}

    def review(
        self, actor: Actor, held_id: Any, decision: Any, reason: Any, key: str | None
    ) -> dict[str, Any]:
        """Let a held answer count like any other, or discard it with a reason, which is counted."""
        if decision not in ("accept", "discard"):
            raise invalid("/decision", "unknown_decision", "A decision is accept or discard.")
        if decision == "discard" and not (isinstance(reason, str) and 3 <= len(reason.strip()) <= 500):
            raise invalid("/reason", "required", "State why it does not count, in 3 to 500 characters.")
        result: dict[str, Any] = self._once.run(
            actor,
            key,
            ["review_held", held_id, decision, reason],
            lambda session: self._reviewed(session, actor, held_id, decision),
        )
        return result

    def _reviewed(self, session: ClientSession, actor: Actor, id_: Any, decision: str) -> dict[str, Any]:
        row = self._answers.held_one(id_, session) if isinstance(id_, str) else None
        if row is None:
            raise Unseen("held")
        self._access.require(actor, "moderate", row["unit"])
        period = self._periods.get(row["period"], session)
        if period is None or period["state"] != OPEN:
            raise WrongState({"reason": "period_closed"}, "The period is closed.")
        body = self._pool.open(row)
        self._answers.drop_held(session, {"_id": row["_id"]})
        if decision == "accept":
            self._answers.wait(session, [self._pool.row(row["group"], body)])
            self._periods.count(session, row["period"], f"accepted.{body['mode']}")
        else:
            self._periods.count(session, row["period"], f"refused.{DISCARDED}")
        code = row["period"].partition(":")[2]
        return {"held_id": row["_id"], "unit": row["unit"], "period": code, "decision": decision}

    def _held_view(self, row: Document) -> dict[str, Any]:
        body = self._pool.open(row)
        return {
            "held_id": row["_id"],
            "unit": row["unit"],
            "period": row["period"].partition(":")[2],
            "mode": body["mode"],
            "reason": row["reason"],
            "answers": body["scores"],
            "comment": body["comment"],
        }


def _comment(row: Document) -> dict[str, Any]:
    return {
        "comment_id": row["_id"],
        "unit": row["unit"],
        "period": row["period"].partition(":")[2],
        "state": row["state"],
        "text": row["text"],
        "published_text": row.get("published_text"),
        "may_publish": row["may_publish"],
    }


def _plain(code: str) -> str:
    return "".join(character for character in code if character.isalnum() or character == "-")
