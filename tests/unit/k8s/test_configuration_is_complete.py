"""Every process starts with what the manifests and the made Secrets give it, and with no other's secret."""

import os
from urllib.parse import urlsplit

import pytest

from complaints.config import read_config as read_complaints
from evaluation.config import read_config as read_evaluation
from gateway.config import load as read_gateway
from notifications.config import read_config as read_notifications
from servicekit.database_job import read_jobs
from servicekit.index_job import found
from servicekit.topology import Topology
from support.kubernetes import PROCESSES, ROOT, Manifests
from surveys.config import read_config as read_surveys
from tanggap.backup.places import backup_ring, places
from tanggap.settings import Settings

READERS = {
    "gateway": read_gateway,
    "complaints": read_complaints,
    "notifications": read_notifications,
    "surveys": read_surveys,
    "evaluation": read_evaluation,
}
SERVICES = PROCESSES[1:]


def given(manifests: Manifests, secrets, name: str) -> dict[str, str]:
    """The environment of a workload, with the image's folders where they are in the repository."""
    found = manifests.workload(name).environment(manifests, secrets)
    return {key: value.replace("/srv/", f"{ROOT}/") for key, value in found.items()}


@pytest.fixture
def started_with(monkeypatch):
    """Make these settings the only ones of the environment."""

    def start(settings: dict[str, str]) -> None:
        for name in list(os.environ):
            if name.startswith(("TANGGAP_", "AMQP_", "MONGODB_")):
                monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return start


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_accepts_its_settings(overlay, secrets_of, started_with, process):
    started_with(given(overlay, secrets_of(overlay), process))
    config = READERS[process]()
    kit = getattr(config, "kit", config)
    assert kit.profile == "production"
    assert (kit.metrics_port if process == "gateway" else kit.health_port) == 8081
    assert kit.health_host != "127.0.0.1"


def test_the_gateway_seals_with_the_keys_that_services_open_with(overlay, secrets_of):
    secrets = secrets_of(overlay)
    gateway = given(overlay, secrets, "gateway")
    for service in SERVICES:
        ring = f"TANGGAP_SEAL_KEYS_{service.upper()}"
        assert gateway[ring] == given(overlay, secrets, service)[ring]
    assert gateway["TANGGAP_SURVEY_KEYS"] == given(overlay, secrets, "surveys")["TANGGAP_SURVEY_KEYS"]


def test_no_process_is_given_a_secret_that_it_does_not_need(overlay, secrets_of):
    secrets = secrets_of(overlay)
    known_to = {}
    for process in PROCESSES:
        for name, value in given(overlay, secrets, process).items():
            if value in secrets[process].values():
                known_to.setdefault(name, set()).add(process)
    assert known_to.pop("TANGGAP_AMQP_URL") == set(PROCESSES)
    assert known_to.pop("TANGGAP_MONGODB_URL") == set(SERVICES)
    assert known_to.pop("TANGGAP_HMAC_KEYS") == {"gateway"}
    assert known_to.pop("TANGGAP_VAULT_KEYS") == {"complaints"}
    assert known_to.pop("TANGGAP_SURVEY_STORE_KEYS") == {"surveys"}
    assert known_to.pop("TANGGAP_SURVEY_KEYS") == {"gateway", "surveys"}
    for service in SERVICES:
        assert known_to.pop(f"TANGGAP_SEAL_KEYS_{service.upper()}") == {"gateway", service}
    assert known_to == {}


def test_each_process_logs_in_as_itself(overlay, secrets_of):
    secrets = secrets_of(overlay)
    passwords = []
    for process in PROCESSES:
        urls = [given(overlay, secrets, process)["TANGGAP_AMQP_URL"]]
        if process != "gateway":
            urls.append(given(overlay, secrets, process)["TANGGAP_MONGODB_URL"])
            assert urlsplit(urls[1]).path == f"/{process}"
        assert {urlsplit(url).username for url in urls} == {process}
        passwords += [urlsplit(url).netloc.rpartition("@")[0].partition(":")[2] for url in urls]
    assert len(set(passwords)) == len(passwords)


def test_every_made_secret_is_used(overlay, secrets_of):
    used = set()
    for workload in overlay.workloads:
        for container in workload.containers:
            for variable in container.get("env", ()):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                used |= {(reference["name"], reference["key"])} if reference else set()
        for volume in workload.pod.get("volumes", ()):
            for item in volume.get("secret", {}).get("items", ()):
                used.add((volume["secret"]["secretName"], item["key"]))
    for user in overlay.of("User"):
        name = user["spec"]["importCredentialsSecret"]["name"]
        used |= {(name, "username"), (name, "password")}
    for database in overlay.of("MongoDBCommunity"):
        for user in database["spec"]["users"]:
            used.add((user["passwordSecretRef"]["name"], user["passwordSecretRef"]["key"]))
    for authentication in overlay.of("TriggerAuthentication"):
        used |= {(t["name"], t["key"]) for t in authentication["spec"]["secretTargetRef"]}
    secrets = secrets_of(overlay)
    secrets.pop("tools", None)
    made = {(name, key) for name, values in secrets.items() for key in values}
    given_by_people = {
        ("notifications", "TANGGAP_SMTP_USERNAME"),
        ("notifications", "TANGGAP_SMTP_PASSWORD"),
        ("gateway", "TANGGAP_OIDC_CLIENT_SECRET"),
    }
    assert used - given_by_people == made


