import time

from support.waiting import eventually


def replay(kit, message):
    """What `tanggap dlq replay` does."""
    headers = {k: v for k, v in message.headers.items() if k == "x-origin-user"}
    with kit.channel("topology") as channel:
        kit.put(
            channel,
            message.body,
            "keeper.dlx",
            "evt-keeper-on_thing",
            message.properties["message_id"],
            f"{kit.prefix}topology",
            application_headers=headers,
        )


def test_one_bad_event_of_a_hundred_goes_through_retries_to_the_dead_letters_alone(kit, make_things):
    good = make_things(99)
    (bad,) = make_things(1, explode="marked-text-of-a-person")
    kit.publish(*good[:50], bad, *good[50:])

    with kit.running():
        kit.kept(*good)
        (dead,) = kit.dead("failed:RuntimeError")

    assert dead.properties["message_id"] == bad.id
    assert dead.headers["x-failure"] == 2
    assert dead.headers["x-origin-user"] == f"{kit.prefix}maker"
    assert "marked-text" not in str(dead.headers)
    assert kit.length("evt-keeper-on_thing") == 0


def test_a_rejected_event_keeps_its_reason(kit, make_things):
    (good,) = make_things(1)
    (bad,) = make_things(1, reject="unknown_address")
    kit.publish(good, bad)

    with kit.running():
        kit.kept(good)
        kit.dead("unknown_address")


def test_an_event_that_breaks_its_contract_and_its_handler_is_set_aside_at_once_with_the_place(
    kit, make_things
):
    good = make_things(20)
    (bad,) = make_things(1, explode=["marked-text-of-a-person"])
    kit.publish(*good[:10], bad, *good[10:])

    with kit.running():
        kit.kept(*good)
        (dead,) = kit.dead("contract:/explode:type")

    assert dead.properties["message_id"] == bad.id
    assert "x-attempt" not in dead.headers
    assert "marked-text" not in str(dead.headers)


def test_a_retry_comes_back_after_its_delay_with_its_count(kit, make_things):
    (event,) = make_things(1, retry=0.3)
    seen = []
    with kit.running() as container:
        entrypoint = next(e for e in container.entrypoints if getattr(e, "_name", "") == "on_thing")
        call = entrypoint._call
        entrypoint._call = lambda events: (seen.append(time.monotonic()), call(events))[1]
        kit.publish(event)
        eventually(lambda: len(seen) >= 4)

    waits = [later - earlier for earlier, later in zip(seen, seen[1:], strict=False)]
    assert all(0.38 <= wait < 1.0 for wait in waits), waits


def test_the_attempt_count_survives_a_restart(kit, make_things):
    (event,) = make_things(1, explode="always")
    kit.publish(event)
    with kit.running():
        eventually(lambda: kit.length("retry-keeper-on_thing-0.4") == 1, every=0.01)

    with kit.running():
        (dead,) = kit.dead("failed:RuntimeError")

    assert dead.headers["x-attempt"] == 2


def test_a_dead_letter_replayed_twice_takes_effect_once(kit, make_things):
    (event,) = make_things(1)
    with kit.channel() as channel:
        kit.put(channel, event.to_bytes(), "maker.events", event.type, event.id, None)
    with kit.running():
        (dead,) = kit.dead("missing_user")
        dead.headers["x-origin-user"] = f"{kit.prefix}maker"

        replay(kit, dead)
        replay(kit, dead)

        kit.kept(event)
        eventually(lambda: kit.length("evt-keeper-on_thing") == 0)
    assert kit.effects(event) == [1]
    assert kit.length("dlq-keeper-on_thing") == 0
