"""Kubernetes manifests as `kubectl` renders them, and what tests ask of them."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ("gateway", "complaints", "notifications", "surveys", "evaluation")
Resource = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """Something that runs pods of ours."""

    kind: str
    name: str
    resource: Resource
    template: Resource

    @property
    def pod(self) -> Resource:
        return self.template["spec"]

    @property
    def labels(self) -> dict[str, str]:
        return self.template["metadata"]["labels"]

    @property
    def containers(self) -> list[Resource]:
        return [*self.pod.get("initContainers", ()), *self.pod["containers"]]

    @property
    def serves(self) -> bool:
        """Whether it runs until it is stopped."""
        return self.kind in ("Deployment", "StatefulSet")

    def environment(self, manifests: "Manifests", secrets: dict[str, dict[str, str]]) -> dict[str, str]:
        """What the first container finds in its environment, with these Secrets."""
        container = self.pod["containers"][0]
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            if "secretRef" in source:
                found |= secrets[source["secretRef"]["name"]]
            else:
                found |= manifests.one("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in container.get("env", ()):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
                continue
            reference = variable["valueFrom"]["secretKeyRef"]
            value = secrets[reference["name"]].get(reference["key"])
            assert value or reference.get("optional"), f"{self.name}: {reference} is never made"
            if value:
                found[variable["name"]] = value
        return found


class Manifests:
    """Every resource of one overlay."""

    def __init__(self, overlay: str, resources: list[Resource]) -> None:
        self.overlay = overlay
        self.resources = resources

    def of(self, *kinds: str) -> list[Resource]:
        return [resource for resource in self.resources if resource["kind"] in kinds]

    def one(self, kind: str, name: str) -> Resource:
        (found,) = (r for r in self.of(kind) if r["metadata"]["name"] == name)
        return found

    @property
    def workloads(self) -> list[Workload]:
        return list(self._workloads())

    def workload(self, name: str) -> Workload:
        (found,) = (workload for workload in self.workloads if workload.name == name)
        return found

    def _workloads(self) -> Iterator[Workload]:
        for resource in self.of("Deployment", "StatefulSet", "Job", "CronJob"):
            spec = resource["spec"]
            owner = spec["jobTemplate"]["spec"] if resource["kind"] == "CronJob" else spec
            yield Workload(resource["kind"], resource["metadata"]["name"], resource, owner["template"])
        for resource in self.of("Pod"):
            yield Workload("Pod", resource["metadata"]["name"], resource, resource)

    def operators_pods(self) -> Iterator[tuple[str, Resource]]:
        """The specifications of pods that operators make for us, as far as we write them."""
        for resource in self.of("RabbitmqCluster"):
            template = resource["spec"]["override"]["statefulSet"]["spec"]["template"]
            yield resource["metadata"]["name"], template["spec"]
        for resource in self.of("MongoDBCommunity"):
            yield resource["metadata"]["name"], resource["spec"]["statefulSet"]["spec"]["template"]["spec"]


@cache
def render(folder: str) -> Manifests:
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}") or "kubectl"
    done = subprocess.run(
        [kubectl, "kustomize", str(ROOT / "deploy" / "k8s" / folder)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Manifests(Path(folder).name, list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader)))


def together(*folders: str) -> Manifests:
    """What is there when all of these are applied."""
    return Manifests(
        Path(folders[0]).name, [resource for folder in folders for resource in render(folder).resources]
    )


def script(name: str) -> ModuleType:
    """A file of scripts/, which are no package."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
