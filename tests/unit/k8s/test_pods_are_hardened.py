"""What every pod of ours keeps to, whoever makes it."""

import re
from typing import Any

from servicekit.config import ServiceConfig

NAMESPACE = "tanggap"


def memory(container: dict[str, Any]) -> tuple[str, str]:
    resources = container["resources"]
    return resources["requests"]["memory"], resources["limits"]["memory"]


def test_nothing_runs_as_root_or_gains_rights(installation):
    pods = [(workload.name, workload.pod) for workload in installation.workloads]
    pods += installation.operators_pods()
    for name, pod in pods:
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, (name, container["name"])


def test_the_namespace_admits_nothing_else(installation):
    labels = installation.one("Namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_container_asks_for_what_it_may_have(installation):
    for workload in installation.workloads:
        for container in workload.containers:
            asked, limit = memory(container)
            assert asked == limit, workload.name
            assert container["resources"]["requests"]["cpu"], workload.name


def test_whatever_serves_is_probed(installation):
    for workload in installation.workloads:
        if not workload.serves:
            continue
        (container,) = workload.pod["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            ((how, where),) = ((k, v) for k, v in container[probe].items() if k in ("httpGet", "tcpSocket"))
            assert where["port"] in ports, (workload.name, probe, how)


def test_a_process_is_probed_on_its_operators_port_alone(installation):
    for workload in installation.workloads:
        if workload.kind != "Deployment":
            continue
        (container,) = workload.pod["containers"]
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
        assert {"name": "health", "containerPort": 8081} in container["ports"]


def test_a_batch_that_runs_may_end_before_the_pod_does(installation):
    (settings,) = (c["data"] for c in installation.of("ConfigMap") if "TANGGAP_DRAIN_SECONDS" in c["data"])
    drain = float(settings["TANGGAP_DRAIN_SECONDS"])
    assert drain >= ServiceConfig.__dataclass_fields__["drain_seconds"].default
    for workload in installation.workloads:
        if workload.kind == "Deployment":
            (container,) = workload.pod["containers"]
            before = container["lifecycle"]["preStop"]["sleep"]["seconds"] if "lifecycle" in container else 0
            assert workload.pod["terminationGracePeriodSeconds"] >= drain + before + 5, workload.name


def test_no_pod_can_ask_the_api_server(installation):
    accounts = {account["metadata"]["name"] for account in installation.of("ServiceAccount")}
    for workload in installation.workloads:
        assert workload.pod["automountServiceAccountToken"] is False, workload.name
        assert workload.pod["serviceAccountName"] in accounts, workload.name
        assert workload.pod["enableServiceLinks"] is False, workload.name
    assert not installation.of("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    assert all(
        account["automountServiceAccountToken"] is False for account in installation.of("ServiceAccount")
    )


def test_what_serves_has_an_account_of_its_own(installation):
    serving = [workload.pod["serviceAccountName"] for workload in installation.workloads if workload.serves]
    assert len(serving) == len(set(serving))


def test_images_have_a_version(installation):
    images = [c["image"] for workload in installation.workloads for c in workload.containers]
    images += [cluster["spec"]["image"] for cluster in installation.of("RabbitmqCluster")]
    for image in images:
        assert re.search(r":(?!latest)[\w][\w.-]*(@sha256:[0-9a-f]{64})?$", image), image
    for workload in installation.workloads:
        assert all(c["imagePullPolicy"] == "IfNotPresent" for c in workload.containers), workload.name


def test_one_instance_at_a_time_is_taken_away_by_the_cluster(installation):
    budgets = installation.of("PodDisruptionBudget")
    assert all(budget["spec"]["maxUnavailable"] == 1 for budget in budgets)
    covered = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    for workload in installation.workloads:
        if workload.kind == "Deployment":
            assert workload.resource["spec"]["selector"]["matchLabels"] in covered, workload.name
    for cluster in installation.of("RabbitmqCluster"):
        assert {"app.kubernetes.io/name": cluster["metadata"]["name"]} in covered
    for database in installation.of("MongoDBCommunity"):
        assert {"app": f"{database['metadata']['name']}-svc"} in covered


def test_instances_are_spread_over_nodes(installation):
    for workload in installation.workloads:
        if workload.kind == "Deployment":
            (spread,) = workload.pod["topologySpreadConstraints"]
            assert spread["topologyKey"] == "kubernetes.io/hostname"
            assert spread["labelSelector"]["matchLabels"].items() <= workload.labels.items()
            assert spread["matchLabelKeys"] == ["app.kubernetes.io/name"]


def test_everything_is_in_one_namespace_and_says_what_it_is(installation):
    for resource in installation.resources:
        if resource["kind"] != "Namespace":
            assert resource["metadata"]["namespace"] == NAMESPACE, resource["metadata"]["name"]
    for workload in installation.workloads:
        assert workload.labels["app.kubernetes.io/name"] == workload.name
        assert workload.labels["app.kubernetes.io/part-of"] == "tanggap"
        selector = workload.resource["spec"].get("selector")
        assert selector is None or selector["matchLabels"] == {"app.kubernetes.io/name": workload.name}


def test_a_deployment_never_has_fewer_than_it_needs_while_it_is_replaced(installation):
    """Filing is answered throughout; what services have to do waits in their queues for some seconds."""
    strategy = installation.workload("gateway").resource["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}
