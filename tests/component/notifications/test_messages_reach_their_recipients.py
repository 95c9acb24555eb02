from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from component.notifications.world import (
    CODE,
    SCHEMAS,
    SmtpServer,
    World,
    case_event,
    filed,
    staff_contact,
)

from servicekit.errors import Retry


def test_a_filed_case_sends_a_receipt_with_its_code_and_private_link(world: World, smtp: SmtpServer) -> None:
    verdicts = world.handle(filed())

    assert verdicts == {}
    assert world.send() == 1
    (mail,) = smtp.mails()
    assert mail["to"] == ["siti@example.invalid"]
    assert "7K3M-9QXD-4TRW-H" in mail["subject"]
    assert "Yth. Bapak/Ibu Siti Rahma" in mail["text"]
    assert "Jalan berlubang" in mail["text"]
    assert f"/lacak/{CODE}/rahasia" in mail["text"]
    assert f'<a href="http://127.0.0.1:8080/lacak/{CODE}/rahasia' in mail["html"]
    intent = world.intent(audience="reporter")
    assert (intent["status"], intent["attempt"]) == ("sent", 1)
    assert mail["message_id"] == f"<{intent['_id']}@sawahlunto.example>"
    (sent,) = world.published("notification.sent.v1")
    assert sent.data["complaint_id"] == CODE


def test_the_same_event_a_thousand_times_is_one_mail(world: World, smtp: SmtpServer) -> None:
    event = filed()

    for _ in range(10):
        world.handle(*[event] * 100)
    world.send()
    for _ in range(10):
        world.handle(event)
    world.send()

    assert len(smtp.mails()) == 1
    assert len(world.intents(audience="reporter")) == 1
    assert len(world.published("notification.sent.v1")) == 1


def test_a_replay_after_the_inbox_forgot_sends_nothing_again(world: World, smtp: SmtpServer) -> None:
    event, other = filed(), filed("2N8PFA6Y0KVCJ")
    world.handle(event)
    world.send()
    world.mongo.database["inbox"].delete_many({})

    world.handle(event, other)
    world.send()

    assert len(smtp.mails()) == 2
    assert len({mail["message_id"] for mail in smtp.mails()}) == 2


