"""A department's own user at the broker: it writes its own routing keys on one exchange and nothing else."""

import secrets
from typing import Any
from urllib.parse import quote

import httpx

from servicekit.topology import Topology
from tanggap.errors import CliError
from tanggap.local.broker import Broker, management
from tanggap.local.layout import ROOT
from tanggap.settings import Settings

EXCHANGE = "departments.events"


class BrokerUsers:
    """Users of departments, through the broker's management API as its administrator."""

    def __init__(self, broker: Broker, management_url: str, topology: Topology) -> None:
        self.broker = broker
        self.management_url = management_url
        self.topology = topology

    def user_of(self, code: str) -> str:
        """The name in the topology; at the broker the installation's prefix stands before it."""
        return f"{self.topology.exchanges[EXCHANGE].user_prefix}{code}"

    def put(self, code: str) -> str:
        """Create the user, or give it a new password, with exactly its rights; return its AMQP URL.

        Connections that are open stay open; the next one needs the new password.
        """
        user, password = self.user_of(code), secrets.token_urlsafe(24)
        name = self.broker.prefix + user
        self._call("PUT", f"/users/{quote(name)}", {"password": password, "tags": ""})
        vhost = quote(self.broker.vhost, safe="")
        self._call("PUT", f"/permissions/{vhost}/{quote(name)}", self.topology.permissions(user))
        for entry in self.topology.topic_permissions(user):
            self._call("PUT", f"/topic-permissions/{vhost}/{quote(name)}", entry)
        return self.broker.url_of(user, password)

    def delete(self, code: str) -> int:
        """Remove the user and close its connections; the number of connections that were closed."""
        name = self.broker.prefix + self.user_of(code)
        open_ = [c for c in self._call("GET", "/connections") if c.get("user") == name]
        self._call("DELETE", f"/users/{quote(name)}", absent_is_fine=True)
        for connection in open_:
            # Deleting a user ends its connections on most versions of the broker; this does on all.
            self._call("DELETE", f"/connections/{quote(connection['name'], safe='')}", absent_is_fine=True)
        return len(open_)

    def _call(self, method: str, path: str, body: Any = None, *, absent_is_fine: bool = False) -> Any:
        try:
            answer = management(method, self.management_url, path, body=body)
        except httpx.HTTPStatusError as error:
            if absent_is_fine and error.response.status_code == 404:
                return None
            status = error.response.status_code
            raise CliError(f"The broker's management API answered {status} to {method} {path}.") from error
        except httpx.HTTPError as error:
            raise CliError(f"The broker's management API does not answer: {type(error).__name__}.") from error
        return answer.json() if answer.content else None


def broker_users(known: Settings) -> BrokerUsers | None:
    """None where there is no management API: then departments can come over HTTP alone."""
    url, management_url = known.values.get("AMQP_URL"), known.values.get("AMQP_MANAGEMENT_URL")
    if not url or not management_url:
        return None
    prefix = known.values.get("TANGGAP_BROKER_USER_PREFIX", "")
    contracts = known.values.get("TANGGAP_CONTRACTS_DIR") or ROOT / "contracts"
    return BrokerUsers(Broker(url, management_url, prefix), management_url, Topology.load(contracts))
