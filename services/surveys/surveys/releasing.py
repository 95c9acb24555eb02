"""Answers leave their pool: in random batches, in shuffled order, with nothing on them that tells whose.

pool of (period, mode) ─▶ random batch of at least five ─▶ answers, shuffled   (mode, service: only if shared)
                                                        ├─▶ sums about people, sealed
                                                        ├─▶ comments ─▶ a pool of their own ─▶ comments
                                                        └─▶ survey.responded, shuffled again, untraced
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from servicekit.ids import Clock
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from surveys import metrics
from surveys.city import City
from surveys.domain import tallies
from surveys.domain.periods import OPEN
from surveys.domain.releasing import release_now, shared
from surveys.domain.tallies import About
from surveys.events import responded
from surveys.pool import COMMENT_BYTES, Pool
from surveys.store import ClientSession, Document
from surveys.store.answers import Answers
from surveys.store.periods import Periods

_random = secrets.SystemRandom()
LARGE, CHUNK = 400, 250
COMMENTS = "pending_comments"


class Releasing:
    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        answers: Answers,
        periods: Periods,
        pool: Pool,
        city: City,
        clock: Clock,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._answers = answers
        self._periods = periods
        self._pool = pool
        self._city = city
        self._clock = clock

    def release_due(self) -> int:
        """Release what may leave every pool that is large enough; answers how many.

        Run by the clock and never by an arrival, so that a release does not tell who came last.
        """
        total = 0
        for group, _ in self._answers.groups():
            released = CHUNK
            while released == CHUNK:
                released = self._db.transact(partial(self._release_group, group=group), 15)
                total += released
        for group, _ in self._answers.groups(COMMENTS):
            self._db.transact(partial(self._release_comments, group=group), 15)
        metrics.released_total.inc(total)
        return total

    def drain(self, period_id: str) -> int:
        """Release large pools of a period piece by piece, so that its closing is a short transaction."""
        total = 0
        while self._answers.count_waiting(f"{period_id}:") > LARGE:
            total += self._db.transact(lambda session: self._release_chunk(session, period_id), 15)
        return total

    def release_all(self, session: ClientSession, period: Document) -> int:
        """Release whatever waits of a period that closes, all modes as one batch, and its comments."""
        ids = self._answers.waiting(session, f"{period['_id']}:")
        self._release(session, period, ids)
        self._release_comments(session, f"{period['_id']}:", everything=True)
        return len(ids)

    def _release_group(self, session: ClientSession, group: str) -> int:
        period = self._periods.get(group.rpartition(":")[0], session)
        ids = self._answers.waiting(session, group)
        if period is None or period["state"] != OPEN:
            return 0
        rule = self._city.policy.release(self._city.today(self._clock.now()))
        number = min(release_now(len(ids), rule), CHUNK)
        self._release(session, period, _random.sample(ids, number))
        return number

    def _release_chunk(self, session: ClientSession, period_id: str) -> int:
        period = self._periods.get(period_id, session)
        ids = self._answers.waiting(session, f"{period_id}:")
        if period is None or period["state"] != OPEN:
            return 0
        chosen = _random.sample(ids, min(CHUNK, len(ids)))
        self._release(session, period, chosen)
        return len(chosen)

    def _release(self, session: ClientSession, period: Document, ids: Sequence[str]) -> None:
        if not ids:
            return
        bodies = [self._pool.open(row) for row in self._answers.waiting_rows(session, ids)]
        _random.shuffle(bodies)
        minimum = self._city.policy.number("release_batch", self._city.today(self._clock.now()))
        modes = shared([body["mode"] for body in bodies], minimum)
        services = shared([body["service_code"] for body in bodies], minimum)
        released = [
            {
                "_id": str(uuid.uuid4()),
                "period": period["_id"],
                "unit": period["unit"],
                "questionnaire_version": period["questionnaire_version"],
                "scores": body["scores"],
                "respondent": body["respondent"],
                "mode": mode,
                "service_code": service,
            }
            for body, mode, service in zip(bodies, modes, services, strict=True)
        ]
        self._answers.release(session, released)
        self._answers.take(session, ids)
        self._tally(session, period, bodies)
        self._set_comments_aside(session, period, bodies)
        told = [responded(period, row["service_code"], row["mode"], self._city.zone) for row in released]
        _random.shuffle(told)
        self._outbox.append(session, told, traced=False)
        # Whoever closes the period at the same moment has to see these, or try again.
        self._periods.count(session, period["_id"], "released", len(released))

    def _tally(self, session: ClientSession, period: Document, bodies: Sequence[Any]) -> None:
        id_ = period["_id"]
        tally = self._pool.open_tally(id_, self._answers.tally(id_, session))
        for body in bodies:
            if body["about"]:
                tallies.add(tally, About(**body["about"]), body["scores"])
        # Written even where nothing changed: whether it was written tells nothing.
        self._answers.keep_tally(session, id_, period["code"], self._pool.seal_tally(id_, tally))

    def _set_comments_aside(self, session: ClientSession, period: Document, bodies: Sequence[Any]) -> None:
        rows = [
            self._pool.row(
                f"{period['_id']}:",
                {"text": body["comment"], "may_publish": body["may_publish"]},
                COMMENT_BYTES,
            )
            for body in bodies
            if body["comment"]
        ]
        _random.shuffle(rows)
        self._answers.wait(session, rows, COMMENTS)

    def _release_comments(self, session: ClientSession, group: str, *, everything: bool = False) -> None:
        period = self._periods.get(group.rpartition(":")[0], session)
        ids = self._answers.waiting(session, group, COMMENTS)
        rule = self._city.policy.release(self._city.today(self._clock.now()))
        number = len(ids) if everything else release_now(len(ids), rule)
        if period is None or not number:
            return
        chosen = _random.sample(ids, number)
        comments = [
            {
                "_id": str(uuid.uuid4()),
                "unit": period["unit"],
                "period": period["_id"],
                "state": "new",
                **self._pool.open(row),
            }
            for row in self._answers.waiting_rows(session, chosen, COMMENTS)
        ]
        _random.shuffle(comments)
        self._answers.release_comments(session, comments)
        self._answers.take(session, chosen, COMMENTS)
