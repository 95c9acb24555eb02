"""The overlays, rendered once."""

from collections.abc import Callable
from types import ModuleType

import pytest

from support.kubernetes import Manifests, render, script, together


@pytest.fixture(params=["small", "prod"])
def overlay(request: pytest.FixtureRequest) -> Manifests:
    """Each of the two in turn."""
    return render(f"overlays/{request.param}")


@pytest.fixture(params=["small", "prod", "small_tools", "prod_tools"])
def installation(request: pytest.FixtureRequest) -> Manifests:
    """Each overlay, with the operator's pod and without it."""
    found: Manifests = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def small() -> Manifests:
    return render("overlays/small")


@pytest.fixture
def prod() -> Manifests:
    return render("overlays/prod")


@pytest.fixture
def small_tools() -> Manifests:
    """`small` with the operator's pod."""
    return together("overlays/small", "tools/small")


@pytest.fixture
def prod_tools() -> Manifests:
    """`prod` with the operator's pod."""
    return together("overlays/prod", "tools/prod")


@pytest.fixture
def base() -> Manifests:
    return render("base")


@pytest.fixture
def secrets_of() -> Callable[[Manifests], dict[str, dict[str, str]]]:
    """The Secrets that scripts/k8s_secrets.py makes for an overlay."""
    made = script("k8s_secrets")
    return lambda manifests: made.OVERLAYS[manifests.overlay](made.Passwords())


@pytest.fixture
def resources_script() -> ModuleType:
    return script("k8s_resources")
