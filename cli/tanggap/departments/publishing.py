"""`tanggap publish FILE`: a department's events from a file, with the verdict on each."""

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx

from tanggap import console, settings
from tanggap.client import TIMEOUT, describe, retry_after
from tanggap.departments.credentials import code_of
from tanggap.errors import CliError, GatewayError

BATCH_TYPE = "application/cloudevents-batch+json"
BATCH, PATIENCE_SECONDS = 100, 60.0
NAMESPACE = uuid.UUID("9f3b2c61-0d0a-5f0e-8f43-6f6b2d1b7a10")
"""Ids that we derive from an event's content are UUIDs of this namespace."""


def read(content: str) -> list[dict[str, Any]]:
    """Events of a file that holds one object, a list of them, or one a line. Raises CliError."""
    try:
        document = json.loads(content)
        events = document if isinstance(document, list) else [document]
    except ValueError:
        events = list(read_lines(content))
    for number, event in enumerate(events, 1):
        if not isinstance(event, dict):
            raise CliError(f"Event {number} is no JSON object.")
    if not events:
        raise CliError("There is no event in the file.")
    return events


def read_lines(content: str) -> Iterator[Any]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                raise CliError(f"The file is not JSON, and neither is its line {number} alone.") from None


def completed(event: Mapping[str, Any], code: str, at: datetime) -> dict[str, Any]:
    """The event with the attributes that it lacks.

    A missing id is derived from the content, so that the same file published twice is the same events.
    """
    content = json.dumps([code, dict(event)], sort_keys=True)
    usual = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(NAMESPACE, content)),
        "source": f"/departments/{code}",
        "time": at.isoformat(),
        "datacontenttype": "application/json",
    }
    return {**usual, **event}


def send(
    http: httpx.Client,
    events: list[dict[str, Any]],
    *,
    patience: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """The verdict on each event, in order. What could not be confirmed is sent again under its id.

    Raises GatewayError when the gateway refuses the sender or does not answer in time; what it had
    accepted by then stays accepted, and the same events can be sent again.
    """
    verdicts: list[dict[str, Any]] = []
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        told: dict[int, dict[str, Any]] = {}
        deadline = time.monotonic() + patience
        while waiting := [n for n in range(len(part)) if told.get(n, UNSURE)["status"] == "unavailable"]:
            answer = post(http, [part[n] for n in waiting])
            told |= dict(zip(waiting, answer or [UNSURE] * len(waiting), strict=True))
            if answer is None or any(told[n]["status"] == "unavailable" for n in waiting):
                if time.monotonic() > deadline:
                    break
                sleep(1.0)
        verdicts += [told.get(n, UNSURE) for n in range(len(part))]
    return verdicts


UNSURE: dict[str, Any] = {"id": None, "status": "unavailable"}


def post(http: httpx.Client, events: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The verdicts of one batch, or None: nobody knows, send it again."""
    try:
        answer = http.post("/v1/events", content=json.dumps(events), headers={"Content-Type": BATCH_TYPE})
    except httpx.TransportError:
        return None
    if answer.status_code in {429, 503}:
        time.sleep(min(retry_after(answer), 5))
        return None
    if answer.status_code >= 300:
        raise GatewayError(describe(answer), answer.status_code)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def why(verdict: Mapping[str, Any]) -> str:
    """What is wrong with an event, in one line."""
    problem = verdict.get("problem") or {}
    fields = [f"{e['pointer']} {e['code']}: {e['detail']}" for e in problem.get("errors", [])]
    return "; ".join(filter(None, [problem.get("title"), *fields]))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--key", envvar="TANGGAP_DEPARTMENT_KEY", help="The API key; or TANGGAP_DEPARTMENT_KEY.")
def publish(file: Path, key: str | None) -> None:
    """Publish the events in FILE as a department: one JSON object, a list of them, or one a line.

    FILE may be - for standard input. What an event lacks of id, source, time and specversion is filled in;
    an id is derived from the content, so that publishing a file again doubles nothing. The status is 1 when
    an event was not accepted. What the services refuse later is read under /v1/events/rejections.
    """
    known = settings.load()
    code = code_of(key or "")
    if not key or not code:
        raise CliError("Give the department's API key: --key, or TANGGAP_DEPARTMENT_KEY.")
    content = sys.stdin.read() if str(file) == "-" else file.read_text()
    at = datetime.now(UTC)
    events = [completed(event, code, at) for event in read(content)]
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=known.url, headers=headers, timeout=TIMEOUT, trust_env=False) as http:
        verdicts = send(http, events)
    rows = [
        (event["id"], event.get("type", "-"), verdict["status"], why(verdict))
        for event, verdict in zip(events, verdicts, strict=True)
    ]
    accepted = sum(verdict["status"] == "accepted" for verdict in verdicts)
    title = f"{accepted} of {len(events)} events accepted"
    console.table(("id", "type", "verdict", "why"), rows, title=title)
    sys.exit(0 if accepted == len(events) else 1)
