"""Reading the databases as they were at one moment.

All reads of one replica set are snapshot reads at one cluster time, so a change and its events are both in
the backup or neither is, and four databases on one set are of the same instant. Documents come in the order
of their ids: the order in which answers were written is nobody's business.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo.command_cursor import CommandCursor
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from servicekit.sealing import KeyRing
from tanggap.backup.places import Document, Place, connect
from tanggap.backup.sealed import SealedWriter
from tanggap.console import Counter
from tanggap.errors import CliError

PARTIAL = ".partial"
CONTROL, DOCUMENT = b"c", b"d"
BATCH = 1000
SNAPSHOT_TOO_OLD, SNAPSHOT_UNAVAILABLE = 239, 246
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
Progress = Callable[[int], Counter]


@dataclass(frozen=True)
class Made:
    """What went into a backup: documents by service and collection."""

    counts: dict[str, dict[str, int]]
    at: datetime
    size: int

    @property
    def documents(self) -> int:
        return sum(sum(by_name.values()) for by_name in self.counts.values())


def make(places: list[Place], ring: KeyRing, target: Path, progress: Callable[[int], Any]) -> Made:
    """Write a backup. The file appears under its name when it is whole and on the disk, or not at all."""
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        with ExitStack() as stack:
            databases = {place.service: connect(place, stack, "tanggap-backup") for place in places}
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as sink:
                counts, at = write(databases, SealedWriter(sink, ring, now()), stack, progress)
                sink.flush()
                os.fsync(sink.fileno())
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise CliError(f"The backup cannot be written: {error.strerror}.") from error
    except PyMongoError as error:
        raise CliError(in_words(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return Made(counts, at, target.stat().st_size)


def write(
    databases: dict[str, Database[Document]],
    writer: SealedWriter,
    stack: ExitStack,
    progress: Callable[[int], Any],
) -> tuple[dict[str, dict[str, int]], datetime]:
    names = {service: collections(database) for service, database in databases.items()}
    total = sum(databases[s][name].estimated_document_count() for s in databases for name in names[s])
    times = snapshot_times(databases)
    record(writer, {"backup": 1, "created_at": datetime.now(UTC), "times": times})
    counts: dict[str, dict[str, int]] = {}
    with progress(total) as counter:
        for service, database in databases.items():
            counts[service] = {}
            for name in names[service]:
                record(writer, {"service": service, "collection": name})
                number = 0
                for raw in read(database, name, times[service]):
                    writer.write(DOCUMENT + raw)
                    number += 1
                    counter.advance()
                counts[service][name] = number
    record(writer, {"end": counts})
    writer.finish()
    return counts, max(time.as_datetime() for time in times.values())


def record(writer: SealedWriter, document: Document) -> None:
    writer.write(CONTROL + bson.encode(document))


def collections(database: Database[Document]) -> list[str]:
    listed = database.list_collections(filter={"type": "collection"})
    return sorted(one["name"] for one in listed if not one["name"].startswith("system."))


def snapshot_times(databases: dict[str, Database[Document]]) -> dict[str, Timestamp]:
    """By service, a time that everything acknowledged so far precedes; the same for all on one set.

    On several sets complaints, whose events everybody takes, has the latest: what the others have not taken
    then comes to them again after a restore, while an effect without its cause would stay.
    """
    by_set: dict[str, Timestamp] = {}
    times = {}
    for service, database in reversed(databases.items()):
        hello = database.client.admin.command("hello")
        if "setName" not in hello:
            raise CliError(f"The database of {service} is no replica set: it has no snapshots.")
        # A name alone could be that of two sets.
        identity = f"{hello['setName']} {sorted(hello['hosts'])}"
        times[service] = by_set.setdefault(identity, hello["lastWrite"]["majorityOpTime"]["ts"])
    return times


def read(database: Database[Document], name: str, at: Timestamp) -> Iterator[bytes]:
    """Every document of a collection as its bytes, as of that time."""
    cursor: CommandCursor[RawBSONDocument] = database.with_options(RAW).cursor_command(
        {
            "find": name,
            "sort": {"_id": 1},
            # An empty first batch: what comes with the command's answer would be decoded.
            "batchSize": 0,
            "readConcern": {"level": "snapshot", "atClusterTime": at},
        }
    )
    cursor.batch_size(BATCH)
    with cursor:
        for document in cursor:
            yield bytes(document.raw)


def in_words(error: PyMongoError) -> str:
    if isinstance(error, OperationFailure) and error.code == SNAPSHOT_TOO_OLD:
        return (
            "The database no longer keeps the moment of this backup: it took longer than the server's "
            "minSnapshotHistoryWindowInSeconds (300 by default). Raise that parameter and repeat."
        )
    if isinstance(error, OperationFailure) and error.code == SNAPSHOT_UNAVAILABLE:
        return "A collection or an index was being made meanwhile. Repeat."
    return f"The databases could not be read: {type(error).__name__}."


def sync_folder(folder: Path) -> None:
    """Without it, a crash may forget the new name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