def test_no_secret_is_in_the_manifests(overlay):
    assert not overlay.of("Secret")
    for settings in overlay.of("ConfigMap"):
        for name, value in settings["data"].items():
            assert "PASSWORD" not in name
            assert "KEYS" not in name
            assert "@" not in value or name in ("TANGGAP_MAIL_FROM", "TANGGAP_SECURITY_CONTACT"), name


def test_the_jobs_prepare_every_user_with_the_password_it_comes_with(small, secrets_of, started_with):
    secrets = secrets_of(small)
    broker = given(small, secrets, "topology")
    for user in Topology.load(ROOT / "contracts").services:
        url = given(small, secrets, user)["TANGGAP_AMQP_URL"]
        assert urlsplit(url).password == broker[f"TANGGAP_BROKER_PASSWORD_{user.upper()}"]
    started_with(given(small, secrets, "databases"))
    jobs, replica_set = read_jobs()
    assert [job.database for job in jobs] == list(SERVICES)
    for job in jobs:
        url = urlsplit(given(small, secrets, job.database)["TANGGAP_MONGODB_URL"])
        assert url.password == job.password
        assert f"replicaSet={replica_set}" in url.query
        assert url.hostname == urlsplit(job.admin_url).hostname


def test_indexes_are_made_by_the_image_that_needs_them_as_the_service(overlay, secrets_of):
    secrets = secrets_of(overlay)
    containers = {container["name"]: container for container in overlay.workload("indexes").containers}
    assert set(containers) == set(SERVICES)
    for service, container in containers.items():
        serving = given(overlay, secrets, service)
        (address,) = container["env"]
        reference = address["valueFrom"]["secretKeyRef"]
        assert secrets[reference["name"]][reference["key"]] == serving["TANGGAP_MONGODB_URL"]
        assert container["image"] == overlay.workload(service).pod["containers"][0]["image"]
        assert container["command"][:-1] == ["python", "-m", "servicekit.index_job"]
        assert found(container["command"][-1]).__module__ == f"{service}.service"
        assert serving["TANGGAP_INDEXES"] == "await"


def test_the_nightly_backup_finds_its_key_and_the_databases(overlay, secrets_of):
    known = Settings(given(overlay, secrets_of(overlay), "backup"), None)
    assert backup_ring(known).current_kid == "k1"
    found = places(known)
    assert [place.service for place in found] == list(SERVICES)
    assert {urlsplit(place.url).username for place in found} == {"operator"}


def test_operators_make_users_with_the_passwords_that_processes_come_with(prod, secrets_of):
    secrets = secrets_of(prod)
    for user in prod.of("User"):
        name = user["metadata"]["name"]
        credentials = secrets[user["spec"]["importCredentialsSecret"]["name"]]
        assert credentials["username"] == name
        url = secrets["keda"]["host"] if name == "ops" else secrets[name]["TANGGAP_AMQP_URL"]
        assert (urlsplit(url).username, urlsplit(url).password) == (name, credentials["password"])
    for database in prod.of("MongoDBCommunity"):
        service = database["metadata"]["name"].removeprefix("mongodb-")
        reader, _ = database["spec"]["users"]
        assert (reader["name"], reader["roles"]) == (service, [{"name": "readWrite", "db": service}])
        password = secrets[reader["passwordSecretRef"]["name"]][reader["passwordSecretRef"]["key"]]
        assert urlsplit(secrets[service]["TANGGAP_MONGODB_URL"].split(",")[0]).password == password


def test_the_public_address_is_written_once(overlay):
    (ingress,) = overlay.of("Ingress")
    settings = next(c["data"] for c in overlay.of("ConfigMap") if "TANGGAP_PUBLIC_URL" in c["data"])
    host = urlsplit(settings["TANGGAP_PUBLIC_URL"]).hostname
    assert ingress["spec"]["rules"][0]["host"] == host
    assert ingress["spec"]["tls"][0]["hosts"] == [host]
    assert all(certificate["spec"]["dnsNames"] == [host] for certificate in overlay.of("Certificate"))


@pytest.mark.parametrize("installation", ["small_tools", "prod_tools"])
def test_the_operators_pod_finds_the_broker_the_databases_and_the_backups(request, secrets_of, installation):
    manifests = request.getfixturevalue(installation)
    made_by_the_operator = {"rabbitmq-default-user": {"username": "default_user_x", "password": "made there"}}
    known = Settings(given(manifests, secrets_of(manifests) | made_by_the_operator, "tools"), None)
    assert known.need("AMQP_URL").partition("@")[2] == "rabbitmq:5672/%2F"
    assert known.need("AMQP_MANAGEMENT_URL").partition("@")[2] == "rabbitmq:15672"
    assert backup_ring(known).current_kid == "k1"
    writers = {urlsplit(place.url.split(",")[0]).username for place in places(known, writing=True)}
    assert writers == ({"admin"} if installation == "small_tools" else set(SERVICES))
    for process in PROCESSES:
        health = urlsplit(known.need(f"TANGGAP_{process.upper()}_METRICS"))
        service = manifests.one("Service", health.hostname)["spec"]
        assert service["selector"] == {"app.kubernetes.io/name": process}
        assert health.port in {port["port"] for port in service["ports"]}
    (mounts,) = (container["volumeMounts"] for container in manifests.workload("tools").containers)
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    assert "/backups" in writable
    # What operators did outlives their pod.
    assert known.need("TANGGAP_OPERATOR_LOG") == "/backups/operator.log"
