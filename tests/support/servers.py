import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = ROOT / ".local" / "test-servers"


@dataclass(frozen=True)
class Servers:
    """One broker and one replica set for all tests; each test has a vhost and a database of its own."""

    amqp_url: str
    management_url: str
    mongodb_url: str


@contextmanager
def servers() -> Iterator[Servers]:
    """The servers named in the environment; where one is not, private ones for as long as this lasts."""
    amqp_url = os.environ.get("AMQP_URL")
    mongodb_url = os.environ.get("MONGODB_URL")
    if amqp_url and mongodb_url:
        yield Servers(
            amqp_url, os.environ.get("AMQP_MANAGEMENT_URL") or guess_management(amqp_url), mongodb_url
        )
        return
    from tanggap.local import Stack

    stack = Stack(PRIVATE, servers_only=True)
    # A run that was killed may have left its servers, and their data.
    stack.destroy()
    stack.up()
    try:
        # Direct, so that a test can put itself between a process and the server.
        direct = stack.env["MONGODB_URL"] + "&directConnection=true"
        yield Servers(stack.env["AMQP_URL"], stack.env["AMQP_MANAGEMENT_URL"], direct)
    finally:
        stack.down()


def guess_management(amqp_url: str) -> str:
    """RabbitMQ's convention: the management port is the AMQP port plus 10000."""
    parts = urlsplit(amqp_url)
    return f"http://{parts.username}:{parts.password}@{parts.hostname}:{(parts.port or 5672) + 10000}"
