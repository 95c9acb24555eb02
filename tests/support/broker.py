import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


class Management:
    """RabbitMQ's management API as administrator; every call has a deadline and raises on refusal."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.base = f"{parts.scheme}://{parts.hostname}:{parts.port}/api"
        self.auth = (parts.username or "guest", parts.password or "guest")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, self.base + path, auth=self.auth, json=body, timeout=20)
        answer.raise_for_status()
        return json.loads(answer.content) if answer.content else None


@dataclass
class Vhost:
    """A vhost of a test's own with the whole topology in it, users and rights as in production.

    Users are global in RabbitMQ, so they carry the vhost's prefix: pass `prefix` to a process as
    TANGGAP_BROKER_USER_PREFIX.
    """

    name: str
    prefix: str
    host: str
    admin_url: str
    management_url: str
    passwords: dict[str, str]
    management: Management = field(repr=False)

    def url(self, user: str) -> str:
        """The AMQP URL of one of the topology's users, such as "complaints"."""
        return f"amqp://{self.prefix}{user}:{self.passwords[user]}@{self.host}/{quote(self.name, safe='')}"

    def queue_length(self, queue: str) -> int:
        """Messages ready in a queue, by passive declare: the management statistics lag behind."""
        import amqp

        parts = urlsplit(self.admin_url)
        with amqp.Connection(
            self.host,
            userid=parts.username,
            password=parts.password,
            virtual_host=self.name,
            connect_timeout=5,
        ) as connection:
            return int(connection.channel().queue_declare(queue, passive=True).message_count)


def create_vhost(admin_url: str, management_url: str) -> Vhost:
    """Create a vhost with a random name and import servicekit's definitions into it."""
    from servicekit.topology import Topology

    name = f"test-{secrets.token_hex(4)}"
    prefix = f"{name}-"
    topology = Topology.load(CONTRACTS)
    passwords = {user: secrets.token_urlsafe(12) for user in topology.services}
    management = Management(management_url)
    parts = urlsplit(admin_url)
    management.call("PUT", f"/vhosts/{name}")
    management.call(
        "PUT",
        f"/permissions/{name}/{parts.username}",
        {"configure": ".*", "write": ".*", "read": ".*"},
    )
    definitions = topology.definitions(name, passwords=passwords, user_prefix=prefix)
    management.call("POST", "/definitions", definitions)
    return Vhost(
        name=name,
        prefix=prefix,
        host=f"{parts.hostname}:{parts.port or 5672}",
        admin_url=f"amqp://{parts.username}:{parts.password}@{parts.hostname}:{parts.port or 5672}/{name}",
        management_url=management_url,
        passwords=passwords,
        management=management,
    )


def delete_vhost(vhost: Vhost) -> None:
    vhost.management.call("DELETE", f"/vhosts/{vhost.name}")
    for user in vhost.passwords:
        vhost.management.call("DELETE", f"/users/{vhost.prefix}{user}")
