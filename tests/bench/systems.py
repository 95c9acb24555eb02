"""The systems that are measured side by side: each files, stores, publishes, and records a notice.

All but the bare one file over HTTP. All use the same broker and the same replica set, with a vhost and
databases of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymongo
from load import LoadResult, get_bytes, request_bytes, run_load

from servicekit.ids import uuid7
from support.broker import Management
from tanggap.local import Stack

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PEERS = Path(__file__).resolve().parent / "peers"
TEXT = "Ada lubang dalam di tikungan dekat pasar, sudah dua minggu tidak diperbaiki. " * 5


@dataclass(frozen=True)
class System:
    """One contender: how it is filed with, how to count finished cases, its processes."""

    name: str
    library: str
    """The distribution whose version a result is quoted with."""
    file: Callable[[int, int, float | None], LoadResult]
    """File so many cases over so many connections, as fast as answers come or at a rate."""
    start_counting: Callable[[], Callable[[], int]]
    """Called when a round begins; what it returns counts the cases finished since, and costs little."""
    pids: Callable[[], list[int]]
    servers: Mapping[str, int]
    """The broker's and the database's process, which all share."""
    start_timing: Callable[[], Callable[[], list[float]]]
    """As `start_counting`; what it returns lists the seconds from filed to noticed of each case since."""
    port: int = 0
    read: Callable[[dict[str, str]], bytes] | None = None
    """The request that reads the case which a filing's answer names; None without HTTP."""
    share: float = 1.0
    """The part of a round's cases it is given, so that every system is measured for about as long."""

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time so far: of its own processes, and of the servers while it is alone on them."""
        return {"app": cpu_seconds(self.pids())} | {
            name: cpu_seconds([pid]) for name, pid in self.servers.items()
        }


def cpu_seconds(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def over_http(port: int, request: Callable[[int], bytes]) -> Callable[[int, int, float | None], LoadResult]:
    def file(cases: int, concurrency: int, rate: float | None) -> LoadResult:
        requests = [request(number) for number in range(cases)]
        return asyncio.run(run_load("127.0.0.1", port, requests, concurrency, rate=rate))

    return file


def servers(stack: Stack) -> dict[str, int]:
    return {name: stack.process(name).pid for name in ("broker", "database")}


def tanggap(stack: Stack, database: pymongo.MongoClient[Any], *, mail: bool) -> System:
    """The real gateway, complaints and notifications.

    Without mail: the reporter leaves no address, so the notice is a record that says why nothing was
    sent; that is what the peers store, and the outcome still goes back to the case's timeline. With
    mail: the notice is rendered, handed to the sink over SMTP and recorded as sent.
    """
    intents, cases = database["notifications"]["intents"], database["complaints"]["cases"]
    done = {"rule": "receipt", "status": "sent" if mail else "skipped"}

    def start_counting() -> Callable[[], int]:
        # An intent's id begins with its event's UUIDv7: only this round's rows are looked at.
        since = uuid7()
        return lambda: intents.count_documents({"_id": {"$gt": since}, **done})

    def start_timing() -> Callable[[], list[float]]:
        since = uuid7()

        def lags() -> list[float]:
            noticed = {
                row["complaint_id"]: row["finished_at"]
                for row in intents.find(
                    {"_id": {"$gt": since}, **done}, {"complaint_id": 1, "finished_at": 1}
                )
            }
            filed = cases.find({"_id": {"$in": list(noticed)}}, {"accepted_at": 1})
            return [(noticed[row["_id"]] - row["accepted_at"]).total_seconds() for row in filed]

        return lags

    def request(number: int) -> bytes:
        body: dict[str, object] = {
            "service_code": "jalan-rusak",
            "title": "Lubang di tikungan pasar",
            "description": TEXT,
            "attributes": {"lebar_kerusakan": "besar"},
            "location": {"lat": -0.6812, "lon": 100.7781},
        }
        if mail:
            body["reporter"] = {"email": f"bench-{number}-{uuid.uuid4().hex}@example.invalid"}
        return request_bytes("/v1/complaints", body, {"Idempotency-Key": str(uuid.uuid4())})

    port = int(stack.env["TANGGAP_URL"].rpartition(":")[2])
    own = [stack.process(name).pid for name in ("gateway", "complaints", "notifications")]
    return System(
        name="Tanggap, mail sent" if mail else "Tanggap",
        library="tanggap-servicekit",
        file=over_http(port, request),
        start_counting=start_counting,
        pids=lambda: own,
        servers=servers(stack),
        start_timing=start_timing,
        port=port,
        read=lambda filed: get_bytes(
            f"/v1/complaints/{filed['tracking_code']}", {"Tanggap-Secret": filed["secret"]}
        ),
        share=0.25 if mail else 1.0,
    )


@dataclass(frozen=True)
class Peer:
    """How others are started: a script, the roles it runs as, and their part of a round's cases."""

    name: str
    library: str
    script: str
    roles: tuple[str, ...]
    share: float


