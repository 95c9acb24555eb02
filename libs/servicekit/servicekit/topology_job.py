"""Declares the topology: `python -m servicekit.topology_job`, at every deployment, as often as you like.

With AMQP_MANAGEMENT_URL: users, rights, exchanges, queues and bindings through the management API, as an
administrator. Without it: exchanges, queues and bindings over TANGGAP_AMQP_URL as the single broker user.
Nothing is ever deleted; an existing queue with other arguments is an error that names it.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from servicekit.config import Settings, exit_on_configuration_error
from servicekit.errors import ConfigurationError, KitError
from servicekit.topology import MONITOR, OPERATOR, Topology

TIMEOUT_SECONDS = 30


def apply(
    topology: Topology, management_url: str, vhost: str, passwords: Mapping[str, str], user_prefix: str = ""
) -> None:
    """Bring a broker up to date through its management API. Raises KitError with the broker's refusal."""
    definitions = topology.definitions(vhost, passwords, user_prefix)
    _call(management_url, "PUT", f"/api/vhosts/{quote(vhost, safe='')}", {})
    administrator = unquote(urlsplit(management_url).username or "guest")
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    # Without a right in the vhost, the import would declare nothing there.
    _call(
        management_url, "PUT", f"/api/permissions/{quote(vhost, safe='')}/{quote(administrator)}", everything
    )
    _call(management_url, "POST", "/api/definitions", definitions)
    _check_arguments(topology, management_url, vhost)


def declare(topology: Topology, amqp_url: str, ca: str | None = None) -> None:
    """Declare exchanges, queues and bindings over AMQP, without users and rights."""
    from servicekit.broker import declaring

    with declaring(amqp_url, ca) as channel:
        for name, kind in topology.exchange_types().items():
            channel.exchange_declare(name, kind, durable=True, auto_delete=False)
        for queue in topology.queues():
            channel.queue_declare(
                queue.name, durable=True, auto_delete=False, arguments=dict(queue.arguments)
            )
            for exchange, key in queue.bindings:
                channel.queue_bind(queue.name, exchange, key)


def _check_arguments(topology: Topology, management_url: str, vhost: str) -> None:
    # An import leaves an existing queue as it is, whatever its arguments are.
    listed = _call(management_url, "GET", f"/api/queues/{quote(vhost, safe='')}?disable_stats=true")
    existing = {queue["name"]: queue["arguments"] for queue in listed}
    for queue in topology.queues():
        found = {k: v for k, v in existing.get(queue.name, {}).items() if k != "x-queue-type"}
        wanted = {k: v for k, v in queue.arguments.items() if k != "x-queue-type"}
        if found != wanted:
            raise ConfigurationError(
                f"queue {queue.name} exists with other arguments: give the handler a new name"
            )


def _call(management_url: str, method: str, path: str, body: Any = None) -> Any:
    parts = urlsplit(management_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 15672
    credentials = f"{unquote(parts.username or 'guest')}:{unquote(parts.password or 'guest')}"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(
            method,
            path,
            body=json.dumps(body) if body is not None else None,
            headers={
                "Authorization": "Basic " + b64encode(credentials.encode()).decode(),
                "Content-Type": "application/json",
            },
        )
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except OSError as error:
        raise KitError(f"management API not reachable: {type(error).__name__}") from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise KitError(f"management API refused {method} {path}: {answer.status} {text[:500]}")
    return json.loads(text) if text else None


def main() -> None:
    settings = Settings()
    contracts_dir = settings.directory("TANGGAP_CONTRACTS_DIR", "the folder with topology.yaml")
    management_url = settings.text("AMQP_MANAGEMENT_URL", "http://admin:password@host:15672", "")
    exit_on_configuration_error(settings.check)
    topology = exit_on_configuration_error(lambda: Topology.load(contracts_dir))
    try:
        if management_url:
            exit_on_configuration_error(lambda: _main_with_management(topology, management_url))
        else:
            amqp_url = settings.text("TANGGAP_AMQP_URL", "amqp://user:password@host:5672/vhost")
            exit_on_configuration_error(settings.check)
            declare(topology, amqp_url, os.environ.get("TANGGAP_AMQP_CA"))
    except KitError as error:
        sys.stderr.write(f"topology: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"topology: {len(topology.queues())} queues declared\n")


def _main_with_management(topology: Topology, management_url: str) -> None:
    settings = Settings()
    vhost = settings.text("TANGGAP_VHOST", "the vhost to declare in", "/")
    prefix = settings.text("TANGGAP_BROKER_USER_PREFIX", "a prefix of broker users", "")
    passwords = {}
    for user in topology.services:
        passwords[user] = settings.text(_password_variable(user), f"the password of broker user {user}")
    for user in (OPERATOR, MONITOR):
        if password := settings.text(_password_variable(user), "a password", ""):
            passwords[user] = password
    settings.check()
    apply(topology, management_url, vhost, passwords, prefix)


def _password_variable(user: str) -> str:
    return f"TANGGAP_BROKER_PASSWORD_{user.upper().replace('-', '_')}"


if __name__ == "__main__":
    main()
