from pathlib import Path

import pytest

from surveys.city import City, read_city

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def city() -> City:
    return read_city(ROOT / "cities" / "sawahlunto")
