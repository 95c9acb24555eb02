"""Who may see and do what. The table comes from contracts/permissions.yaml as data.

Whoever may not know of a thing gets the same answer as for one that does not exist: the callers raise
`Unseen` for an empty set of scopes wherever existence itself would tell something about a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.domain.evaluations import Evaluation
from evaluation.domain.staff import Staff

Permissions = Mapping[str, Mapping[str, str]]

ANY, PEOPLE, SELF, UNIT, DECIDER, PROGRESS, YES = (
    "any",
    "people",
    "self",
    "unit",
    "decider",
    "progress",
    "yes",
)

PERSON_LEVEL, RATER_LEVEL, DECIDER_LEVEL, PROGRESS_LEVEL, NO_ACCESS = (
    "person",
    "rater",
    "decider",
    "progress",
    "none",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: an opaque reference, roles, and the unit the token names."""

    ref: str | None = None
    roles: tuple[str, ...] = ()
    unit: str | None = None


def scopes(permissions: Permissions, actor: Actor, action: str) -> frozenset[str]:
    """The scopes in which the actor may do an action, whomever it is about. Nobody unnamed has any."""
    if not actor.ref:
        return frozenset()
    row = permissions.get(action, {})
    return frozenset(row[role] for role in actor.roles if role in row)


def of_person(
    permissions: Permissions, actor: Actor, action: str, staff_ref: str, person: Staff | None
) -> frozenset[str]:
    """The scopes through which the actor may do the action about this person; empty: she is unknown to him.

    `people` are those whom the actor rates. The superior who would decide an objection is not among them:
    he learns of a rating when an objection against it is filed, through the evaluation itself.
    """

    def covers(scope: str) -> bool:
        match scope:
            case "any" | "yes" | "progress":
                return True
            case "self":
                return actor.ref == staff_ref
            case "people":
                return person is not None and actor.ref != staff_ref and actor.ref == person.rater_ref
            case "unit":
                return person is not None and actor.unit is not None and actor.unit == person.unit
            case _:
                return False

    return frozenset(scope for scope in scopes(permissions, actor, action) if covers(scope))


def about_records(
    permissions: Permissions, actor: Actor, action: str, staff_ref: str, person: Staff | None
) -> frozenset[str]:
    """As `of_person`, for what holds no figure: there the rater's superior counts the person as his too."""
    found = of_person(permissions, actor, action, staff_ref, person)
    superior = person is not None and actor.ref == person.superior_ref and actor.ref != staff_ref
    if superior and PEOPLE in scopes(permissions, actor, action):
        found |= {PEOPLE}
    return found


def of_unit(permissions: Permissions, actor: Actor, action: str, unit: str) -> frozenset[str]:
    """The scopes through which the actor may do the action about a unit."""
    found = scopes(permissions, actor, action)
    own = actor.unit is not None and actor.unit == unit
    return frozenset(scope for scope in found if scope in (ANY, YES) or (scope == UNIT and own))


def level(permissions: Permissions, actor: Actor, evaluation: Evaluation) -> str:
    """How much of an evaluation the actor sees. `none` means that for this actor it does not exist."""
    found = scopes(permissions, actor, "view")
    if found and actor.ref == evaluation.staff_ref:
        return PERSON_LEVEL
    if PEOPLE in found and actor.ref == evaluation.rater_ref:
        return RATER_LEVEL
    if actor.ref is not None and actor.ref == evaluation.decider_ref and evaluation.decides_objection:
        if found & {PEOPLE, DECIDER}:
            return DECIDER_LEVEL
    if found & {PROGRESS, ANY}:
        return PROGRESS_LEVEL
    return NO_ACCESS


_PERMISSION_OF = {
    "expect": "expect",
    "agree": "agree",
    "rate": "rate",
    "finalise": "finalise",
    "import": "import_result",
    "read": "read",
    "hand-over": "hand_over",
    "object": "object",
    "decide": "decide",
    "follow-up": "follow_up",
}


def may_act(permissions: Permissions, actor: Actor, action: str, evaluation: Evaluation) -> bool:
    """Whether the actor's roles and his place in this evaluation open the action, whatever its state."""
    for scope in scopes(permissions, actor, _PERMISSION_OF.get(action, action)):
        match scope:
            case "any" | "yes":
                return True
            case "self" if actor.ref == evaluation.staff_ref:
                return True
            case "people" if actor.ref == evaluation.rater_ref and actor.ref != evaluation.staff_ref:
                return True
            case "decider" if actor.ref == evaluation.decider_ref:
                return True
    return False


def shows_result(level_of_actor: str, evaluation: Evaluation) -> bool:
    """Whether ratings and predikat are shown: to the rater always, to the person once she opened them.

    Reading by GET opens nothing. The clock of objections starts when she opens the result or the
    hand-over is recorded; until then there is no result to be seen.
    """
    if level_of_actor == PERSON_LEVEL:
        return evaluation.clock_started_at is not None
    return level_of_actor in (RATER_LEVEL, DECIDER_LEVEL)
