"""Asking the parts of an installation. Every question has a deadline, and no answer is a finding too."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx
import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from servicekit.lease import COLLECTION as LEASES
from servicekit.outbox import Outbox
from servicekit.topology import Topology
from tanggap.backup.places import Place, connect, places
from tanggap.dlq import post
from tanggap.doctor import findings
from tanggap.doctor.findings import ACT, OK, UNKNOWN, Finding
from tanggap.errors import CliError
from tanggap.local.broker import management
from tanggap.local.services import SERVICES
from tanggap.settings import Settings

ANSWER_SECONDS = 5.0
QUERY_SECONDS = 10.0
Check = Callable[[Settings], list[Finding]]


def broker(known: Settings) -> list[Finding]:
    """Whether it answers, whether it blocks publishers, and whether its queues are as they should be."""
    if not known.values.get("AMQP_URL"):
        return [unset("broker", "AMQP_URL")]
    try:
        topology = post.topology_of(known)
    except CliError as error:
        return [Finding("broker", UNKNOWN, str(error), "export TANGGAP_CONTRACTS_DIR=the folder contracts")]
    try:
        dead = findings.dead_letters(post.counts(known))
    except CliError as error:
        return [
            Finding(
                "broker",
                ACT,
                f"no answer over AMQP ({str(error).rstrip('.')}): filing answers 503 until it is back",
                "start the broker; locally: make status, make up",
            )
        ]
    return [Finding("broker", OK, "answers over AMQP"), *managed(known, topology), *dead]


def managed(known: Settings, topology: Topology) -> list[Finding]:
    """What only the management API tells."""
    url = known.values.get("AMQP_MANAGEMENT_URL")
    if not url:
        return [Finding("broker", UNKNOWN, "without AMQP_MANAGEMENT_URL alarms and consumers cannot be seen")]
    vhost = quote(post.broker_of(known).vhost, safe="")
    try:
        alarm = alarms(url)
        listed = {queue["name"]: queue for queue in management("GET", url, f"/queues/{vhost}").json()}
    except (httpx.HTTPError, ValueError) as error:
        return [Finding("broker", UNKNOWN, f"its management API does not answer ({type(error).__name__})")]
    wanted = {queue.name: queue.arguments for queue in topology.queues()}
    work = [consumer.queue for consumer in topology.consumers.values()]
    work += [f"rpc-{server}" for server in topology.rpc_servers]
    return [*alarm, *findings.queues(listed, wanted, work)]


def alarms(url: str) -> list[Finding]:
    try:
        management("GET", url, "/health/checks/alarms", timeout=ANSWER_SECONDS)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 503:
            raise
        return [
            Finding(
                "broker",
                ACT,
                "an alarm is on (memory or disk): it blocks every publisher, filing answers 503",
                "rabbitmq-diagnostics alarms; free memory or disk, it goes on by itself",
            )
        ]
    return []


def databases(known: Settings) -> list[Finding]:
    """Each service's database: reachable, with a primary; its outbox, its timers, its clock."""
    try:
        wanted = places(known)
    except CliError as error:
        return [Finding("databases", UNKNOWN, str(error))]
    found: list[Finding] = []
    clocks: dict[str, Finding] = {}
    for place in wanted:
        with ExitStack() as stack:
            try:
                found += database(place, stack, clocks)
            except CliError as error:
                found.append(
                    Finding(
                        "databases",
                        ACT,
                        f"{error} Filing goes on, what comes waits in queues; pages answer 503",
                        "start the database; locally: make status, make up",
                    )
                )
            except OperationFailure as error:
                found.append(
                    Finding("databases", UNKNOWN, f"{place.service}: may not be read (error {error.code})")
                )
            except PyMongoError as error:
                found.append(
                    Finding("databases", UNKNOWN, f"{place.service}: no answer ({type(error).__name__})")
                )
    return [*found, *clocks.values()]


