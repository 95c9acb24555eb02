import time
from datetime import UTC, datetime, timedelta

import eventlet
import pytest
from component.servicekit.proxy import Proxy

from servicekit.envelope import Event
from servicekit.errors import ConfigurationError, DuplicateEvent
from servicekit.ids import uuid7
from servicekit.lease import LeaseLost
from servicekit.mongo import MongoHandle
from servicekit.relay import NudgingOutbox, Publisher
from servicekit.testing import make_event
from support.waiting import eventually


@pytest.fixture
def mongo(kit):
    handle = MongoHandle(kit.mongodb_url, service="keeper")
    handle.prepared.set()
    yield handle
    handle.client.close()


@pytest.fixture
def relays(kit, mongo):
    """Starts relays, and stops them at the end."""
    started = []

    def start(url=None, lease_seconds=15.0):
        publisher = Publisher(
            mongo,
            service="keeper",
            topology=kit.topology,
            amqp_url=url or kit.url("keeper"),
            lease_seconds=lease_seconds,
        )
        publisher.lease.ensure()
        started.append((publisher, eventlet.spawn(publisher.run)))
        return publisher

    yield start
    for publisher, thread in started:
        publisher.stop()
        with eventlet.Timeout(15):
            thread.wait()


def outbox_of(kit, mongo, relay):
    outbox = NudgingOutbox(mongo, relay.wake, service="keeper", topology=kit.topology)
    outbox.ensure_indexes()
    return outbox


def kept(count, subject="thing-1", type="thing.kept.v1"):
    return [make_event(type, {"n": n}, source="/keeper", subject=subject) for n in range(count)]


def sent(kit):
    return kit.database["outbox"].count_documents({"state": "sent", "sent_at": {"$exists": True}})


def bodies(kit):
    return [Event.from_bytes(m.body) for m in kit.messages("evt-watcher-on_kept")]


def test_rows_are_published_in_order_as_they_were_stored(kit, mongo, relays):
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)
    events = kept(500)

    mongo.transact(lambda session: outbox.append(session, events))

    eventually(lambda: sent(kit) == 500)
    assert bodies(kit) == events
    assert outbox.pending() == 0
    assert outbox.oldest_age() == 0


def test_a_commit_is_published_at_once(kit, mongo, relays):
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)
    mongo.transact(lambda session: outbox.append(session, kept(1)))
    eventually(lambda: sent(kit) == 1)
    eventlet.sleep(1)  # the relay now polls slowly, so that only the nudge explains what follows

    waits = []
    for _ in range(10):
        with kit.channel() as channel:
            mongo.transact(lambda session: outbox.append(session, kept(1)))
            committed = time.monotonic()
            while channel.basic_get("evt-watcher-on_kept", no_ack=True) is None:
                eventlet.sleep(0.001)
            waits.append(time.monotonic() - committed)

    assert sorted(waits)[5] < 0.05, waits


def test_a_rolled_back_change_leaves_no_event(kit, mongo, relays):
    outbox = outbox_of(kit, mongo, relays())

    def fail(session):
        outbox.append(session, kept(1))
        raise RuntimeError("changed its mind")

    with pytest.raises(RuntimeError):
        mongo.transact(fail)

    assert kit.database["outbox"].count_documents({}) == 0


def test_the_outbox_refuses_an_id_twice_and_a_foreign_type(kit, mongo, relays):
    outbox = outbox_of(kit, mongo, relays())
    (event,) = kept(1)
    mongo.transact(lambda session: outbox.append(session, [event]))

    with pytest.raises(DuplicateEvent):
        mongo.transact(lambda session: outbox.append(session, [event]))
    with pytest.raises(ConfigurationError):
        mongo.transact(lambda session: outbox.append(session, kept(1, type="thing.made.v1")))


def test_a_row_that_nobody_takes_stays_and_holds_its_aggregate_until_it_is_routed(kit, mongo, relays):
    binding = ("evt-watcher-on_kept", "keeper.events", "thing.kept.v1")
    with kit.channel() as channel:
        channel.queue_unbind(*binding)
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)
    stuck = kept(2, subject="thing-1")
    # A type without a declared consumer is not mandatory, so it is free to go, unless it waits behind one.
    behind = kept(1, subject="thing-1", type="thing.unheard.v1")
    free = kept(1, subject="thing-2", type="thing.unheard.v1")

    mongo.transact(lambda session: outbox.append(session, stuck))
    eventually(lambda: kit.database["outbox"].find_one({"_id": stuck[0].id}).get("next_at"))
    mongo.transact(lambda session: outbox.append(session, [*behind, *free]))
    eventually(lambda: sent(kit) == 1)

    assert kit.database["outbox"].find_one({"state": "sent"})["_id"] == free[0].id
    assert outbox.pending() == 3
    with kit.channel() as channel:
        channel.queue_bind(*binding)
    eventually(lambda: sent(kit) == 4, within=20)
    assert [e.id for e in bodies(kit)] == [e.id for e in stuck]


