"""contracts/permissions.yaml, cell by cell: who each cell opens a person, a unit or an evaluation to."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from evaluation.domain.access import (
    DECIDER_LEVEL,
    NO_ACCESS,
    PERSON_LEVEL,
    PROGRESS_LEVEL,
    RATER_LEVEL,
    Actor,
    about_records,
    level,
    may_act,
    of_person,
    of_unit,
    scopes,
    shows_result,
)
from evaluation.domain.evaluations import OBJECTED, OPENED, Evaluation
from evaluation.domain.staff import Staff
from servicekit.permissions import Permissions

ROOT = Path(__file__).parents[3]
LOADED = Permissions.load(ROOT / "contracts")
TABLE = LOADED.table["evaluation"]
PERSON = Staff("p-1", 1, "dukcapil", "asn_pns", "Petugas", (), "rater-1", "superior-1")
EVALUATION = Evaluation(
    id="e-1",
    version=1,
    staff_ref="p-1",
    unit="dukcapil",
    rater_ref="rater-1",
    decider_ref="superior-1",
    start=date(2026, 7, 1),
    end=date(2026, 9, 30),
    record="tanggap",
    state=OPENED,
    opened_at=datetime(2026, 10, 1, tzinfo=UTC),
)

# For each scope: the person herself, her rater, the rater's superior, a colleague of her unit, a stranger.
RELATIONS = ("p-1", "rater-1", "superior-1", "colleague-1", "stranger-1")
ABOUT_A_PERSON = {
    "any": (True, True, True, True, True),
    "yes": (True, True, True, True, True),
    "progress": (True, True, True, True, True),
    "people": (False, True, False, False, False),
    "self": (True, False, False, False, False),
    "unit": (True, True, False, True, False),
    "decider": (False, False, False, False, False),
}
ACTING = {
    "any": (True, True, True, True, True),
    "yes": (True, True, True, True, True),
    "people": (False, True, False, False, False),
    "self": (True, False, False, False, False),
    "decider": (False, False, True, False, False),
}
STEPS = {
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


def actor(ref: str, role: str) -> Actor:
    unit = "dpupr" if ref in ("superior-1", "stranger-1") else "dukcapil"
    return Actor(ref, (role,), unit)


def cells() -> list[tuple[str, str, str]]:
    return [(action, role, scope) for action, row in TABLE.items() for role, scope in row.items()]


@pytest.mark.parametrize(("action", "role", "scope"), cells())
def test_each_cell_opens_exactly_its_people(action: str, role: str, scope: str) -> None:
    opened = tuple(scope in of_person(TABLE, actor(ref, role), action, "p-1", PERSON) for ref in RELATIONS)

    assert opened == ABOUT_A_PERSON[scope]


@pytest.mark.parametrize(
    ("step", "role"), [(step, role) for step, action in STEPS.items() for role in TABLE[action]]
)
def test_each_cell_opens_a_step_to_exactly_its_people(step: str, role: str) -> None:
    scope = TABLE[STEPS[step]][role]

    allowed = tuple(may_act(TABLE, actor(ref, role), step, EVALUATION) for ref in RELATIONS)

    assert allowed == ACTING[scope]


@pytest.mark.parametrize("action", sorted(TABLE))
def test_a_role_without_a_cell_opens_nothing(action: str) -> None:
    for role in LOADED.roles:
        if role not in TABLE[action]:
            assert scopes(TABLE, Actor("p-1", (role,), "dukcapil"), action) == set(), role


@pytest.mark.parametrize("action", sorted(TABLE))
def test_who_has_no_name_may_do_nothing(action: str) -> None:
    assert scopes(TABLE, Actor(None, LOADED.roles, "dukcapil"), action) == set()


@pytest.mark.parametrize("role", [role for role, scope in TABLE["view"].items()])
def test_each_cell_of_view_shows_an_evaluation_to_exactly_its_people(role: str) -> None:
    seen = tuple(level(TABLE, actor(ref, role), EVALUATION) for ref in RELATIONS)

    nobody = NO_ACCESS
    assert (
        seen
        == {
            "self": (PERSON_LEVEL, nobody, nobody, nobody, nobody),
            "people": (PERSON_LEVEL, RATER_LEVEL, nobody, nobody, nobody),
            "progress": (PERSON_LEVEL, *(PROGRESS_LEVEL,) * 4),
        }[TABLE["view"][role]]
    )


def test_the_superior_sees_an_evaluation_once_there_is_something_to_decide() -> None:
    superior = actor("superior-1", "rater")

    assert level(TABLE, superior, EVALUATION) == NO_ACCESS
    assert level(TABLE, superior, replace(EVALUATION, state=OBJECTED)) == DECIDER_LEVEL


def test_a_person_is_shown_the_result_once_she_opened_it() -> None:
    opened = replace(EVALUATION, clock_started_at=datetime(2026, 10, 2, tzinfo=UTC))

    assert not shows_result(PERSON_LEVEL, EVALUATION)
    assert shows_result(PERSON_LEVEL, opened)
    assert shows_result(RATER_LEVEL, EVALUATION)
    assert not shows_result(PROGRESS_LEVEL, opened)


def test_records_without_figures_are_the_superiors_too() -> None:
    superior = actor("superior-1", "rater")

    assert about_records(TABLE, superior, "view_staff", "p-1", PERSON) == {"people"}
    assert of_person(TABLE, superior, "evidence", "p-1", PERSON) == set()


def test_figures_of_a_unit_are_for_its_head_and_the_city() -> None:
    head = Actor("kepala", ("unit_head",), "dukcapil")

    assert of_unit(TABLE, head, "unit_evidence", "dukcapil") == {"unit"}
    assert of_unit(TABLE, head, "unit_evidence", "dpupr") == set()
    assert of_unit(TABLE, Actor("w", ("leader",)), "unit_evidence", "dpupr") == {"any"}


def test_nobody_is_his_own_rater_whatever_the_record_says() -> None:
    odd = replace(PERSON, rater_ref="p-1")

    assert of_person(TABLE, actor("p-1", "rater"), "evidence", "p-1", odd) == set()
    assert not may_act(TABLE, actor("p-1", "rater"), "rate", replace(EVALUATION, rater_ref="p-1"))
