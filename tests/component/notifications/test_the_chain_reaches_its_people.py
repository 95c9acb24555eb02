"""Evaluations, trainings, improvement plans and refusals reach whom they concern, and nobody else."""

import itertools
import random
from typing import Any

import pytest
from component.notifications.chain import (
    DECIDER,
    PERSON,
    RATER,
    STAFF,
    chain_event,
    handle,
    handler_of,
    invited,
    refused,
    visitor,
)
from component.notifications.world import CODE, SCHEMAS, SmtpServer, World, case_event, filed

from servicekit.envelope import Event
from servicekit.errors import Forbidden, Invalid
from servicekit.topology import Topology

QUEUE = {"ref": "dept-antrian-dukcapil", "roles": ["department"], "unit": "dukcapil"}
ADMIN = {"ref": "adm-1", "roles": ["admin"], "unit": None}
COORDINATOR = {"ref": "kord-1", "roles": ["coordinator"], "unit": None}


@pytest.fixture
def staffed(world: World) -> World:
    world.app.registry.on_contact_submitted(list(STAFF))
    world.clock.advance(minutes=2)
    return world


def told(world: World) -> set[tuple[str, str, str]]:
    """Who was told, by which channel, with which text."""
    return {
        (intent["recipient_ref"], intent["channel"], intent["template"])
        for intent in world.intents()
        if intent["reason"] is None
    }


BOTH = ("inbox", "email")
CASES: list[tuple[str, dict[str, Any], set[tuple[str, str, str]]]] = [
    (
        "survey.period_closed.v1",
        {},
        {
            *((RATER, channel, "survey-period-closed") for channel in BOTH),
            ("kord-1", "inbox", "survey-period-closed"),
        },
    ),
    ("improvement.planned.v1", {}, {(RATER, channel, "improvement-planned") for channel in BOTH}),
    ("improvement.due_soon.v1", {}, {(RATER, channel, "improvement-due-soon") for channel in BOTH}),
    (
        "evaluation.opened.v1",
        {},
        {
            *((PERSON, channel, "evaluation-opened") for channel in BOTH),
            (RATER, "inbox", "evaluation-opened-rater"),
        },
    ),
    ("evaluation.finalised.v1", {}, {(PERSON, channel, "evaluation-ready") for channel in BOTH}),
    (
        "evaluation.objection_filed.v1",
        {},
        {
            *((DECIDER, channel, "objection-filed") for channel in BOTH),
            (RATER, "inbox", "objection-filed-rater"),
        },
    ),
    (
        "evaluation.objection_decided.v1",
        {},
        {
            *((PERSON, channel, "objection-decided") for channel in BOTH),
            (RATER, "inbox", "objection-decided-rater"),
        },
    ),
    (
        "training.recommended.v1",
        {},
        {("hr-1", "inbox", "training-recommended"), (RATER, "inbox", "training-recommended-rater")},
    ),
    (
        "training.recommended.v1",
        {"kind": "unit", "staff_ref": None, "rater_ref": None},
        {("hr-1", "inbox", "training-recommended")},
    ),
    ("training.approved.v1", {}, {(PERSON, channel, "training-approved") for channel in BOTH}),
    (
        "training.approved.v1",
        {"kind": "unit", "staff_ref": None},
        {(RATER, channel, "training-approved-unit") for channel in BOTH},
    ),
    (
        "training.enrolled.v1",
        {"status": "requested"},
        {
            *((PERSON, channel, "training-enrolment") for channel in BOTH),
            *((RATER, channel, "training-request") for channel in BOTH),
        },
    ),
    (
        "training.enrolled.v1",
        {"status": "approved"},
        {
            *((PERSON, channel, "training-enrolment") for channel in BOTH),
            ("hr-1", "inbox", "training-to-confirm"),
        },
    ),
    (
        "training.enrolled.v1",
        {"status": "confirmed"},
        {(PERSON, channel, "training-enrolment") for channel in BOTH},
    ),
    ("training.completed.v1", {}, {(PERSON, "inbox", "training-completed")}),
]


