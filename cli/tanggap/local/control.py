"""What `make up`, `make down` and their friends do, and what they say."""

import hashlib
import json
import os
import shutil
import time
from contextlib import closing
from pathlib import Path

from tanggap import city, console, sample, settings
from tanggap.client import Gateway
from tanggap.errors import CliError, LocalError
from tanggap.journal import Journal
from tanggap.local import broker, database, ports, services
from tanggap.local.layout import ROOT
from tanggap.local.stack import Stack, read_env

DIRECTORY = ROOT / ".local"
USUAL_PORT = 8080
KEPT = {"lib", "compose"}


def default_stack() -> Stack:
    """The repository's own installation; servers named in the environment are used instead of private ones.

    A shell that has read `.local/env` names our own servers: that is not a wish to use others.
    """
    published = read_env(DIRECTORY / "env") if (DIRECTORY / "env").exists() else {}

    def foreign(name: str) -> str | None:
        value = os.environ.get(name)
        return value if value and (value != published.get(name) or given_before(name)) else None

    amqp, mongodb = foreign("AMQP_URL"), foreign("MONGODB_URL")
    started = time.monotonic()
    return Stack(
        DIRECTORY,
        gateway_port=gateway_port(),
        amqp_url=amqp,
        amqp_management_url=os.environ.get("AMQP_MANAGEMENT_URL") if amqp else None,
        mongodb_url=mongodb,
        report=lambda step: console.err.print(f"[{time.monotonic() - started:5.1f} s] {step}", markup=False),
    )


def given_before(name: str) -> bool:
    """The installation itself already uses a server that was named in the environment."""
    file = DIRECTORY / "given.json"
    return file.exists() and name in json.loads(file.read_text())


def gateway_port() -> int:
    """TANGGAP_PORT; without it, where the gateway runs now, else the usual port."""
    text = os.environ.get("TANGGAP_PORT", "").strip()
    if not text:
        running = Stack(DIRECTORY).running
        known = ports.known(DIRECTORY / "ports.json")
        return known["gateway"] if running and "gateway" in known else USUAL_PORT
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CliError(f"TANGGAP_PORT={text!r} is no port number.")
    return int(text)


def up() -> None:
    stack = default_stack()
    if not stack.mongodb_url and not database.is_downloaded():
        console.err.print(f"Downloading MongoDB: {database.DOWNLOAD_MB} MB, into .local/lib.")
    stack.up()
    given = [
        name for name, value in (("AMQP_URL", stack.amqp_url), ("MONGODB_URL", stack.mongodb_url)) if value
    ]
    (DIRECTORY / "given.json").write_text(json.dumps(given))
    load_sample(stack)
    welcome(stack)


def load_sample(stack: Stack) -> None:
    """The sample city, once; its catalogue again whenever its files changed."""
    os.environ["TANGGAP_LOCAL_DIR"] = str(DIRECTORY)
    os.environ["TANGGAP_URL"] = stack.env["TANGGAP_URL"]
    known = settings.load()
    marker = DIRECTORY / "loaded.json"
    loaded: dict[str, str] = json.loads(marker.read_text()) if marker.exists() else {}
    fingerprint = city_fingerprint(services.SAMPLE_CITY)
    if loaded.get("city") != fingerprint:
        with Gateway(known.url, known.local_token(sub="local-admin", roles=["admin"])) as gateway:
            city.load(gateway, services.SAMPLE_CITY)
        loaded["city"] = fingerprint
        marker.write_text(json.dumps(loaded))
        stack.report("the catalogue of Sawahlunto is loaded")
    if "sample" not in loaded:
        with closing(Journal(stack.layout.sample_journal)) as journal:
            cases = sample.load(known, services.SAMPLE_CITY, journal)
        loaded["sample"] = time.strftime("%Y-%m-%d")
        marker.write_text(json.dumps(loaded))
        stack.report(f"{len(cases)} sample cases are loaded")


def city_fingerprint(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted([*directory.glob("*.*"), *directory.glob("services/*.yaml")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def welcome(stack: Stack) -> None:
    env = stack.env
    known = stack.parts(ports.known(DIRECTORY / "ports.json"))
    single = []
    if known.broker.management_url is None:
        single.append(
            "The broker is used as one user for all processes: rights between services are not enforced."
        )
    if known.database.single_user:
        single.append("The database server knows one user for all services.")
    lines = [
        "",
        f"Tanggap is running: {env['TANGGAP_URL']}   (data contoh: everything in it is invented)",
        "",
        f"  file a report       {env['TANGGAP_URL']}/lapor",
        f"  staff sign in       {env['TANGGAP_URL']}/masuk",
        f"  public list         {env['TANGGAP_URL']}/daftar",
        f"  published results   {env['TANGGAP_URL']}/hasil",
        f"  interface           {env['TANGGAP_URL']}/openapi.json",
        f"  broker, database    {public(env['AMQP_URL'])}   {public(env['MONGODB_URL'])}",
        f"  metrics             {env['TANGGAP_GATEWAY_METRICS']}",
        f"  logs                {stack.layout.log}/",
        "",
        "Try, in this directory:",
        "  . .local/env                 # addresses, and `tanggap` on the PATH",
        "  tanggap mail list            # what citizens and staff were sent",
        "  tanggap token --role officer --unit dpupr",
        "  tanggap replay cities/sawahlunto/replay/requests.csv --map requests",
        "  make down                    # stop everything; the data stays",
        "",
        *single,
    ]
    console.out.print("\n".join(lines), markup=False)


def public(url: str) -> str:
    """The address without its password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def down() -> None:
    stack = Stack(DIRECTORY)
    was_running = stack.running
    stack.down()
    console.out.print("Stopped." if was_running else "Nothing was running.")


def reset() -> None:
    """Stop, and delete data, secrets, logs and mails.

    The downloaded programs stay, and so does `compose`: it holds the only keys of another installation.
    """
    Stack(DIRECTORY).down()
    for entry in DIRECTORY.glob("*"):
        if entry.name in KEPT:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    console.out.print("Data, secrets, logs and mails are deleted.")


def status() -> int:
    """Which processes run and where; 0 when all that should run do."""
    stack = Stack(DIRECTORY)
    if not stack.running:
        console.out.print("Nothing is running. `make up` starts it.")
        return 3
    programs = stack.supervisor.programs()
    console.table(
        ("process", "state", "since"),
        [(name, info["statename"], info["description"]) for name, info in programs.items()],
        title=stack.env["TANGGAP_URL"],
    )
    return 0 if all(info["statename"] == "RUNNING" for info in programs.values()) else 1


def apply_topology(known: settings.Settings) -> None:
    stack = default_stack() if known.local.directory == DIRECTORY else Stack(known.local.directory)
    if not stack.running:
        raise LocalError("The local installation does not run: `make up`.")
    parts = stack.parts(ports.known(known.local.directory / "ports.json"))
    passwords = {user: parts.broker_password(user) for user in services.BROKER_USERS}
    broker.apply_topology(parts.broker, passwords, services.common(parts))