def test_two_processes_with_the_same_events_store_them_once(
    world: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    import eventlet

    other = world_of()
    codes = [f"7K3M9QXD4TR{letter}H" for letter in "ABCDEFGHJK"]
    events = [filed(code) for code in codes]

    threads = [eventlet.spawn(one.handle, *events) for one in (world, other, world, other)]
    for thread in threads:
        thread.wait()
    senders = [eventlet.spawn(one.send) for one in (world, other)]
    for thread in senders:
        thread.wait()

    assert len(smtp.mails()) == len(codes)
    assert {intent["status"] for intent in world.intents(audience="reporter")} == {"sent"}


def test_a_contact_that_comes_late_is_waited_for(world: World, smtp: SmtpServer) -> None:
    verified = case_event("complaint.verified.v1", contact_ref=f"ref-{CODE}")

    early = world.handle(verified)
    world.handle(filed())
    late = world.handle(verified)
    world.send()

    assert isinstance(early[verified.id], Retry)
    assert late == {}
    assert sorted(mail["subject"][:30] for mail in smtp.mails()) == [
        "Pengaduan Anda sudah kami peri",
        "Pengaduan Anda sudah kami teri",
    ]


def test_a_batch_that_holds_filing_and_verification_needs_no_retry(world: World) -> None:
    verified = case_event("complaint.verified.v1", contact_ref=f"ref-{CODE}")

    assert world.handle(verified, filed()) == {}
    assert {intent["rule"] for intent in world.intents(channel="email")} >= {"receipt", "verified"}


def test_a_contact_that_never_comes_leaves_a_skipped_message(world: World) -> None:
    verified = case_event("complaint.verified.v1", contact_ref="never-seen")
    world.clock.advance(minutes=11)

    assert world.handle(verified) == {}

    assert world.intent(rule="verified")["reason"] == "contact_missing"
    (skipped,) = world.published("notification.skipped.v1")
    assert skipped.data["reason"] == "contact_missing"
    assert skipped.data["recipient_ref"] == "never-seen"


def test_a_reporter_without_contact_leaves_a_skipped_message_at_once(world: World) -> None:
    world.handle(case_event("complaint.filed.v1", contact_ref=None, contact_sealed=None))

    receipt = world.intent(rule="receipt")
    assert (receipt["status"], receipt["reason"]) == ("skipped", "contact_missing")


@pytest.mark.parametrize("address", ["not an address", "a@b@c.id", "x@example.invalid\nBcc: y@z.id"])
def test_an_address_that_is_none_is_skipped_and_never_dialled(
    world: World, smtp: SmtpServer, address: str
) -> None:
    world.handle(filed(email=address))

    assert world.intent(rule="receipt")["reason"] == "contact_invalid"
    assert world.send() == 0
    assert smtp.mails() == []


def test_an_address_under_a_reserved_domain_is_refused_in_production(world_of: Callable[..., World]) -> None:
    world = world_of(profile="production")
    world.clock.advance(minutes=2)

    world.handle(filed())

    assert world.intent(rule="receipt")["reason"] == "contact_invalid"


def test_staff_are_told_by_role_unit_and_name(world: World, smtp: SmtpServer) -> None:
    staff = [
        staff_contact("kord-1", ["coordinator"]),
        staff_contact("staf-1", ["officer"], "dpupr"),
        staff_contact("kepala-1", ["unit_head"], "dpupr"),
        staff_contact("staf-2", ["officer"], "dlh"),
    ]
    world.app.registry.on_contact_submitted(staff)

    world.handle(filed(), case_event("complaint.assigned.v1", contact_ref=f"ref-{CODE}"))
    world.send()

    items = list(world.mongo.database["inbox_items"].find({}))
    assert {(item["recipient_ref"], item["event_type"]) for item in items} == {
        ("kord-1", "complaint.filed.v1"),
        ("staf-1", "complaint.assigned.v1"),
        ("kepala-1", "complaint.assigned.v1"),
    }
    assert {mail["to"][0] for mail in smtp.mails()} == {"siti@example.invalid", "kepala-1@example.invalid"}
    delivered = world.published("notification.delivered.v1")
    assert {event.data["channel"] for event in delivered} == {"inbox"}


def test_an_inspectorate_case_reaches_inspectors_alone(world: World) -> None:
    staff = [
        staff_contact("kord-1", ["coordinator"]),
        staff_contact("insp-1", ["inspector"], "inspektorat"),
        staff_contact("staf-1", ["officer"], "inspektorat"),
    ]
    world.app.registry.on_contact_submitted(staff)
    guarded: dict[str, Any] = {"inspectorate": True, "unit": "inspektorat"}

    world.handle(
        filed(**guarded),
        case_event("complaint.assigned.v1", contact_ref=None, officer_ref=None, **guarded),
        case_event("complaint.overdue.v1", contact_ref=None, officer_ref=None, **guarded),
    )

    told = {intent["recipient_ref"] for intent in world.intents(audience="staff", reason=None)}
    assert told == {"insp-1"}


def test_an_office_without_anybody_leaves_a_skipped_message(world: World) -> None:
    world.handle(filed())

    assert world.intent(rule="staff-new-case")["reason"] == "audience_empty"


def test_a_retired_member_of_staff_hears_nothing_more(world: World) -> None:
    joined = staff_contact("kord-1", ["coordinator"])
    left = replace(staff_contact("kord-1", ["coordinator"]), data={**joined.data, "active": False})

    world.app.registry.on_contact_submitted([left, joined])
    world.handle(filed())

    assert world.intent(rule="staff-new-case")["reason"] == "audience_empty"


def test_a_message_in_english_goes_to_whoever_asked_for_english(world: World, smtp: SmtpServer) -> None:
    world.handle(filed(language="en", contact={"language": "en"}))
    world.send()

    (mail,) = smtp.mails()
    assert mail["subject"] == "We have received your complaint: 7K3M-9QXD-4TRW-H"
    assert "Pothole" in mail["text"]
    assert "Public Works" not in mail["text"]


def test_sample_data_is_marked_in_subject_and_text(world_of: Callable[..., World], smtp: SmtpServer) -> None:
    world = world_of(sample_mark="data contoh")
    world.app.cities.load()
    world.clock.advance(minutes=2)

    world.handle(filed())
    world.send()

    (mail,) = smtp.mails()
    assert mail["subject"].startswith("[data contoh] ")
    assert "data contoh" in mail["text"]
    assert "data contoh" in mail["html"]


def test_nothing_personal_is_readable_in_the_database(world: World) -> None:
    world.app.registry.on_contact_submitted([staff_contact("kord-1", ["coordinator"])])

    world.handle(filed())
    world.send()

    for name in world.mongo.database.list_collection_names():
        for row in world.mongo.database[name].find({}):
            text = str(row)
            for word in ("Siti", "siti@", "Pegawai Contoh", "kord-1@", "rahasia0123"):
                assert word not in text, name


def test_every_example_of_every_contract_is_planned_without_a_fault(world: World) -> None:
    staff = [staff_contact("kord-1", ["coordinator"]), staff_contact("staf-017", ["officer"], "dpupr")]
    world.app.registry.on_contact_submitted(staff)
    world.clock.advance(minutes=2)
    first = filed()
    types = [type_ for type_, owner in SCHEMAS.owners.items() if owner == "complaints"]
    world.handle(first)

    for type_ in types:
        for example in SCHEMAS.examples(type_):
            if "contact_ref" in example and "contact_sealed" not in example:
                ref = example["contact_ref"] and first.data["contact_ref"]
                changes = {name: value for name, value in example.items() if name != "complaint_id"}
                assert world.handle(case_event(type_, CODE, **changes | {"contact_ref": ref})) == {}

    failed = world.intents(status="technical_failure")
    assert [(intent["rule"], intent["missing"]) for intent in failed] == []
    assert len(world.intents(audience="reporter")) > 15
