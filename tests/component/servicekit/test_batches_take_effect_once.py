from support.waiting import eventually


def test_a_batch_takes_effect_and_is_announced(kit, make_things):
    events = make_things(250)

    with kit.running():
        kit.publish(*events)
        kit.kept(*events)
        eventually(lambda: kit.length("evt-watcher-on_kept") == 250)

    assert kit.length("evt-keeper-on_thing") == 0
    announced = {m.headers["traceparent"][:2] for m in kit.messages("evt-watcher-on_kept") if "traceparent" in m.headers}
    assert announced == {"00"}
