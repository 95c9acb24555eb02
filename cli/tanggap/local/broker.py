"""A private RabbitMQ: own node, data and epmd, all bound to loopback. The packaged one is not touched."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from tanggap.errors import LocalError
from tanggap.files import write_private
from tanggap.local.layout import Layout
from tanggap.local.programs import Program
from tanggap.local.secrets import Secrets

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
ADMIN = "admin"
USUAL_MANAGEMENT_OFFSET = 10000
"""RabbitMQ's own convention: 5672 and 15672."""


@dataclass(frozen=True)
class Broker:
    """Where a broker is and as whom it is administered; `management_url` is None in single-user mode."""

    url: str
    management_url: str | None
    prefix: str = ""

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.url).username or "guest")

    @property
    def vhost(self) -> str:
        return unquote(urlsplit(self.url).path[1:]) or "/"

    def url_of(self, user: str, password: str) -> str:
        """The same broker and vhost as another user, whose name gets the prefix."""
        parts = urlsplit(self.url)
        address = f"{parts.hostname}:{parts.port or 5672}"
        login = f"{quote(self.prefix + user, safe='')}:{quote(password, safe='')}"
        return f"{parts.scheme}://{login}@{address}/{quote(self.vhost, safe='')}"


def private_broker(ports: dict[str, int], secrets: Secrets) -> Broker:
    login = f"{ADMIN}:{secrets['broker_admin']}@127.0.0.1"
    return Broker(f"amqp://{login}:{ports['broker']}/%2F", f"http://{login}:{ports['broker_management']}")


def given_broker(url: str, management_url: str | None) -> Broker:
    """A broker named in the environment: as administrator if its management API lets us, else as one user."""
    parts = urlsplit(url)
    candidates = [management_url] if management_url else []
    login = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
    candidates.append(f"http://{login}@{parts.hostname}:{(parts.port or 5672) + USUAL_MANAGEMENT_OFFSET}")
    for candidate in candidates:
        if is_administrator(candidate):
            return Broker(url, candidate, prefix="tanggap-")
    return Broker(url, None)


def is_administrator(management_url: str) -> bool:
    try:
        answer = management("GET", management_url, "/whoami", timeout=3)
    except httpx.HTTPError:
        return False
    tags = answer.json().get("tags", [])
    return "administrator" in (tags.split(",") if isinstance(tags, str) else tags)


def management(method: str, url: str, path: str, timeout: float = 10, body: Any = None) -> httpx.Response:
    """One call of the management API; raises httpx.HTTPError when it is away or refuses."""
    parts = urlsplit(url)
    login = (unquote(parts.username or "guest"), unquote(parts.password or "guest"))
    answer = httpx.request(
        method,
        f"{parts.scheme}://{parts.hostname}:{parts.port}/api{path}",
        auth=login,
        json=body,
        timeout=timeout,
        trust_env=False,
    )
    answer.raise_for_status()
    return answer


