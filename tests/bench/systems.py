"""The systems that are measured side by side: each files over HTTP, stores, publishes, and records a notice.

All use the same broker and the same replica set, with a vhost and databases of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymongo
from load import request_bytes

from servicekit.ids import uuid7
from support.broker import Management
from tanggap.local import Stack

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PEERS = Path(__file__).resolve().parent / "peers"
TEXT = "Ada lubang dalam di tikungan dekat pasar, sudah dua minggu tidak diperbaiki. " * 5


@dataclass(frozen=True)
class System:
    """One contender: its port, what a filing looks like, how to count finished cases, its processes."""

    name: str
    port: int
    request: Callable[[int], bytes]
    start_counting: Callable[[], Callable[[], int]]
    """Called when a round begins; what it returns counts the cases finished since, and costs little."""
    pids: Callable[[], list[int]]
    share: float = 1.0
    """The part of a round's cases it is given, so that every system is measured for about as long."""

    def cpu_seconds(self) -> float:
        """User and system time of its own processes so far; broker and database are not its own."""
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / CLOCK_TICKS


def tanggap(stack: Stack, database: pymongo.MongoClient[Any], *, mail: bool) -> System:
    """The real gateway, complaints and notifications.

    Without mail: the reporter leaves no address, so the notice is a record that says why nothing was
    sent; that is what the peers store, and the outcome still goes back to the case's timeline. With
    mail: the notice is rendered, handed to the sink over SMTP and recorded as sent.
    """
    intents = database["notifications"]["intents"]
    done = {"rule": "receipt", "status": "sent" if mail else "skipped"}

    def start_counting() -> Callable[[], int]:
        # An intent's id begins with its event's UUIDv7: only this round's rows are looked at.
        since = uuid7()
        return lambda: intents.count_documents({"_id": {"$gt": since}, **done})

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

    return System(
        name="Tanggap, mail sent" if mail else "Tanggap",
        port=int(stack.env["TANGGAP_URL"].rpartition(":")[2]),
        request=request,
        start_counting=start_counting,
        pids=lambda: [stack.process(name).pid for name in ("gateway", "complaints", "notifications")],
        share=0.25 if mail else 1.0,
    )


def stock_nameko(stack: Stack, database: pymongo.MongoClient[Any], cleanup: ExitStack, port: int) -> System:
    """HTTP entrypoint, RPC, EventDispatcher, @event_handler: three processes, as documented."""
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
    environment = {
        **os.environ,
        "PEER_AMQP_URL": administrator._replace(path=f"/{vhost}").geturl(),
        "PEER_MONGODB_URL": stack.env["MONGODB_URL"],
        "PEER_DATABASE": name,
        "PEER_HTTP": f"127.0.0.1:{port}",
    }
    processes = [
        subprocess.Popen([sys.executable, str(PEERS / "stock_nameko.py"), role], env=environment)
        for role in ("complaints", "notifier", "front")
    ]
    for process in processes:
        cleanup.callback(process.wait, 20)
        cleanup.callback(process.terminate)
    wait_for_port(port)

    def request(number: int) -> bytes:
        body = {"title": "Lubang di tikungan pasar", "description": TEXT, "lat": -0.6812, "lon": 100.7781}
        return request_bytes("/complaints", body)

    def start_counting() -> Callable[[], int]:
        notices = database[name]["notifications"]
        before = notices.estimated_document_count()
        return lambda: notices.estimated_document_count() - before

    return System(
        name="stock Nameko",
        port=port,
        request=request,
        start_counting=start_counting,
        pids=lambda: [process.pid for process in processes],
        share=0.25,
    )


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
