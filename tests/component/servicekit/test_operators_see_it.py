"""What /metrics says while things wait, are late, or are held by somebody else."""

import time
import urllib.request
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from servicekit import metrics
from servicekit.health import Health
from servicekit.lease import LeaseLost
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.relay import Publisher
from servicekit.testing import make_event
from support.waiting import eventually


def scraped(container, name, by="service", **labels):
    """The values that a scrape of the container's own port finds, by the value of one label."""
    port = container.shared_extensions[Health].port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        sample.labels[by]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    }


def test_dead_letters_are_counted_where_they_lie_also_those_of_before_a_restart(kit, make_things):
    kit.publish(*make_things(2, reject="no_use"))
    with kit.running():
        eventually(lambda: kit.length("dlq-keeper-on_thing") == 2, within=20)

    with kit.running() as container:
        depths = {"by": "queue", "service": "keeper", "handler": "on_thing"}

        eventually(lambda: scraped(container, "tanggap_queue_messages", **depths)["dead"] == 2, within=20)

        kit.messages("dlq-keeper-on_thing")
        eventually(lambda: scraped(container, "tanggap_queue_messages", **depths)["dead"] == 0, within=20)
        assert scraped(container, "tanggap_queue_messages", **depths)["work"] == 0


def test_a_batch_that_does_not_end_is_seen_while_it_is_held(kit, make_things):
    with kit.running() as container:
        held = {"service": "keeper", "handler": "on_thing"}
        assert scraped(container, "tanggap_batch_held_seconds", **held) == {"keeper": 0.0}

        kit.publish(*make_things(1, sleep=2))

        eventually(lambda: scraped(container, "tanggap_batch_held_seconds", **held)["keeper"] > 0.5)
        eventually(lambda: scraped(container, "tanggap_batch_held_seconds", **held)["keeper"] == 0)


def test_a_timer_says_when_it_last_ran_through_and_how_often_it_should(kit):
    with kit.running() as container:
        timer = {"service": "keeper", "timer": "tick"}
        before = time.time()

        eventually(
            lambda: (
                scraped(container, "tanggap_timer_last_success_timestamp_seconds", **timer)["keeper"] > before
            )
        )

        assert scraped(container, "tanggap_timer_interval_seconds", **timer) == {"keeper": 0.2}


def test_every_check_of_readiness_is_a_metric(kit):
    with kit.running() as container:
        ready = {"by": "check", "service": "keeper"}

        eventually(lambda: set(scraped(container, "tanggap_ready", **ready).values()) == {1.0}, within=20)

        assert {"mongodb", "outbox", "relay", "consumer:on_thing", "timer:tick", "rpc"} <= set(
            scraped(container, "tanggap_ready", **ready)
        )


def test_a_relay_that_lost_its_lease_tells_nothing_of_the_outbox_any_more(kit):
    mongo = MongoHandle(kit.mongodb_url, service="keeper")
    mongo.prepared.set()
    relay = Publisher(mongo, service="keeper", topology=kit.topology, amqp_url="amqp://127.0.0.1:1/")
    oldest = metrics.outbox_oldest_seconds.labels("keeper")
    try:
        Outbox(kit.database).append(
            None, [make_event("thing.kept.v1", {}, source="/keeper", subject="thing-1")]
        )
        kit.database["outbox"].update_many(
            {}, {"$set": {"stored_at": datetime.now(UTC) - timedelta(hours=1)}}
        )
        relay._measure()
        assert oldest._value.get() > 3500

        def lost() -> None:
            relay.stop()
            raise LeaseLost("relay")

        relay._step = lost
        relay.run()

        assert oldest._value.get() == 0
        assert relay._component.outbox_age == 0
    finally:
        mongo.client.close()
