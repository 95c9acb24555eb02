import uuid

from servicekit.envelope import Event
from support.waiting import eventually


def test_a_batch_takes_effect_and_is_announced(kit, make_things):
    events = make_things(250)

    with kit.running():
        kit.publish(*events)
        kit.kept(*events)
        eventually(lambda: kit.length("evt-watcher-on_kept") == 250)

    assert kit.length("evt-keeper-on_thing") == 0
    announced = [Event.from_bytes(m.body) for m in kit.messages("evt-watcher-on_kept")]
    assert {e.causationid for e in announced} == {e.id for e in events}
    assert all(e.traceparent for e in announced)


def test_the_same_event_a_thousand_times_takes_effect_once(kit, make_things):
    (event,) = make_things(1)

    with kit.running():
        kit.publish(*[event] * 1000)
        eventually(lambda: kit.length("evt-keeper-on_thing") == 0)
        kit.kept(event)

    assert kit.length("evt-watcher-on_kept") == 1
    assert kit.length("dlq-keeper-on_thing") == 0


def test_an_event_twice_in_one_batch_takes_effect_once(kit, make_things):
    first, second = make_things(2)
    kit.publish(first, second, first)

    with kit.running():
        kit.kept(first, second)


def test_two_replicas_share_a_queue_without_doubling(kit, make_things):
    events = make_things(400)

    with kit.running(), kit.running():
        kit.publish(*events, *events)
        eventually(lambda: kit.length("evt-keeper-on_thing") == 0)
        kit.kept(*events)


def test_trace_and_cause_travel_with_what_an_event_caused(kit, make_things):
    (event,) = make_things(1)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event = Event(**{**{f: getattr(event, f) for f in event.__slots__}, "traceparent": trace})
    correlation = str(uuid.uuid4())
    event = Event(**{**{f: getattr(event, f) for f in event.__slots__}, "correlationid": correlation})

    with kit.running():
        kit.publish(event)
        eventually(lambda: kit.length("evt-watcher-on_kept") == 1)

    (message,) = kit.messages("evt-watcher-on_kept")
    caused = Event.from_bytes(message.body)
    assert caused.traceparent == trace == message.headers["traceparent"]
    assert caused.correlationid == correlation == message.properties["correlation_id"]
    assert message.properties["user_id"] == f"{kit.prefix}keeper"
    assert message.properties["message_id"] == caused.id
