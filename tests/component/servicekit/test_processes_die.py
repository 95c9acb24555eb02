import signal
import time

from component.servicekit.harness import log_lines

from servicekit.envelope import Event
from support.waiting import eventually


def unacknowledged(kit):
    """Messages that come back, and how often each was delivered before."""
    found = kit.messages("evt-keeper-on_thing")
    return [(m.headers or {}).get("x-delivery-count", 0) for m in found]


def test_kill_between_publish_and_mark_repeats_the_event_but_not_its_effect(kit, make_things, tmp_path):
    (event,) = make_things(1)
    kit.publish(event)
    marker = tmp_path / "killed"

    first = kit.process(SAMPLE_KILL_BEFORE_MARK=str(marker), SAMPLE_LEASE_SECONDS="2")
    assert first.wait(timeout=20) == 9
    kit.process(SAMPLE_KILL_BEFORE_MARK=str(marker), SAMPLE_LEASE_SECONDS="2")

    eventually(lambda: kit.length("evt-watcher-on_kept") == 2, within=20)
    first_told, second_told = (m.body for m in kit.messages("evt-watcher-on_kept"))
    assert first_told == second_told
    kit.kept(event)
    eventually(lambda: kit.database["outbox"].find_one({"state": "sent"}))


def test_kill_between_effect_and_ack_is_redelivered_and_dropped(kit, make_things, tmp_path):
    events = make_things(3)
    (deadly,) = make_things(1, kill_after_effect=str(tmp_path / "killed"))
    kit.publish(*events, deadly)

    first = kit.process(SAMPLE_LEASE_SECONDS="2")
    assert first.wait(timeout=20) == 9
    assert kit.database["things"].count_documents({}) >= 1
    kit.process(SAMPLE_LEASE_SECONDS="2")

    kit.kept(*events, deadly)
    eventually(lambda: kit.length("evt-watcher-on_kept") == 4, within=20)
    assert kit.length("dlq-keeper-on_thing") == 0


def test_an_event_that_kills_its_consumer_is_dead_lettered_without_its_neighbours(kit, make_things):
    before, after = make_things(10), make_things(10)
    (deadly,) = make_things(1, kill_before_effect=True)
    kit.publish(*before, deadly, *after)

    deaths = 0
    while kit.length("dlq-keeper-on_thing") == 0 and deaths < 12:
        process = kit.process(SAMPLE_LEASE_SECONDS="1")
        eventually(
            lambda: process.poll() is not None or kit.length("dlq-keeper-on_thing") == 1,  # noqa: B023
            within=20,
        )
        deaths += process.poll() == 9
    kit.process(SAMPLE_LEASE_SECONDS="1")

    kit.kept(*before, *after)
    (dead,) = kit.dead()
    assert dead.properties["message_id"] == deadly.id
    assert dead.headers["x-death"][0]["reason"] == "delivery_limit"
    assert deaths == 6


def test_sigterm_in_mid_batch_finishes_acknowledges_and_exits_zero(kit, make_things):
    (first,), slow, more = make_things(1), make_things(3, sleep=1.0), make_things(4)
    kit.publish(first)
    process = kit.process()
    kit.kept(first)
    kit.publish(*slow, *more)
    eventually(lambda: kit.database["things"].count_documents({}) > 1, within=20)

    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert time.monotonic() - asked < 10
    kit.kept(first, *slow, *more)
    assert kit.length("evt-keeper-on_thing") == 0
    # The last round of the relay published what the last batch caused, and the lease is free.
    assert kit.length("evt-watcher-on_kept") == 8
    assert kit.database["leases"].find_one("relay")["expires_at"].year == 1970
    assert [line["msg"] for line in log_lines(output)][-1] == "stopped"


def test_sigterm_in_a_long_queue_loses_nothing(kit, make_things):
    events = make_things(600)
    kit.publish(*events)
    process = kit.process(SAMPLE_BATCH="10")
    eventually(lambda: kit.database["things"].count_documents({}) > 0, within=20, every=0.01)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert process.returncode == 0
    stored = kit.database["things"].count_documents({})
    counts = unacknowledged(kit)
    assert stored + len(counts) == 600
    # The broker itself takes back what it was sending while the consumer cancelled.
    assert set(counts) <= {0, 1}


def test_wrong_credentials_exit_with_a_clear_line(kit):
    process = kit.process(TANGGAP_AMQP_URL=kit.url("keeper").replace(kit.passwords["keeper"], "wrong"))

    output, _ = process.communicate(timeout=20)
    assert all(line.startswith(b"{") for line in output.splitlines())

    assert process.returncode == 2
    assert any("ACCESS_REFUSED" in line.get("error", "") for line in log_lines(output))
    assert "wrong@" not in output.decode()


def test_missing_configuration_exits_with_a_line_for_each_variable(kit):
    process = kit.process(TANGGAP_AMQP_URL="", TANGGAP_SEAL_KEYS_KEEPER="nonsense")

    process.communicate(timeout=20)

    assert process.returncode == 2


def test_the_caused_events_survive_a_kill_right_after_the_commit(kit, make_things, tmp_path):
    (event,) = make_things(1, kill_after_effect=str(tmp_path / "killed"))
    kit.publish(event)
    assert kit.process(SAMPLE_LEASE_SECONDS="1").wait(timeout=20) == 9

    kit.process(SAMPLE_LEASE_SECONDS="1")

    eventually(lambda: kit.length("evt-watcher-on_kept") >= 1, within=20)
    told = {Event.from_bytes(m.body).causationid for m in kit.messages("evt-watcher-on_kept")}
    assert told == {event.id}
