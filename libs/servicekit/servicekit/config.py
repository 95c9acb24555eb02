"""Configuration from the environment: read once, into frozen values, with every problem named at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from environs import FileAwareEnv

from servicekit.errors import ConfigurationError
from servicekit.sealing import KeyRing

T = TypeVar("T")
_REQUIRED: Any = object()


class Settings:
    """Reads variables and collects what is wrong, so that an operator sees all of it in one go.

    An empty variable counts as absent. A wrong one reads as None until `check` raises; build the
    dataclass after `check`.
    Problems never quote a value: it may be a secret.

    Every variable may stand in a file instead, whose path is in NAME_FILE: how secrets are mounted. The file
    wins over the variable, and the white space around its content does not count.
    """

    def __init__(self) -> None:
        self._env = FileAwareEnv(strip_whitespace=True)
        self.problems: list[str] = []

    def text(self, name: str, expected: str, default: Any = _REQUIRED) -> str:
        return self._read(self._env.str, name, expected, default)

    def integer(self, name: str, expected: str, default: Any = _REQUIRED) -> int:
        return self._read(self._env.int, name, expected, default)

    def number(self, name: str, expected: str, default: Any = _REQUIRED) -> float:
        return self._read(self._env.float, name, expected, default)

    def flag(self, name: str, default: Any = _REQUIRED) -> bool:
        return self._read(self._env.bool, name, "0 or 1", default)

    def one_of(self, name: str, choices: tuple[str, ...], default: Any = _REQUIRED) -> str:
        value = self._read(self._env.str, name, " or ".join(choices), default)
        if value is not None and value not in choices:
            self.problems.append(f"{name}: expected {' or '.join(choices)}")
        return value

    def directory(self, name: str, expected: str, default: Any = _REQUIRED) -> Path:
        value = self._read(self._env.str, name, expected, default)
        if value is not None and not Path(value).is_dir():
            self.problems.append(f"{name}: expected {expected}; there is no such directory")
        return Path(value or ".")

    def key_ring(self, name: str, default: Any = _REQUIRED) -> KeyRing | None:
        """A ring, or None where the default is None."""
        expected = "a key ring <kid>:<base64url of 32 bytes>[,...]"
        value = self._read(self._env.str, name, expected, default)
        if not value:
            return None
        try:
            return KeyRing.parse(value)
        except ConfigurationError as error:
            self.problems.append(f"{name}: expected {expected}: {error}")
            return None

    def check(self) -> None:
        """Raise ConfigurationError with one line a variable, if any is missing or wrong."""
        if self.problems:
            raise ConfigurationError("\n".join(self.problems))

    def _read(self, reader: Callable[..., T], name: str, expected: str, default: Any) -> T:
        try:
            # An empty variable is an absent one: nobody means an empty password.
            if self._env.str(name, ""):
                return reader(name)
            if default is not _REQUIRED:
                return default  # type: ignore[no-any-return]  # of the reader's type, as its caller wrote it
        except ValueError:  # what environs raises, for a value and for a file that cannot be read
            pass
        if os.environ.get(f"{name}_FILE"):
            self.problems.append(f"{name}_FILE: expected a readable file with {expected}")
        else:
            self.problems.append(f"{name}: expected {expected}")
        return None  # type: ignore[return-value]  # `check` raises before anybody uses it


@dataclass(frozen=True)
class ServiceConfig:
    """What the kit itself needs in a service process."""

    service: str
    profile: str
    amqp_url: str
    mongodb_url: str
    contracts_dir: Path
    seal_keys: KeyRing | None
    health_host: str = "127.0.0.1"
    health_port: int = 0
    log_level: str = "INFO"
    check_contracts: bool = False
    broker_user_prefix: str = ""
    single_broker_user: str | None = None
    amqp_ca: str | None = None
    max_workers: int = 10
    drain_seconds: float = 25.0
    outbox_limit_seconds: float = 120.0
    awaits_indexes: bool = False

    @property
    def development(self) -> bool:
        return self.profile == "development"


def read_service_config(service: str, settings: Settings | None = None) -> ServiceConfig:
    """Read the kit's variables. Raises ConfigurationError listing everything that is missing or wrong."""
    s = settings or Settings()
    values: Mapping[str, Any] = {
        "service": service,
        "profile": s.one_of("TANGGAP_PROFILE", ("development", "production"), "production"),
        "amqp_url": s.text("TANGGAP_AMQP_URL", "amqp://user:password@host:5672/vhost"),
        "mongodb_url": s.text(
            "TANGGAP_MONGODB_URL", "mongodb://user:password@host:27017/database?replicaSet=rs0"
        ),
        "contracts_dir": s.directory("TANGGAP_CONTRACTS_DIR", "the folder with topology.yaml"),
        "seal_keys": s.key_ring(f"TANGGAP_SEAL_KEYS_{service.upper()}"),
        "health_host": s.text("TANGGAP_HEALTH_HOST", "an address to listen on", "127.0.0.1"),
        "health_port": s.integer("TANGGAP_HEALTH_PORT", "a port, or 0 for none", 0),
        "log_level": s.one_of("TANGGAP_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        "check_contracts": s.flag("TANGGAP_CHECK_CONTRACTS", False),
        "broker_user_prefix": s.text("TANGGAP_BROKER_USER_PREFIX", "a prefix of broker users", ""),
        "single_broker_user": s.text("TANGGAP_SINGLE_BROKER_USER", "one broker user", "") or None,
        "amqp_ca": s.text("TANGGAP_AMQP_CA", "a file of CA certificates for amqps", "") or None,
        "max_workers": s.integer("TANGGAP_MAX_WORKERS", "a number of workers", 10),
        "drain_seconds": s.number("TANGGAP_DRAIN_SECONDS", "seconds for a graceful stop", 25.0),
        "outbox_limit_seconds": s.number("TANGGAP_OUTBOX_LIMIT_SECONDS", "seconds", 120.0),
        "awaits_indexes": s.one_of("TANGGAP_INDEXES", ("make", "await"), "make") == "await",
    }
    s.check()
    return ServiceConfig(**values)


def exit_on_configuration_error(read: Callable[[], T]) -> T:
    """Run a reader; on ConfigurationError print one line a problem and exit with 2."""
    try:
        return read()
    except ConfigurationError as error:
        sys.stderr.write("".join(f"configuration: {line}\n" for line in str(error).splitlines()))
        raise SystemExit(2) from None
