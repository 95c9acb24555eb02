"""The file of a backup: nobody reads it without its key, and nothing in it can be altered unseen."""

import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bson
import pytest
from bson.timestamp import Timestamp
from click.testing import CliRunner
from pymongo.errors import OperationFailure

from servicekit.sealing import KeyRing, generate_key
from tanggap.backup import command, making, restoring, sealed
from tanggap.backup.making import CONTROL, DOCUMENT
from tanggap.backup.places import backup_ring, places
from tanggap.backup.sealed import LENGTH, MAGIC, DamagedBackup, SealedWriter, opened
from tanggap.errors import CliError
from tanggap.settings import Settings

RING = KeyRing.parse(generate_key("b1"))
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def written(content: bytes, ring: KeyRing = RING, *, finish: bool = True) -> bytes:
    sink = io.BytesIO()
    writer = SealedWriter(sink, ring, AT.isoformat())
    writer.write(content)
    if finish:
        writer.finish()
    return sink.getvalue()


def read(file: bytes, ring: KeyRing = RING) -> bytes:
    return b"".join(opened(io.BytesIO(file), ring))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "CHUNK_BYTES", 100)


def split(file: bytes) -> tuple[bytes, list[bytes]]:
    """The part before the chunks, and every chunk with its length."""
    at = len(MAGIC) + LENGTH.size + LENGTH.unpack(file[len(MAGIC) : len(MAGIC) + LENGTH.size])[0]
    prologue, chunks = file[:at], []
    while at < len(file):
        end = at + LENGTH.size + LENGTH.unpack(file[at : at + LENGTH.size])[0]
        chunks.append(file[at:end])
        at = end
    return prologue, chunks


@pytest.mark.parametrize("size", [0, 1, 5_000, 3_000_000])
def test_what_was_written_comes_back(size: int) -> None:
    content = secrets.token_bytes(size)

    assert read(written(content)) == content


def test_nothing_readable_is_in_the_file_and_the_same_content_looks_different_every_time() -> None:
    content = b"Siti Contoh, Jalan Contoh 1. " * 100
    file = written(content)

    assert b"Siti" not in file
    assert len(file) < len(content)
    assert split(file)[1] != split(written(content))[1]


def test_a_key_that_was_rotated_out_still_opens_what_it_made() -> None:
    old, new = generate_key("b1"), generate_key("b2")
    file = written(b"isi", KeyRing.parse(old))

    assert read(file, KeyRing.parse(f"{new},{old}")) == b"isi"
    with pytest.raises(DamagedBackup, match="'b1', which is not in the ring"):
        read(file, KeyRing.parse(new))


def test_another_key_of_the_same_name_opens_nothing() -> None:
    with pytest.raises(DamagedBackup, match="Chunk 1"):
        read(written(b"isi"), KeyRing.parse(generate_key("b1")))


@pytest.mark.usefixtures("small_chunks")
def test_a_file_that_is_cut_off_anywhere_is_noticed() -> None:
    file = written(secrets.token_bytes(450))
    assert len(split(file)[1]) > 4

    for length in range(len(file)):
        with pytest.raises(DamagedBackup):
            read(file[:length])


@pytest.mark.usefixtures("small_chunks")
def test_a_file_that_ends_after_a_whole_chunk_is_called_cut_short() -> None:
    prologue, chunks = split(written(secrets.token_bytes(450)))

    with pytest.raises(DamagedBackup, match="cut short after chunk 2"):
        read(prologue + chunks[0] + chunks[1])


@pytest.mark.usefixtures("small_chunks")
def test_a_backup_that_was_never_finished_is_not_whole() -> None:
    with pytest.raises(DamagedBackup, match="cut short"):
        read(written(secrets.token_bytes(450), finish=False))


@pytest.mark.usefixtures("small_chunks")
def test_every_altered_byte_is_noticed() -> None:
    file = written(secrets.token_bytes(250))

    for at in range(len(file)):
        altered = bytearray(file)
        altered[at] ^= 1
        with pytest.raises(DamagedBackup):
            read(bytes(altered))


def swapped(chunks: list[bytes]) -> list[bytes]:
    return [chunks[1], chunks[0], *chunks[2:]]


def dropped(chunks: list[bytes]) -> list[bytes]:
    return [chunks[0], *chunks[2:]]


def doubled(chunks: list[bytes]) -> list[bytes]:
    return [chunks[0], *chunks]


def prolonged(chunks: list[bytes]) -> list[bytes]:
    return [*chunks, chunks[-1]]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("change", [swapped, dropped, doubled, prolonged])
def test_chunks_that_were_swapped_dropped_or_repeated_are_noticed(
    change: Callable[[list[bytes]], list[bytes]],
) -> None:
    prologue, chunks = split(written(secrets.token_bytes(450)))

    with pytest.raises(DamagedBackup):
        read(prologue + b"".join(change(chunks)))


