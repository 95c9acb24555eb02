"""The service as a process, on a broker with production's users and rights."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import amqp
import orjson
import pytest
from component.complaints.world import ADMIN, COORDINATOR, SEAL_KEYS, VAULT_KEYS, reporter, submitted
from pymongo import MongoClient
from unit.complaints.bundles import bundle
from unit.complaints.factories import CONTRACTS

from servicekit.envelope import CONTENT_TYPE, Event
from servicekit.sealing import KeyRing
from support.waiting import eventually

RING = KeyRing.parse(SEAL_KEYS)
MARKED = ("Ani Contoh", "ani@example.invalid", "081234567890", "lubang besar di depan")


@dataclass
class Process:
    """One process of complaints, and the gateway's side of its broker."""

    vhost: Any
    database: Any
    environ: dict[str, str]
    running: subprocess.Popen[bytes] | None = None
    logs: list[bytes] = field(default_factory=list)

    def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "complaints"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def stop(self, how: int = signal.SIGTERM, within: float = 20) -> int:
        assert self.running is not None
        self.running.send_signal(how)
        output, _ = self.running.communicate(timeout=within)
        self.logs.append(output)
        return self.running.returncode

    def connection(self) -> Any:
        user = f"{self.vhost.prefix}gateway"
        return amqp.Connection(
            self.vhost.host,
            userid=user,
            password=self.vhost.passwords["gateway"],
            virtual_host=self.vhost.name,
            connect_timeout=5,
            confirm_publish=True,
        )

    def publish(self, *events: Event, body: bytes | None = None) -> None:
        with self.connection() as connection:
            channel = connection.channel()
            for event in events:
                message = amqp.Message(
                    body or event.to_bytes(),
                    content_type=CONTENT_TYPE,
                    delivery_mode=2,
                    message_id=event.id,
                    user_id=f"{self.vhost.prefix}gateway",
                )
                channel.basic_publish(message, "gateway.intake", event.type, mandatory=True)

    def call(self, method: str, actor: Any = None, **args: Any) -> dict[str, Any]:
        """One sealed RPC call over Nameko's wire protocol, opened."""
        reply_to, found = secrets.token_hex(16), []
        key = args.pop("key", None)
        deadline = (datetime.now(UTC) + timedelta(seconds=10)).isoformat()
        request = {"actor": actor, "args": args, "deadline": deadline, "key": key}
        token = RING.seal(request, recipient="complaints", context=f"complaints.{method}")
        with self.connection() as connection:
            channel = connection.channel()
            queue = f"rpc.reply-gateway-{reply_to}"
            channel.queue_declare(queue, exclusive=True, durable=False, auto_delete=False)
            reply = "-".join((reply_to[:8], reply_to[8:12], reply_to[12:16], reply_to[16:20], reply_to[20:]))
            channel.queue_bind(queue, "nameko-rpc", reply)
            channel.basic_consume(queue, no_ack=True, callback=found.append)
            message = amqp.Message(
                orjson.dumps({"args": [token], "kwargs": {}}),
                content_type="application/json",
                content_encoding="utf-8",
                reply_to=reply,
                correlation_id=reply,
                delivery_mode=2,
            )
            channel.basic_publish(message, "nameko-rpc", f"complaints.{method}", mandatory=True)
            while not found:
                connection.drain_events(timeout=10)
        body = orjson.loads(found[0].body)
        assert body["error"] is None, body
        opened: dict[str, Any] = RING.open(
            body["result"], recipient="complaints", context=f"complaints.{method}.reply"
        )
        return opened

    def count(self, collection: str, **query: Any) -> int:
        with MongoClient(self.database.url, tz_aware=True) as client:
            return client[self.database.name][collection].count_documents(query)


@pytest.fixture
def process(vhost: Any, database: Any) -> Iterator[Process]:
    environ = {
        **os.environ,
        "TANGGAP_PROFILE": "development",
        "TANGGAP_AMQP_URL": vhost.url("complaints"),
        "TANGGAP_MONGODB_URL": database.url,
        "TANGGAP_CONTRACTS_DIR": str(CONTRACTS),
        "TANGGAP_SEAL_KEYS_COMPLAINTS": SEAL_KEYS,
        "TANGGAP_VAULT_KEYS": VAULT_KEYS,
        "TANGGAP_BROKER_USER_PREFIX": vhost.prefix,
        "TANGGAP_CHECK_CONTRACTS": "1",
        "TANGGAP_DRAIN_SECONDS": "12",
    }
    made = Process(vhost, database, environ)
    made.start()
    try:
        yield made
    finally:
        if made.running is not None and made.running.poll() is None:
            made.running.kill()
            made.running.communicate(timeout=10)


