"""One complete private city for the whole ring: broker, database, mail sink, services, gateway.

Failure tests stop, freeze and kill its parts and put them back; each leaves the city as it found it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.city import City
from support.installation import city_of, started
from tanggap.local import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with started("test-system") as stack:
        yield stack


@pytest.fixture(scope="session")
def city(stack: Stack) -> City:
    return city_of(stack)
