import contextlib
import fcntl
import os
import shlex
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from tanggap import issuer
from tanggap.errors import LocalError
from tanggap.files import write_private
from tanggap.local import broker, database, ports, services
from tanggap.local.layout import ROOT, Layout
from tanggap.local.programs import Program, write_supervisor_config
from tanggap.local.secrets import Secrets
from tanggap.local.supervisor import Process, Supervisor, end_left_over

INFRASTRUCTURE = ("epmd", "broker", "database")
READY_SECONDS = 120.0
ATTEMPTS = 6
"""So many different process ids before it was ready once: it will not be."""
PROXYLESS = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def silent(_step: str) -> None:
    """Report nothing."""


class Stack:
    """A complete installation in one directory: private servers, mail sink, services and gateway.

    `up` is idempotent: it starts what does not run and returns when every process says it is ready. Data and
    secrets outlive `down`. Two installations in two directories share nothing but the mongod program.

    gateway_port  None takes any free port (tests); a number that is taken is an error
    servers_only  broker and database alone, for tests that bring their own processes
    overrides     settings by process name, e.g. {"complaints": {"TANGGAP_LOG_LEVEL": "DEBUG"}}
    """

    def __init__(
        self,
        directory: Path,
        *,
        gateway_port: int | None = None,
        servers_only: bool = False,
        profile: str = "development",
        amqp_url: str | None = None,
        amqp_management_url: str | None = None,
        mongodb_url: str | None = None,
        overrides: dict[str, dict[str, str]] | None = None,
        report: Callable[[str], None] = silent,
    ) -> None:
        self.layout = Layout(directory.absolute())
        self.gateway_port = gateway_port
        self.servers_only = servers_only
        self.profile = profile
        self.amqp_url = amqp_url
        self.amqp_management_url = amqp_management_url
        self.mongodb_url = mongodb_url
        self.overrides = overrides or {}
        self.report = report
        self.supervisor = Supervisor(self.layout)
        self._programs: dict[str, Program] = {}

    @property
    def env(self) -> dict[str, str]:
        """Addresses of this run, as in the file `env`; raises LocalError before the first `up`."""
        return read_env(self.layout.env)

    @property
    def running(self) -> bool:
        return self.supervisor.running

    def process(self, name: str) -> Process:
        """One of epmd, broker, database, mail, complaints, notifications, surveys, evaluation, gateway."""
        return Process(self.supervisor, name)

    def up(self) -> None:
        """Start everything that does not run; return when all of it is ready.

        Raises LocalError with the end of the log of what did not become ready; what has started is left
        running then, so that it can be looked at.
        """
        self.layout.create()
        with self.locked():
            if self.running and self.unchanged():
                parts = self.parts(ports.known(self.layout.directory / "ports.json"))
            else:
                if self.running:
                    self.supervisor.shutdown()
                end_left_over(self.layout.directory)
                self._programs = {}
                parts = self.parts(ports.choose(self.layout.directory / "ports.json", self.gateway_port))
                self.configure(parts)
                self.supervisor.start()
            # Before anything is ready, so that what does not become ready can be looked at.
            self.publish(parts)
            self.start_servers(parts)
            if not self.servers_only:
                self.start_services(parts)

    def down(self) -> None:
        """Stop everything, epmd included; return when no process of this installation is left."""
        if not self.layout.directory.exists():
            return
        with self.locked():
            if self.running:
                self.supervisor.shutdown()
            end_left_over(self.layout.directory)
            self.layout.socket.unlink(missing_ok=True)

    def destroy(self) -> None:
        """Stop everything and delete the directory with all its data and secrets."""
        self.down()
        shutil.rmtree(self.layout.directory, ignore_errors=True)
        self._programs = {}

    @property
    def metrics_ports(self) -> dict[str, int]:
        """Where each process serves /metrics, /livez and /readyz."""
        known = ports.known(self.layout.directory / "ports.json")
        health = {name: known[f"{name}_health"] for name in services.SERVICES}
        return {**health, "gateway": known["gateway_metrics"]}

    def rabbitmqctl(self, *arguments: str) -> str:
        """Run a command of the broker's operators against the private node and return what it prints."""
        return broker.control(self.layout, ports.known(self.layout.directory / "ports.json"), arguments)

    def wait_ready(self, *names: str, seconds: float = READY_SECONDS) -> None:
        """Wait until these processes, or all that run, say they are ready."""
        parts = self.parts(ports.known(self.layout.directory / "ports.json"))
        programs = self.programs(parts)
        deadline = time.monotonic() + seconds
        for name in names or tuple(programs):
            self.wait_for(programs[name], parts, deadline)

    def unchanged(self) -> bool:
        """What runs is what is wanted: the same programs, and the gateway on the port asked for."""
        known = ports.known(self.layout.directory / "ports.json")
        if not known.keys() >= set(ports.NAMES):
            # An earlier version started it, with fewer processes.
            return False
        if not self.servers_only and self.gateway_port not in (None, known.get("gateway")):
            return False
        return set(self.programs(self.parts(known))) == set(self.supervisor.programs())

    def parts(self, chosen: dict[str, int]) -> services.Parts:
        secrets = Secrets(self.layout)
        here = broker.private_broker(chosen, secrets)
        there = database.private_database(chosen, secrets)
        return services.Parts(
            layout=self.layout,
            ports=chosen,
            secrets=secrets,
            broker=broker.given_broker(self.amqp_url, self.amqp_management_url) if self.amqp_url else here,
            database=database.given_database(self.mongodb_url) if self.mongodb_url else there,
            profile=self.profile,
        )

    def configure(self, parts: services.Parts) -> None:
        issuer.ensure_key(self.layout.issuer_key, self.layout.jwks)
        write_supervisor_config(self.layout, list(self.programs(parts).values()))

    def programs(self, parts: services.Parts) -> dict[str, Program]:
        """Every process of this installation, in starting order."""
        if not self._programs:
            wanted: list[Program] = []
            if not self.amqp_url:
                wanted += broker.programs(self.layout, parts.ports, parts.secrets)
            if not self.mongodb_url:
                wanted += database.programs(self.layout, parts.ports, parts.secrets)
            if not self.servers_only:
                wanted += services.programs(parts, self.overrides)
            self._programs = {program.name: program for program in wanted}
        return self._programs

    def start_servers(self, parts: services.Parts) -> None:
        deadline = time.monotonic() + READY_SECONDS
        names = [name for name in self.programs(parts) if name in INFRASTRUCTURE]
        for name in names:
            self.start(name)
        if "database" in names:
            database.prepare(parts.ports, parts.secrets, deadline)
        database.wait_until_ready(parts.database, deadline)
        if "broker" in names:
            self.wait_for(self.programs(parts)["broker"], parts, deadline)
        self.report("broker and database are ready")

    def start_services(self, parts: services.Parts) -> None:
        passwords = {user: parts.broker_password(user) for user in services.BROKER_USERS}
        broker.apply_topology(parts.broker, passwords, services.common(parts))
        secrets = {name: parts.secrets[f"database_{name}"] for name in services.DATABASES}
        database.create_users(parts.database, secrets, parts.secrets["database_operator"])
        self.report("exchanges, queues, users and rights are in place")
        programs = [program for name, program in self.programs(parts).items() if name not in INFRASTRUCTURE]
        for program in programs:
            self.start(program.name)
        deadline = time.monotonic() + READY_SECONDS
        for program in programs:
            self.wait_for(program, parts, deadline)
        self.report("every process is ready")

    def start(self, name: str) -> None:
        if self.process(name).state != "RUNNING":
            self.report(f"starting {name}")
            self.process(name).start()

    def wait_for(self, program: Program, parts: services.Parts, deadline: float) -> None:
        attempts: set[int] = set()
        while not self.is_ready(program, parts):
            attempts.add(self.process(program.name).pid)
            if len(attempts) > ATTEMPTS or time.monotonic() > deadline:
                raise LocalError(
                    f"{program.name} did not become ready. The end of its log "
                    f"({self.layout.log / program.name}.log):\n{self.log_tail(program.name)}"
                )
            time.sleep(0.1)

    def is_ready(self, program: Program, parts: services.Parts) -> bool:
        if self.process(program.name).state != "RUNNING":
            return False
        if program.name == "broker":
            with contextlib.suppress(LocalError):
                broker.wait_until_ready(parts.broker, deadline=0)
                return True
            return False
        if program.name == "database":
            with contextlib.suppress(LocalError):
                database.wait_until_ready(parts.database, deadline=0)
                return True
            return False
        return program.ready_url is None or answers(program.ready_url)

    def log_tail(self, name: str, lines: int = 15) -> str:
        file = self.layout.log / f"{name}.log"
        if not file.exists():
            return "(empty)"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])

    def publish(self, parts: services.Parts) -> None:
        lines = ["# Addresses of this run, for `. .local/env`. Holds passwords: for its owner alone."]
        lines += [
            f"export {name}={shlex.quote(value)}" for name, value in services.published_env(parts).items()
        ]
        lines.append(
            f'case ":$PATH:" in *":{ROOT}/.venv/bin:"*) ;; *) export PATH="{ROOT}/.venv/bin:$PATH" ;; esac'
        )
        write_private(self.layout.env, "\n".join(lines) + "\n")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time in one directory."""
        descriptor = os.open(self.layout.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def answers(url: str) -> bool:
    try:
        with PROXYLESS.open(url, timeout=3) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def read_env(file: Path) -> dict[str, str]:
    """The variables of an installation's `env` file."""
    if not file.exists():
        raise LocalError(f"{file} does not exist: `make up` writes it.")
    found = {}
    for line in file.read_text().splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = shlex.split(value)[0] if value else ""
    return found
