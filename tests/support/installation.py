"""A complete private city for tests: broker, database, mail sink, services, gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.city import City
from tanggap import issuer
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
CHECKED = {"TANGGAP_CHECK_CONTRACTS": "1"}
SOON_REPEATED = {"TANGGAP_SEND_LEASE_SECONDS": "5"}
"""What a killed sender had claimed is taken up by the next one after this, not after two minutes."""
NO_LIMITS = {f"TANGGAP_RATE_{what}": "off" for what in ("ADDRESS", "STAFF", "CASE", "CONTACT")}


@contextmanager
def started(name: str) -> Iterator[Stack]:
    """An installation without any data, in a folder of its own below .local."""
    stack = Stack(
        ROOT / ".local" / name,
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


def city_of(stack: Stack) -> City:
    """Sawahlunto on this installation."""

    def token(role: str, unit: str | None = None, ref: str | None = None) -> str:
        subject = ref or f"{role}-{unit or 'kota'}"
        return issuer.token(stack.layout.issuer_key, sub=subject, roles=[role], unit=unit)

    city = City(stack.env["TANGGAP_URL"], token, stack.layout.mail)
    city.load(ROOT / "cities" / "sawahlunto")
    return city
