"""What the city promises for a service, read from the catalogue; dates of a case come from its view."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = ("verify", "first_response", "resolve", "silence")


@dataclass(frozen=True)
class Promise:
    stage: str
    amount: int
    unit: str


def promises(service: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> list[Promise]:
    """Return the promised time of each stage that has one; a service's own time beats the general rows."""
    known = [
        row
        for row in rows
        if row.get("city") in (None, service.get("city")) and row.get("effective_to") is None
    ]
    found = []
    for stage in SHOWN:
        own = service.get("resolve_within") if stage == "resolve" else None
        row = own or most_specific(service, [row for row in known if row.get("stage") == stage])
        if row:
            found.append(Promise(stage, int(row["amount"]), str(row["unit"])))
    return found


def most_specific(service: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the row for the service's kind and class; exact beats `*`, then the later effective date."""
    kind, group = service.get("kind"), "supervisory" if service.get("supervisory") else "ordinary"
    fitting = [
        row for row in rows if row.get("kind", "*") in ("*", kind) and row.get("class", "*") in ("*", group)
    ]
    return max(
        fitting,
        key=lambda row: (
            row.get("kind") == kind,
            row.get("class") == group,
            str(row.get("effective_from", "")),
        ),
        default=None,
    )
