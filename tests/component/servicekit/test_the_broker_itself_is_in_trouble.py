"""On a broker of their own: an alarm or a restart would hit every other test on a shared one."""

import time

import pytest
from component.servicekit.test_calls_are_sealed import Front
from component.servicekit.test_weather_is_waited_out import get

from support.waiting import eventually


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    from tanggap.local import Stack

    stack = Stack(tmp_path_factory.mktemp("broker"), servers_only=True)
    stack.up()
    yield stack
    stack.destroy()


@pytest.fixture
def amqp_admin_url(broker):
    return broker.env["AMQP_URL"]


@pytest.fixture
def management_url(broker):
    return broker.env["AMQP_MANAGEMENT_URL"]


@pytest.fixture
def mongodb_url(broker):
    return broker.env["MONGODB_URL"]


@pytest.fixture
def alarm(broker):
    """Memory alarm on and off."""

    class Alarm:
        def on(self):
            broker.rabbitmqctl("set_vm_memory_high_watermark", "0.0000001")
            eventually(lambda: "memory" in broker.rabbitmqctl("status").lower().partition("alarms")[2][:200])

        def off(self):
            broker.rabbitmqctl("set_vm_memory_high_watermark", "0.6")

    yield Alarm()
    Alarm().off()


def keep(container, count, kit):
    """Write events into the outbox as a handler would; how long the longest took."""
    from servicekit.testing import make_event

    relay = next(d for d in container.dependencies if d.attr_name == "outbox")
    longest = 0.0
    for n in range(count):
        began = time.monotonic()
        event = make_event("thing.kept.v1", {"n": n}, source="/keeper", subject=f"thing-{n}")
        relay.mongo.handle.transact(lambda s: relay._outbox.append(s, [event]))  # noqa: B023
        longest = max(longest, time.monotonic() - began)
    return longest


def waiting(kit):
    return kit.database["outbox"].count_documents({"state": "pending"})


def test_an_alarm_lets_the_outbox_grow_and_blocks_no_worker(kit, alarm):
    with kit.running() as container:
        keep(container, 1, kit)
        eventually(lambda: waiting(kit) == 0)

        alarm.on()
        longest = keep(container, 50, kit)
        eventually(lambda: get(container, "/readyz")[0] == 503)
        eventually(lambda: 'tanggap_relay_blocked{service="keeper"} 1.0' in get(container, "/metrics")[1])
        assert waiting(kit) == 50
        assert get(container, "/livez")[0] == 200
        alarm.off()

        eventually(lambda: waiting(kit) == 0, within=30)
        eventually(lambda: get(container, "/readyz")[0] == 200)
    assert longest < 1
    assert kit.database["outbox"].count_documents({"attempts": {"$exists": True}}) == 0
    told = {m.properties["message_id"] for m in kit.messages("evt-watcher-on_kept")}
    assert len(told) == 51


def test_retries_wait_for_the_end_of_an_alarm_without_counting_deliveries(kit, alarm, make_things):
    (first,) = make_things(1)
    hesitant = make_things(5, retry=0.1)
    with kit.running() as container:
        kit.publish(first)
        kit.kept(first)
        kit.publish(*hesitant)
        entrypoint = next(e for e in container.entrypoints if getattr(e, "_name", "") == "on_thing")
        seen = []
        read = entrypoint._accepts.__class__.read
        counting = type("Counting", (), {"read": lambda _, m: seen.append(d := read(accepts, m)) or d})
        accepts, entrypoint._accepts = entrypoint._accepts, counting()
        alarm.on()
        during = len(seen)
        eventually(lambda: entrypoint._link.blocked, within=10)
        alarm.off()

        eventually(lambda: len(seen) > during + 10, within=20)
    assert {delivery.count for delivery in seen} == {0}
    assert kit.length("dlq-keeper-on_thing") == 0


def test_calls_are_answered_again_after_an_alarm(kit, alarm):
    front = Front(kit)
    with kit.running():
        assert front.call("count", {}) == {"result": 0}
        alarm.on()
        alarm.off()

        assert front.call("look", {"what": "after"}, key="k")["result"]["saw"] == "after"


def test_a_restart_under_load_loses_nothing(kit, broker, make_things):
    events = make_things(400)
    with kit.running() as container:
        kit.publish(*events)
        eventually(lambda: kit.database["things"].count_documents({}) > 50, every=0.01)

        broker.rabbitmqctl("stop_app")
        assert get(container, "/livez")[0] == 200
        broker.rabbitmqctl("start_app")

        kit.kept(*events, within=60)
        eventually(lambda: waiting(kit) == 0, within=30)
        eventually(lambda: get(container, "/readyz")[0] == 200, within=30)
    assert kit.length("dlq-keeper-on_thing") == 0
    assert kit.length("evt-watcher-on_kept") >= 400


def test_a_step_down_of_the_database_is_waited_out(kit, make_things):
    events = make_things(300)
    with kit.running() as container:
        kit.publish(*events[:150])
        eventually(lambda: kit.database["things"].count_documents({}) > 50, every=0.01)

        kit.database.client.admin.command("replSetStepDown", 2, force=True)
        kit.publish(*events[150:])

        kit.kept(*events, within=60)
        assert get(container, "/livez")[0] == 200
        eventually(lambda: waiting(kit) == 0, within=30)
    assert kit.length("dlq-keeper-on_thing") == 0
