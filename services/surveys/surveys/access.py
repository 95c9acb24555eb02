"""Who may do what with surveys: scopes from contracts/permissions.yaml, decided again on every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from servicekit.mongo import MongoHandle
from surveys.domain.canonical import canonical
from surveys.errors import NotAllowed, invalid
from surveys.store import ClientSession
from surveys.store.remembered import Remembered

ANYWHERE = frozenset({"any", "city", "yes"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls, as the gateway authenticated it; nobody in particular for the public."""

    ref: str | None = None
    roles: tuple[str, ...] = ("public",)
    unit: str | None = None


def read_actor(actor: Any) -> Actor:
    if not isinstance(actor, dict) or not actor.get("roles"):
        return Actor()
    return Actor(actor.get("ref"), tuple(str(role) for role in actor["roles"]), actor.get("unit"))


class Access:
    def __init__(self, permissions: Mapping[str, Mapping[str, str]]) -> None:
        self._table = permissions

    def scopes(self, actor: Actor, action: str) -> set[str]:
        row = self._table.get(action, {})
        return {row[role] for role in actor.roles if role in row}

    def may(self, actor: Actor, action: str, unit: str | None, owner: str | None = None) -> bool:
        """Whether the actor may do this for a unit; `owner` is whose own it is, for the scope `self`."""
        found = self.scopes(actor, action)
        if found & ANYWHERE:
            return True
        if "unit" in found and actor.unit is not None and actor.unit == unit:
            return True
        return "self" in found and actor.ref is not None and actor.ref == owner

    def require(self, actor: Actor, action: str, unit: str | None, owner: str | None = None) -> None:
        """Raises NotAllowed."""
        if not self.may(actor, action, unit, owner):
            raise NotAllowed("not_permitted", "Your role may not do this for this unit.")

    def visible_unit(self, actor: Actor, action: str, wanted: str | None) -> str | None:
        """The unit that a list is narrowed to: the one asked for, or the actor's own. Raises NotAllowed."""
        if self.scopes(actor, action) & ANYWHERE:
            return wanted
        unit = wanted or actor.unit
        self.require(actor, action, unit)
        return unit


class Once:
    """Runs an action in a transaction; the same key within a day answers what it answered first."""

    def __init__(self, db: MongoHandle, remembered: Remembered) -> None:
        self._db = db
        self._remembered = remembered

    def run(
        self,
        actor: Actor,
        key: str | None,
        what: Any,
        action: Callable[[ClientSession], Any],
        timeout: float = 5,
    ) -> Any:
        """Raises NotValid where the key was used for another request, and whatever the action raises."""
        fingerprint = canonical(what).hex()

        def once(session: ClientSession) -> Any:
            owner = actor.ref or "public"
            kept = self._remembered.find(session, owner, key) if key else None
            if kept is not None:
                if kept.fingerprint != fingerprint:
                    raise invalid("", "key_reused", "This idempotency key was used for another request.")
                return kept.result
            result = action(session)
            if key:
                self._remembered.keep(session, owner, key, fingerprint, result)
            return result

        return self._db.transact(once, timeout=timeout)
