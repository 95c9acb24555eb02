"""Who gets past a service's RPC methods, to compare with contracts/permissions.yaml cell by cell."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from servicekit.permissions import Permissions
from servicekit.rpc import SealedRpc
from support.broker import CONTRACTS

PERMISSIONS = Permissions.load(CONTRACTS)
ABOUT_THE_ACTOR = ("not_permitted", "role", "no_identity", "conflict_of_interest")
Actor = dict[str, Any] | None
Attempt = Callable[[Any, Actor], Any]


@dataclass(frozen=True)
class Cell:
    """One method on behalf of one action.

    rows     actions of the table that a role needs together, the first naming the cell
    attempt  calls the method of a service for an actor; several targets are several attempts
    shows    whether what it answers shows something that only the row opens, where nothing is refused
    without  scopes that open less than this attempt asks for
    besides, but  roles that the service lets in beyond the table, or not; the test says why
    """

    method: str
    rows: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    shows: Callable[[Any], bool] = lambda _answer: True
    without: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    area: str | None = None

    def expected(self, service: str) -> set[str]:
        """The roles that the table lets in; the reporter is a member of the public too."""
        area = self.area or service
        allowed = [
            {
                role
                for role in PERMISSIONS.roles
                if PERMISSIONS.scope(area, row, role) not in {None, *self.without}
            }
            for row in self.rows
        ]
        found = set.intersection(*allowed) | self.besides
        return (found | {"reporter"} if "public" in found else found) - self.but


def rpc_methods(service: type) -> set[str]:
    """Every method of a service that the gateway can call, found on the class itself."""
    return {
        name
        for name, member in vars(service).items()
        if any(isinstance(one, SealedRpc) for one in getattr(member, "nameko_entrypoints", ()))
    }


def served_by(service: type, parts: Any) -> Any:
    """The service's methods on these parts, without broker."""
    made = object.__new__(service)
    made.wired = lambda _db, _outbox: parts
    return made


def admitted(service: Any, cell: Cell, actors: Mapping[str, Iterable[Actor]]) -> set[str]:
    """The roles of which at least one actor gets past the method's authorisation."""
    return {
        role
        for role, candidates in actors.items()
        if any(_passes(service, cell, attempt, actor) for actor in candidates for attempt in cell.attempts)
    }


def _passes(service: Any, cell: Cell, attempt: Attempt, actor: Actor) -> bool:
    try:
        answer = attempt(service, actor)
    except NotFound:
        return False
    except Forbidden as refused:
        # Other codes tell somebody who may act why the thing itself does not allow it now.
        return refused.code not in ABOUT_THE_ACTOR
    except (Invalid, Conflict):
        return True
    return cell.shows(answer)


def placed(
    *places: tuple[str, str | None], strangers: Mapping[str, Iterable[Actor]]
) -> dict[str, list[Actor]]:
    """Every role in every place, a reference and a unit each; `public` and `reporter` are given."""
    staff = [role for role in PERMISSIONS.roles if role not in ("public", "reporter")]
    return {
        **{role: [{"ref": ref, "roles": [role], "unit": unit} for ref, unit in places] for role in staff},
        **{role: list(actors) for role, actors in strangers.items()},
    }


def differences(service: Any, name: str, cells: Iterable[Cell], actors: Mapping[str, Iterable[Actor]]) -> Any:
    """For each cell that does not keep to the table: who gets past, and who should."""
    found = {
        (cell.method, cell.rows[0]): (admitted(service, cell, actors), cell.expected(name)) for cell in cells
    }
    return {cell: roles for cell, roles in found.items() if roles[0] != roles[1]}
