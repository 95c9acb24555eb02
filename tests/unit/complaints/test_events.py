"""Everything that complaints tells validates against the contracts, in every state that can be reached."""

import random
from datetime import timedelta
from typing import Any

from unit.complaints.bundles import bundle
from unit.complaints.factories import (
    CITY,
    CONTRACTS,
    NOW,
    OTHER_CODE,
    REPORTER_ACTOR,
    filed,
    local,
    situation,
    submission,
)
from unit.complaints.test_workflow import ACTIONS

from complaints.catalogue import changes_of
from complaints.domain.actions import Merge
from complaints.domain.city import EMPTY
from complaints.domain.deadlines import next_level
from complaints.domain.filing import file_case
from complaints.domain.firing import fire
from complaints.domain.workflow import perform
from complaints.errors import Refusal
from complaints.events import case_event, service_changed, unit_changed
from servicekit.contracts import Contracts

SCHEMAS = Contracts.load(CONTRACTS)
SECRET_WORDS = ("Ada lubang besar", "Jalan Contoh", "100.77876")


def told() -> list[Any]:
    """Events of many random courses; the same ones in every run."""
    events = []
    chance = random.Random(7)
    for start in ("jalan", "pungli", "info"):
        for _ in range(80):
            case, at = filed(service_code=start), NOW
            for _ in range(25):
                at += timedelta(minutes=chance.randint(1, 9000))
                events += _step(case, at, chance)
                case = events[-1][0] if events and events[-1][0].code == case.code else case
    return events


def _step(case: Any, at: Any, chance: random.Random) -> list[tuple[Any, Any]]:
    due = [(c, lvl) for c in case.clocks if (lvl := next_level(CITY.calendar, c)) and lvl.at <= at]
    if due:
        clock, level = due[0]
        step = fire(case, clock, level, situation(at, by="system", actor_ref=None))
    else:
        action, actor, scope = chance.choice(ACTIONS)
        if case.inspectorate and scope in ("city", "unit"):
            scope = "inspectorate"
        try:
            step, _ = perform(case, action, situation(at, actor, scope))
        except Refusal:
            return []
    return [(step.case, case_event(step.case, fact, at)) for fact in step.facts]


def test_every_event_of_every_course_validates_and_carries_no_text() -> None:
    events = [event for _, event in told()]
    for service_code in ("jalan", "tidak-ada"):
        for catalogue in (EMPTY,):
            step = file_case(submission(service_code=service_code), None, catalogue, NOW)
            events += [case_event(step.case, fact, NOW) for fact in step.facts]
    step, _ = perform(filed(), Merge(OTHER_CODE), situation(NOW, other=filed(code=OTHER_CODE)))
    events += [case_event(step.case, fact, NOW) for fact in step.facts]

    for event in events:
        SCHEMAS.validate(event)
        body = event.to_bytes().decode()
        assert not any(word in body for word in SECRET_WORDS)

    published = {
        t for t in SCHEMAS.owners if SCHEMAS.owners[t] == "complaints" and t.startswith("complaint.")
    }
    assert {event.type for event in events} >= published - {"complaint.filed.v1"}


def test_events_of_the_inspectorate_name_no_other_unit() -> None:
    for case, event in told():
        if case.inspectorate and event.type == "complaint.escalated.v1":
            assert event.data["to_role"] == "inspector"
            assert event.data["to_unit"] == "inspektorat"


def test_an_event_carries_the_version_after_the_change_and_its_cause() -> None:
    from servicekit.testing import make_event

    cause = make_event("complaint.submitted.v1", correlationid="flow-1")
    step = file_case(submission(), None, EMPTY, NOW)

    event = case_event(step.case, step.facts[0], NOW, cause=cause)

    assert event.aggregateversion == 1
    assert (event.correlationid, event.causationid) == ("flow-1", cause.id)
    assert event.dataschema == "https://tanggap.id/contracts/complaints/complaint.filed.v1.json"


def test_catalogue_events_validate() -> None:
    _, changes = changes_of(bundle(), {}, {}, None)

    for event in (
        *(unit_changed(unit, NOW) for unit in changes.units),
        *(service_changed(service, NOW) for service in changes.services),
    ):
        SCHEMAS.validate(event)


def test_the_reporters_actions_are_hers() -> None:
    assert REPORTER_ACTOR.ref is None
    assert local(2) == NOW
