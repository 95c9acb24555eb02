"""From a backup back into four databases, whose services are not running."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.errors import InvalidBSON
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from servicekit.outbox import COLLECTION as OUTBOX
from servicekit.outbox import PENDING, SENT
from servicekit.sealing import KeyRing
from tanggap import console
from tanggap.backup.making import CONTROL, DOCUMENT
from tanggap.backup.places import Document, Place, connect
from tanggap.backup.sealed import DamagedBackup, opened
from tanggap.errors import CliError

BATCH_DOCUMENTS = 1000
BATCH_BYTES = 8 * 1024 * 1024
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Contents:
    """What a whole, unaltered backup holds: documents by service and collection."""

    created_at: datetime
    counts: Counts

    @property
    def documents(self) -> int:
        return sum(sum(by_name.values()) for by_name in self.counts.values())


@dataclass(frozen=True)
class Restored:
    contents: Contents
    republished: int


def verify(file: Path, ring: KeyRing, progress: Callable[[int], Any]) -> Contents:
    """Read all of it. Raises DamagedBackup unless it is whole, unaltered and holds what its end says."""
    counts: Counts = {}
    created_at: datetime | None = None
    end: Counts | None = None
    with progress(file.stat().st_size) as counter:
        for control, document in contents(file, ring, counter.advance):
            if end is not None:
                raise DamagedBackup("The backup goes on after its end.")
            if control is None:
                continue
            if created_at is None:
                created_at = started(control)
            elif "end" in control:
                end = control["end"]
            elif document is None:
                counts.setdefault(control["service"], {})[control["collection"]] = 0
            else:
                counts[control["service"]][control["collection"]] += 1
    if created_at is None or end is None or counts != {s: by for s, by in end.items() if by}:
        raise DamagedBackup("The backup does not hold what it says at its end.")
    return Contents(created_at, end)


def started(control: Document) -> datetime:
    created_at = control.get("created_at")
    if control.get("backup") != 1 or not isinstance(created_at, datetime):
        raise DamagedBackup("The backup is one of another version.")
    return created_at


def restore(
    file: Path,
    ring: KeyRing,
    places: list[Place],
    *,
    replace: bool,
    progress: Callable[[str, int], Any],
) -> Restored:
    """Verify the file, then fill the databases with what it holds.

    Nothing is written before all of the file was verified and every database was found empty, with
    `replace` or emptied. Events that were sent are pending again: who had not taken them when the backup
    was made gets them now, and the inbox of everybody else drops them.
    """
    held = verify(file, ring, lambda size: progress("verifying", size))
    with ExitStack() as stack:
        databases = {place.service: connect(place, stack, "tanggap-restore") for place in places}
        unknown = held.counts.keys() - databases.keys()
        if unknown:
            raise CliError(
                f"The backup holds services that are not known here: {', '.join(sorted(unknown))}."
            )
        refuse_running(databases)
        if not replace:
            refuse_filled(databases)
        try:
            empty(databases)
            with progress("restoring", held.documents) as counter:
                fill(databases, file, ring, counter.advance)
            republished = sum(publish_again(database) for database in databases.values())
            compare(databases, held)
        except PyMongoError as error:
            raise CliError(
                f"The restore stopped ({type(error).__name__}) and the databases are incomplete. "
                "Mend the cause and repeat with --replace."
            ) from error
    return Restored(held, republished)


def contents(
    file: Path, ring: KeyRing, advance: Callable[[int], None]
) -> Iterator[tuple[Document | None, bytes | None]]:
    """Control records alone; documents with the control record of their collection."""
    current: Document | None = None
    with file.open("rb") as source:
        for kind, raw in records(opened(Told(source, advance), ring)):
            if kind == CONTROL:
                current = bson.decode(raw, AWARE)
                yield current, None
            elif kind == DOCUMENT and current is not None and "collection" in current:
                yield current, raw
            else:
                raise DamagedBackup("The backup holds something that this version does not know.")


class Told:
    """A file that tells how many bytes were read of it."""

    def __init__(self, source: Any, advance: Callable[[int], None]) -> None:
        self._source, self._advance = source, advance

    def read(self, size: int) -> bytes:
        data: bytes = self._source.read(size)
        self._advance(len(data))
        return data


def records(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and BSON of every record; BSON says its own length."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        at = 0
        while len(waiting) - at >= 5:
            size = int.from_bytes(waiting[at + 1 : at + 5], "little")
            if size < 5:
                raise DamagedBackup("A record's length is impossible.")
            if len(waiting) - at < 1 + size:
                break
            yield bytes(waiting[at : at + 1]), bytes(waiting[at + 1 : at + 1 + size])
            at += 1 + size
        del waiting[:at]
    if waiting:
        raise DamagedBackup("The backup ends in the middle of a record.")


def refuse_running(databases: dict[str, Database[Document]]) -> None:
    """Services that are connected would work on half a city. Whoever may not look is told so, and trusted."""
    unseen = []
    for service, database in databases.items():
        pipeline: list[Document] = [
            {"$currentOp": {"allUsers": True, "idleConnections": True}},
            {"$match": {"appName": service}},
            {"$limit": 1},
        ]
        try:
            if list(database.client.admin.aggregate(pipeline)):
                raise CliError(f"{service} is running: stop the services before a restore.")
        except OperationFailure:
            unseen.append(service)
    if unseen:
        console.err.print(
            f"This user may not see who is connected: be sure that {', '.join(unseen)} are stopped.",
            markup=False,
        )


def refuse_filled(databases: dict[str, Database[Document]]) -> None:
    for service, database in databases.items():
        for name in own_collections(database):
            if database[name].find_one({}, {"_id": 1}) is not None:
                raise CliError(
                    f"The database of {service} is not empty ({name}). "
                    "With --replace everything in it is deleted first."
                )


def own_collections(database: Database[Document]) -> list[str]:
    return [name for name in database.list_collection_names() if not name.startswith("system.")]


def empty(databases: dict[str, Database[Document]]) -> None:
    for database in databases.values():
        for name in own_collections(database):
            database[name].drop()


def fill(
    databases: dict[str, Database[Document]], file: Path, ring: KeyRing, advance: Callable[[int], None]
) -> None:
    batch: list[RawBSONDocument] = []
    size = 0
    target: Document = {}

    def flush() -> None:
        if batch:
            databases[target["service"]][target["collection"]].insert_many(batch, ordered=False)
            advance(len(batch))
            batch.clear()

    for control, raw in contents(file, ring, lambda _: None):
        if raw is None:
            flush()
            target, size = control or {}, 0
            continue
        try:
            batch.append(RawBSONDocument(raw))
        except InvalidBSON:
            raise DamagedBackup("A document of the backup is no BSON.") from None
        size += len(raw)
        if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
            flush()
            size = 0


def publish_again(database: Database[Document]) -> int:
    """The broker's queues are not in a backup; what stood in them is still in the outbox of who sent it."""
    changed = database[OUTBOX].update_many(
        {"state": SENT}, {"$set": {"state": PENDING}, "$unset": {"sent_at": ""}}
    )
    return changed.modified_count


def compare(databases: dict[str, Database[Document]], held: Contents) -> None:
    for service, by_name in held.counts.items():
        for name, number in by_name.items():
            found = databases[service][name].count_documents({})
            if found != number:
                raise CliError(
                    f"{service}.{name} holds {found} documents, the backup {number}. "
                    "Does something else write there? Repeat with --replace."
                )
