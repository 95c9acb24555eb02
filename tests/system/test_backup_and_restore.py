"""A city that lost its machine stands again on an empty one, from a backup and what was kept beside it."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bson
import pytest
from click.testing import CliRunner, Result
from pymongo import MongoClient

from servicekit.sealing import KeyRing, generate_key
from support.city import RELEASED, City, pothole
from support.waiting import eventually
from tanggap import issuer
from tanggap.backup import restoring
from tanggap.files import write_private
from tanggap.local import Stack
from tanggap.local.secrets import RINGS
from tanggap.main import tanggap

MINUTES = 15
"""What an operator is promised: from an empty machine to a city that works."""
ROOT = Path(__file__).resolve().parents[2]
RESTORED = ROOT / ".local" / "test-restored"


@pytest.fixture
def empty_machine() -> Iterator[Path]:
    """A directory in which nothing runs; whatever was started there is stopped afterwards."""
    Stack(RESTORED).destroy()
    try:
        yield RESTORED
    finally:
        Stack(RESTORED).destroy()


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGGAP_BACKUP_KEY", generate_key("b1"))


def run(stack: Stack, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """The command line as an operator of this installation types it."""
    with monkeypatch.context() as typed:
        for name, value in stack.env.items():
            typed.setenv(name, value)
        return CliRunner().invoke(tanggap, arguments)


def succeeded(answer: Result) -> str:
    assert answer.exit_code == 0, f"{answer.output}\n{answer.exception!r}"
    return answer.stdout


def citizen() -> tuple[dict[str, object], str]:
    address = f"cadangan-{uuid.uuid4().hex[:8]}@example.invalid"
    reporter = {"name": "Pelapor Contoh", "email": address, "language": "id"}
    return pothole(description="Lubang sebelum bencana.", reporter=reporter), address


def city_of(stack: Stack) -> City:
    def token(role: str, unit: str | None = None, ref: str | None = None) -> str:
        subject = ref or f"{role}-{unit or 'kota'}"
        return issuer.token(stack.layout.issuer_key, sub=subject, roles=[role], unit=unit)

    return City(stack.env["TANGGAP_URL"], token, stack.layout.mail)


def documents(file: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What a backup holds, by service and collection."""
    ring = KeyRing.parse(os.environ["TANGGAP_BACKUP_KEY"])
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for control, raw in restoring.contents(file, ring, lambda _: None):
        if control is not None and raw is not None:
            place = (control["service"], control["collection"])
            found.setdefault(place, []).append(bson.decode(raw))
    return found


def waiting(stack: Stack) -> int:
    """Events of cases that notifications has not taken."""
    listed = stack.rabbitmqctl("list_queues", "name", "messages").split()
    return int(listed[listed.index("evt-notifications-on_case_event") + 1])


def keep_rings(stack: Stack) -> dict[str, str]:
    """What the operations page asks to be kept beside a backup, in other hands."""
    values = json.loads((stack.layout.secrets / "secrets.json").read_text())
    return {ring: values[ring] for ring in RINGS}