@pytest.mark.usefixtures("small_chunks")
def test_a_chunk_of_another_backup_with_the_same_key_is_noticed() -> None:
    prologue, chunks = split(written(secrets.token_bytes(450)))
    _, others = split(written(secrets.token_bytes(450)))

    with pytest.raises(DamagedBackup, match="Chunk 2"):
        read(prologue + b"".join([chunks[0], others[1], *chunks[2:]]))


def test_any_other_file_is_called_no_backup() -> None:
    for file in (b"", b"tanggap-backup-2\n", b"PK\x03\x04", MAGIC, MAGIC + LENGTH.pack(10_000)):
        with pytest.raises(DamagedBackup):
            read(file)


# Records


def control(**fields: Any) -> bytes:
    return CONTROL + bson.encode(fields)


def document(**fields: Any) -> bytes:
    return DOCUMENT + bson.encode(fields)


START = control(backup=1, created_at=AT)
CASES = control(service="complaints", collection="cases")


def end(**counts: dict[str, int]) -> bytes:
    return control(end=counts)


@contextmanager
def unseen(_title: str | int, _total: int = 0) -> Iterator[Any]:
    class Nothing:
        def advance(self, number: int = 1) -> None:
            """Show nothing."""

    yield Nothing()


def verified(folder: Path, content: bytes) -> restoring.Contents:
    file = folder / "a.backup"
    file.write_bytes(written(content))
    return restoring.verify(file, RING, unseen)


def test_a_verified_backup_says_what_it_holds_and_since_when(tmp_path: Path) -> None:
    held = verified(
        tmp_path,
        START
        + CASES
        + document(_id=1)
        + document(_id=2)
        + control(service="surveys", collection="answers")
        + end(complaints={"cases": 2}, surveys={"answers": 0}, evaluation={}),
    )

    assert held.documents == 2
    assert held.counts["complaints"] == {"cases": 2}
    assert held.created_at == AT


@pytest.mark.parametrize(
    "content",
    [
        START + CASES + document(_id=1),
        START + CASES + document(_id=1) + end(complaints={"cases": 2}),
        START + CASES + document(_id=1) + end(complaints={}),
        START + document(_id=1) + end(),
        START + end() + CASES,
        START + CASES + document(_id=1)[:-1],
        START + b"x" + bson.encode({}) + end(),
        START + CONTROL + b"\0\0\0\0\0" + end(),
        control(backup=2, created_at=AT) + end(),
        b"",
    ],
    ids=[
        "no end", "fewer documents", "a collection too many", "a document of nowhere", "more after the end",
        "half a document", "an unknown record", "an impossible length", "another version", "nothing",
    ],
)  # fmt: skip
def test_a_backup_that_does_not_hold_what_it_says_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedBackup):
        verified(tmp_path, content)


# The moment


class Sets:
    """Replica sets that answer what time it is for them, a second later each time they are asked."""

    def __init__(self) -> None:
        self.seconds = 100

    def database(self, host: str, name: str | None = "rs0") -> Any:
        def hello(_command: str) -> dict[str, Any]:
            self.seconds += 1
            at = {"majorityOpTime": {"ts": Timestamp(self.seconds, 1)}}
            return {"hosts": [host], "lastWrite": at} | ({"setName": name} if name else {})

        admin = SimpleNamespace(command=hello)
        return SimpleNamespace(client=SimpleNamespace(admin=admin))


def test_databases_on_one_set_are_read_at_one_time() -> None:
    sets = Sets()

    times = making.snapshot_times({name: sets.database("a:1") for name in ("complaints", "surveys")})

    assert len(set(times.values())) == 1


def test_on_several_sets_of_one_name_complaints_has_the_latest_time() -> None:
    sets = Sets()
    hosts = {"complaints": "a:1", "notifications": "b:1", "surveys": "c:1", "evaluation": "b:1"}

    times = making.snapshot_times({name: sets.database(host) for name, host in hosts.items()})

    assert times["notifications"] == times["evaluation"]
    assert max(times, key=lambda name: times[name]) == "complaints"
    assert len(set(times.values())) == 3


def test_a_server_without_snapshots_is_refused() -> None:
    with pytest.raises(CliError, match="no replica set"):
        making.snapshot_times({"surveys": Sets().database("a:1", name=None)})


@pytest.mark.parametrize(
    ("code", "advice"),
    [(239, "minSnapshotHistoryWindowInSeconds"), (246, "Repeat"), (13, "OperationFailure")],
)
def test_what_the_database_refuses_is_said_with_what_to_do(code: int, advice: str) -> None:
    assert advice in making.in_words(OperationFailure("x", code))


def databases_that_answer(answer: Callable[[], list[Any]]) -> Any:
    admin = SimpleNamespace(aggregate=lambda pipeline: answer())
    database = SimpleNamespace(client=SimpleNamespace(admin=admin))
    return {"complaints": database, "surveys": database}


