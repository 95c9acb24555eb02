"""The short commands: each reads its settings, does one thing and says what it did."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tanggap import city as cities
from tanggap import console, settings
from tanggap import mail as mails
from tanggap import sample as samples
from tanggap.client import Gateway
from tanggap.errors import CliError
from tanggap.journal import Journal
from tanggap.local.layout import ROOT

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
SAMPLE_CITY = ROOT / "cities" / "sawahlunto"


@click.command()
@click.option("--role", "roles", multiple=True, required=True, help="A role of contracts/permissions.yaml.")
@click.option("--unit", help="The unit an officer or unit head belongs to.")
@click.option("--sub", help="The staff reference; invented from role and unit when left out.")
@click.option("--name", help="A name to show in pages.")
@click.option("--hours", type=float, default=8, show_default=True, help="How long it is valid.")
def token(roles: tuple[str, ...], unit: str | None, sub: str | None, name: str | None, hours: float) -> None:
    """Print a staff token of the local issuer (development only).

    \b
    curl -H "Authorization: Bearer $(tanggap token --role officer --unit dpupr)" $TANGGAP_URL/v1/complaints
    """
    known = settings.load()
    sub = sub or "-".join(filter(None, ["local", *roles, unit]))
    click.echo(known.local_token(sub=sub, roles=list(roles), unit=unit, name=name, hours=hours))


@click.group()
def city() -> None:
    """A city's catalogue, units, deadlines and calendar."""


@city.command("load")
@click.argument("directory", type=FOLDER)
def city_load(directory: Path) -> None:
    """Import the catalogue in DIRECTORY; running it again changes nothing."""
    known = settings.load()
    with Gateway(known.url, known.token("admin")) as gateway:
        changed = cities.load(gateway, directory)
    console.out.print(
        f"{directory.name}: catalogue version {changed.get('version')}. {counts(changed)}", markup=False
    )


def counts(changed: dict[str, Any]) -> str:
    parts = []
    for what in ("units", "services"):
        numbers = changed.get(what)
        if isinstance(numbers, dict):
            parts.append(f"{what}: " + ", ".join(f"{number} {how}" for how, number in numbers.items()))
    return "; ".join(parts)


@click.group()
def sample() -> None:
    """Invented people and cases for trying things out; everything is marked as such."""


@sample.command("load")
@click.argument("directory", type=FOLDER, default=SAMPLE_CITY)
@click.option("--fresh", is_flag=True, help="Forget an earlier loading and file every case anew.")
def sample_load(directory: Path, fresh: bool) -> None:
    """Load the sample of the city in DIRECTORY, with dates relative to today; again, it changes nothing."""
    known = settings.load()
    file = known.local.sample_journal
    if fresh:
        Journal.forget(file)
    with closing(Journal(file)) as journal:
        loaded = samples.load(known, directory, journal)
    console.table(
        ("case", "status", "shows"),
        [(case.code, case.status, case.shows) for case in loaded],
        title=f"{len(loaded)} sample cases",
    )


@click.command()
@click.option("--as-of", "as_of", required=True, help="ISO 8601 time, e.g. 2026-12-24T08:00+07:00.")
@click.option("--case", "codes", multiple=True, help="Only this case (repeatable).")
def sweep(as_of: str, codes: tuple[str, ...]) -> None:
    """Let the timers act as if it were another time (development only)."""
    known = settings.load()
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError:
        raise CliError(f"{as_of!r} is no ISO 8601 time.") from None
    if at.tzinfo is None:
        at = at.astimezone()
    with Gateway(known.url, known.token("admin")) as gateway:
        done = gateway.call("POST", "/v1/sweep", {"as_of": at.isoformat(), "codes": list(codes) or None})
    console.table(
        ("event", "number"), sorted(done.get("counts", done).items()), title=f"As of {at.isoformat()}"
    )


@click.group()
def mail() -> None:
    """The mails in the local mail sink, oldest first."""


def mail_directory() -> Path:
    known = settings.load()
    return Path(known.values.get("TANGGAP_MAIL_DIR") or known.local.mail)


@mail.command("list")
@click.option("--to", help="Only mails whose recipient contains this.")
@click.option("--containing", help="Only mails with this in the subject or text.")
@click.option("--last", type=int, default=30, show_default=True, help="Only the newest so many; 0 shows all.")
def mail_list(to: str | None, containing: str | None, last: int) -> None:
    """List mails: number, time, recipient, subject."""
    found = mails.read(mail_directory(), to=to, containing=containing)
    rows = [(m.number, m.at.astimezone().strftime("%d %b %H:%M:%S"), m.to, m.subject) for m in found[-last:]]
    console.table(("no", "at", "to", "subject"), rows, title=f"{len(found)} mails")


@mail.command("show", context_settings=NEGATIVE_NUMBERS)
@click.argument("number", type=int, default=-1)
def mail_show(number: int) -> None:
    """Print mail NUMBER with its headers; -1 is the newest."""
    found = mails.number(mail_directory(), number)
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        console.out.print(f"{name}: {found.message.get(name, '')}", markup=False)
    console.out.print(f"\n{found.text}", markup=False)


@mail.command("links", context_settings=NEGATIVE_NUMBERS)
@click.argument("number", type=int, default=-1)
def mail_links(number: int) -> None:
    """Print the links in mail NUMBER, one a line; -1 is the newest."""
    for link in mails.number(mail_directory(), number).links:
        click.echo(link)


@click.group()
def topology() -> None:
    """Exchanges, queues, users and rights, as contracts/topology.yaml says."""


@topology.command("show")
@click.option("--contracts", type=FOLDER, default=ROOT / "contracts", help="The contracts directory.")
def topology_show(contracts: Path) -> None:
    """Print who publishes what and which queue takes it."""
    from servicekit.topology import Topology

    known = Topology.load(contracts)
    console.table(("exchange", "kind"), known.exchange_types().items(), title="Exchanges")
    rows = [(queue.name, f"{exchange} {key}") for queue in known.queues() for exchange, key in queue.bindings]
    console.table(("queue", "bound to"), rows, title="Queues")
    rights = [(user, *known.permissions(user).values()) for user in known.services]
    console.table(("user", "configure", "write", "read"), rights, title="Rights")


@topology.command("apply")
def topology_apply() -> None:
    """Apply it to the broker of the local installation. Running it again changes nothing."""
    from tanggap.local.control import apply_topology

    apply_topology(settings.load())
    console.out.print("Exchanges, queues, users and rights are in place.")