@pytest.mark.parametrize(("type_", "changes", "whom"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_an_event_tells(
    staffed: World,
    smtp: SmtpServer,
    type_: str,
    changes: dict[str, Any],
    whom: set[tuple[str, str, str]],
) -> None:
    assert handle(staffed, chain_event(type_, **changes)) == {}
    staffed.send()

    assert told(staffed) == whom
    mailed = {f"{ref}@example.invalid" for ref, channel, _ in whom if channel == "email"}
    assert {mail["to"][0] for mail in smtp.mails()} == mailed
    items = staffed.mongo.database["inbox_items"]
    assert {item["recipient_ref"] for item in items.find()} == {
        ref for ref, channel, _ in whom if channel == "inbox"
    }
    assert staffed.published() == []


def test_a_message_in_the_inbox_leads_to_its_page_and_not_to_a_case(staffed: World) -> None:
    handle(staffed, chain_event("evaluation.finalised.v1"), chain_event("training.completed.v1"))

    found = staffed.app.queries.inbox({"ref": PERSON, "roles": ["officer"]}, None, 10, False)

    evaluation = SCHEMAS.examples("evaluation.finalised.v1")[0]["evaluation_id"]
    assert {item["link"] for item in found["items"]} == {f"/evaluasi/{evaluation}", "/pelatihan"}
    assert {item["complaint_id"] for item in found["items"]} == {None}
    assert "http" not in "".join(item["text"] for item in found["items"])


def test_redelivery_and_order_change_nothing(staffed: World, smtp: SmtpServer) -> None:
    events = [chain_event(type_, **changes) for type_, changes, _ in CASES]
    expected = set[tuple[str, str, str]]().union(*(whom for _, _, whom in CASES))
    shuffled = list(itertools.chain(events, events, events))
    random.Random(7).shuffle(shuffled)  # the same order every time

    for start in range(0, len(shuffled), 5):
        handle(staffed, *shuffled[start : start + 5])
        staffed.send()
    staffed.mongo.database["inbox"].delete_many({})
    handle(staffed, *reversed(events))
    staffed.send()

    assert told(staffed) == expected
    per_event = sum(len(whom) for _, _, whom in CASES)
    assert len([one for one in staffed.intents() if one["reason"] is None]) == per_event
    assert len({mail["message_id"] for mail in smtp.mails()}) == len(smtp.mails())


def test_one_event_id_seen_by_two_handlers_is_one_event_to_each(staffed: World) -> None:
    first = refused(owner="surveys")

    handle(staffed, first, refused(owner="evaluation"), refused(owner="complaints"))
    handle(staffed, first)

    found = staffed.app.queries.rejections(QUEUE, None, 10)
    assert sorted(item["refused_by"] for item in found["items"]) == ["complaints", "evaluation", "surveys"]


def test_whoever_is_not_known_leaves_a_skipped_message(world: World) -> None:
    world.clock.advance(minutes=2)

    handle(world, chain_event("evaluation.finalised.v1"))

    assert {(one["reason"], one["channel"]) for one in world.intents()} == {
        ("audience_empty", "inbox"),
        ("audience_empty", "email"),
    }


def test_every_example_of_the_chain_is_told_without_a_fault(staffed: World) -> None:
    staffed.app.registry.on_contact_submitted([visitor("ref")])
    topology = Topology.load(staffed.config.contracts_dir)
    for handler in ("on_survey_event", "on_evaluation_event"):
        for type_ in topology.consumer("notifications", handler).types:
            for number, example in enumerate(SCHEMAS.examples(type_)):
                changes = dict(example) | ({"contact_ref": "ref"} if "contact_ref" in example else {})
                event = chain_event(type_, f"{type_}-{number}", owner=handler.split("_")[1] + "s", **changes)
                verdicts = staffed.handle(event, handler=handler)
                assert {getattr(one, "reason", one) for one in verdicts.values()} <= {
                    "invitation_not_sent_yet"
                }

    failed = staffed.intents(status="technical_failure")
    assert [(intent["rule"], intent["missing"]) for intent in failed] == []
    assert len(staffed.intents()) > 15


def test_a_department_reads_its_own_refusals_newest_first(staffed: World) -> None:
    message = {"id": "Unit ini bukan unit Anda.", "en": "This unit is not yours."}
    mine = [
        refused(owner=owner, event_id=f"e-{owner}", message=message) for owner in ("surveys", "evaluation")
    ]
    handle(staffed, *mine, refused("simpeg-bkpsdm"), refused("antrian"))

    first = staffed.app.queries.rejections(QUEUE, None, 1)
    second = staffed.app.queries.rejections(QUEUE, first["next_cursor"], 1)

    assert [item["event_id"] for item in first["items"] + second["items"]] == ["e-evaluation", "e-surveys"]
    assert second["next_cursor"] is None
    (item,) = first["items"]
    assert item == {
        "department": "antrian-dukcapil",
        "event_id": "e-evaluation",
        "event_type": "service.delivered.v1",
        "reason": "not_yours",
        "pointer": "/unit",
        "message": message,
        "received_at": "2026-11-24T02:15:00+00:00",
        "refused_by": "evaluation",
    }


def test_an_administrator_reads_the_refusals_of_all_and_nobody_else_any(staffed: World) -> None:
    handle(staffed, refused(), refused("simpeg-bkpsdm"))
    rejections = staffed.app.queries.rejections

    assert {item["department"] for item in rejections(ADMIN, None, 10)["items"]} == {
        "antrian-dukcapil",
        "simpeg-bkpsdm",
    }
    assert rejections({**QUEUE, "ref": "dept-antrian"}, None, 10)["items"] == []
    for actor in (None, COORDINATOR, {"ref": None, "roles": ["department"]}):
        with pytest.raises(Forbidden):
            rejections(actor, None, 10)
    with pytest.raises(Invalid):
        rejections(QUEUE, {"$gt": ""}, 10)


def test_a_refusal_stands_in_the_departments_inbox_too(staffed: World) -> None:
    named = SCHEMAS.examples("department.changed.v1")[0]
    event = case_event("complaint.verified.v1")
    changed = Event(event.id, "/complaints", "department.changed.v1", "antrian-dukcapil", event.time, named)
    staffed.app.registry.on_catalogue_changed([changed])

    handle(staffed, refused(), refused(event_id=None, event_type=None, pointer=None, reason="invalid"))
    inbox = staffed.app.queries.inbox(QUEUE, None, 10, False)

    assert inbox["unread"] == 2
    assert {item["link"] for item in inbox["items"]} == {"/v1/events/rejections"}
    assert "Sistem antrean Disdukcapil" in inbox["items"][0]["text"]
    assert "None" not in str([item["text"] + item["title"] for item in inbox["items"]])
    assert staffed.app.queries.mark_read(QUEUE, None) == {"marked": 2, "unread": 0}
    assert staffed.published() == []


def test_an_older_name_of_a_department_changes_nothing(world: World) -> None:
    data = SCHEMAS.examples("department.changed.v1")[0]
    event = case_event("complaint.verified.v1")
    for version, name in ((3, "Baru"), (2, "Lama")):
        changed = {**data, "version": version, "name": {"id": name, "en": name}}
        world.app.registry.on_catalogue_changed(
            [Event(f"{event.id}-{version}", "/complaints", "department.changed.v1", "x", event.time, changed)]
        )

    row = world.mongo.database["departments"].find_one({"_id": "antrian-dukcapil"})
    assert row is not None
    assert row["name"]["id"] == "Baru"


def test_whoever_looks_at_the_citys_cases_sees_no_message_about_staff_or_surveys(staffed: World) -> None:
    staffed.app.registry.on_contact_submitted([visitor("ref")])
    handle(staffed, chain_event("evaluation.objection_filed.v1"), invited("ref"), refused())
    staffed.handle(filed())

    seen = staffed.app.queries.deliveries(COORDINATOR, {"event_id": None}, True, None, 50)
    everything = staffed.app.queries.deliveries(ADMIN, {"event_id": None}, False, None, 50)

    assert {item["complaint_id"] for item in seen["items"]} == {CODE}
    subjects = {item["subject"] for item in everything["items"] if item["complaint_id"] is None}
    assert len(subjects) == 3


def test_mails_about_a_case_of_another_city_are_signed_by_that_city(world: World, smtp: SmtpServer) -> None:
    unit = SCHEMAS.examples("unit.changed.v1")[0] | {"city": "baltimore", "unit": "bal-dot"}
    service = SCHEMAS.examples("service.changed.v1")[0] | {
        "city": "baltimore",
        "service_code": "bal-potholes",
        "unit": "bal-dot",
    }
    world.app.registry.on_catalogue_changed(
        [
            Event(f"{type_}-b", "/complaints", type_, "x", world.clock.now(), data)
            for type_, data in (("unit.changed.v1", unit), ("service.changed.v1", service))
        ]
    )

    world.handle(filed(service_code="bal-potholes", unit="bal-dot"), filed("2N8PFA6Y0KVCJ"))
    world.send()

    signed = {mail["text"].strip().splitlines()[-1] for mail in smtp.mails()}
    assert len(signed) == 2
    assert "Pemerintah Kota Sawahlunto" in signed
    (other,) = signed - {"Pemerintah Kota Sawahlunto"}
    assert "Baltimore" in other
    (mail,) = (mail for mail in smtp.mails() if "Baltimore" in mail["text"])
    assert " EST" in mail["text"] or " EDT" in mail["text"]


def test_a_dry_run_of_a_rating_shows_who_would_be_told_and_stores_nothing(staffed: World) -> None:
    event = chain_event("evaluation.finalised.v1")

    found = staffed.app.queries.dry_run(COORDINATOR, event.to_dict())["intents"]

    assert [(one["recipient_ref"], one["channel"], one["outcome"]) for one in found] == [
        (PERSON, "inbox", "deliver"),
        (PERSON, "email", "send"),
    ]
    assert staffed.intents() == []


def test_each_type_goes_to_the_handler_that_consumes_it() -> None:
    topology = Topology.load("contracts")

    for type_, _, _ in CASES:
        assert type_ in topology.consumer("notifications", handler_of(type_)).types
