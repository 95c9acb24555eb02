"""A city's folder as the bundle that complaints imports."""

import json
import time
from pathlib import Path
from typing import Any

import yaml

from servicekit.yaml_files import read_yaml
from tanggap.client import Gateway
from tanggap.errors import CliError

SNAPSHOT_SECONDS = 60.0


def bundle(directory: Path) -> dict[str, Any]:
    """Everything of `cities/<name>/` that the catalogue consists of, as JSON can hold it.

    Raises CliError naming the file that is missing or broken.
    """
    city = load_yaml(directory / "city.yaml")
    services: list[dict[str, Any]] = []
    files = sorted((directory / "services").glob("*.yaml")) or [directory / "services.yaml"]
    for file in files:
        services += load_yaml(file)
    read = {
        "city": city,
        "units": load_yaml(directory / "units.yaml"),
        "services": services,
        "deadlines": load_yaml(directory / "deadlines.yaml"),
        "calendar": load_yaml(directory / "calendar.yaml"),
        "jurisdictions": jurisdictions(directory, city),
    }
    # YAML reads bare dates as dates; on the wire they are text.
    plain: dict[str, Any] = json.loads(json.dumps(read, default=str))
    return plain


def jurisdictions(directory: Path, city: dict[str, Any]) -> list[dict[str, Any]]:
    """The city itself, and its districts where their outlines are known."""
    found = [
        {"code": city["code"], "name": city["name"], "boundary": boundary(directory / "boundary.geojson")}
    ]
    districts = directory / "districts.geojson"
    if districts.exists():
        for feature in json.loads(districts.read_text())["features"]:
            properties = feature["properties"]
            found.append(
                {"code": properties["code"], "name": properties["name"], "boundary": feature["geometry"]}
            )
    return found


def boundary(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    document = json.loads(file.read_text())
    if document.get("type") == "FeatureCollection":
        document = document["features"][0]
    geometry: dict[str, Any] = document.get("geometry", document)
    return geometry


def load_yaml(file: Path) -> Any:
    try:
        return read_yaml(file)
    except FileNotFoundError:
        raise CliError(f"{file} is missing.") from None
    except yaml.YAMLError as error:
        raise CliError(f"{file} is not valid YAML: {error}") from error


def load(gateway: Gateway, directory: Path) -> dict[str, Any]:
    """Import a city's catalogue and return what changed, once the gateway offers it. Safe to repeat."""
    imported = bundle(directory)
    code = imported["city"]["code"]
    changed: dict[str, Any] = gateway.call("PUT", f"/v1/catalogue/{code}", imported)
    wait_until_offered(
        gateway, {service["code"] for service in imported["services"] if service.get("active", True)}
    )
    return changed


def wait_until_offered(gateway: Gateway, codes: set[str]) -> None:
    """The gateway works from a snapshot that it renews every few seconds."""
    deadline = time.monotonic() + SNAPSHOT_SECONDS
    while True:
        known = {service["service_code"] for service in gateway.get("/v1/services")["items"]}
        if codes <= known:
            return
        if time.monotonic() > deadline:
            raise CliError(f"The gateway does not offer {len(codes - known)} of the imported services yet.")
        time.sleep(0.25)
