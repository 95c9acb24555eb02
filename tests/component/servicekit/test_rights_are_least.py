import amqp
import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed


def attempt(kit, user, action):
    with kit.channel(user) as channel:
        action(channel)


def publish(exchange, key, **properties):
    return lambda channel: channel.basic_publish(amqp.Message("{}", **properties), exchange, key)


def bind(queue, exchange, key):
    def action(channel):
        channel.queue_declare(queue, exclusive=True)
        channel.queue_bind(queue, exchange, key)

    return action


REFUSED = {
    "a service publishes a type that is not its own": ("keeper", publish("keeper.events", "thing.made.v1")),
    "a service publishes on another's exchange": ("keeper", publish("maker.events", "thing.made.v1")),
    "a service publishes straight to a queue": ("keeper", publish("", "evt-watcher-on_kept")),
    "a service reads another's queue": ("keeper", lambda c: c.basic_get("evt-watcher-on_kept")),
    "a service reads another's dead letters": ("watcher", lambda c: c.basic_get("dlq-keeper-on_thing")),
    "a service declares a queue": ("keeper", lambda c: c.queue_declare("evt-keeper-more")),
    "a service declares an exchange": ("keeper", lambda c: c.exchange_declare("keeper.more", "topic")),
    "a service deletes its queue": ("keeper", lambda c: c.queue_delete("evt-keeper-on_thing")),
    "a service calls another": ("keeper", publish("nameko-rpc", "keeper.look")),
    "a producer binds to what it must not hear": ("maker", bind("spy", "keeper.events", "#")),
    "a caller listens to requests": ("front", bind("rpc.reply-front-spy", "nameko-rpc", "keeper.*")),
    "a caller calls a service not listed": ("front", publish("nameko-rpc", "watcher.look")),
    "a partner speaks for another": ("partner-pdam", publish("open.events", "pln.thing.delivered.v1")),
    "a partner publishes inside": ("partner-pdam", publish("maker.events", "thing.made.v1")),
    "a partner reads": ("partner-pdam", lambda c: c.basic_get("evt-keeper-on_delivered")),
    "the monitor reads": ("ops", lambda c: c.basic_get("evt-keeper-on_thing")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_broker_refuses(kit, what):
    user, action = REFUSED[what]

    with pytest.raises(AccessRefused):
        attempt(kit, user, action)


def test_a_forged_user_is_refused(kit):
    forged = publish("maker.events", "thing.made.v1", user_id=f"{kit.prefix}keeper")

    with pytest.raises(PreconditionFailed):
        attempt(kit, "maker", forged)


def test_what_each_needs_is_allowed(kit):
    attempt(kit, "maker", publish("maker.events", "thing.made.v1"))
    attempt(kit, "partner-pdam", publish("open.events", "pdam.thing.delivered.v1"))
    attempt(kit, "front", bind("rpc.reply-front-x", "nameko-rpc", "0af76519-16cd-43dd-8448-eb211c80319c"))
    attempt(kit, "keeper", publish("nameko-rpc", "0af76519-16cd-43dd-8448-eb211c80319c"))
    assert kit.length("evt-keeper-on_thing") == 1
    assert kit.length("evt-keeper-on_delivered") == 1
