"""What the operators are told is what the contracts say, and what scales by a queue finds that queue."""

from collections import Counter

import pytest

from servicekit.topology import MONITOR, Topology
from support.kubernetes import PROCESSES, ROOT


@pytest.fixture
def contracts() -> Topology:
    return Topology.load(ROOT / "contracts")


def test_the_written_files_follow_their_sources(resources_script):
    stale = [str(file) for file, text in resources_script.files().items() if file.read_text() != text]
    assert stale == []


def test_the_operator_declares_the_queues_that_the_services_expect(prod, contracts):
    declared = {}
    for queue in prod.of("Queue"):
        spec = queue["spec"]
        arguments = dict(spec.get("arguments", {}))
        declared[spec["name"]] = arguments | ({"x-queue-type": "quorum"} if spec["type"] == "quorum" else {})
    assert declared == {queue.name: dict(queue.arguments) for queue in contracts.queues()}


def test_every_queue_is_bound_as_the_contracts_say(prod, contracts):
    bound = Counter(
        (b["spec"]["source"], b["spec"]["routingKey"], b["spec"]["destination"]) for b in prod.of("Binding")
    )
    wanted = Counter((exchange, key, q.name) for q in contracts.queues() for exchange, key in q.bindings)
    assert bound == wanted


def test_rights_are_those_of_the_topology(prod, contracts):
    for user in (*contracts.services, MONITOR):
        right = prod.one("Permission", user)["spec"]
        assert right["permissions"] == contracts.permissions(user)
        specs = [topic["spec"] for topic in prod.of("TopicPermission")]
        given = [spec["permissions"] for spec in specs if spec["userReference"]["name"] == user]
        assert sorted(given, key=exchange) == sorted(contracts.topic_permissions(user), key=exchange)
    assert {user["metadata"]["name"] for user in prod.of("User")} == {*contracts.services, MONITOR}


def exchange(entry: dict[str, str]) -> str:
    return entry["exchange"]


def test_nobody_at_the_broker_is_an_administrator(prod):
    tags = {user["metadata"]["name"]: user["spec"].get("tags", []) for user in prod.of("User")}
    assert {name: given for name, given in tags.items() if given} == {MONITOR: ["monitoring"]}


def test_services_follow_their_work_queues(prod, contracts):
    queues = {queue.name for queue in contracts.queues()}
    followed = set()
    for scaled in prod.of("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            if trigger["type"] == "rabbitmq":
                name = trigger["metadata"]["queueName"]
                assert name.startswith(f"evt-{scaled['metadata']['name']}-")
                followed.add(name)
    assert followed == {consumer.queue for consumer in contracts.consumers.values()}
    assert followed <= queues


def test_what_is_scaled_has_no_number_of_its_own(prod):
    scaled = {scaled["spec"]["scaleTargetRef"]["name"] for scaled in prod.of("ScaledObject")}
    assert scaled == set(PROCESSES)
    assert not prod.of("HorizontalPodAutoscaler")
    for workload in prod.workloads:
        if workload.kind == "Deployment":
            assert "replicas" not in workload.resource["spec"]


def test_in_production_everything_that_stores_has_three_members(prod):
    assert [cluster["spec"]["replicas"] for cluster in prod.of("RabbitmqCluster")] == [3]
    assert [database["spec"]["members"] for database in prod.of("MongoDBCommunity")] == [3, 3, 3, 3]
    assert all(scaled["spec"]["minReplicaCount"] == 2 for scaled in prod.of("ScaledObject"))