def test_a_restore_beside_a_service_that_is_connected_is_refused() -> None:
    with pytest.raises(CliError, match="complaints is running"):
        restoring.refuse_running(databases_that_answer(lambda: [{"appName": "complaints"}]))


def test_whoever_may_not_see_who_is_connected_is_told_so_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> list[Any]:
        raise OperationFailure("not authorized", 13)

    restoring.refuse_running(databases_that_answer(refuse))

    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "complaints, surveys are stopped" in err
    assert out == ""


def test_nothing_is_said_where_nobody_is_connected(capsys: pytest.CaptureFixture[str]) -> None:
    restoring.refuse_running(databases_that_answer(list))

    assert capsys.readouterr().err == ""


# The commands


def known(**values: str) -> Settings:
    return Settings(values, None)


def test_reading_uses_the_services_own_urls_and_writing_the_administrator() -> None:
    own = {
        f"TANGGAP_{service}_DB": f"mongodb://operator:pw@h/{service.lower()}_kota?replicaSet=rs0"
        for service in ("COMPLAINTS", "NOTIFICATIONS", "SURVEYS", "EVALUATION")
    }
    both = known(MONGODB_URL="mongodb://admin:pw@h/?replicaSet=rs0", **own)

    assert {place.url.partition("@")[0] for place in places(both)} == {"mongodb://operator:pw"}
    assert {place.url.partition("@")[0] for place in places(both, writing=True)} == {"mongodb://admin:pw"}
    assert [place.name for place in places(both, writing=True)][0] == "complaints_kota"
    assert "pw" not in repr(places(both))


def test_where_every_service_has_a_server_of_its_own_each_is_written_by_its_administrator() -> None:
    servers = {
        f"MONGODB_ADMIN_URL_{service}": f"mongodb://admin:pw@{service.lower()}/?authSource=admin"
        for service in ("COMPLAINTS", "NOTIFICATIONS", "SURVEYS", "EVALUATION")
    }

    found = places(known(**servers, MONGODB_URL="mongodb://other"), writing=True)

    assert [(place.name, place.name in place.url) for place in found] == [
        ("complaints", True), ("notifications", True), ("surveys", True), ("evaluation", True),
    ]  # fmt: skip


def test_on_one_server_databases_are_named_after_services_and_a_prefix() -> None:
    server = {"MONGODB_URL": "mongodb://h/?replicaSet=rs0"}

    assert [place.name for place in places(known(**server))][:2] == ["complaints", "notifications"]
    prefixed = known(TANGGAP_DATABASE_PREFIX="tanggap_", **server)
    assert [place.name for place in places(prefixed)][0] == "tanggap_complaints"
    with pytest.raises(CliError, match="Where is the database of complaints"):
        places(known())


def test_the_key_comes_from_the_environment_or_a_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(generate_key("b7") + "\n")

    assert backup_ring(known(TANGGAP_BACKUP_KEY_FILE=str(file))).current_kid == "b7"
    with pytest.raises(CliError, match="--new-key"):
        backup_ring(known())
    with pytest.raises(CliError, match="cannot be used") as wrong:
        backup_ring(known(TANGGAP_BACKUP_KEY="b1:rahasia"))
    assert "rahasia" not in str(wrong.value)
    with pytest.raises(CliError, match="cannot be read"):
        backup_ring(known(TANGGAP_BACKUP_KEY_FILE=str(tmp_path / "nowhere")))


def test_a_new_key_is_one_that_the_ring_takes() -> None:
    printed = CliRunner().invoke(command.backup, ["--new-key"])

    assert printed.exit_code == 0
    assert KeyRing.parse(printed.output.strip())


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def halfway(_databases: Any, writer: SealedWriter, *_: Any) -> Any:
        writer.write(b"x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "write", halfway)

    with pytest.raises(CliError, match="No space left"):
        making.make([], RING, tmp_path / "a.backup", unseen)
    assert not list(tmp_path.iterdir())


def test_a_backup_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGGAP_BACKUP_KEY", generate_key("b1"))
    file = tmp_path / "a.backup"
    file.write_text("yang lama")

    refused = CliRunner().invoke(command.backup, [str(file)])

    assert isinstance(refused.exception, CliError)
    assert file.read_text() == "yang lama"


def test_of_a_folder_of_backups_only_the_newest_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"tanggap-202611{day:02}T020000Z.backup").touch()
    (tmp_path / "tanggap-penting.backup").touch()
    killed = tmp_path / ".tanggap-20261101T020000Z.backup.7.partial"
    killed.touch()
    os.utime(killed, (0, 0))

    command.delete_older(tmp_path, 2)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "tanggap-20261104T020000Z.backup",
        "tanggap-20261105T020000Z.backup",
        "tanggap-penting.backup",
    ]