def test_a_row_the_broker_refuses_is_parked_and_holds_only_its_own_aggregate(kit, mongo, relays):
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)
    refused, after = kept(2, subject="thing-1")
    others = kept(3, subject="thing-2")
    mongo.transact(lambda session: outbox.append(session, [refused]))
    eventually(lambda: sent(kit) == 1)
    # The user lost the right to this one: the broker answers 403 and closes the channel.
    kit.database["outbox"].update_one(
        {"_id": refused.id},
        {"$set": {"state": "pending", "type": "thing.forbidden.v1"}, "$unset": {"sent_at": ""}},
    )
    routes = dict(kit.topology._routes)
    routes["keeper", "thing.forbidden.v1"] = routes["keeper", "thing.kept.v1"]
    relay._topology.__dict__["_routes"] = routes
    mongo.transact(lambda session: outbox.append(session, [after, *others]))

    eventually(lambda: outbox.parked() == 1, within=20)
    eventually(lambda: sent(kit) == 3, within=20)

    assert kit.database["outbox"].find_one({"state": "pending"})["_id"] == after.id
    kit.database["outbox"].update_one({"_id": refused.id}, {"$set": {"type": "thing.kept.v1"}})
    assert outbox.unpark([refused.id]) == 1
    eventually(lambda: sent(kit) == 5, within=20)


def test_a_broker_that_is_away_costs_no_attempt_and_nothing_is_lost(kit, mongo, relays):
    host, port = kit.host.split(":")
    proxy = Proxy(host, int(port))
    relay = relays(kit.url("keeper").replace(kit.host, proxy.address))
    outbox = outbox_of(kit, mongo, relay)
    events = kept(20)
    mongo.transact(lambda session: outbox.append(session, events[:10]))
    eventually(lambda: sent(kit) == 10)

    proxy.cut()
    mongo.transact(lambda session: outbox.append(session, events[10:]))
    eventually(lambda: relay._component.ready is False)
    assert outbox.pending() == 10
    proxy.restore()

    eventually(lambda: sent(kit) == 20)
    assert kit.database["outbox"].count_documents({"attempts": {"$exists": True}}) == 0
    assert {e.id for e in bodies(kit)} == {e.id for e in events}
    proxy.close()


def test_a_broker_that_does_not_confirm_is_dropped_and_the_round_repeated(kit, mongo, relays, monkeypatch):
    monkeypatch.setattr("servicekit.relay.CONFIRM_SECONDS", 1.0)
    host, port = kit.host.split(":")
    proxy = Proxy(host, int(port))
    relay = relays(kit.url("keeper").replace(kit.host, proxy.address))
    outbox = outbox_of(kit, mongo, relay)
    mongo.transact(lambda session: outbox.append(session, kept(1)))
    eventually(lambda: sent(kit) == 1)

    proxy.freeze()
    worker_was_blocked_for = time.monotonic()
    mongo.transact(lambda session: outbox.append(session, kept(5)))
    worker_was_blocked_for = time.monotonic() - worker_was_blocked_for
    eventually(lambda: relay._component.ready is False)
    proxy.restore()

    eventually(lambda: sent(kit) == 6, within=20)
    assert worker_was_blocked_for < 0.5
    proxy.close()


def test_a_relay_paused_past_its_lease_marks_nothing(kit, mongo, relays):
    first = relays(lease_seconds=1.0)
    outbox = outbox_of(kit, mongo, first)
    events = kept(3)
    original = first._mark

    def paused(event_ids):
        eventlet.sleep(2.5)  # longer than the lease; another relay takes over meanwhile
        with pytest.raises(LeaseLost):
            original(event_ids)
        raise LeaseLost("relay")

    first._mark = paused
    mongo.transact(lambda session: outbox.append(session, events))
    eventually(lambda: first.lease.token is not None)
    second = relays(lease_seconds=1.0)

    eventually(lambda: sent(kit) == 3)
    assert second.lease.token is not None
    eventually(lambda: first.lease.token is None)
    assert {e.id for e in bodies(kit)} == {e.id for e in events}


def test_a_released_lease_is_taken_over_at_once(kit, mongo, relays):
    first = relays()
    eventually(lambda: first.lease.token == 1)
    second = relays()
    first.stop()

    eventually(lambda: second.lease.token == 2, within=8)


def test_sent_rows_expire_and_unsent_rows_never(kit, mongo, relays):
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)

    indexes = kit.database["outbox"].index_information()
    mongo.transact(lambda session: outbox.append(session, kept(1)))
    eventually(lambda: sent(kit) == 1)

    assert indexes["sent_at_1"]["expireAfterSeconds"] == 7 * 86400
    assert not any("expireAfterSeconds" in index for name, index in indexes.items() if name != "sent_at_1")


def test_the_relays_query_reads_only_what_waits(kit, mongo, relays):
    relay = relays()
    outbox = outbox_of(kit, mongo, relay)
    old = datetime.now(UTC) - timedelta(days=1)
    kit.database["outbox"].insert_many({"_id": uuid7(), "state": "sent", "sent_at": old} for _ in range(2000))
    relay.stop()
    mongo.transact(lambda session: outbox.append(session, kept(3)))

    plan = kit.database.command(
        "explain",
        {"find": "outbox", "filter": {"state": "pending"}, "sort": {"_id": 1}, "limit": 200},
        verbosity="executionStats",
    )["executionStats"]

    assert plan["totalDocsExamined"] <= 3
