import json

import pytest
from component.servicekit.harness import log_lines

from servicekit.envelope import MAX_BODY_BYTES, Event
from servicekit.testing import make_event
from support.waiting import eventually

MARK = "Siti-Rahmawati-0812"


def without(event, attribute):
    document = event.to_dict()
    del document[attribute]
    return json.dumps(document).encode()


def test_bytes_that_are_no_event_are_dead_lettered_with_a_reason_and_without_a_log_of_them(kit, make_things):
    good = make_things(20)
    bad = make_event("thing.made.v1", {"who": MARK}, source="/maker")
    poison = {
        "invalid_json": b'{"who": "' + MARK.encode(),
        "not_an_object": b'["' + MARK.encode() + b'"]',
        "missing_subject": without(bad, "subject"),
        "missing_data": without(bad, "data"),
        "oversize": b'{"a":"' + MARK.encode() * (MAX_BODY_BYTES // len(MARK) + 1) + b'"}',
        "unknown_type": make_event("thing.unknown.v1", {"who": MARK}, source="/maker").to_bytes(),
    }
    maker = f"{kit.prefix}maker"
    with kit.channel("maker") as channel:
        for position, (reason, body) in enumerate(poison.items()):
            neighbour = good[position]
            kit.put(channel, neighbour.to_bytes(), "maker.events", neighbour.type, neighbour.id, maker)
            kit.put(channel, body, "maker.events", "thing.made.v1", f"m-{reason}", maker)
    process = kit.process()
    kit.publish(*good[len(poison) :])

    kit.kept(*good)
    dead = kit.dead(count=len(poison))

    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    reasons = {m.properties["message_id"]: m.headers["x-reason"] for m in dead}
    assert reasons == {f"m-{reason}": reason for reason in poison}
    assert {m.body if isinstance(m.body, bytes) else m.body.encode() for m in dead} == set(poison.values())
    assert MARK.encode() not in output
    logged = [line for line in log_lines(output) if line["msg"] == "event dead-lettered"]
    assert len(logged) == len(poison)
    assert all(line["size"] and line["reason"] for line in logged)


def test_a_foreign_content_type_is_dead_lettered(kit, make_things):
    (event,) = make_things(1)
    with kit.channel("maker") as channel:
        kit.put(
            channel,
            event.to_bytes(),
            "maker.events",
            event.type,
            event.id,
            f"{kit.prefix}maker",
            content_type="application/json",
        )

    with kit.running():
        kit.dead("wrong_content_type")

    assert kit.effects(event) == [0]


def test_an_event_without_the_producers_user_is_dead_lettered(kit, make_things):
    anonymous, impostor = make_things(2)
    with kit.channel() as channel:
        kit.put(channel, anonymous.to_bytes(), "maker.events", anonymous.type, anonymous.id, None)
        kit.put(channel, impostor.to_bytes(), "maker.events", impostor.type, impostor.id, kit.admin[0])

    with kit.running():
        dead = kit.dead(count=2)

    assert sorted(m.headers["x-reason"] for m in dead) == ["missing_user", "wrong_user"]
    assert kit.effects(anonymous, impostor) == [0, 0]


def test_an_external_publisher_speaks_only_for_itself(kit):
    own = make_event("thing.delivered.v1", source="/partners/pdam")
    foreign = make_event("thing.delivered.v1", source="/partners/pln")
    for event in (own, foreign):
        kit.publish(event, user="partner-pdam", exchange="open.events", key=f"pdam.{event.type}")

    with kit.running():
        kit.dead("wrong_user", queue="dlq-keeper-on_delivered")
        eventually(lambda: kit.database["delivered"].count_documents({}) == 1)

    assert kit.database["delivered"].find_one()["event"] == own.id


def refusals(kit):
    rows = kit.database["outbox"].find({"type": "event.rejected.v1"})
    found = [Event.from_bytes(row["body"]).data for row in rows]
    return {(one["department"], one["event_id"], one["reason"]) for one in found}


def test_an_external_publisher_can_read_why_its_message_was_set_aside(kit):
    own = make_event("thing.delivered.v1", source="/partners/pdam")
    foreign = make_event("thing.delivered.v1", source="/partners/pln")
    with kit.channel("partner-pdam") as channel:
        for message_id, body, user in (
            ("m-1", b"{", f"{kit.prefix}partner-pdam"),
            (foreign.id, foreign.to_bytes(), f"{kit.prefix}partner-pdam"),
            ("m-3", without(own, "data"), None),
            (own.id, own.to_bytes(), f"{kit.prefix}partner-pdam"),
        ):
            kit.put(channel, body, "open.events", "pdam.thing.delivered.v1", message_id, user)

    with kit.running():
        kit.dead(queue="dlq-keeper-on_delivered", count=3)
        eventually(lambda: kit.database["delivered"].count_documents({}) == 1)

    assert refusals(kit) == {
        ("pdam", "m-1", "invalid"),
        ("pdam", foreign.id, "not_yours"),
        ("pdam", "m-3", "invalid"),
    }


def test_a_publisher_is_told_once_however_often_its_message_comes_back(kit):
    with kit.channel("partner-pdam") as channel:
        for _ in range(3):
            user = f"{kit.prefix}partner-pdam"
            kit.put(channel, b"{", "open.events", "pdam.thing.delivered.v1", "m-1", user)

    with kit.running():
        eventually(lambda: kit.length("evt-keeper-on_delivered") == 0, within=20)
        eventually(lambda: kit.length("dlq-keeper-on_delivered") > 0, within=20)

    assert kit.database["outbox"].count_documents({"type": "event.rejected.v1"}) == 1


def test_nobody_is_told_of_what_our_own_producers_got_wrong(kit):
    with kit.channel("maker") as channel:
        kit.put(channel, b"{", "maker.events", "thing.made.v1", "m-1", f"{kit.prefix}maker")

    with kit.running():
        kit.dead("invalid_json")

    assert refusals(kit) == set()


def test_single_user_mode_accepts_one_user_for_all_producers(kit, make_things):
    (event,) = make_things(1)
    with kit.channel() as channel:
        kit.put(channel, event.to_bytes(), "maker.events", event.type, event.id, kit.admin[0])

    with kit.running(single_broker_user=kit.admin[0]):
        kit.kept(event)


@pytest.mark.parametrize("headers", [{}, {"x-origin-user": "somebody"}])
def test_a_replay_must_name_a_producer_as_its_origin(kit, make_things, headers):
    (event,) = make_things(1)
    with kit.channel("topology") as channel:
        kit.put(
            channel,
            event.to_bytes(),
            "keeper.dlx",
            "evt-keeper-on_thing",
            event.id,
            f"{kit.prefix}topology",
            application_headers=headers,
        )

    with kit.running():
        kit.dead("wrong_user")
