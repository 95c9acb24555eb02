"""The cities' files as they are, read once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from complaints.bundle import check_bundle
from complaints.errors import NotValid

ROOT = Path(__file__).parents[3]


def read_city(name: str) -> dict[str, Any]:
    folder = ROOT / "cities" / name
    city = {part: read_yaml(folder / f"{part}.yaml") for part in ("city", "units", "deadlines", "calendar")}
    city["services"] = [
        service for file in sorted(folder.glob("services/*.yaml")) for service in read_yaml(file)
    ]
    city["boundary"] = json.loads((folder / "boundary.geojson").read_text(encoding="utf-8"))
    return city


def read_yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def is_inside(boundary: dict[str, Any], lat: float, lon: float) -> bool:
    """Whether a point lies in a boundary of one ring."""
    (ring,) = boundary["geometry"]["coordinates"]
    inside = False
    for (lon_a, lat_a), (lon_b, lat_b) in zip(ring, ring[1:], strict=False):
        if (lat_a > lat) != (lat_b > lat) and lon < lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a):
            inside = not inside
    return inside


@pytest.fixture(scope="session")
def folder() -> Path:
    return ROOT / "cities"


@pytest.fixture(scope="session")
def sawahlunto() -> dict[str, Any]:
    return read_city("sawahlunto")


@pytest.fixture(scope="session")
def baltimore() -> dict[str, Any]:
    return read_city("baltimore")


@pytest.fixture(params=["sawahlunto", "baltimore"])
def city(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def faults_of() -> Callable[[dict[str, Any]], list[Any]]:
    """What complaints finds wrong with a bundle."""

    def find(bundle: dict[str, Any]) -> list[Any]:
        try:
            check_bundle(json.loads(json.dumps(bundle, default=str)))
        except NotValid as refusal:
            return list(refusal.faults)
        return []

    return find


@pytest.fixture(scope="session")
def contains() -> Callable[[dict[str, Any], float, float], bool]:
    return is_inside
