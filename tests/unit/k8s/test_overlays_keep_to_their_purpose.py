"""`small` fits on one node of 2 CPUs and 4 GB; `prod` runs the same processes as `base`, only larger."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

UNITS = {"": 1, "m": Decimal("0.001"), "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
NODE_CPUS, NODE_MEMORY = 2, 4 * 10**9
FOR_KUBERNETES = 700 * 2**20


def amount(text: str | int) -> Decimal:
    digits = str(text).rstrip("mKMGi")
    return Decimal(digits) * UNITS[str(text)[len(digits) :]]


def asked(manifests, names: list[str], what: str, kind: str = "requests") -> Decimal:
    # Of containers that run one after the other, a pod asks for what the largest does.
    pods = [manifests.workload(name).containers for name in names]
    return sum((max(amount(c["resources"][kind][what]) for c in pod) for pod in pods), Decimal(0))


def serving(manifests) -> list[str]:
    return [workload.name for workload in manifests.workloads if workload.serves]


def test_all_of_it_fits_while_the_gateway_is_replaced_and_the_jobs_run(small):
    everything = [*serving(small), "gateway", "topology", "databases", "indexes"]
    quota = small.one("ResourceQuota", "node")["spec"]["hard"]
    assert asked(small, everything, "memory", "limits") <= amount(quota["limits.memory"])
    assert asked(small, everything, "cpu") <= amount(quota["requests.cpu"])


def test_all_of_it_fits_while_the_backup_and_the_operators_pod_run(small_tools):
    small = small_tools
    quota = small.one("ResourceQuota", "node")["spec"]["hard"]
    everything = [*serving(small), "backup", "tools"]
    assert asked(small, everything, "memory", "limits") <= amount(quota["limits.memory"])
    assert asked(small, everything, "cpu") <= amount(quota["requests.cpu"])


def test_the_quota_leaves_the_node_room_for_kubernetes(small):
    quota = small.one("ResourceQuota", "node")["spec"]["hard"]
    assert amount(quota["limits.memory"]) + FOR_KUBERNETES <= NODE_MEMORY
    assert amount(quota["requests.cpu"]) + Decimal("0.5") <= NODE_CPUS


def test_the_stores_stop_before_they_are_killed(small):
    """Their own limits are well below the containers'."""
    (mongodb,) = small.workload("mongodb").pod["containers"]
    (cache,) = (a.partition("=")[2] for a in mongodb["args"] if a.startswith("--wiredTigerCacheSizeGB"))
    assert Decimal(cache) * 10**9 <= amount(mongodb["resources"]["limits"]["memory"]) / 2
    (rabbitmq,) = small.workload("rabbitmq").pod["containers"]
    (settings,) = (c["data"] for c in small.of("ConfigMap") if "20-tanggap.conf" in c["data"])
    (mark,) = re.findall(r"vm_memory_high_watermark.absolute = (\d+)MB", settings["20-tanggap.conf"])
    assert int(mark) * 10**6 <= amount(rabbitmq["resources"]["limits"]["memory"]) * Decimal("0.7")


def test_small_needs_no_operator(small):
    assert {resource["apiVersion"] for resource in small.resources} <= {
        "v1",
        "apps/v1",
        "batch/v1",
        "networking.k8s.io/v1",
        "policy/v1",
    }


def test_data_outlives_every_pod(small):
    for name in ("rabbitmq", "mongodb"):
        (claim,) = small.workload(name).resource["spec"]["volumeClaimTemplates"]
        (container,) = small.workload(name).pod["containers"]
        assert claim["metadata"]["name"] in {mount["name"] for mount in container["volumeMounts"]}


def test_a_backup_is_made_every_night(overlay):
    schedule = overlay.workload("backup").resource["spec"]
    minute, hour, *days = schedule["schedule"].split()
    assert minute.isdigit()
    assert hour.isdigit()
    assert days == ["*", "*", "*"]
    assert schedule["timeZone"] == "Asia/Jakarta"
    assert schedule["concurrencyPolicy"] == "Forbid"


def test_jobs_may_run_at_every_deployment(overlay):
    """A finished job is gone soon: one that is still there could not be applied again with another image."""
    for workload in overlay.workloads:
        if workload.kind == "Job":
            assert workload.resource["spec"]["ttlSecondsAfterFinished"] <= 300
            assert workload.resource["spec"]["activeDeadlineSeconds"]


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{number}]")
    elif one != other:
        yield path


def test_an_overlay_changes_of_a_process_only_its_size_its_image_and_its_settings(base, overlay):
    container = ".spec.template.spec.containers[0]"
    allowed = {f"{container}.image", f"{container}.envFrom[0].configMapRef.name"}
    allowed |= {f".spec.template.spec.initContainers[{number}].image" for number in range(3)}
    if overlay.overlay == "prod":
        allowed |= {f"{container}.resources.requests.cpu", f"{container}.resources.requests.memory"}
        allowed |= {f"{container}.resources.limits.memory"}
    for workload in base.workloads:
        changed = set(differences(workload.resource, overlay.workload(workload.name).resource))
        assert changed <= allowed, workload.name
