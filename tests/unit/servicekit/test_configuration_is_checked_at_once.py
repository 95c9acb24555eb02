import pytest

from servicekit.config import Settings, exit_on_configuration_error, read_service_config
from servicekit.errors import ConfigurationError
from servicekit.sealing import generate_key


@pytest.fixture
def environ(monkeypatch, tmp_path):
    values = {
        "TANGGAP_AMQP_URL": "amqp://u:p@h/v",
        "TANGGAP_MONGODB_URL": "mongodb://h/db",
        "TANGGAP_CONTRACTS_DIR": str(tmp_path),
        "TANGGAP_SEAL_KEYS_KEEPER": generate_key("k1"),
    }

    def apply(**changes):
        for name in (
            "TANGGAP_PROFILE",
            "TANGGAP_HEALTH_PORT",
            "TANGGAP_LOG_LEVEL",
            "TANGGAP_SINGLE_BROKER_USER",
        ):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**values, **changes}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return apply


def test_production_is_what_nobody_asked_for(environ):
    environ()

    config = read_service_config("keeper")

    assert config.profile == "production"
    assert not config.development
    assert config.seal_keys.current_kid == "k1"
    assert config.single_broker_user is None


def test_every_problem_is_named_and_no_value_quoted(environ):
    environ(
        TANGGAP_AMQP_URL=None,
        TANGGAP_PROFILE="staging-secret",
        TANGGAP_HEALTH_PORT="eighty-secret",
        TANGGAP_SEAL_KEYS_KEEPER="k1:secret",
        TANGGAP_CONTRACTS_DIR="/nowhere-secret",
    )

    with pytest.raises(ConfigurationError) as caught:
        read_service_config("keeper")

    problems = str(caught.value).splitlines()
    assert {p.partition(":")[0] for p in problems} == {
        "TANGGAP_AMQP_URL",
        "TANGGAP_PROFILE",
        "TANGGAP_HEALTH_PORT",
        "TANGGAP_SEAL_KEYS_KEEPER",
        "TANGGAP_CONTRACTS_DIR",
    }
    assert all("expected" in p for p in problems)
    assert "secret" not in str(caught.value)


def test_the_process_exits_with_two_and_a_line_for_each(environ, capsys):
    environ(TANGGAP_AMQP_URL=None, TANGGAP_MONGODB_URL=None)

    with pytest.raises(SystemExit) as caught:
        exit_on_configuration_error(lambda: read_service_config("keeper"))

    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("name", ["TANGGAP_AMQP_URL", "TANGGAP_SEAL_KEYS_KEEPER"])
def test_an_empty_variable_is_an_absent_one(environ, name):
    environ(**{name: "", "TANGGAP_HEALTH_PORT": ""})

    with pytest.raises(ConfigurationError) as caught:
        read_service_config("keeper")

    assert str(caught.value).startswith(f"{name}: expected ")
    assert len(str(caught.value).splitlines()) == 1


def test_keys_do_not_show_in_a_representation(environ):
    key = generate_key("k1")
    environ(TANGGAP_SEAL_KEYS_KEEPER=key)

    assert key.partition(":")[2] not in repr(read_service_config("keeper"))


def test_other_processes_read_their_own(monkeypatch):
    monkeypatch.setenv("SAMPLE_RATE", "2.5")
    settings = Settings()

    assert settings.number("SAMPLE_RATE", "a rate") == 2.5
    assert settings.key_ring("SAMPLE_RING", "") is None
    settings.check()


def test_a_secret_may_stand_in_a_file(environ, monkeypatch, tmp_path):
    environ(TANGGAP_AMQP_URL="amqp://old:password@h/v", TANGGAP_SEAL_KEYS_KEEPER=None)
    for name, content in (("url", "amqp://from:file@h/v\n"), ("ring", generate_key("k2"))):
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("TANGGAP_AMQP_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("TANGGAP_SEAL_KEYS_KEEPER_FILE", str(tmp_path / "ring"))

    config = read_service_config("keeper")

    assert config.amqp_url == "amqp://from:file@h/v"
    assert config.seal_keys.current_kid == "k2"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_secret_file_that_is_missing_or_empty_is_named(environ, monkeypatch, tmp_path, content):
    environ(TANGGAP_AMQP_URL=None)
    if content is not None:
        (tmp_path / "url").write_text(content)
    monkeypatch.setenv("TANGGAP_AMQP_URL_FILE", str(tmp_path / "url"))

    with pytest.raises(ConfigurationError) as caught:
        read_service_config("keeper")

    assert str(caught.value).startswith("TANGGAP_AMQP_URL_FILE: expected a readable file with amqp://")
    assert str(tmp_path / "url") not in str(caught.value)