def database(place: Place, stack: ExitStack, clocks: dict[str, Finding]) -> list[Finding]:
    opened = connect(place, stack, "tanggap-doctor")
    with pymongo.timeout(QUERY_SECONDS):
        asked, started = datetime.now(UTC), time.monotonic()
        hello = opened.client.admin.command("hello")
        took = time.monotonic() - started
        if "setName" not in hello:
            return [
                Finding(
                    "databases",
                    ACT,
                    f"{place.service}: the server is no replica set, so nothing can be stored",
                    "make it one: rs.initiate()",
                )
            ]
        member = f"the database server {hello.get('me', '')}".strip()
        # Commands answer in UTC and do not say so.
        skew = (hello["localTime"].replace(tzinfo=UTC) - asked).total_seconds() - took / 2
        clocks.setdefault(member, findings.clock(member, skew, took / 2))
        box = Outbox(opened)
        parked, pending, oldest = box.parked(), box.pending(), box.oldest_age()
        due = {
            row["_id"].removeprefix("timer:"): row["next_at"]
            for row in opened[LEASES].find({"_id": {"$regex": "^timer:"}, "next_at": {"$ne": None}})
        }
    return [
        Finding("databases", OK, f"{place.service} answers"),
        *findings.outbox(place.service, pending=pending, oldest_seconds=oldest, parked=parked),
        *findings.timers(place.service, due, datetime.now(UTC)),
    ]


def processes(known: Settings) -> list[Finding]:
    """Every process by its own account."""
    found: list[Finding] = []
    for name in (*SERVICES, "gateway"):
        variable = f"TANGGAP_{name.upper()}_METRICS"
        url = known.values.get(variable)
        if not url:
            found.append(unset("processes", variable))
            continue
        base = url.rsplit("/", 1)[0]
        try:
            with client() as http:
                live, ready = http.get(f"{base}/livez"), http.get(f"{base}/readyz")
        except httpx.HTTPError as error:
            found.append(
                Finding(
                    "processes",
                    ACT,
                    f"{name} does not answer ({type(error).__name__}): it is down",
                    f"start {name}; locally: make status, make up",
                )
            )
            continue
        found.append(findings.process(name, live.status_code == 200, unready(ready)))
    return found


def unready(answer: httpx.Response) -> list[str]:
    """The names of the checks that failed."""
    if answer.status_code == 200:
        return []
    try:
        checks = answer.json()
        named = [name for name, passed in checks.items() if not passed]
    except (ValueError, AttributeError):
        named = []
    return named or [f"status {answer.status_code}"]


def gateway(known: Settings) -> list[Finding]:
    """The public address, and its clock."""
    url = known.values.get("TANGGAP_URL")
    if not url:
        return [unset("gateway", "TANGGAP_URL")]
    asked, started = datetime.now(UTC), time.monotonic()
    try:
        with client() as http:
            answer = http.get(f"{url.rstrip('/')}/v1/services")
    except httpx.HTTPError as error:
        return [
            Finding(
                "gateway",
                ACT,
                f"{url} does not answer ({type(error).__name__}): nobody can file",
                "start the gateway; look at the proxy before it; locally: make up",
            )
        ]
    took = time.monotonic() - started
    found = [Finding("gateway", OK, f"{url} answers")]
    if answer.status_code >= 500:
        found = [Finding("gateway", ACT, f"{url} answers {answer.status_code}", "see the log of the gateway")]
    if date := answer.headers.get("Date"):
        # In whole seconds, cut off.
        skew = (parsedate_to_datetime(date) - asked).total_seconds() + 0.5 - took / 2
        found.append(findings.clock("the gateway", skew, took / 2 + 0.5))
    return found


def unset(check: str, variable: str) -> Finding:
    return Finding(check, UNKNOWN, f"{variable} is not set", f"export {variable}, or . .local/env")


@contextmanager
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as http:
        yield http


CHECKS: tuple[Check, ...] = (broker, databases, processes, gateway)


def look(known: Settings, tell: Callable[[str], Any]) -> list[Finding]:
    """Everything there is to find, in the order in which a person would look."""
    found: list[Finding] = []
    for check in CHECKS:
        tell(check.__name__)
        found += check(known)
    return found