@pytest.mark.timeout(280)
def test_an_empty_machine_becomes_the_city_again_within_the_promised_time(
    stack: Stack,
    city: City,
    empty_machine: Path,
    key: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    body, address = citizen()
    receipt = city.filed(body)
    code, secret = receipt["tracking_code"], receipt["secret"]
    city.acted(code, "verify", RELEASED, role="coordinator")
    eventually(lambda: len(city.mails(address)) == 2, within=30)

    # When the backup is made, the mail about the assignment is not yet more than an event in a queue.
    stack.process("notifications").stop()
    try:
        city.acted(code, "assign", {"unit": "dpupr"}, role="coordinator")
        eventually(lambda: waiting(stack) == 1, within=30)
        file = tmp_path / "kota.backup"
        succeeded(run(stack, monkeypatch, "backup", str(file)))
    finally:
        stack.process("notifications").start()
        stack.wait_ready("notifications")
    assert address.encode() not in file.read_bytes()
    rings = keep_rings(stack)

    started = time.monotonic()
    servers = Stack(empty_machine, servers_only=True)
    servers.layout.create()
    write_private(servers.layout.secrets / "secrets.json", json.dumps(rings))
    servers.up()
    told = succeeded(run(servers, monkeypatch, "restore", str(file)))
    assert "Start the services now" in told
    assert "is not empty" in str(run(servers, monkeypatch, "restore", str(file)).exception)
    restored = Stack(empty_machine)
    restored.up()
    again = city_of(restored)
    seconds = time.monotonic() - started
    assert seconds < MINUTES * 60

    # She reads her case with the link of before, and the officer goes on with it.
    view = eventually(lambda: again.view(code, secret), within=30)
    assert view["description"] == "Lubang sebelum bencana."
    assert view["status"] == "assigned"
    again.acted(code, "progress", {"note": "Sedang ditambal."}, role="officer", unit="dpupr")
    answer = {"outcome": "granted", "answer": "Lubang sudah ditambal."}
    again.acted(code, "resolve", answer, role="officer", unit="dpupr")
    # The queue is gone, its event is not: assigned, in progress, resolved. Nothing of before comes twice.
    eventually(lambda: len(again.mails(address)) == 3, within=60)
    assert len({str(mail["Subject"]) for mail in again.mails(address)}) == 3
    eventually(lambda: waiting(restored) == 0, within=60)
    assert len(again.mails(address)) == 3
    fresh = again.filed(citizen()[0])
    assert fresh["tracking_code"] != code


@pytest.mark.timeout(120)
def test_a_backup_under_load_is_of_one_moment_in_all_four_databases(
    stack: Stack, city: City, key: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "kota.backup"
    enough = threading.Event()

    def file_until_enough() -> set[str]:
        codes: set[str] = set()
        while not enough.is_set():
            bodies = [citizen()[0] for _ in range(50)]
            codes |= {answer.json()["tracking_code"].replace("-", "") for answer in city.file_many(bodies, 8)}
        return codes

    client: MongoClient[dict[str, Any]] = MongoClient(stack.env["TANGGAP_COMPLAINTS_DB"])
    with client, ThreadPoolExecutor(1) as pool:
        stored = client.get_default_database()["cases"]
        before = stored.estimated_document_count()
        filing = pool.submit(file_until_enough)
        try:
            eventually(lambda: stored.estimated_document_count() > before + 50, within=30)
            succeeded(run(stack, monkeypatch, "backup", str(file)))
        finally:
            enough.set()
        ours = filing.result()

    held = documents(file)
    cases = {case["_id"] for case in held["complaints", "cases"]}
    assert 0 < len(cases & ours) < len(ours)
    # Inside a service: a case and its event were stored together, and stand here together.
    filed = {row["key"] for row in held["complaints", "outbox"] if row["type"] == "complaint.filed.v1"}
    assert cases & ours == filed & ours
    # Between services: nothing took effect anywhere that had not happened before.
    happened = {row["_id"] for row in held["complaints", "outbox"]}
    taken = {
        row["_id"].removeprefix("on_case_event:")
        for row in held["notifications", "inbox"]
        if row["_id"].startswith("on_case_event:")
    }
    assert taken and taken <= happened


@pytest.mark.timeout(120)
def test_a_running_city_is_not_written_over_and_a_damaged_backup_writes_nothing(
    stack: Stack, city: City, key: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    receipt = city.filed(citizen()[0])
    file = tmp_path / "kota.backup"
    succeeded(run(stack, monkeypatch, "backup", str(file)))
    succeeded(run(stack, monkeypatch, "restore", "--check", str(file)))

    refused = run(stack, monkeypatch, "restore", "--replace", "--yes", str(file))
    assert "stop the services" in str(refused.exception)

    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    for arguments in (["--check"], ["--replace", "--yes"]):
        refused = run(stack, monkeypatch, "restore", *arguments, str(file))
        assert "was altered" in str(refused.exception)
    assert city.view(receipt["tracking_code"], receipt["secret"])["status"] == "filed"
