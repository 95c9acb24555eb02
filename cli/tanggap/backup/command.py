"""`tanggap backup` and `tanggap restore`."""

import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from servicekit.sealing import generate_key
from tanggap import console, settings
from tanggap.backup import making, restoring
from tanggap.backup.places import backup_ring, places
from tanggap.errors import CliError

PREFIX, SUFFIX = "tanggap-", ".backup"
PARTIAL_SECONDS = 24 * 3600
FILE = click.Path(path_type=Path)


def print_new_key(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(generate_key(f"b{datetime.now(UTC):%Y%m%d}"))
        context.exit()


@click.command()
@click.argument("file", type=FILE)
@click.option("--keep", type=click.IntRange(1), help="Where FILE is a directory: delete all but the newest.")
@click.option(
    "--new-key", is_flag=True, is_eager=True, callback=print_new_key, expose_value=False,
    help="Print a new key and do nothing else.",
)  # fmt: skip
def backup(file: Path, keep: int | None) -> None:
    """Write the four databases, as they are at one moment, into the encrypted FILE.

    A directory gets a file named after the time. The key comes from TANGGAP_BACKUP_KEY or the file
    TANGGAP_BACKUP_KEY_FILE; the databases from TANGGAP_<SERVICE>_DB, or MONGODB_URL. Nothing stops for it.
    A file appears when it is complete, or not at all.
    """
    # Being told to end is no reason to leave half a file.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    known = settings.load()
    ring = backup_ring(known)
    folder = file.is_dir()
    if keep and not folder:
        raise CliError("--keep is for a directory of backups.")
    target = file / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}" if folder else file
    if target.exists():
        raise CliError(f"{target} exists; a backup overwrites nothing.")
    if not target.parent.is_dir():
        raise CliError(f"There is no directory {target.parent}.")
    made = making.make(places(known), ring, target, lambda total: console.progress("reading", total))
    show(made.counts)
    console.out.print(
        f"{target}: {made.documents} documents in {made.size / 1e6:.1f} MB, "
        f"as of {made.at.isoformat(timespec='seconds')}, key {ring.current_kid}",
        markup=False,
    )
    if keep:
        delete_older(file, keep)


def delete_older(folder: Path, keep: int) -> None:
    """Keep so many, and nothing of backups that were killed: no backup takes a day."""
    for left in folder.glob(f".{PREFIX}*{making.PARTIAL}"):
        if time.time() - left.stat().st_mtime > PARTIAL_SECONDS:
            left.unlink(missing_ok=True)
    for old in sorted(folder.glob(f"{PREFIX}????????T??????Z{SUFFIX}"))[:-keep]:
        old.unlink()
        console.out.print(f"deleted {old}", markup=False)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only verify that the file is whole and belongs to the key.")
@click.option("--replace", is_flag=True, help="Delete what the databases hold.")
@click.option("--yes", is_flag=True, help="With --replace: do not ask.")
def restore(file: Path, check: bool, replace: bool, yes: bool) -> None:
    """Fill the four databases from the backup FILE, with the services stopped.

    All of the file is verified before the first document is written. Databases that hold something are
    refused without --replace. The services make their indexes when they start, or wait for the index job.
    """
    known = settings.load()
    ring = backup_ring(known)
    if check:
        held = restoring.verify(file, ring, lambda size: console.progress("verifying", size))
        show(held.counts)
        when = held.created_at.isoformat(timespec="seconds")
        console.out.print(f"Whole and unaltered: {held.documents} documents of {when}.", markup=False)
        return
    targets = places(known, writing=True)
    if replace and not yes:
        names = ", ".join(place.name for place in targets)
        click.confirm(f"Delete everything in {names}?", abort=True, err=True)
    restored = restoring.restore(file, ring, targets, replace=replace, progress=console.progress)
    show(restored.contents.counts)
    console.out.print(
        f"Restored {restored.contents.documents} documents; {restored.republished} events will be published "
        "again and take effect only where they had not. Start the services now: they make their indexes, or "
        "wait for the index job.",
        markup=False,
    )


def show(counts: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [(service, len(by_name), sum(by_name.values())) for service, by_name in counts.items()]
    console.table(("service", "collections", "documents"), rows)
