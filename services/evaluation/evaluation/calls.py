"""What every call has in common: the actor, pages, and answers that a repeated request gets again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from evaluation.domain.access import Actor
from evaluation.errors import NotAllowed, invalid
from evaluation.store import ClientSession
from evaluation.store.paging import MOST_ON_A_PAGE
from evaluation.store.remembered import Remembered
from servicekit.envelope import format_time
from servicekit.mongo import MongoHandle

PAGE = 50


def read_actor(actor: Any) -> Actor:
    """The caller that the gateway authenticated."""
    if not isinstance(actor, dict):
        return Actor()
    roles = actor.get("roles")
    ref, unit = actor.get("ref"), actor.get("unit")
    return Actor(
        ref=ref if isinstance(ref, str) and ref else None,
        roles=tuple(str(role) for role in roles) if isinstance(roles, list | tuple) else (),
        unit=unit if isinstance(unit, str) else None,
    )


def read_limit(limit: Any) -> int:
    if limit is None:
        return PAGE
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise invalid("/limit", "not_a_number", f"Expected a whole number from 1 to {MOST_ON_A_PAGE}.")
    return min(limit, MOST_ON_A_PAGE)


def read_cursor(cursor: Any) -> str | None:
    if cursor is None or (isinstance(cursor, str) and 0 < len(cursor) <= 200):
        return cursor or None
    raise invalid("/cursor", "not_a_cursor", "Expected the cursor that the last page gave.")


def read_text(name: str, value: Any, *, limit: int = 80) -> str | None:
    """An optional filter."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > limit or "\x00" in value:
        raise invalid(f"/{name}", "not_a_text", f"Expected a text of at most {limit} characters.")
    return value


def read_day(name: str, value: Any) -> date:
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise invalid(f"/{name}", "not_a_date", "Expected a date such as 2026-11-24.")


def not_permitted() -> NotAllowed:
    return NotAllowed("not_permitted", "Your role may not do this.")


def wire(value: Any) -> Any:
    """A value as JSON carries it, with every time in UTC and every date written out."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: wire(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [wire(item) for item in value]
    return value


@dataclass(frozen=True)
class Once:
    """Runs a change in a transaction; the same key within a day answers the same and changes nothing."""

    db: MongoHandle
    remembered: Remembered

    def run(
        self,
        actor: Actor,
        key: str | None,
        request: Any,
        change: Callable[[ClientSession], dict[str, Any]],
        timeout: float = 10,
    ) -> dict[str, Any]:
        """Raises NotValid when the key was used for another request."""

        def changed(session: ClientSession) -> dict[str, Any]:
            if key is None:
                return wire(change(session))  # type: ignore[no-any-return]  # a dict stays one
            fingerprint = hashlib.sha256(
                json.dumps(request, sort_keys=True, default=str).encode()
            ).hexdigest()
            owner = actor.ref or ""
            kept = self.remembered.find(session, owner, key)
            if kept is not None:
                if kept.fingerprint != fingerprint:
                    raise invalid("", "key_reused", "This idempotency key was used for another request.")
                found: dict[str, Any] = kept.result
                return found
            result: dict[str, Any] = wire(change(session))
            self.remembered.keep(session, owner, key, fingerprint, result)
            return result

        return self.db.transact(changed, timeout=timeout)