def test_what_is_filed_over_the_broker_can_be_read_and_acted_on_by_rpc(process: Process) -> None:
    imported = process.call("import_catalogue", ADMIN, bundle=bundle())["result"]
    assert imported["version"] == 1
    assert process.call("catalogue", known_version=1)["result"] == {"version": 1, "unchanged": True}
    event = submitted()
    code = event.subject
    process.publish(event, event)
    eventually(lambda: process.count("cases") == 1)

    view = process.call("get_case", reporter(code), code=code)["result"]
    assert (view["status"], view["access"]) == ("filed", "reporter")
    verified = process.call(
        "act",
        COORDINATOR,
        code=code,
        action="verify",
        version=1,
        payload={"public_text": "Ada lubang."},
        key="k-1",
    )["result"]
    assert verified["status"] == "verified"
    error = process.call(
        "act",
        COORDINATOR,
        code=code,
        action="reject",
        version=1,
        payload={"ground": "tidak_jelas", "explanation": "x"},
    )["error"]
    assert error["type"] == "conflict"
    assert error["current"]["changes"][0]["action"] == "verify"
    refused = process.call("act", None, code=code, action="verify", version=2, payload={})["error"]
    assert refused["type"] == "invalid"
    assert refused["errors"][0]["pointer"] == "/public_text"
    assert process.call("get_cases", items=[{"actor": None, "code": code}, {"actor": None, "code": "x"}])[
        "result"
    ][1:] == [None]
    assert process.call("get_case", None, code="0000000000000")["error"]["type"] == "not_found"
    assert process.call("list_cases", None, filters={}, cursor=None, limit=5)["result"]["items"]
    assert process.call("history", COORDINATOR, code=code)["result"]["verified"]
    assert process.call("figures", COORDINATOR)["result"]["total"] == 1
    swept = process.call("sweep", ADMIN, as_of="2027-06-01T00:00:00+00:00", codes=[code])["result"]
    assert swept["overdue"] == 2
    eventually(lambda: process.count("outbox", state="sent") >= 5)
    assert process.stop() == 0


def test_poison_in_a_full_batch_holds_up_nobody_and_nothing_personal_is_logged(process: Process) -> None:
    process.call("import_catalogue", ADMIN, bundle=bundle())
    events = [submitted(confidential=n % 2 == 0) for n in range(60)]
    process.publish(*events[:30])
    process.publish(submitted(), body=b'{"name": "Ani Contoh", "broken')
    process.publish(*events[30:])

    eventually(lambda: process.count("cases") == 60, within=20)
    eventually(lambda: process.vhost.queue_length("dlq-complaints-on_submitted") == 1)
    for event in events[:5]:
        process.call("reveal", COORDINATOR, code=event.subject, reason="Uji coba")
    assert process.stop() == 0
    log = b"".join(process.logs).decode()
    assert '"started"' in log
    for marked in MARKED:
        assert marked not in log


@pytest.mark.timeout(300)
def test_killed_in_the_middle_of_filing_it_loses_and_doubles_nothing(process: Process) -> None:
    process.call("import_catalogue", ADMIN, bundle=bundle())
    events = [submitted() for _ in range(300)]
    process.publish(*events[:150])
    eventually(lambda: process.count("cases") > 0)

    process.stop(signal.SIGKILL)
    process.publish(*events[150:])
    process.start()

    # A transaction of a killed process holds its documents until the server ends it, after 60 seconds.
    eventually(lambda: process.count("cases") == 300, within=100)
    assert process.count("outbox", type="complaint.filed.v1") == 300
    assert process.count("history", action="file") == 300
    assert process.count("vault") == 300
    eventually(lambda: process.vhost.queue_length("evt-complaints-on_submitted") == 0)
    assert process.stop() == 0


def test_a_wrong_setting_ends_the_process_with_a_line_for_each(process: Process) -> None:
    process.stop()
    environ = {**process.environ, "TANGGAP_VAULT_KEYS": "secret-that-is-no-key", "TANGGAP_AMQP_URL": ""}
    environ.pop("TANGGAP_MONGODB_URL")

    ended = subprocess.run([sys.executable, "-m", "complaints"], env=environ, capture_output=True, timeout=20)

    assert ended.returncode == 2
    assert b"TANGGAP_VAULT_KEYS: expected" in ended.stderr
    assert b"TANGGAP_MONGODB_URL: expected" in ended.stderr
    assert b"secret-that-is-no-key" not in ended.stderr
