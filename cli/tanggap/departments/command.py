"""`tanggap department`: who may publish events here. Everything takes effect without a restart."""

import sys
import uuid
from pathlib import Path
from typing import Any

import click

from tanggap import console, settings
from tanggap.client import Gateway
from tanggap.departments import trial
from tanggap.departments.broker_user import BrokerUsers, broker_users
from tanggap.departments.credentials import Credentials, code_of, digest, new_key
from tanggap.errors import CliError
from tanggap.settings import Settings

KEY, AMQP_URL = "TANGGAP_DEPARTMENT_KEY", "TANGGAP_DEPARTMENT_AMQP_URL"
ONLY_HTTP = (
    "Only HTTP is possible: there is no management API of the broker here (AMQP_URL, AMQP_MANAGEMENT_URL), "
    "and over AMQP every department needs a broker user of its own."
)
FORMATS = click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "env"]),
    default="text",
    show_default=True,
    help="How the credentials are printed; env is for `eval`.",
)
HTTP_ONLY = click.option("--http-only", is_flag=True, help="Make no user at the broker.")


@click.group()
def department() -> None:
    """Departments' own systems: who may publish which events, and with what they prove themselves."""


@department.command("add")
@click.argument("code")
@click.option("--name", required=True, help="What it is called, in Indonesian.")
@click.option("--name-en", help="The same in English.")
@click.option("--unit", required=True, help="The unit it belongs to.")
@click.option("--units", default="", help="Further units it may speak for, separated by commas.")
@click.option("--types", default="", help="The event types it may publish, separated by commas; all if none.")
@click.option("--update", is_flag=True, help="Change one that is registered; its credentials stay.")
@HTTP_ONLY
@FORMATS
def add(
    code: str,
    name: str,
    name_en: str | None,
    unit: str,
    units: str,
    types: str,
    update: bool,
    http_only: bool,
    shape: str,
) -> None:
    """Register CODE and print its credentials, once.

    CODE is 2 to 40 small letters, digits and hyphens, such as antrian-dukcapil; its events have the source
    /departments/CODE.
    """
    known = settings.load()
    brokers = None if http_only else broker_users(known)
    with admin(known) as gateway:
        registered = find(gateway, code)
        if registered and registered["active"] and not update:
            raise CliError(
                f"{code} is registered already. New credentials: `tanggap department rotate {code}`; "
                "another name, unit or type: the same command with --update."
            )
        if update and not (registered and registered["active"]):
            raise CliError(f"{code} is not registered, so there is nothing to update.")
        body: dict[str, Any] = {
            "name": {"id": name, "en": name_en or name},
            "unit": unit,
            "units": listed(units),
            "types": listed(types) or known_types(known),
            "active": True,
        }
        key = new_key(code)
        if not update:
            body["key_hash"] = digest(key)
        shown = gateway.call("PUT", f"/v1/departments/{code}", body)
    console.err.print(described(shown), markup=False)
    if not update:
        hand_over(known, brokers, code, key, shape)


@department.command("rotate")
@click.argument("code")
@HTTP_ONLY
@FORMATS
def rotate(code: str, http_only: bool, shape: str) -> None:
    """Give CODE new credentials.

    The old API key is good for another 24 hours. The old AMQP password ends now: open connections stay,
    the next one needs the new password.
    """
    known = settings.load()
    brokers = None if http_only else broker_users(known)
    key = new_key(code)
    with admin(known) as gateway:
        shown = gateway.call(
            "POST", f"/v1/departments/{code}/rotate", {"key_hash": digest(key)}, key=str(uuid.uuid4())
        )
    console.err.print(described(shown), markup=False)
    hand_over(known, brokers, code, key, shape)


@department.command("revoke")
@click.argument("code")
def revoke(code: str) -> None:
    """Take no event of CODE from now on: its keys and its broker user end, its connections are closed."""
    known = settings.load()
    with admin(known) as gateway:
        gateway.call("POST", f"/v1/departments/{code}/revoke", {}, key=str(uuid.uuid4()))
    brokers = broker_users(known)
    if brokers is None:
        console.out.print(f"{code} is revoked over HTTP. {ONLY_HTTP}", markup=False)
        return
    closed = brokers.delete(code)
    console.out.print(
        f"{code} is revoked: API keys and broker user are gone, {closed} connections closed.", markup=False
    )


@department.command("list")
def list_() -> None:
    """Every department that is or was registered."""
    with admin(settings.load()) as gateway:
        items = gateway.get("/v1/departments")["items"]
    rows = [
        (
            d["code"],
            d["name"]["id"],
            d["unit"],
            ", ".join(d["units"]),
            ", ".join(d["types"]),
            "active" if d["active"] else "revoked",
            ", ".join(f"until {k['until']}" if k.get("until") else "current" for k in d["keys"]) or "-",
        )
        for d in items
    ]
    heads = ("code", "name", "unit", "speaks for", "publishes", "state", "keys")
    console.table(heads, rows, title=f"{len(rows)} departments")


