"""Who can speak to whom: the flows that both ends allow, and the doors to the outside. No others."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.kubernetes import PROCESSES, Manifests

SERVICES = PROCESSES[1:]
Labels = dict[str, str]


def pods(manifests: Manifests) -> dict[str, Labels]:
    """Every pod that there will be, also those that operators make."""
    found = {workload.name: workload.labels for workload in manifests.workloads}
    for cluster in manifests.of("RabbitmqCluster"):
        found[cluster["metadata"]["name"]] = {"app.kubernetes.io/name": cluster["metadata"]["name"]}
    for database in manifests.of("MongoDBCommunity"):
        found[database["metadata"]["name"]] = {"app": f"{database['metadata']['name']}-svc"}
    return found


def selects(selector: dict[str, Any], labels: Labels) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def rules(manifests: Manifests, labels: Labels, direction: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Every (peer, port) that some policy allows to a pod with these labels."""
    peers = {"Ingress": "from", "Egress": "to"}[direction]
    for policy in manifests.of("NetworkPolicy"):
        spec = policy["spec"]
        if selects(spec["podSelector"], labels):
            for rule in spec.get(direction.lower(), ()):
                for peer in rule[peers]:
                    yield from ((peer, port["port"]) for port in rule["ports"])


def flows(manifests: Manifests) -> set[tuple[str, str, int]]:
    """(from, to, port) between pods of this namespace."""
    there = pods(manifests)
    found = set()
    for source, its in there.items():
        for target, theirs in there.items():
            leaving = {p for peer, p in rules(manifests, its, "Egress") if inside(peer, theirs)}
            entering = {p for peer, p in rules(manifests, theirs, "Ingress") if inside(peer, its)}
            found |= {(source, target, port) for port in leaving & entering}
    return found


def inside(peer: dict[str, Any], labels: Labels) -> bool:
    return peer.keys() == {"podSelector"} and selects(peer["podSelector"], labels)


def doors(manifests: Manifests, direction: str) -> set[tuple[str, str, int]]:
    """(pod, other namespace or address block, port), names of hosts apart."""
    found = set()
    for pod, labels in pods(manifests).items():
        for peer, port in rules(manifests, labels, direction):
            if "ipBlock" in peer:
                found.add((pod, peer["ipBlock"]["cidr"], port))
            elif "namespaceSelector" in peer and port != 53:
                (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
                found.add((pod, namespace, port))
    return found


def test_everything_is_denied_first(overlay):
    spec = overlay.one("NetworkPolicy", "deny-everything")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_on_one_node_each_reaches_what_it_needs(small):
    assert flows(small) == {
        *((process, "rabbitmq", 5672) for process in PROCESSES),
        *((service, "mongodb", 27017) for service in SERVICES),
        ("topology", "rabbitmq", 15672),
        ("databases", "mongodb", 27017),
        ("indexes", "mongodb", 27017),
        ("backup", "mongodb", 27017),
    }


def test_in_production_a_service_reaches_its_own_database_alone(prod):
    databases = {f"mongodb-{service}" for service in SERVICES}
    assert flows(prod) == {
        *((process, "rabbitmq", 5672) for process in PROCESSES),
        *((service, f"mongodb-{service}", 27017) for service in SERVICES),
        *(("backup", database, 27017) for database in databases),
        *(("indexes", database, 27017) for database in databases),
        *((database, database, 27017) for database in databases),
        ("rabbitmq", "rabbitmq", 4369),
        ("rabbitmq", "rabbitmq", 25672),
    }


def test_the_gateway_alone_is_reached_from_outside(small):
    assert doors(small, "Ingress") == {("gateway", "kube-system", 8080)}


def test_in_production_operators_come_in_by_their_doors(prod):
    assert doors(prod, "Ingress") == {
        ("gateway", "ingress", 8080),
        ("rabbitmq", "rabbitmq-system", 15672),
        ("rabbitmq", "keda", 15672),
        ("rabbitmq", "monitoring", 15692),
        *((process, "monitoring", 8081) for process in PROCESSES),
    }


def test_mail_leaves_from_notifications_and_logins_from_the_gateway(small):
    assert doors(small, "Egress") == {("notifications", "0.0.0.0/0", 587), ("gateway", "0.0.0.0/0", 443)}


def test_the_mail_server_is_asked_on_the_port_that_is_open(overlay):
    settings = next(c["data"] for c in overlay.of("ConfigMap") if "TANGGAP_SMTP_PORT" in c["data"])
    ports = {port for pod, _, port in doors(overlay, "Egress") if pod == "notifications"}
    assert ports == {int(settings["TANGGAP_SMTP_PORT"])}


@pytest.mark.parametrize(
    ("without", "with_it", "databases"),
    [
        ("small", "small_tools", ["mongodb"]),
        ("prod", "prod_tools", [f"mongodb-{service}" for service in SERVICES]),
    ],
)
def test_the_operators_pod_adds_its_own_ways_and_no_door(request, without, with_it, databases):
    before, after = request.getfixturevalue(without), request.getfixturevalue(with_it)
    assert flows(after) - flows(before) == {
        ("tools", "rabbitmq", 5672),
        ("tools", "rabbitmq", 15672),
        ("tools", "gateway", 8080),
        *(("tools", process, 8081) for process in PROCESSES),
        *(("tools", database, 27017) for database in databases),
    }
    for direction in ("Ingress", "Egress"):
        assert doors(after, direction) == doors(before, direction)
