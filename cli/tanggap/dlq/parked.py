"""Events that the broker refused for good. They wait in the outbox and hold back later ones of their case."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from pymongo.errors import PyMongoError

from servicekit.outbox import PARKED, Outbox
from tanggap.backup.places import Place, connect, places
from tanggap.errors import CliError
from tanggap.settings import Settings

SHOWN = 100


def parked(known: Settings) -> list[tuple[str, str, str, int]]:
    """Service, id, type and size of parked events, oldest first, at most a hundred of each service."""
    found = []
    for place in places(known):
        with ExitStack() as stack:
            rows = Outbox(connect(place, stack, "tanggap-dlq")).rows
            try:
                for row in rows.find({"state": PARKED}).sort("_id", 1).limit(SHOWN):
                    found.append((place.service, str(row["_id"]), str(row["type"]), len(row["body"])))
            except PyMongoError as error:
                raise unreadable(place, error) from error
    return found


def unpark(known: Settings, service: str, ids: Sequence[str]) -> int:
    """Let the relay try these again, or all of a service where none is named; how many that were."""
    place = one(places(known, writing=True), service)
    with ExitStack() as stack:
        outbox = Outbox(connect(place, stack, "tanggap-dlq"))
        try:
            wanted: Sequence[Any] = ids or outbox.rows.distinct("_id", {"state": PARKED})
            return outbox.unpark(wanted)
        except PyMongoError as error:
            raise unreadable(place, error) from error


def one(known: Sequence[Place], service: str) -> Place:
    for place in known:
        if place.service == service:
            return place
    raise CliError(f"There is no service {service}; there are: {', '.join(p.service for p in known)}.")


def unreadable(place: Place, error: PyMongoError) -> CliError:
    return CliError(f"The database of {place.service} did not do it ({type(error).__name__}).")
