"""Write as Kubernetes resources what is decided elsewhere in the repository.

    contracts/topology.yaml       what the broker holds, and the scaling by its queues
    deploy/monitoring/rules       alerts
    deploy/k8s/base               which services there are: the job that makes their indexes

python scripts/k8s_resources.py            writes
python scripts/k8s_resources.py --check    fails if a written file is not what its sources say
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from servicekit.topology import MONITOR, Topology

ROOT = Path(__file__).resolve().parent.parent
KUBERNETES = ROOT / "deploy" / "k8s"
RULES = ROOT / "deploy" / "monitoring" / "rules"
BROKER = {"name": "rabbitmq"}
VHOST = "/"
INDEXES = "indexes"
BACKLOG = 1000
"""Waiting events for each instance: well above what one takes at a time, so that a batch is no backlog."""

Resource = dict[str, Any]


def name_of(*parts: str) -> str:
    """A resource's name: Kubernetes knows no underscores."""
    return "-".join(parts).replace("_", "-")


def resource(kind: str, name: str, spec: Resource, api: str = "rabbitmq.com/v1beta1") -> Resource:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}


def broker_resources(topology: Topology) -> Iterator[Resource]:
    """What the topology operator declares: the definitions that the topology job would send."""
    passwords = dict.fromkeys((*topology.services, MONITOR), "only the operator knows it")
    definitions = topology.definitions(VHOST, passwords)
    there = {"vhost": VHOST, "rabbitmqClusterReference": BROKER}
    lasting = {"durable": True, "autoDelete": False, **there}
    for user in definitions["users"]:
        spec: Resource = {
            "importCredentialsSecret": {"name": name_of("rabbitmq-user", user["name"])},
            "rabbitmqClusterReference": BROKER,
        }
        if user["tags"]:
            spec["tags"] = [user["tags"]]
        yield resource("User", name_of(user["name"]), spec)
    for entry in definitions["permissions"]:
        rights = {right: entry[right] for right in ("configure", "write", "read")}
        yield resource(
            "Permission", name_of(entry["user"]), {**user_of(entry), "permissions": rights, **there}
        )
    for entry in definitions["topic_permissions"]:
        rights = {right: entry[right] for right in ("exchange", "write", "read")}
        name = name_of(entry["user"], entry["exchange"])
        yield resource("TopicPermission", name, {**user_of(entry), "permissions": rights, **there})
    for exchange in definitions["exchanges"]:
        spec = {"name": exchange["name"], "type": exchange["type"], **lasting}
        yield resource("Exchange", name_of(exchange["name"]), spec)
    for queue in definitions["queues"]:
        arguments = dict(queue["arguments"])
        kind = arguments.pop("x-queue-type", "classic")
        spec = {"name": queue["name"], "type": kind, **lasting}
        if arguments:
            spec["arguments"] = arguments
        yield resource("Queue", name_of(queue["name"]), spec)
    for binding in definitions["bindings"]:
        way = f"{binding['source']} {binding['routing_key']}"
        spec = {
            "source": binding["source"],
            "destination": binding["destination"],
            "destinationType": "queue",
            "routingKey": binding["routing_key"],
            **there,
        }
        digest = hashlib.sha256(way.encode()).hexdigest()[:8]
        yield resource("Binding", name_of(binding["destination"], digest), spec)


def user_of(entry: Resource) -> Resource:
    """By reference, so that the right is given again whenever the user is made again."""
    return {"userReference": {"name": name_of(entry["user"])}}


def scaling_resources(topology: Topology) -> Iterator[Resource]:
    """Services follow their work queues, the gateway its processor."""
    yield resource(
        "TriggerAuthentication",
        "rabbitmq",
        {"secretTargetRef": [{"parameter": "host", "name": "keda", "key": "host"}]},
        "keda.sh/v1alpha1",
    )
    for service in topology.consuming_services:
        queues = sorted(
            consumer.queue for consumer in topology.consumers.values() if consumer.service == service
        )
        yield scaled(service, [queue_trigger(queue) for queue in queues])
    load = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
    yield scaled("gateway", [load])


