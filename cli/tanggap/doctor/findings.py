"""What the doctor finds, and what it says about it. No part of this knows a server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tanggap.errors import DECLARE

OK, ACT, UNKNOWN = "ok", "act", "unknown"
OUTBOX_SECONDS = 120.0
"""As old may the oldest unsent event be before a service calls itself not ready."""
TIMER_SECONDS = 600.0
SKEW_SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what it means, and the command that is next."""

    check: str
    state: str
    says: str
    run: str = ""


def exit_code(findings: Iterable[Finding]) -> int:
    """0 healthy, 1 something to do, 2 cannot tell."""
    states = {finding.state for finding in findings}
    return 1 if ACT in states else 2 if UNKNOWN in states else 0


def queues(
    listed: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Any]], work: Iterable[str]
) -> list[Finding]:
    """Queues that are missing or made otherwise, and work that nobody takes.

    `listed` and `wanted` are queues by name with their arguments; `work` names those that need a consumer.
    """
    found = []
    if missing := sorted(wanted.keys() - listed.keys()):
        found.append(
            Finding(
                "queues",
                ACT,
                f"{len(missing)} queues are not declared ({missing[0]}): events to them wait in outboxes",
                DECLARE,
            )
        )
    other = sorted(
        name
        for name in wanted.keys() & listed.keys()
        if without_kind(listed[name]["arguments"]) != without_kind(wanted[name])
    )
    if other:
        found.append(
            Finding(
                "queues",
                ACT,
                f"{other[0]} exists with other arguments than the topology says: its consumer was renamed "
                "or changed without a new name",
                f"empty it, delete it (rabbitmqctl delete_queue {other[0]}), then {DECLARE}",
            )
        )
    for name in work:
        queue = listed.get(name)
        # A queue of which the management API has no figures yet has no such field.
        if queue is not None and queue.get("consumers") == 0:
            waiting = queue.get("messages") or 0
            found.append(
                Finding(
                    "consumers",
                    ACT,
                    f"nobody takes from {name}, {waiting} messages wait: its service is down or starting",
                    f"see the log of {name.split('-')[1]}; locally: make status, make up",
                )
            )
    return found or [Finding("queues", OK, f"{len(wanted)} queues are declared and have their consumers")]


def without_kind(arguments: Mapping[str, Any]) -> dict[str, Any]:
    # The management API does not repeat the kind among the arguments on every version.
    return {name: value for name, value in arguments.items() if name != "x-queue-type"}


def dead_letters(counts: Mapping[str, int | None]) -> list[Finding]:
    found = [
        Finding(
            "dead letters",
            ACT,
            f"{count} in {queue}: a handler refused or failed at them, and they wait for a person",
            f"tanggap dlq list {queue}",
        )
        for queue, count in counts.items()
        if count
    ]
    return found or [Finding("dead letters", OK, "none")]


def outbox(service: str, *, pending: int, oldest_seconds: float, parked: int) -> list[Finding]:
    found = []
    if parked:
        found.append(
            Finding(
                "outbox",
                ACT,
                f"{service}: the broker refused {parked} events for good, and later ones of their cases wait",
                "tanggap dlq parked",
            )
        )
    if pending and oldest_seconds > OUTBOX_SECONDS:
        found.append(
            Finding(
                "outbox",
                ACT,
                f"{service}: {pending} events wait, the oldest for {in_time(oldest_seconds)}: the relay "
                "cannot publish",
                f"look at the broker first, then at the log of {service}",
            )
        )
    return found or [Finding("outbox", OK, f"{service}: {pending} events wait")]


def timers(service: str, due: Mapping[str, datetime], now: datetime) -> list[Finding]:
    """Timers whose next run is long over: no replica runs them."""
    late = {name: (now - at).total_seconds() for name, at in due.items()}
    overdue = {name: seconds for name, seconds in late.items() if seconds > TIMER_SECONDS}
    if not overdue:
        return []
    name = max(overdue, key=lambda one: overdue[one])
    return [
        Finding(
            "timers",
            ACT,
            f"{service}: {name} should have run {in_time(overdue[name])} ago; deadlines fire late",
            f"see the log of {service} for {name!r}",
        )
    ]


def clock(where: str, skew_seconds: float, uncertain_seconds: float) -> Finding:
    """`skew_seconds` is how far the other clock is ahead of ours, give or take `uncertain_seconds`."""
    beyond = abs(skew_seconds) - uncertain_seconds
    if beyond <= SKEW_SECONDS:
        return Finding("clock", OK, f"{where} agrees with this machine")
    direction = "ahead of" if skew_seconds > 0 else "behind"
    return Finding(
        "clock",
        ACT,
        f"{where} is {abs(skew_seconds):.0f} s {direction} this machine: tokens and deadlines go wrong",
        "timedatectl on both machines; switch time synchronisation on",
    )


def process(name: str, live: bool, unready: Iterable[str]) -> Finding:
    reasons = sorted(unready)
    if not live:
        return Finding(
            "processes",
            ACT,
            f"{name} answers, but a loop in it stands still: a restart is right",
            f"restart {name}; locally: make down, make up",
        )
    if reasons:
        return Finding(
            "processes",
            ACT,
            f"{name} runs but is not ready ({', '.join(reasons)}): it waits for that, a restart is no cure",
            f"mend what is named; the log of {name} says more",
        )
    return Finding("processes", OK, f"{name} is ready")


def in_time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
