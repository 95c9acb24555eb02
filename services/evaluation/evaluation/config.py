"""What this process needs to know, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from servicekit.config import ServiceConfig, Settings, read_service_config
from servicekit.errors import ConfigurationError

SERVICE = "evaluation"


@dataclass(frozen=True)
class EvaluationConfig(ServiceConfig):
    """The kit's settings, and the city whose rules are in force."""

    city_dir: Path = Path("cities/sawahlunto")
    sample: bool = False
    """Whether sample data is loaded: only then do rules count that are marked as examples."""


def read_config() -> EvaluationConfig:
    """Raises ConfigurationError with one line for every variable that is missing or wrong."""
    problems: list[str] = []
    kit: ServiceConfig | None = None
    try:
        kit = read_service_config(SERVICE)
    except ConfigurationError as error:
        problems.extend(str(error).splitlines())
    settings = Settings()
    city_dir = settings.directory("TANGGAP_CITY_DIR", "a city's folder, such as cities/sawahlunto")
    mark = settings.text("TANGGAP_SAMPLE_MARK", "a mark for sample data", "")
    problems.extend(settings.problems)
    if problems or kit is None:
        raise ConfigurationError("\n".join(problems))
    return EvaluationConfig(**vars(kit), city_dir=city_dir, sample=bool(mark))