def queue_trigger(queue: str) -> Resource:
    # By the management API: AMQP would count only what no consumer has taken yet, and hold a connection.
    metadata = {"protocol": "http", "mode": "QueueLength", "queueName": queue, "value": str(BACKLOG)}
    return {"type": "rabbitmq", "metadata": metadata, "authenticationRef": {"name": "rabbitmq"}}


def scaled(name: str, triggers: list[Resource]) -> Resource:
    spec = {
        "scaleTargetRef": {"name": name},
        # Never fewer: one may go while the other serves.
        "minReplicaCount": 2,
        "maxReplicaCount": 4,
        "pollingInterval": 15,
        "cooldownPeriod": 300,
        "triggers": triggers,
    }
    return resource("ScaledObject", name, spec, "keda.sh/v1alpha1")


def index_resources(topology: Topology) -> Iterator[Resource]:
    """One job that makes indexes, of one service after the other, each as that service and in its image."""
    labels = {"app.kubernetes.io/name": INDEXES}
    *first, last = [indexing(service) for service in topology.consuming_services]
    pod: Resource = {
        "restartPolicy": "OnFailure",
        "serviceAccountName": INDEXES,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": first,
        "containers": [last],
    }
    # An index over many documents takes its time, and nobody waits for it: the older version goes on.
    spec = {
        "backoffLimit": 20,
        "activeDeadlineSeconds": 21600,
        "ttlSecondsAfterFinished": 300,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": INDEXES},
        "automountServiceAccountToken": False,
    }
    job = resource("Job", INDEXES, spec, "batch/v1")
    job["metadata"]["labels"] = labels
    yield job


def indexing(service: str) -> Resource:
    address = {"secretKeyRef": {"name": service, "key": "TANGGAP_MONGODB_URL"}}
    return {
        "name": service,
        "image": f"tanggap/{service}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", "servicekit.index_job", f"{service}.service:{service.title()}Service"],
        "env": [{"name": "TANGGAP_MONGODB_URL", "valueFrom": address}],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def alert_resources() -> Iterator[Resource]:
    for file in sorted(RULES.glob("*.yml")):
        yield resource(
            "PrometheusRule", file.stem, yaml.safe_load(file.read_text()), "monitoring.coreos.com/v1"
        )


def files() -> dict[Path, str]:
    topology, contracts = Topology.load(ROOT / "contracts"), "contracts/topology.yaml"
    components = KUBERNETES / "components"
    return {
        KUBERNETES / "base" / "indexes.yaml": text(contracts, index_resources(topology)),
        KUBERNETES / "overlays" / "prod" / "topology.yaml": text(contracts, broker_resources(topology)),
        components / "keda" / "scaling.yaml": text(contracts, scaling_resources(topology)),
        components / "monitoring" / "rules.yaml": text("deploy/monitoring/rules", alert_resources()),
    }


def text(source: str, resources: Iterator[Resource]) -> str:
    """One line for what the broker holds: there are hundreds of it, and they are read by comparing."""
    long = ("PrometheusRule", "Job")
    written = [f"# Written by scripts/k8s_resources.py from {source}.\n"]
    for found in resources:
        short = found["kind"] not in long
        head = yaml.safe_dump({key: value for key, value in found.items() if key != "spec"}, sort_keys=False)
        if "spec" not in found:
            written.append(head)
            continue
        spec = yaml.safe_dump(found["spec"], sort_keys=False, default_flow_style=short, width=100_000)
        written.append(f"{head}spec: {spec}" if short else f"{head}spec:\n{indent(spec, '  ')}")
    return written[0] + "---\n".join(written[1:])


def main() -> int:
    stale = [file for file, wanted in files().items() if not file.exists() or file.read_text() != wanted]
    if "--check" in sys.argv:
        for file in stale:
            print(f"{file.relative_to(ROOT)} is not what its sources say: python scripts/k8s_resources.py")
        return 1 if stale else 0
    for file in stale:
        file.write_text(files()[file])
    return 0


if __name__ == "__main__":
    sys.exit(main())
