"""Queries: one case, many, lists, counts, history, and the recorded look at who reported."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from complaints.commands import canonical_code
from complaints.domain.access import (
    NO_ACCESS,
    PUBLIC,
    PUBLIC_LEVEL,
    REPORTER_LEVEL,
    Actor,
    Permissions,
    access_level,
    granted,
    scopes,
)
from complaints.domain.case import RESOLVED, STAFF, Case, Entry, Record
from complaints.domain.history import extend, verifies
from complaints.domain.view import may_reveal, view
from complaints.errors import Fault, NotAllowed, NotValid, Unseen, invalid
from complaints.events import wire
from complaints.noticing import Noticing
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.listing import Criteria, Listing, visible
from complaints.store.vault import Vault
from complaints.times import milliseconds
from servicekit.ids import Clock
from servicekit.logs import describe, get_logger
from servicekit.mongo import MongoHandle, is_weather

log = get_logger(__name__)

_MOST_ON_A_PAGE = 100
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


class Reading:
    def __init__(
        self,
        db: MongoHandle,
        cases: CaseStore,
        listing: Listing,
        vault: Vault,
        catalogue: CatalogueStore,
        noticing: Noticing,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._db = db
        self._cases = cases
        self._listing = listing
        self._vault = vault
        self._catalogue = catalogue
        self._noticing = noticing
        self._permissions = permissions
        self._clock = clock

    def get(self, wanted: Sequence[tuple[Actor, str]]) -> list[dict[str, Any] | None]:
        """Each case as its actor sees it, None where for her it does not exist. Two reads for all of them."""
        now = milliseconds(self._clock.now())
        cases = self._cases.get_many({code for _, code in wanted})
        self._catalogue.recent()
        levels = [
            access_level(self._permissions, actor, cases[code]) if code in cases else NO_ACCESS
            for actor, code in wanted
        ]
        private = {
            code
            for (_, code), level in zip(wanted, levels, strict=True)
            if level not in (NO_ACCESS, PUBLIC_LEVEL)
        }
        notices = self._cases.notices_of(private)
        views: list[dict[str, Any] | None] = []
        for (actor, code), level in zip(wanted, levels, strict=True):
            if level == NO_ACCESS:
                views.append(None)
                continue
            case = cases[code]
            shown = view(
                case,
                actor,
                self._permissions,
                now=now,
                calendar=self._calendar(case),
                notices=notices.get(code, ()),
                access=level,
            )
            views.append(wire(shown))
            if level == REPORTER_LEVEL and case.status == RESOLVED and case.answer_seen_at is None:
                self._mark_seen(code, now)
        return views

    def _mark_seen(self, code: str, now: datetime) -> None:
        try:
            self._noticing.seen(code, now)
        except Exception as error:
            # The reader has what she asked for; her next look is noted again.
            if not is_weather(error):
                raise
            log.warning("reading not noted", complaint_id=code, error=describe(error))

    def get_one(self, actor: Actor, code: str) -> dict[str, Any]:
        (found,) = self.get([(actor, code)])
        if found is None:
            raise Unseen(code)
        return found

    def list(
        self, actor: Actor, filters: Mapping[str, Any] | None, cursor: str | None, limit: int | None
    ) -> dict[str, Any]:
        """A page of what the actor may see: staff what is due first, the public what was released last."""
        now = milliseconds(self._clock.now())
        open_scopes = scopes(self._permissions, actor, "list")
        staff = bool(open_scopes - {"public", "own"})
        if not staff:
            actor, open_scopes = PUBLIC, {"public"}
        scope = visible(open_scopes, actor.unit)
        if scope is None:
            return {"items": [], "next_cursor": None, "counts": {"by_status": {}}}
        criteria = read_criteria(filters or {}, actor)
        size = min(max(limit or 20, 1), _MOST_ON_A_PAGE)
        self._catalogue.recent()
        found, following = self._listing.page(
            scope, criteria, staff=staff, now=now, cursor=cursor or None, limit=size
        )
        items = [
            view(case, actor, self._permissions, now=now, calendar=self._calendar(case)) for case in found
        ]
        return {
            "items": wire([item for item in items if item is not None]),
            "next_cursor": following,
            "counts": {"by_status": self._listing.counts(scope, criteria, staff=staff, now=now)},
        }

    def figures(self, actor: Actor) -> dict[str, Any]:
        open_scopes = scopes(self._permissions, actor, "figures")
        scope = visible(open_scopes, actor.unit)
        if scope is None:
            raise NotAllowed("not_permitted", "Your role has no figures.")
        return self._listing.figures(scope, milliseconds(self._clock.now()))

    def history(self, actor: Actor, code: str) -> dict[str, Any]:
        """Every step with its digest, and whether the chain is whole."""
        case = self._permitted(actor, code, "history")
        links = self._cases.links(code)
        items = [
            {
                "seq": link.seq,
                "at": link.at,
                "version": link.version,
                "action": link.action,
                "actor_ref": link.actor_ref,
                "by": link.by,
                "from": link.from_status,
                "to": link.to_status,
                "details": {name: value for name, value in link.details.items() if value is not None},
                "digest": link.digest,
            }
            for link in links
        ]
        verified = verifies(links, case.history_length, case.history_digest)
        return {"items": wire(items), "verified": verified}

    def reveal(self, actor: Actor, code: str, reason: Any) -> dict[str, Any]:
        """Who reported, after the look and its reason are part of the case's history.

        The unit that an anonymous report may concern never learns it.
        """
        text = str(reason or "").strip()
        if not 3 <= len(text) <= 500:
            raise invalid("/reason", "required", "State why you need to know, in 3 to 500 characters.")
        self._permitted(actor, code, "reveal")
        now = milliseconds(self._clock.now())
        self._catalogue.recent()
        case = self._db.transact(lambda session: self._recorded(session, actor, code, text, now))
        reporter = self._vault.open(case.reporter_ref) if case.reporter_ref else None
        return {"reporter": reporter, "revealed_at": now.isoformat()}

    def _recorded(self, session: ClientSession, actor: Actor, code: str, reason: str, now: datetime) -> Case:
        case = self._cases.get(code, session)
        if case is None:
            raise Unseen(code)
        if not granted(self._permissions, actor, "reveal", case):
            raise NotAllowed("not_permitted", "Your role may not see who reported this.")
        if not may_reveal(case, actor, self._permissions):
            raise NotAllowed("anonymous", "The reporter asked that the unit does not learn who she is.")
        entry = Entry(now, "revealed", case.status, STAFF, text=reason)
        record = Record("reveal", actor.ref, STAFF, case.status, case.status, {"reason": reason})
        changed, link = extend(replace(case, timeline=(*case.timeline, entry)), record, now)
        self._cases.save(session, changed, [link], self._calendar(changed))
        return changed

    def _permitted(self, actor: Actor, code: str, action: str) -> Case:
        case = self._cases.get(code)
        if case is None or access_level(self._permissions, actor, case) == NO_ACCESS:
            raise Unseen(code)
        if not granted(self._permissions, actor, action, case):
            raise NotAllowed("not_permitted", "Your role may not do this on this case.")
        return case

    def _calendar(self, case: Case) -> Any:
        city = self._catalogue.loaded.cities.get(case.city)
        return city.calendar if city else None


def read_criteria(filters: Mapping[str, Any], actor: Actor) -> Criteria:
    """Raises NotValid naming every filter that cannot be read; an unknown filter narrows nothing."""
    faults: list[Fault] = []
    month = filters.get("month") or None
    if month is not None and not (isinstance(month, str) and _MONTH.match(month)):
        faults.append(Fault("/month", "not_a_month", "A month is written YYYY-MM."))
    bbox = _bbox(filters.get("bbox"), faults)
    text = str(filters.get("text") or "").strip()[:200] or None
    if faults:
        raise NotValid(faults)
    return Criteria(
        status=_many(filters.get("status")),
        kind=_many(filters.get("kind")),
        service_code=_many(filters.get("service_code")),
        unit=_many(filters.get("unit")),
        text=text,
        code=_code_in(text),
        bbox=bbox,
        month=month,
        needs_review=_flag(filters.get("needs_review")),
        overdue=_flag(filters.get("overdue")),
        officer=actor.ref if _flag(filters.get("mine")) else None,
    )


def _code_in(text: str | None) -> str | None:
    """A tracking code typed into the search field; a phrase of thirteen letters is hardly ever one."""
    if text is None or not any(character.isdigit() or character == "-" for character in text):
        return None
    return canonical_code(text) or None


def _many(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item) for item in values if item not in (None, ""))[:100]


def _flag(value: Any) -> bool | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "ya")


def _bbox(value: Any, faults: list[Fault]) -> tuple[float, float, float, float] | None:
    if value is None or value == "":
        return None
    try:
        west, south, east, north = (float(number) for number in value)
    except (TypeError, ValueError):
        west, south, east, north = math.nan, math.nan, math.nan, math.nan
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        faults.append(Fault("/bbox", "not_a_box", "A box is four numbers: west, south, east, north."))
        return None
    return west, south, east, north
