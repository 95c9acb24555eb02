"""Where a submission belongs: its link or unit, its period, and whether it may still come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from servicekit import tokens
from servicekit.sealing import KeyRing
from servicekit.tokens import BadToken, Token
from surveys.domain.periods import OPEN
from surveys.domain.submission import (
    ALREADY_USED,
    ASSISTED,
    CONFLICT,
    EXPIRED,
    FORGED,
    INVITE_LINK,
    LATE,
    NO_PERIOD,
    PAPER,
    QR_COUNTER,
    REVOKED,
    UNKNOWN_LINK,
    UNKNOWN_UNIT,
    NotCounted,
    Submission,
)
from surveys.opening import Opening
from surveys.pool import Pool
from surveys.store import ClientSession, Document
from surveys.store.copies import Copies
from surveys.store.invites import Invites
from surveys.store.periods import Periods

INVITE, COUNTER = "i", "q"
_ENDED = {"spent": ALREADY_USED, "revoked": REVOKED, "expired": EXPIRED}


@dataclass(frozen=True, slots=True)
class Place:
    """The period of a submission, and by which link it came; of an invitation also who served."""

    period: Document
    service_code: str | None
    invite: Document | None = None
    counter: Document | None = None
    about: dict[str, Any] | None = None

    def mode(self, stated: str) -> str:
        """How the answer came: by its link, unless an officer typed it or it was on paper."""
        if stated in (ASSISTED, PAPER):
            return stated
        return INVITE_LINK if self.invite is not None else QR_COUNTER


class Misplaced(NotCounted):
    """Does not count; `period` is the one it would have belonged to, where that is known."""

    def __init__(self, reason: str, period: str | None = None) -> None:
        super().__init__(reason)
        self.period = period


class Placing:
    def __init__(
        self,
        invites: Invites,
        periods: Periods,
        copies: Copies,
        opening: Opening,
        pool: Pool,
        ring: KeyRing,
    ) -> None:
        self._invites = invites
        self._periods = periods
        self._copies = copies
        self._opening = opening
        self._pool = pool
        self._ring = ring

    def look(self, submission: Submission) -> Place:
        """Where it would belong now. Raises Misplaced; writes nothing."""
        return self.place(None, submission)

    def place(
        self, session: ClientSession | None, submission: Submission, seen: dict[Any, Any] | None = None
    ) -> Place:
        """Where it belongs. Raises Misplaced. With a session its period is opened if that has to be.

        `seen` remembers for the length of one transaction which units and periods were found.
        """
        seen = {} if seen is None else seen
        if submission.token is not None:
            token = self.token(submission.token, submission.received_on)
            if token.kind == INVITE:
                return self._by_invite(session, token, submission, seen)
            return self._by_counter(session, token, submission, seen)
        if submission.mode not in (ASSISTED, PAPER) or submission.unit is None:
            raise Misplaced(UNKNOWN_LINK)
        if ("unit", submission.unit) not in seen:
            seen["unit", submission.unit] = self._copies.unit(submission.unit, session)
        unit = seen["unit", submission.unit]
        if unit is None or not unit["active"]:
            raise Misplaced(UNKNOWN_UNIT)
        period = self._open_period(session, unit["_id"], submission, seen)
        return Place(period, self._service_of(session, unit["_id"], submission.service_code))

    def token(self, text: str, day: date) -> Token:
        """A link that was good on a day. Raises Misplaced."""
        try:
            token = tokens.read(self._ring, text, day)
        except BadToken as bad:
            raise Misplaced(EXPIRED if bad.reason == "expired" else FORGED) from None
        if token.kind not in (INVITE, COUNTER):
            raise Misplaced(FORGED)
        return token

    def _by_invite(
        self, session: ClientSession | None, token: Token, submission: Submission, seen: dict[Any, Any]
    ) -> Place:
        invite = self._invites.find(token.fingerprint, session)
        if invite is None:
            raise Misplaced(UNKNOWN_LINK)
        if invite["state"] in _ENDED:
            raise Misplaced(_ENDED[invite["state"]], invite["period"])
        if invite["period"] not in seen:
            seen[invite["period"]] = self._periods.get(invite["period"], session)
        period = seen[invite["period"]]
        if period is None:
            raise Misplaced(NO_PERIOD)
        _require_open(period, submission.received_on)
        about = self._pool.open({"_id": invite["invite_id"], "sealed": invite["about"]})["about"]
        # Nobody types an answer about her own case, whatever the citizen would have said.
        if submission.assisted_by and about and about["staff_ref"] == submission.assisted_by:
            raise Misplaced(CONFLICT, period["_id"])
        return Place(period, invite["service_code"], invite=invite, about=about)

    def _by_counter(
        self, session: ClientSession | None, token: Token, submission: Submission, seen: dict[Any, Any]
    ) -> Place:
        counter = self._invites.counter(token.fingerprint, session)
        if counter is None:
            raise Misplaced(UNKNOWN_LINK)
        if counter["state"] != "active":
            raise Misplaced(REVOKED, self._known_period(session, counter["unit"], submission.day))
        period = self._open_period(session, counter["unit"], submission, seen)
        service = counter["service_code"] or self._service_of(
            session, counter["unit"], submission.service_code
        )
        return Place(period, service, counter=counter)

    def _open_period(
        self, session: ClientSession | None, unit: str, submission: Submission, seen: dict[Any, Any]
    ) -> Document:
        period = self._opening.ensure(session, unit, submission.day, submission.received_on, seen)
        if period is None:
            raise Misplaced(LATE if submission.day < submission.received_on else NO_PERIOD)
        _require_open(period, submission.received_on)
        return period

    def _known_period(self, session: ClientSession | None, unit: str, day: date) -> str | None:
        known = self._periods.holding(unit, day.isoformat(), session)
        return known["_id"] if known else None

    def _service_of(self, session: ClientSession | None, unit: str, code: str | None) -> str | None:
        """The service named, if the unit has it: an answer counts without one all the same."""
        service = self._copies.service(code, session)
        return code if service is not None and service["unit"] == unit else None


def _require_open(period: Document, day: date) -> None:
    if period["state"] != OPEN or day.isoformat() > period["closes_on"]:
        raise Misplaced(LATE, period["_id"])
