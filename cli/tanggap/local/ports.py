import contextlib
import json
import socket
from pathlib import Path

from tanggap.errors import LocalError

NAMES = (
    "broker",
    "broker_management",
    "broker_distribution",
    "epmd",
    "database",
    "mail",
    "complaints_health",
    "notifications_health",
    "surveys_health",
    "evaluation_health",
    "gateway_metrics",
)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(file: Path, gateway: int | None) -> dict[str, int]:
    """Every port of a stopped installation: those of last time where still free, else fresh ones.

    All fresh ports are held open together while choosing, so that no two are alike. A gateway port that
    was asked for and is taken is an error, since people and links depend on it.
    """
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    wanted = {name: port for name, port in known.items() if name in NAMES and is_free(port)}
    with contextlib.ExitStack() as held:
        for name in NAMES:
            if name not in wanted:
                wanted[name] = fresh(held)
        if gateway is None:
            last = known.get("gateway")
            wanted["gateway"] = last if last is not None and is_free(last) else fresh(held)
    if gateway is not None:
        if not is_free(gateway):
            raise LocalError(
                f"Port {gateway} on 127.0.0.1 is taken by another program. "
                f"Choose another for the gateway: TANGGAP_PORT={gateway + 10} make up"
            )
        wanted["gateway"] = gateway
    file.write_text(json.dumps(wanted, indent=1))
    return wanted


def fresh(held: contextlib.ExitStack) -> int:
    probe = held.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    return port


def known(file: Path) -> dict[str, int]:
    """The ports of the running installation."""
    chosen: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return chosen
