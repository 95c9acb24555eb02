import copy
import re
from pathlib import Path

import pytest

from servicekit.errors import ConfigurationError
from servicekit.topology import Topology

DOCUMENT = {
    "exchanges": {
        "maker.events": {"owner": "maker"},
        "keeper.events": {"owner": "keeper"},
        "open.events": {
            "owner": "open",
            "external": {"source_prefix": "/partners/", "user_prefix": "partner-"},
        },
    },
    "publishes": {
        "maker": {"maker.events": ["thing.made.v1"], "open.events": ["thing.delivered.v1"]},
        "keeper": {"keeper.events": ["thing.kept.v1"]},
    },
    "consumes": {
        "keeper": {
            "on_thing": {"exchange": "maker.events", "types": ["thing.made.v1"]},
            "on_delivered": {"exchange": "open.events", "types": ["thing.delivered.v1"]},
        }
    },
    "rpc": {"callers": ["front"], "servers": ["keeper"]},
    "retry_delays": [30, 5],
    "delivery_limit": 5,
}
TOPOLOGY = Topology.parse(DOCUMENT)
PASSWORDS = {"maker": "a", "keeper": "b", "front": "c"}


def may(user, exchange, right, key):
    entries = {e["exchange"]: e for e in TOPOLOGY.topic_permissions(user)}
    return re.search(entries[exchange][right], key) is not None


def allowed(user, right, name):
    return re.search(TOPOLOGY.permissions(user)[right], name) is not None


def test_a_handler_has_a_work_queue_a_retry_queue_for_each_delay_and_a_dead_letter_queue():
    names = [q.name for q in TOPOLOGY.consumer("keeper", "on_thing").queues()]

    assert names == [
        "evt-keeper-on_thing",
        "retry-keeper-on_thing-5",
        "retry-keeper-on_thing-30",
        "dlq-keeper-on_thing",
    ]


def test_queues_carry_the_arguments_that_lose_nothing():
    work, retry, _, dead = TOPOLOGY.consumer("keeper", "on_thing").queues()

    assert work.arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 5,
        "x-dead-letter-exchange": "keeper.dlx",
        "x-dead-letter-routing-key": "dlq-keeper-on_thing",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    assert retry.arguments["x-message-ttl"] == 5000
    assert retry.arguments["x-dead-letter-routing-key"] == "evt-keeper-on_thing"
    assert dead.arguments == {"x-queue-type": "quorum"}
    assert work.bindings == (("maker.events", "thing.made.v1"), ("keeper.dlx", "evt-keeper-on_thing"))


def test_an_external_exchange_is_bound_by_any_code():
    assert ("open.events", "*.thing.delivered.v1") in TOPOLOGY.consumer("keeper", "on_delivered").queues()[
        0
    ].bindings


def test_a_type_with_a_declared_consumer_is_mandatory():
    assert TOPOLOGY.route("maker", "thing.made.v1").mandatory
    assert not TOPOLOGY.route("keeper", "thing.kept.v1").mandatory


@pytest.mark.parametrize(("wanted", "delay"), [(0, 5), (5, 5), (6, 30), (9999, 30)])
def test_a_wanted_delay_becomes_the_next_longer_one(wanted, delay):
    assert TOPOLOGY.consumer("keeper", "on_thing").nearest_delay(wanted) == delay


def test_producers_write_their_own_types_alone():
    assert may("maker", "maker.events", "write", "thing.made.v1")
    assert not may("maker", "maker.events", "write", "thing.made.v1.more")
    assert not may("maker", "keeper.events", "write", "thing.kept.v1")
    assert not may("keeper", "maker.events", "write", "thing.made.v1")
    assert allowed("maker", "write", "maker.events")
    assert not allowed("maker", "write", "keeper.events")
    assert not allowed("maker", "write", "amq.default")


def test_a_partner_writes_its_own_prefix_and_a_gateway_any():
    assert may("partner-pdam", "open.events", "write", "pdam.thing.delivered.v1")
    assert not may("partner-pdam", "open.events", "write", "pln.thing.delivered.v1")
    assert not may("partner-pdam", "open.events", "write", "pdamx.thing.delivered.v1")
    assert may("maker", "open.events", "write", "pln.thing.delivered.v1")
    assert not may("maker", "open.events", "write", "pln.thing.other.v1")


def test_nobody_but_the_operator_configures_or_binds_events():
    for user in ("maker", "keeper", "partner-pdam", "ops"):
        assert TOPOLOGY.permissions(user)["configure"] == "^$"
        assert not may(user, "maker.events", "read", "thing.made.v1")
    assert TOPOLOGY.permissions("topology") == {"configure": ".*", "write": ".*", "read": ".*"}


def test_callers_call_and_servers_reply():
    reply = "0af76519-16cd-43dd-8448-eb211c80319c"
    assert may("front", "nameko-rpc", "write", "keeper.look")
    assert not may("front", "nameko-rpc", "write", "maker.look")
    assert may("front", "nameko-rpc", "read", reply)
    assert not may("front", "nameko-rpc", "read", "keeper.*")
    assert may("keeper", "nameko-rpc", "write", reply)
    assert not may("keeper", "nameko-rpc", "write", "keeper.look")
    assert allowed("front", "configure", "rpc.reply-front-1")
    assert not allowed("front", "configure", "rpc.reply-other-1")


def test_every_topic_exchange_has_an_entry_for_every_user():
    # Without an entry the broker would allow everything on that exchange.
    topics = {name for name, kind in TOPOLOGY.exchange_types().items() if kind == "topic"}
    for user in (*TOPOLOGY.users, "partner-pdam"):
        assert {e["exchange"] for e in TOPOLOGY.topic_permissions(user)} == topics


def test_definitions_hold_everything_and_no_password():
    definitions = TOPOLOGY.definitions("v", {**PASSWORDS, "ops": "secret-of-ops"}, user_prefix="p-")

    assert {u["name"] for u in definitions["users"]} == {"p-maker", "p-keeper", "p-front", "p-ops"}
    assert "secret-of-ops" not in str(definitions)
    assert {q["name"] for q in definitions["queues"]} == {q.name for q in TOPOLOGY.queues()}
    assert {e["name"] for e in definitions["exchanges"]} == {
        "maker.events",
        "keeper.events",
        "open.events",
        "keeper.dlx",
        "nameko-rpc",
    }
    assert [u["tags"] for u in definitions["users"] if u["name"] == "p-ops"] == ["monitoring"]


@pytest.mark.parametrize("passwords", [{"maker": "a"}, {**PASSWORDS, "stranger": "x"}])
def test_definitions_want_the_passwords_of_exactly_the_known_users(passwords):
    with pytest.raises(ConfigurationError):
        TOPOLOGY.definitions("v", passwords)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["publishes"]["maker"].update({"nowhere": ["x.v1"]}),
        lambda d: d["consumes"]["keeper"]["on_thing"].update(types=["thing.unmade.v1"]),
        lambda d: d["consumes"]["keeper"]["on_thing"].update(exchange="nowhere"),
    ],
)
def test_a_name_that_is_not_declared_is_refused(spoil):
    document = copy.deepcopy(DOCUMENT)
    spoil(document)

    with pytest.raises(ConfigurationError):
        Topology.parse(document)


def test_a_foreign_type_has_no_route():
    with pytest.raises(ConfigurationError):
        TOPOLOGY.route("keeper", "thing.made.v1")


def test_a_missing_folder_is_a_configuration_error():
    with pytest.raises(ConfigurationError):
        Topology.load(Path("/nowhere"))