def programs(layout: Layout, ports: dict[str, int], secrets: Secrets) -> list[Program]:
    """epmd and the broker, to be started in this order."""
    if not SERVER.exists():
        raise LocalError("RabbitMQ is not installed: `make up` installs it, or name a broker in AMQP_URL.")
    home = layout.data / "broker"
    home.mkdir(exist_ok=True)
    write_private(layout.run / "rabbitmq.conf", configuration(ports, secrets))
    write_private(layout.run / "rabbitmq-plugins", "[rabbitmq_management].\n")
    # The node is called ...@localhost, whatever this machine's name service makes of that name.
    write_private(
        layout.run / "erl_inetrc", '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n'
    )
    write_private(
        layout.run / "rabbitmq-env.conf", "# Empty, so that the packaged service's settings are not read.\n"
    )
    epmd = {"ERL_EPMD_PORT": str(ports["epmd"]), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    cookie = home / ".erlang.cookie"
    if not cookie.exists():
        write_private(cookie, secrets["erlang_cookie"])
        cookie.chmod(0o400)
    environment = epmd | {
        "HOME": str(home),
        "ERL_INETRC": str(layout.run / "erl_inetrc"),
        "RABBITMQ_NODENAME": node(layout),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(layout.log),
        "RABBITMQ_CONF_ENV_FILE": str(layout.run / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(layout.run / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(layout.run / "rabbitmq-advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(layout.run / "rabbitmq-plugins"),
        "RABBITMQ_DIST_PORT": str(ports["broker_distribution"]),
        # Idle schedulers sleep instead of spinning: the machine is shared with the services.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
        ),
        # A crash dump would hold message bodies.
        "ERL_CRASH_DUMP": os.devnull,
        # Makes the start script become the server, so that signals reach it and not a shell before it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
    return [
        Program("epmd", [epmd_path()], epmd, priority=10, stop_seconds=5),
        Program("broker", [str(SERVER)], environment, priority=20, stop_seconds=30),
    ]


def control(layout: Layout, ports: dict[str, int], arguments: Sequence[str]) -> str:
    """What `rabbitmqctl` says to the private node; LocalError when it refuses."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(layout.data / "broker"),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_INETRC": str(layout.run / "erl_inetrc"),
        "RABBITMQ_CONF_ENV_FILE": str(layout.run / "rabbitmq-env.conf"),
        "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    command = [str(SERVER.with_name("rabbitmqctl")), "-q", "-n", node(layout), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise LocalError(f"rabbitmqctl {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def node(layout: Layout) -> str:
    return f"tanggap-{layout.identity}@localhost"


def epmd_path() -> str:
    found = shutil.which("epmd") or shutil.which("epmd", path="/usr/lib/erlang/bin:/usr/bin")
    if found is None:
        raise LocalError("Erlang's epmd is missing; it comes with the package rabbitmq-server.")
    return found


def configuration(ports: dict[str, int], secrets: Secrets) -> str:
    return "\n".join(
        [
            f"listeners.tcp.1 = 127.0.0.1:{ports['broker']}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {ports['broker_management']}",
            f"default_user = {ADMIN}",
            f"default_pass = {secrets['broker_admin']}",
            "log.file = false",
            "log.console = true",
            "log.console.level = info",
            "log.connection.level = warning",
            "disk_free_limit.absolute = 200MB",
            "",
        ]
    )


def wait_until_ready(broker: Broker, deadline: float) -> None:
    """Return when the management API answers that alarms are clear; raise LocalError at the deadline."""
    if broker.management_url is None:
        return
    while True:
        try:
            management("GET", broker.management_url, "/health/checks/local-alarms", timeout=3)
            return
        except httpx.HTTPError as error:
            if time.monotonic() > deadline:
                raise LocalError(f"The broker did not become ready: {type(error).__name__}") from error
            time.sleep(0.2)


def apply_topology(broker: Broker, passwords: dict[str, str], environment: dict[str, str]) -> None:
    """Run the deploy job: vhost, exchanges, queues, users and rights. Safe to repeat."""
    settings = {
        **os.environ,
        "TANGGAP_CONTRACTS_DIR": environment["TANGGAP_CONTRACTS_DIR"],
        "TANGGAP_VHOST": broker.vhost,
        "TANGGAP_BROKER_USER_PREFIX": broker.prefix,
        "TANGGAP_AMQP_URL": broker.url,
    }
    if broker.management_url is None:
        settings["TANGGAP_SINGLE_BROKER_USER"] = broker.user
    else:
        settings["AMQP_MANAGEMENT_URL"] = broker.management_url
        settings |= {f"TANGGAP_BROKER_PASSWORD_{user.upper()}": value for user, value in passwords.items()}
    done = subprocess.run(
        [sys.executable, "-m", "servicekit.topology_job"],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise LocalError(
            f"The broker's topology could not be applied:\n{(done.stderr or done.stdout)[-2000:]}"
        )
