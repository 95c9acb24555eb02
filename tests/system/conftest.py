"""One complete private city for the whole ring: broker, database, mail sink, services, gateway.

Failure tests stop, freeze and kill its parts and put them back; each leaves the city as it found it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.city import City
from tanggap import issuer
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
CHECKED = {"TANGGAP_CHECK_CONTRACTS": "1"}
SOON_REPEATED = {"TANGGAP_SEND_LEASE_SECONDS": "5"}
"""What a killed sender had claimed is taken up by the next one after this, not after two minutes."""
NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    stack = Stack(
        ROOT / ".local" / "test-system",
        overrides={
            "gateway": {**NO_LIMITS, **CHECKED},
            "complaints": CHECKED,
            "notifications": CHECKED | SOON_REPEATED,
        },
    )
    stack.destroy()
    stack.up()
    try:
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="session")
def city(stack: Stack) -> City:
    def token(role: str, unit: str | None = None, ref: str | None = None) -> str:
        subject = ref or f"{role}-{unit or 'kota'}"
        return issuer.token(stack.layout.issuer_key, sub=subject, roles=[role], unit=unit)

    city = City(stack.env["TANGGAP_URL"], token, stack.layout.mail)
    city.load(ROOT / "cities" / "sawahlunto")
    return city
