"""Every setting that is missing or wrong is named at once, and no value is quoted."""

from pathlib import Path

import pytest
from unit.surveys.conftest import ROOT

from servicekit.errors import ConfigurationError
from servicekit.sealing import generate_key
from surveys.config import read_config


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    settings = {
        "TANGGAP_AMQP_URL": "amqp://a:b@localhost:5672/v",
        "TANGGAP_MONGODB_URL": "mongodb://localhost:27017/surveys",
        "TANGGAP_CONTRACTS_DIR": str(ROOT / "contracts"),
        "TANGGAP_CITY_DIR": str(ROOT / "cities" / "sawahlunto"),
        "TANGGAP_SEAL_KEYS_SURVEYS": generate_key("s1"),
        "TANGGAP_SURVEY_KEYS": generate_key("h1"),
        "TANGGAP_SURVEY_STORE_KEYS": generate_key("p1"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_complete_environment_is_read(environ: pytest.MonkeyPatch) -> None:
    config = read_config()

    assert config.service == "surveys"
    assert config.city_dir == Path(ROOT / "cities" / "sawahlunto")
    assert config.survey_keys is not None and config.store_keys is not None
    assert "h1" not in repr(config)


def test_every_problem_is_named_and_no_secret_is_quoted(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("TANGGAP_SEAL_KEYS_SURVEYS")
    environ.setenv("TANGGAP_SURVEY_KEYS", "rahasia-yang-bukan-kunci")
    environ.delenv("TANGGAP_SURVEY_STORE_KEYS")
    environ.setenv("TANGGAP_CITY_DIR", "/tidak/ada")

    with pytest.raises(ConfigurationError) as refused:
        read_config()

    lines = str(refused.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == {
        "TANGGAP_SEAL_KEYS_SURVEYS",
        "TANGGAP_SURVEY_KEYS",
        "TANGGAP_SURVEY_STORE_KEYS",
        "TANGGAP_CITY_DIR",
    }
    assert "rahasia" not in str(refused.value)
