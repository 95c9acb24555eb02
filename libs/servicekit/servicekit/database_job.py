"""Makes databases' users, and a replica set where there is none: `python -m servicekit.database_job`.

At every deployment, as often as you like; nothing is ever deleted. TANGGAP_DATABASES names the databases,
such as `keeper,lender`. For each, MONGODB_ADMIN_URL_<NAME> is an administrator's URL of its server, and
TANGGAP_DATABASE_PASSWORD_<NAME> the password of the user <name>, who reads and writes this database alone.
With TANGGAP_DATABASE_PASSWORD_OPERATOR there is also an operator, who reads it. A server that was started as
a member but belongs to no set becomes the only member of one, under the address that the URL names.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from servicekit.config import Settings, exit_on_configuration_error

OPERATOR = "operator"
WAIT_SECONDS = 60.0
ALREADY_INITIALIZED, USER_EXISTS = 23, 51003

Client = MongoClient[dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """One database, who may make its users, and their passwords."""

    database: str
    admin_url: str = field(repr=False)
    password: str = field(repr=False)
    operator_password: str = field(default="", repr=False)


def run(job: Job, replica_set: str = "rs0", seconds: float = WAIT_SECONDS) -> None:
    """Bring one database's server up to date. Raises PyMongoError when it refuses or is away for too long."""
    deadline = time.monotonic() + seconds
    hosts = parse_uri(job.admin_url)["nodelist"]
    # A member without a set answers only those who ask it directly; several hosts are a set already.
    direct: dict[str, Any] = {"directConnection": True} if len(hosts) == 1 else {}
    wait = int(seconds * 1000)
    with MongoClient(job.admin_url, serverSelectionTimeoutMS=wait, timeoutMS=wait, **direct) as client:
        if len(hosts) == 1:
            host, port = hosts[0]
            initiate(client, replica_set, f"{host}:{port or 27017}")
            wait_for_primary(client, deadline)
        own = [{"role": "readWrite", "db": job.database}]
        put_user(client, job.database, job.database, job.password, own)
        if job.operator_password:
            read = [{"role": "read", "db": job.database}]
            put_user(client, job.database, OPERATOR, job.operator_password, read)


def initiate(client: Client, replica_set: str, address: str) -> None:
    """Make a member without a set the only one of a new set; leave every other server alone."""
    hello = client.admin.command("hello")
    if "setName" in hello or not hello.get("isreplicaset"):
        return
    members = [{"_id": 0, "host": address}]
    try:
        client.admin.command("replSetInitiate", {"_id": replica_set, "members": members})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise


def wait_for_primary(client: Client, deadline: float) -> None:
    """Return once writes are taken; ConnectionFailure at the deadline."""
    while not client.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise ConnectionFailure("the server did not become primary")
        time.sleep(0.2)


def put_user(client: Client, database: str, user: str, password: str, roles: list[dict[str, str]]) -> None:
    """Create the user, or give an existing one this password and these roles alone."""
    try:
        client[database].command("createUser", user, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        client[database].command("updateUser", user, pwd=password, roles=roles)


def read_jobs() -> tuple[list[Job], str]:
    """Every database's job, and the name of the sets. ConfigurationError names all that is missing."""
    settings = Settings()
    names = settings.text("TANGGAP_DATABASES", "names of databases, with commas between them")
    replica_set = settings.text("TANGGAP_REPLICA_SET", "the name of the replica sets", "rs0")
    operator = settings.text("TANGGAP_DATABASE_PASSWORD_OPERATOR", "a password", "")
    jobs = [
        Job(
            name,
            settings.text(f"MONGODB_ADMIN_URL_{name.upper()}", "mongodb://admin:password@host:27017"),
            settings.text(f"TANGGAP_DATABASE_PASSWORD_{name.upper()}", f"the password of {name}"),
            operator,
        )
        for name in (part.strip() for part in (names or "").split(","))
        if name
    ]
    settings.check()
    return jobs, replica_set


def main() -> None:
    jobs, replica_set = exit_on_configuration_error(read_jobs)
    for job in jobs:
        try:
            run(job, replica_set)
        except PyMongoError as error:
            # The text of an error may repeat the command, and with it a password.
            code = error.code if isinstance(error, OperationFailure) else ""
            sys.stderr.write(f"database {job.database}: {type(error).__name__} {code}\n")
            raise SystemExit(1) from None
        sys.stdout.write(f"database {job.database}: set and users are in place\n")


if __name__ == "__main__":
    main()
