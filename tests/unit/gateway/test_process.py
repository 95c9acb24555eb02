"""What the process says before it serves anything."""

import os
import subprocess
import sys

import pytest

from gateway.config import load
from servicekit.errors import ConfigurationError
from servicekit.sealing import generate_key

GOOD = {
    "TANGGAP_PROFILE": "development",
    "TANGGAP_AMQP_URL": "amqp://u:p@127.0.0.1/v",
    "TANGGAP_CONTRACTS_DIR": "contracts",
    "TANGGAP_SNAPSHOT_DIR": "snapshot",
    "TANGGAP_SEAL_KEYS_COMPLAINTS": generate_key("c1"),
    "TANGGAP_SEAL_KEYS_NOTIFICATIONS": generate_key("n1"),
    "TANGGAP_SEAL_KEYS_SURVEYS": generate_key("s1"),
    "TANGGAP_SEAL_KEYS_EVALUATION": generate_key("e1"),
    "TANGGAP_SURVEY_KEYS": generate_key("k1"),
    "TANGGAP_HMAC_KEYS": generate_key("h1"),
    "TANGGAP_JWT_ISSUER": "urn:tanggap:local",
    "TANGGAP_JWT_JWKS": "jwks.json",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("TANGGAP_")]:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_smallest_environment_is_enough(environment: pytest.MonkeyPatch) -> None:
    config = load()

    assert config.development
    assert config.rate_address is not None
    assert GOOD["TANGGAP_HMAC_KEYS"].split(":")[1] not in repr(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TANGGAP_AMQP_URL", "http://x"),
        ("TANGGAP_HMAC_KEYS", "h1:short"),
        ("TANGGAP_RATE_CASE", "many"),
        ("TANGGAP_PORT", "eighty"),
        ("TANGGAP_PUBLIC_URL", "tanggap.id"),
        ("TANGGAP_PROFILE", "production"),
        ("TANGGAP_CONTRACTS_DIR", "/nowhere"),
    ],
)
def test_a_wrong_variable_is_named_and_not_quoted(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(ConfigurationError) as refused:
        load()

    expected = "TANGGAP_JWT_ISSUER" if name == "TANGGAP_PROFILE" else name
    assert str(refused.value).startswith(f"{expected}: ")
    assert "short" not in str(refused.value)


def test_a_process_without_settings_exits_2_and_names_them_all() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TANGGAP_")}

    done = subprocess.run(
        [sys.executable, "-m", "gateway"], env=clean, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    named = {line.split(": ")[1] for line in done.stderr.splitlines() if line.startswith("configuration: ")}
    assert named == set(GOOD) - {"TANGGAP_PROFILE"}


def test_the_gateway_never_loads_the_services_frameworks() -> None:
    code = (
        "import gateway.app, sys; "
        "print([m for m in ('nameko', 'eventlet', 'kombu', 'pymongo') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"
