import signal
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from component.servicekit.proxy import Proxy

from servicekit.health import Health
from support.waiting import eventually


@pytest.fixture
def broker(kit):
    host, port = kit.host.split(":")
    proxy = Proxy(host, int(port))
    yield proxy
    proxy.close()


@pytest.fixture
def mongod(kit):
    parts = urlsplit(kit.mongodb_url)
    proxy = Proxy(parts.hostname, parts.port)
    yield proxy
    proxy.close()


def through(kit, broker=None, mongod=None):
    changes = {}
    if broker is not None:
        changes["amqp_url"] = kit.url("keeper").replace(kit.host, broker.address)
    if mongod is not None:
        server = urlsplit(kit.mongodb_url).netloc.rpartition("@")[2]
        changes["mongodb_url"] = kit.mongodb_url.replace(server, mongod.address)
    return changes


def get(container, path):
    port = container.shared_extensions[Health].port
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_broker_goes_away_under_load_and_nothing_is_lost(kit, broker, make_things):
    events = make_things(600)

    with kit.running(**through(kit, broker=broker)) as container:
        kit.publish(*events[:300])
        eventually(lambda: kit.database["things"].count_documents({}) > 50, every=0.01)
        broker.cut()
        kit.publish(*events[300:])
        eventually(lambda: get(container, "/readyz")[0] == 503)
        assert get(container, "/livez")[0] == 200
        broker.restore()

        kit.kept(*events, within=40)
        eventually(lambda: kit.database["outbox"].count_documents({"state": "pending"}) == 0, within=20)
        eventually(lambda: get(container, "/readyz")[0] == 200)
    assert kit.length("dlq-keeper-on_thing") == 0


def test_the_database_goes_away_and_batches_wait_for_it(kit, mongod, make_things):
    events = make_things(200)
    with kit.running(**through(kit, mongod=mongod)) as container:
        kit.publish(*events[:10])
        kit.kept(*events[:10])
        mongod.cut()
        kit.publish(*events[10:])
        eventually(lambda: get(container, "/readyz")[0] == 503)
        mongod.restore()

        kit.kept(*events, within=40)
        assert get(container, "/livez")[0] == 200
    # Nobody's fault: no retry was spent on it.
    assert kit.length("retry-keeper-on_thing-0.2") == kit.length("retry-keeper-on_thing-0.4") == 0
    assert kit.length("dlq-keeper-on_thing") == 0


def test_a_service_starts_before_its_database(kit, mongod, make_things):
    (event,) = make_things(1)
    mongod.cut()
    kit.publish(event)

    with kit.running(**through(kit, mongod=mongod)) as container:
        assert get(container, "/readyz")[0] == 503
        assert get(container, "/livez")[0] == 200
        mongod.restore()

        kit.kept(event, within=30)
        eventually(lambda: get(container, "/readyz")[0] == 200)


def test_a_service_starts_before_its_broker(kit, broker, make_things):
    (event,) = make_things(1)
    broker.cut()

    with kit.running(**through(kit, broker=broker)):
        kit.publish(event)
        broker.restore()

        kit.kept(event, within=30)


@pytest.mark.parametrize("weather", ["cut", "freeze"])
def test_sigterm_while_the_broker_is_away_exits_within_the_deadline(kit, broker, make_things, weather):
    (event,) = make_things(1)
    process = kit.process(TANGGAP_AMQP_URL=through(kit, broker=broker)["amqp_url"])
    kit.publish(event)
    kit.kept(event)

    getattr(broker, weather)()
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    eventually(lambda: process.poll() is not None, within=20)

    assert time.monotonic() - asked < 13
    assert process.returncode == 0


def test_health_answers_while_every_worker_is_busy(kit, make_things):
    slow = make_things(1, sleep=3)

    with kit.running(max_workers=1) as container:
        kit.publish(*slow)
        eventually(lambda: kit.database["things"].count_documents({}) == 1)
        asked = time.monotonic()
        status, _ = get(container, "/livez")
        answered = time.monotonic() - asked

    assert status == 200
    assert answered < 0.5


def test_metrics_are_served_under_their_names(kit, make_things):
    events = make_things(3)

    with kit.running() as container:
        kit.publish(*events, events[0])
        kit.kept(*events)
        eventually(lambda: kit.length("evt-watcher-on_kept") == 3)
        _, text = get(container, "/metrics")

    for name in (
        'tanggap_handler_seconds_count{handler="on_thing",outcome="ok",service="keeper"}',
        'tanggap_event_age_seconds_count{service="keeper",type="thing.made.v1"}',
        'tanggap_relay_published_total{outcome="acked",service="keeper"}',
        'tanggap_outbox_pending{service="keeper"}',
        'tanggap_outbox_oldest_seconds{service="keeper"}',
        'tanggap_relay_confirm_seconds_count{service="keeper"}',
        'tanggap_handlers_in_flight{service="keeper"} 0.0',
    ):
        assert name in text


def test_a_timer_runs_on_one_replica_at_a_time(kit):
    ticks = kit.database["ticks"]
    first, second = kit.process(SAMPLE_LEASE_SECONDS="1"), kit.process(SAMPLE_LEASE_SECONDS="1")

    eventually(lambda: ticks.count_documents({}) >= 12, within=30)
    first.terminate()
    second.terminate()
    first.wait(timeout=20)
    second.wait(timeout=20)

    times = sorted(tick["at"] for tick in ticks.find())
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert min(gaps) > 0.15


def test_a_timer_that_fails_runs_again(kit):
    from component.servicekit import sample

    failures = []

    class Failing(sample.Keeper):
        pass

    def tick(self):
        failures.append(1)
        raise RuntimeError("a bad day")

    from servicekit.timers import periodic

    Failing.tick = periodic("tick", every=0.2)(tick)

    with kit.running(Failing):
        eventually(lambda: len(failures) >= 3)