@department.command("test")
@click.argument("code", required=False)
@click.option("--key", envvar=KEY, help=f"The API key; also read from {KEY}.")
@click.option("--amqp-url", envvar=AMQP_URL, help=f"The AMQP URL; also read from {AMQP_URL}.")
@click.option("--type", "type_", help="Which type to try; otherwise the first it may publish.")
def test(code: str | None, key: str | None, amqp_url: str | None, type_: str | None) -> None:
    """Send an event that must be refused over each way and find its refusal in the department's inbox.

    The event names something that does not exist, so nothing changes. Needs what `add` or `rotate` printed.
    The status is 0 when every way that was tried works.
    """
    known = settings.load()
    if not key and not amqp_url:
        raise CliError(
            f"Give the API key (--key or {KEY}), the AMQP URL (--amqp-url or {AMQP_URL}), or both."
        )
    code = code or code_of(key or "")
    if not code:
        raise CliError("Name the department: tanggap department test CODE.")
    unit, type_ = unit_and_type(known, code, type_)
    at = trial.now()
    outcomes: dict[str, trial.Outcome] = {}
    with Gateway(known.url, key or known.token("admin"), patience=5) as gateway:
        if key:
            event = trial.trial_event(code, type_, unit, at)
            outcomes[event["id"]] = trial.over_http(gateway.http, key, event)
        if amqp_url:
            event = trial.trial_event(code, type_, unit, at)
            outcomes[event["id"]] = trial.over_amqp(amqp_url, code, event)
        waiting = {id_ for id_, outcome in outcomes.items() if outcome.delivered and not outcome.at_once}
        found = (
            trial.refusals(lambda: gateway.get("/v1/events/rejections", limit=50), waiting) if waiting else {}
        )
    rows, works = [], True
    for id_, outcome in outcomes.items():
        good = outcome.delivered and (outcome.at_once or id_ in found)
        works = works and good
        refusal = found.get(id_)
        told = f"; refused as it should be: {refusal['reason']}" if refusal else ""
        silent = "; no refusal arrived" if outcome.delivered and not good else ""
        rows.append((outcome.way, "works" if good else "DOES NOT WORK", outcome.detail + told + silent))
    console.table(("way", "result", "what happened"), rows, title=f"{code}: trial events of type {type_}")
    sys.exit(0 if works else 1)


def admin(known: Settings) -> Gateway:
    return Gateway(known.url, known.token("admin"))


def find(gateway: Gateway, code: str) -> dict[str, Any] | None:
    items: list[dict[str, Any]] = gateway.get("/v1/departments")["items"]
    return next((item for item in items if item["code"] == code), None)


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def known_types(known: Settings) -> list[str]:
    """Every type that departments can publish, by the contracts beside this program."""
    from servicekit.topology import Topology
    from tanggap.local.layout import ROOT

    contracts = Path(known.values.get("TANGGAP_CONTRACTS_DIR") or ROOT / "contracts")
    return sorted(Topology.load(contracts).external_types)


def unit_and_type(known: Settings, code: str, type_: str | None) -> tuple[str, str]:
    """Its unit and the type to try, as registered; without a right to read that, the type that was given."""
    try:
        with admin(known) as gateway:
            registered = find(gateway, code)
    except CliError:
        if type_ is None:
            raise
        return trial.NOWHERE, type_
    if registered is None:
        raise CliError(f"{code} is not registered: `tanggap department add {code} …`.")
    return registered["unit"], type_ or registered["types"][0]


def described(shown: dict[str, Any]) -> str:
    units, types = ", ".join(shown["units"]), ", ".join(shown["types"])
    return f"{shown['code']} ({shown['name']['id']}) speaks for {units} and publishes {types}."


def hand_over(known: Settings, brokers: BrokerUsers | None, code: str, key: str, shape: str) -> None:
    """Make the broker user and print both credentials. The key is printed even when the broker refuses."""
    amqp_url, problem = None, None
    if brokers is not None:
        try:
            amqp_url = brokers.put(code)
        except CliError as error:
            problem = error
    else:
        console.err.print(ONLY_HTTP, markup=False)
    made = Credentials(code, known.url, key, amqp_url)
    click.echo({"text": made.as_text, "json": made.as_json, "env": made.as_env}[shape]())
    if problem is not None:
        raise CliError(f"{problem} HTTP works; for AMQP run `tanggap department rotate {code}` once it does.")
