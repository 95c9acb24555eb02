"""Every service is replaced by another version and back, one instance at a time, while citizens file.

The other version is the present code with a further field in every event and contract, so that each consumer
meets events of both. TANGGAP_OTHER_VERSION=<commit> takes the code and the contracts of that commit instead.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pymongo
import pytest
from chaos.load import Filed, Load
from system.other_version import FIELD, contracts

from support.city import City
from support.installation import ROOT
from support.waiting import eventually
from tanggap.local import Stack, ports
from tanggap.local.programs import MARK, Program
from tanggap.local.services import SERVICES

SEED = 20261125
"""Not another test's on this installation: addresses are made of it, and mails counted by address."""
TOGETHER_SECONDS = 0.5
"""For so long at least both versions of a service work beside each other."""


class OtherVersion:
    """A second instance of each service, from other code, with the settings of the first."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.commit = os.environ.get("TANGGAP_OTHER_VERSION")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        known = ports.known(stack.layout.directory / "ports.json")
        self.programs = stack.programs(stack.parts(known))
        if self.commit:
            tree = folder / "tree"
            subprocess.run(
                ["git", "worktree", "add", "--detach", str(tree), self.commit],
                cwd=ROOT,
                check=True,
                timeout=60,
            )
            self.contracts = tree / "contracts"
        else:
            self.contracts = contracts(ROOT / "contracts", folder / "contracts")

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait(10)
        if self.commit:
            tree = str(self.folder / "tree")
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True, timeout=60)

    def start(self, name: str) -> None:
        """Return when it is ready."""
        program: Program = self.programs[name]
        port = free_port()
        environment = {
            **program.environment,
            MARK: str(self.stack.layout.directory),
            "TANGGAP_HEALTH_PORT": str(port),
            "TANGGAP_CONTRACTS_DIR": str(self.contracts),
            "TANGGAP_INDEXES": "await",
        }
        command = [sys.executable, str(ROOT / "tests" / "system" / "other_version.py"), name]
        if self.commit:
            tree = self.folder / "tree"
            parts = [tree / "libs" / "servicekit", *(tree / "services" / one for one in SERVICES)]
            environment["PYTHONPATH"] = os.pathsep.join(map(str, parts))
            command = [sys.executable, "-m", name]
        with (self.stack.layout.log / f"{name}-other.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        eventually(lambda: ready(f"http://127.0.0.1:{port}/readyz"), within=30)

    def stop(self, name: str) -> int:
        """As a deployment does: SIGTERM. Answers the exit code."""
        self.running[name].send_signal(signal.SIGTERM)
        return self.running.pop(name).wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=3).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def other(stack: Stack, tmp_path: Path) -> Iterator[OtherVersion]:
    with closing(OtherVersion(stack, tmp_path)) as made:
        yield made
    for name in SERVICES:
        stack.process(name).start()


@pytest.fixture
def databases(stack: Stack) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](stack.env["MONGODB_URL"]) as client:
        yield client


def replaced(stack: Stack, other: OtherVersion, name: str) -> None:
    other.start(name)
    time.sleep(TOGETHER_SECONDS)
    stack.process(name).stop()
    assert stack.process(name).info()["exitstatus"] == 0, f"{name} did not stop as it should"


def put_back(stack: Stack, other: OtherVersion, name: str) -> None:
    stack.process(name).start()
    program = other.programs[name]
    eventually(lambda: ready(str(program.ready_url)), within=30)
    time.sleep(TOGETHER_SECONDS)
    assert other.stop(name) == 0, f"the other version of {name} did not stop as it should"


@pytest.mark.system
def test_every_accepted_filing_is_there_and_told_once_while_versions_are_mixed(
    stack: Stack, city: City, other: OtherVersion, databases: pymongo.MongoClient[dict[str, Any]]
) -> None:
    dead_before = dead_letters(stack)
    load = Load(city, SEED)
    load.start()
    with ExitStack() as ending:
        ending.callback(load.stop)
        for name in SERVICES:
            replaced(stack, other, name)
        for name in SERVICES:
            put_back(stack, other, name)

    filed = list(load.filed)
    assert load.trouble == []
    assert len(filed) > 50
    codes = {code_of(one): one for one in filed}
    cases, seen = databases["complaints"]["cases"], databases["evaluation"]["cases"]
    eventually(lambda: cases.count_documents({"_id": {"$in": list(codes)}}) == len(filed), within=30)
    closed = [code for code, one in codes.items() if one.closed]
    eventually(lambda: seen.count_documents({"_id": {"$in": closed}}) == len(closed), within=30)
    eventually(lambda: told_alike(city, filed), within=30)
    assert dead_letters(stack) == dead_before
    versions = Counter(FIELD.encode() in row["body"] for row in outboxes(databases, codes))
    assert other.commit or all(versions[newer] > len(SERVICES) for newer in (True, False)), versions


def code_of(one: Filed) -> str:
    return one.code.replace("-", "")


def told_alike(city: City, filed: list[Filed]) -> bool:
    """Everybody has one mail about her filing; who went all the way has as many as others who did."""
    mails = list(city.all_mails([filed[0].address.split("-")[1]]))
    assert len({mail["Message-ID"] for mail in mails}) == len(mails), "a mail was sent twice"
    by_address = Counter(str(mail["To"]) for mail in mails)
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for one in filed:
        counts[one.closed][sum(n for to, n in by_address.items() if one.address in to)] += 1
    assert set(counts[False]) == {1}, counts
    assert len(counts[True]) == 1, counts
    return True


def dead_letters(stack: Stack) -> dict[str, int]:
    printed = stack.rabbitmqctl("-q", "list_queues", "name", "messages", "--no-table-headers")
    rows = (line.split() for line in printed.splitlines() if line.startswith("dlq-"))
    return {row[0]: int(row[1]) for row in rows}


def outboxes(
    databases: pymongo.MongoClient[dict[str, Any]], codes: dict[str, Filed]
) -> Iterator[dict[str, Any]]:
    yield from databases["complaints"]["outbox"].find({"key": {"$in": list(codes)}}, {"body": 1})
