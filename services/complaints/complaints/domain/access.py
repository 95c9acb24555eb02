"""Who may see and do what. The table comes from contracts/permissions.yaml as data."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from complaints.domain.case import Case

Permissions = Mapping[str, Mapping[str, str]]

PUBLIC_ROLE, REPORTER_ROLE = "public", "reporter"
STAFF_LEVEL, REPORTER_LEVEL, PUBLIC_LEVEL, NO_ACCESS = "staff", "reporter", "public", "none"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls. A reporter is known by the digest of her secret, the public by nothing."""

    ref: str | None = None
    roles: tuple[str, ...] = ()
    unit: str | None = None
    secret_hash: str | None = field(default=None, repr=False)

    @property
    def is_staff(self) -> bool:
        return self.ref is not None and any(role not in (PUBLIC_ROLE, REPORTER_ROLE) for role in self.roles)


PUBLIC = Actor()


def holds_secret(actor: Actor, case: Case) -> bool:
    """In constant time, and never true for a case that has no secret."""
    if actor.secret_hash is None or not case.secret_hash:
        return False
    return hmac.compare_digest(actor.secret_hash, case.secret_hash)


def scopes(permissions: Permissions, actor: Actor, action: str) -> set[str]:
    """The scopes in which the actor may do an action, whatever the case."""
    row = permissions.get(action, {})
    roles = [role for role in actor.roles if actor.is_staff and role not in (PUBLIC_ROLE, REPORTER_ROLE)]
    if actor.secret_hash is not None:
        roles.append(REPORTER_ROLE)
    if not actor.is_staff:
        roles.append(PUBLIC_ROLE)
    return {row[role] for role in roles if role in row}


def _covers(scope: str, actor: Actor, case: Case) -> bool:
    match scope:
        case "any":
            return True
        case "city":
            return not case.inspectorate
        case "unit":
            return not case.inspectorate and actor.unit is not None and actor.unit == case.unit
        case "inspectorate":
            return case.inspectorate
        case "own":
            return holds_secret(actor, case)
        case "public":
            return case.is_released
        case _:
            return False


def granted(permissions: Permissions, actor: Actor, action: str, case: Case) -> set[str]:
    """The scopes through which the actor may do the action on this case; empty when refused."""
    return {scope for scope in scopes(permissions, actor, action) if _covers(scope, actor, case)}


def access_level(permissions: Permissions, actor: Actor, case: Case) -> str:
    """How much of the case the actor sees. `none` means that for this actor it does not exist.

    The public knows that an ordinary case exists before it is verified, and nothing more of it.
    """
    seen = granted(permissions, actor, "view", case)
    if seen & {"any", "city", "unit", "inspectorate"}:
        return STAFF_LEVEL
    if "own" in seen:
        return REPORTER_LEVEL
    if case.confidential or case.inspectorate:
        return NO_ACCESS
    # Staff whose scope ends before this case are still members of the public.
    return PUBLIC_LEVEL
