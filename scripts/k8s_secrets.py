"""Make every secret of a new installation in Kubernetes: passwords, key rings, addresses that hold them.

    python scripts/k8s_secrets.py small | kubectl create -f -

`create` refuses what exists, and that is meant: new keys open nothing that was sealed before. Nothing is
kept here; what was made is in the cluster alone. Save it where the backups are not (docs/kubernetes.md).

TANGGAP_SMTP_USERNAME, TANGGAP_SMTP_PASSWORD and TANGGAP_OIDC_CLIENT_SECRET are taken from the environment.
"""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from servicekit.sealing import generate_key
from servicekit.topology import MONITOR, Topology

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "tanggap"
SERVICES = ("complaints", "notifications", "surveys", "evaluation")
OWN_RINGS = {"complaints": ("TANGGAP_VAULT_KEYS",), "surveys": ("TANGGAP_SURVEY_STORE_KEYS",)}
FROM_OUTSIDE = {
    "notifications": ("TANGGAP_SMTP_USERNAME", "TANGGAP_SMTP_PASSWORD"),
    "gateway": ("TANGGAP_OIDC_CLIENT_SECRET",),
}

Secrets = dict[str, dict[str, str]]
DatabaseUrl = Callable[[str, str, str], str]


@dataclass(frozen=True)
class Passwords:
    """Random ones, each made when it is first asked for."""

    made: dict[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> str:
        # Letters and digits: they stand in addresses and in configuration files as they are.
        return self.made.setdefault(name, secrets.token_hex(24))


def small(passwords: Passwords) -> Secrets:
    """One broker and one database server, prepared by the jobs `topology` and `databases`."""
    server = "mongodb-0.mongodb:27017"
    administrator = f"mongodb://admin:{passwords['mongodb admin']}@{server}/?authSource=admin"

    def database(service: str, user: str, password: str) -> str:
        return f"mongodb://{user}:{password}@{server}/{service}?replicaSet=rs0&authSource={service}"

    admin = passwords["rabbitmq admin"]
    broker_users = {
        f"TANGGAP_BROKER_PASSWORD_{user.upper()}": passwords[f"broker {user}"] for user in users()
    }
    database_users = {
        f"TANGGAP_DATABASE_PASSWORD_{user.upper()}": passwords[f"database {user}"]
        for user in (*SERVICES, "operator")
    }
    return {
        **processes(passwords, database),
        "rabbitmq": {"30-admin.conf": f"default_user = admin\ndefault_pass = {admin}\n"},
        "mongodb": {"key": passwords["mongodb key"], "admin_password": passwords["mongodb admin"]},
        "tools": {
            "AMQP_URL": f"amqp://admin:{admin}@rabbitmq:5672/%2F",
            "AMQP_MANAGEMENT_URL": f"http://admin:{admin}@rabbitmq:15672",
            "MONGODB_URL": f"{administrator}&replicaSet=rs0",
        },
        "topology": {"AMQP_MANAGEMENT_URL": f"http://admin:{admin}@rabbitmq:15672", **broker_users},
        "databases": {
            **{f"MONGODB_ADMIN_URL_{service.upper()}": administrator for service in SERVICES},
            **database_users,
        },
    }


def prod(passwords: Passwords) -> Secrets:
    """Operators make the users, with these passwords; a replica set of three for each service."""

    def database(service: str, user: str, password: str) -> str:
        domain = f"mongodb-{service}-svc.{NAMESPACE}.svc.cluster.local:27017"
        members = ",".join(f"mongodb-{service}-{number}.{domain}" for number in range(3))
        return f"mongodb://{user}:{password}@{members}/{service}?replicaSet=mongodb-{service}&authSource={service}"

    looking = f"http://{MONITOR}:{passwords[f'broker {MONITOR}']}@rabbitmq.{NAMESPACE}.svc:15672/%2F"
    return {
        **processes(passwords, database),
        **{
            f"rabbitmq-user-{user}": {"username": user, "password": passwords[f"broker {user}"]}
            for user in (*users(), MONITOR)
        },
        **{
            f"mongodb-{user}": {"password": passwords[f"database {user}"]} for user in (*SERVICES, "operator")
        },
        "keda": {"host": looking},
        # As who may write, for a restore: nobody else may write into any of them.
        "tools": {
            f"TANGGAP_{service.upper()}_DB": database(service, service, passwords[f"database {service}"])
            for service in SERVICES
        },
    }


def processes(passwords: Passwords, database: DatabaseUrl) -> Secrets:
    """A Secret for each process, named after it, with exactly what this one may know."""
    sealing = {f"TANGGAP_SEAL_KEYS_{service.upper()}": generate_key("k1") for service in SERVICES}
    survey_keys = {"TANGGAP_SURVEY_KEYS": generate_key("k1")}
    found: Secrets = {}
    for service in SERVICES:
        ring = f"TANGGAP_SEAL_KEYS_{service.upper()}"
        found[service] = {
            "TANGGAP_AMQP_URL": broker(passwords, service),
            "TANGGAP_MONGODB_URL": database(service, service, passwords[f"database {service}"]),
            ring: sealing[ring],
            **{name: generate_key("k1") for name in OWN_RINGS.get(service, ())},
        }
    found["surveys"] |= survey_keys
    found["gateway"] = {
        "TANGGAP_AMQP_URL": broker(passwords, "gateway"),
        **sealing,
        **survey_keys,
        "TANGGAP_HMAC_KEYS": generate_key("k1"),
    }
    for process, names in FROM_OUTSIDE.items():
        found[process] |= {name: os.environ[name] for name in names if os.environ.get(name)}
    operator = passwords["database operator"]
    found["backup"] = {
        "TANGGAP_BACKUP_KEY": generate_key("k1"),
        **{f"TANGGAP_{service.upper()}_DB": database(service, "operator", operator) for service in SERVICES},
    }
    return found


def broker(passwords: Passwords, user: str) -> str:
    return f"amqp://{user}:{passwords[f'broker {user}']}@rabbitmq:5672/%2F"


def users() -> tuple[str, ...]:
    return Topology.load(ROOT / "contracts").services


OVERLAYS = {"small": small, "prod": prod}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in OVERLAYS:
        print(
            f"usage: python scripts/k8s_secrets.py {'|'.join(OVERLAYS)} | kubectl create -f -",
            file=sys.stderr,
        )
        return 2
    documents = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "labels": {"app.kubernetes.io/part-of": "tanggap"},
            },
            "stringData": values,
        }
        for name, values in sorted(OVERLAYS[sys.argv[1]](Passwords()).items())
    ]
    print(yaml.safe_dump_all(documents, sort_keys=False), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
