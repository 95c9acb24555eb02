"""What this process needs to know, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from servicekit.config import ServiceConfig, Settings, read_service_config
from servicekit.errors import ConfigurationError
from servicekit.sealing import KeyRing

SERVICE = "surveys"


@dataclass(frozen=True)
class SurveysConfig(ServiceConfig):
    """The kit's settings and our own.

    `survey_keys` are shared with the gateway (links, digests of submissions); `store_keys` are ours alone:
    they seal answers that wait and tallies of people, and sign results.
    """

    city_dir: Path = Path("cities/sawahlunto")
    survey_keys: KeyRing | None = field(default=None, repr=False)
    store_keys: KeyRing | None = field(default=None, repr=False)


def read_config() -> SurveysConfig:
    """Raises ConfigurationError with one line for every variable that is missing or wrong."""
    problems: list[str] = []
    kit: ServiceConfig | None = None
    try:
        kit = read_service_config(SERVICE)
    except ConfigurationError as error:
        problems.extend(str(error).splitlines())
    s = Settings()
    city_dir = s.directory("TANGGAP_CITY_DIR", "a city's folder, such as cities/sawahlunto")
    survey_keys = s.key_ring("TANGGAP_SURVEY_KEYS")
    store_keys = s.key_ring("TANGGAP_SURVEY_STORE_KEYS")
    problems.extend(s.problems)
    if kit is not None and kit.seal_keys is None:
        problems.append("TANGGAP_SEAL_KEYS_SURVEYS: expected a key ring")
    if problems or kit is None:
        raise ConfigurationError("\n".join(problems))
    return SurveysConfig(
        **{**vars(kit), "city_dir": city_dir, "survey_keys": survey_keys, "store_keys": store_keys}
    )