STOCK_NAMEKO = Peer("stock Nameko", "nameko", "stock_nameko.py", ("complaints", "notifier", "front"), 0.25)
FASTAPI = Peer("FastAPI + FastStream", "faststream", "fastapi_faststream.py", ("notifier", "front"), 0.5)
BARE = Peer("bare batches", "pymongo", "bare_filing.py", ("notifier", "filer"), 2.0)


def peer(about: Peer, stack: Stack, database: pymongo.MongoClient[Any], cleanup: ExitStack) -> System:
    """Another way of doing the same work, on the same servers, with a vhost and a database of its own."""
    amqp_url, name = own_place(stack, database, cleanup)
    port = free_port()
    environment = {
        **os.environ,
        "PEER_AMQP_URL": amqp_url,
        "PEER_MONGODB_URL": stack.env["MONGODB_URL"],
        "PEER_DATABASE": name,
        "PEER_PORT": str(port),
    }
    processes = {
        role: subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PEERS / about.script), role],
            env=environment,
            stdin=subprocess.PIPE if about is BARE else subprocess.DEVNULL,
            stdout=subprocess.PIPE if about is BARE else None,
            text=True,
        )
        for role in about.roles
    }
    for process in processes.values():
        cleanup.callback(process.wait, 20)
        cleanup.callback(process.terminate)
    cases, notices = database[name]["cases"], database[name]["notifications"]

    def request(number: int) -> bytes:
        body = {"title": "Lubang di tikungan pasar", "description": TEXT, "lat": -0.6812, "lon": 100.7781}
        return request_bytes("/complaints", body)

    def start_counting() -> Callable[[], int]:
        before = notices.estimated_document_count()
        return lambda: notices.estimated_document_count() - before

    def start_timing() -> Callable[[], list[float]]:
        since = time.time()

        def lags() -> list[float]:
            filed = {row["_id"]: row["filed_at"] for row in cases.find({"filed_at": {"$gt": since}})}
            noticed = notices.find({"complaint_id": {"$in": list(filed)}})
            return [row["at"] - filed[row["complaint_id"]] for row in noticed]

        return lags

    if about is not BARE:
        wait_for_port(port)
    return System(
        name=about.name,
        library=about.library,
        file=by_line(processes["filer"]) if about is BARE else over_http(port, request),
        start_counting=start_counting,
        pids=lambda: [process.pid for process in processes.values()],
        servers=servers(stack),
        start_timing=start_timing,
        port=port,
        read=None if about is BARE else lambda filed: get_bytes(f"/complaints/{filed['tracking_code']}"),
        share=about.share,
    )


def by_line(filer: subprocess.Popen[str]) -> Callable[[int, int, float | None], LoadResult]:
    """File by asking a process that makes the cases itself; it knows no connections."""

    def file(cases: int, concurrency: int, rate: float | None) -> LoadResult:
        if filer.stdin is None or filer.stdout is None:
            raise ValueError("the filer is asked and answers over pipes")
        started = time.perf_counter()
        filer.stdin.write(json.dumps({"cases": cases, "rate": rate, "text": TEXT}) + "\n")
        filer.stdin.flush()
        answer = filer.stdout.readline()
        if not answer:
            raise SystemExit("the bare filer ended")
        done = json.loads(answer)
        return LoadResult(Counter({201: cases}), done["seconds"], done["latencies"], [], started)

    return file


def own_place(stack: Stack, database: pymongo.MongoClient[Any], cleanup: ExitStack) -> tuple[str, str]:
    """A vhost's URL and a database's name, both gone afterwards."""
    management = Management(stack.env["AMQP_MANAGEMENT_URL"])
    vhost = f"bench-{uuid.uuid4().hex[:8]}"
    administrator = urlsplit(stack.env["AMQP_URL"])
    management.call("PUT", f"/vhosts/{vhost}")
    management.call(
        "PUT",
        f"/permissions/{vhost}/{administrator.username}",
        {"configure": ".*", "write": ".*", "read": ".*"},
    )
    cleanup.callback(management.call, "DELETE", f"/vhosts/{vhost}")
    name = f"bench_{uuid.uuid4().hex[:8]}"
    cleanup.callback(database.drop_database, name)
    return administrator._replace(path=f"/{vhost}").geturl(), name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
