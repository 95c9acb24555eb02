"""docker-compose.yml as Compose itself reads it, beside what `make up` gives every process."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from servicekit.index_job import found
from support import images
from support.images import PROCESSES, ROOT, SERVICES
from tanggap.local import services as local
from tanggap.local.broker import Broker
from tanggap.local.database import Database
from tanggap.local.layout import Layout
from tanggap.local.secrets import Secrets

PRODUCTION = ("docker-compose.yml", "deploy/compose/production.yml")
ONLY_ON_THIS_MACHINE = {
    "PATH",
    "TANGGAP_BROKER_USER_PREFIX",
    # One server holds all databases, and the sink's mails lie in a folder.
    "MONGODB_URL",
    "TANGGAP_MAIL_SINK",
    "TANGGAP_MAIL_DIR",
}
ONLY_WITH_THE_SAMPLE = {"TANGGAP_SAMPLE_MARK", "TANGGAP_SAMPLE_STAFF"}
SECRET = re.compile(r"KEY|PASSWORD|SECRET|AMQP_URL|MONGODB_|MANAGEMENT_URL")

Rendered = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Rendered:
    return images.compose(COMPOSE_PROFILES="operator")


@pytest.fixture(scope="module")
def production() -> Rendered:
    asked = re.findall(r"\$\{([A-Z_]+):\?", (ROOT / PRODUCTION[1]).read_text())
    return images.compose(*PRODUCTION, **dict.fromkeys(asked, "https://contoh.example.invalid"))


def made(folder: Path) -> dict[str, str]:
    command = [sys.executable, str(ROOT / "deploy" / "compose" / "make_secrets.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return {file.name: file.read_text() for file in (folder / "secrets").iterdir()}


def mounted(service: Rendered) -> dict[str, str]:
    """Where a container finds each of its secrets."""
    places = {
        secret["source"]: secret.get("target", secret["source"]) for secret in service.get("secrets", [])
    }
    return {
        name: place if place.startswith("/") else f"/run/secrets/{place}" for name, place in places.items()
    }


@pytest.fixture
def make_up(tmp_path: Path) -> local.Parts:
    """What an installation of `make up` is made of; nothing of it runs."""
    for folder in ("secrets", "data", "run"):
        (tmp_path / folder).mkdir()
    layout = Layout(tmp_path)
    return local.Parts(
        layout=layout,
        ports=defaultdict(int),
        secrets=Secrets(layout),
        broker=Broker("amqp://admin:admin@broker:5672/%2F", "http://broker:15672"),
        database=Database("mongodb://admin:admin@database/?replicaSet=rs0"),
    )


def test_every_process_gets_the_settings_that_make_up_gives(compose: Rendered, make_up: local.Parts) -> None:
    wanted = local.settings_of_services(make_up) | {"gateway": local.settings_of_gateway(make_up)}

    for name, settings in wanted.items():
        given = images.environment(name) | compose["services"][name]["environment"]
        names = {setting.removesuffix("_FILE") for setting in given}
        assert set(settings) - names <= ONLY_ON_THIS_MACHINE | ONLY_WITH_THE_SAMPLE, name


def test_operators_get_the_addresses_that_make_up_publishes(
    compose: Rendered, make_up: local.Parts, tmp_path: Path
) -> None:
    addresses = re.findall(r"^export (\w+)=", made(tmp_path / "compose")["operator.env"], re.MULTILINE)
    given = {*addresses, *compose["services"]["tools"]["environment"]}

    assert set(local.published_env(make_up)) - given <= ONLY_ON_THIS_MACHINE


def test_no_secret_stands_in_an_environment(compose: Rendered, production: Rendered) -> None:
    for rendered in (compose, production):
        for name, service in rendered["services"].items():
            places = set(mounted(service).values())
            for setting, value in service.get("environment", {}).items():
                if SECRET.search(setting):
                    assert not value or value in places, f"{name}: {setting}"


def test_a_secret_is_mounted_only_where_it_is_used(compose: Rendered) -> None:
    for name, service in compose["services"].items():
        said = " ".join(
            [*(service.get("environment") or {}).values(), *map(str, service.get("entrypoint") or [])]
        )
        for secret, place in mounted(service).items():
            assert place in said or not place.startswith("/run/secrets/"), f"{name}: {secret}"


def test_keys_are_shared_by_those_who_must_share_them(compose: Rendered) -> None:
    holders: dict[str, set[str]] = defaultdict(set)
    for name in PROCESSES:
        for secret in mounted(compose["services"][name]):
            holders[secret].add(name)

    assert all(holders[f"seal_keys_{name}"] == {name, "gateway"} for name in SERVICES)
    assert holders["survey_keys"] == {"surveys", "gateway"}
    assert (holders["vault_keys"], holders["survey_store_keys"]) == ({"complaints"}, {"surveys"})
    assert all(holders[f"{name}_amqp_url"] == {name} for name in PROCESSES)
    assert all(holders[f"{name}_mongodb_url"] == {name} for name in SERVICES)


def test_what_is_mounted_can_be_made_and_is_kept(compose: Rendered, tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path)

    assert first == second
    assert {Path(secret["file"]).name for secret in compose["secrets"].values()} <= set(first)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()} == {0o444}


def test_no_container_can_change_itself_or_gain_rights(compose: Rendered) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["image"].startswith("tanggap/") or service["user"] == "999:999", name
        assert ":latest" not in service["image"] and ":" in service["image"], name


def test_an_image_of_ours_is_never_taken_from_elsewhere(compose: Rendered) -> None:
    for name, service in compose["services"].items():
        assert service["image"].startswith("docker.io/library/") or service["pull_policy"] == "never", name


def test_only_the_gateway_listens_outside_and_only_on_loopback(compose: Rendered) -> None:
    published = {
        name: service["ports"] for name, service in compose["services"].items() if "ports" in service
    }

    assert set(published) == {"gateway"}
    assert [(port["host_ip"], port["target"]) for port in published["gateway"]] == [("127.0.0.1", 8080)]
    assert all(network.get("internal") for name, network in compose["networks"].items() if name != "front")


@pytest.mark.parametrize("name", SERVICES)
def test_a_database_is_reached_by_its_service_and_operators_alone(compose: Rendered, name: str) -> None:
    on_its_network = {
        one for one, service in compose["services"].items() if name in (service.get("networks") or {})
    }

    assert on_its_network == {name, f"database-{name}", "databases", f"indexes-{name}", "tools"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_starts_after_its_servers_and_their_jobs(compose: Rendered, name: str) -> None:
    services = compose["services"]
    waits = {one: how["condition"] for one, how in services[name]["depends_on"].items()}

    assert waits["broker"] == "service_healthy"
    assert waits["topology"] == waits["databases"] == "service_completed_successfully"
    assert waits[f"indexes-{name}"] == "service_completed_successfully"
    assert services[f"indexes-{name}"]["depends_on"]["databases"]["condition"] == waits["databases"]
    assert services["databases"]["depends_on"][f"database-{name}"]["condition"] == "service_healthy"
    assert services[name]["stop_grace_period"] == "35s"


@pytest.mark.parametrize("name", SERVICES)
def test_indexes_are_made_by_the_image_that_needs_them_as_the_service(compose: Rendered, name: str) -> None:
    service, job = compose["services"][name], compose["services"][f"indexes-{name}"]

    assert job["image"] == service["image"]
    assert found(job["command"][-1]).__module__ == f"{name}.service"
    assert mounted(job) == {f"{name}_mongodb_url": "/run/secrets/mongodb_url"}
    assert service["environment"]["TANGGAP_INDEXES"] == "await"
    assert job["restart"] == "no"


def test_an_installation_has_no_sink_no_local_issuer_and_no_development(production: Rendered) -> None:
    services = production["services"]

    assert "mail" not in services
    assert all(services[name]["environment"]["TANGGAP_PROFILE"] == "production" for name in PROCESSES)
    assert all(services[name]["environment"]["TANGGAP_CHECK_CONTRACTS"] == "0" for name in PROCESSES)
    assert services["notifications"]["environment"]["TANGGAP_SMTP_STARTTLS"] == "required"
    assert not services["gateway"]["environment"]["TANGGAP_LOCAL_ISSUER_KEY"]
    assert not {"issuer.json", "issuer_jwks.json"} & set(mounted(services["gateway"]))
    assert not production["networks"]["mail"].get("internal")
