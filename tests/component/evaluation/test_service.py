"""The service as a process, on a broker with production's users and rights."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import amqp
import orjson
import pytest
from component.evaluation.world import (
    CITY,
    CONTRACTS,
    EXPECTATIONS,
    HR,
    PERSON,
    RATER,
    SEAL_KEYS,
    closed,
    department,
    staff_changed,
    unit_changed,
)
from pymongo import MongoClient

from servicekit.envelope import CONTENT_TYPE, Event
from servicekit.sealing import KeyRing
from support.waiting import eventually

RING = KeyRing.parse(SEAL_KEYS)


@dataclass
class Process:
    """One process of evaluation, and its neighbours' side of the broker."""

    vhost: Any
    database: Any
    environ: dict[str, str]
    running: Any = None

    def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "evaluation"],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> int:
        self.running.send_signal(signal.SIGTERM)
        return int(self.running.wait(timeout=20))

    def _connection(self, user: str) -> Any:
        return amqp.Connection(
            self.vhost.host,
            userid=f"{self.vhost.prefix}{user}",
            password=self.vhost.passwords[user],
            virtual_host=self.vhost.name,
            connect_timeout=5,
            confirm_publish=True,
        )

    def publish(self, user: str, exchange: str, *events: Event, prefix: str = "") -> None:
        with self._connection(user) as connection:
            channel = connection.channel()
            for event in events:
                message = amqp.Message(
                    event.to_bytes(),
                    content_type=CONTENT_TYPE,
                    delivery_mode=2,
                    message_id=event.id,
                    user_id=f"{self.vhost.prefix}{user}",
                )
                channel.basic_publish(message, exchange, prefix + event.type, mandatory=True)

    def call(self, method: str, actor: Any = None, **args: Any) -> dict[str, Any]:
        """One sealed RPC call over Nameko's wire protocol, opened."""
        reply_to, found = secrets.token_hex(16), []
        key = args.pop("key", None)
        deadline = (datetime.now(UTC) + timedelta(seconds=10)).isoformat()
        request = {"actor": actor, "args": args, "deadline": deadline, "key": key}
        token = RING.seal(request, recipient="evaluation", context=f"evaluation.{method}")
        with self._connection("gateway") as connection:
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
            channel.basic_publish(message, "nameko-rpc", f"evaluation.{method}", mandatory=True)
            while not found:
                connection.drain_events(timeout=10)
        body = orjson.loads(found[0].body)
        assert body["error"] is None, body
        opened: dict[str, Any] = RING.open(
            body["result"], recipient="evaluation", context=f"evaluation.{method}.reply"
        )
        return opened

    def count(self, collection: str, **query: Any) -> int:
        with MongoClient(self.database.url, tz_aware=True) as client:
            return int(client[self.database.name][collection].count_documents(query))

    def sent(self, type_: str) -> list[Event]:
        """What the relay has published of a type."""
        with MongoClient(self.database.url, tz_aware=True) as client:
            rows = client[self.database.name]["outbox"].find({"type": type_, "state": "sent"})
            return [Event.from_bytes(bytes(row["body"])) for row in rows]


@pytest.fixture
def process(vhost: Any, database: Any) -> Iterator[Process]:
    environ = {
        **os.environ,
        "TANGGAP_PROFILE": "development",
        "TANGGAP_AMQP_URL": vhost.url("evaluation"),
        "TANGGAP_MONGODB_URL": database.url,
        "TANGGAP_CONTRACTS_DIR": str(CONTRACTS),
        "TANGGAP_CITY_DIR": str(CITY),
        "TANGGAP_SEAL_KEYS_EVALUATION": SEAL_KEYS,
        "TANGGAP_BROKER_USER_PREFIX": vhost.prefix,
        "TANGGAP_CHECK_CONTRACTS": "1",
        "TANGGAP_DRAIN_SECONDS": "12",
    }
    made = Process(vhost, database, environ)
    made.start()
    try:
        yield made
    finally:
        if made.running.poll() is None:
            made.running.kill()
            made.running.wait(timeout=10)


def test_events_come_in_over_the_broker_and_people_call_by_rpc(process: Process) -> None:
    types = ["staff.changed.v1"]
    process.publish(
        "complaints",
        "complaints.events",
        unit_changed("dukcapil"),
        department("simpeg", ["dukcapil"], types),
        *(closed(n) for n in range(1, 4)),
    )
    now = datetime.now(UTC)
    good = staff_changed("dukcapil-1", at=now)
    wrong = staff_changed("dukcapil-2", status="honorer", at=now)
    old = staff_changed("dukcapil-2", at=now - timedelta(days=46))
    early = staff_changed("dukcapil-2", at=now + timedelta(minutes=30))
    process.publish("gateway", "departments.events", wrong, old, early, good, prefix="simpeg.")
    eventually(lambda: process.count("staff") == 1, within=30)
    eventually(lambda: process.count("outbox", type="event.rejected.v1", state="sent") == 3, within=30)
    told = {event.data["event_id"]: event.data["reason"] for event in process.sent("event.rejected.v1")}
    assert told == {wrong.id: "invalid", old.id: "too_late", early.id: "invalid"}
    eventually(lambda: process.count("tallies", person="dukcapil-1") == 3)

    opened = process.call(
        "open_evaluation", HR, staff_ref="dukcapil-1", start="2026-07-01", end="2026-09-30", key="k-1"
    )["result"]
    id_ = opened["evaluation_id"]
    assert opened["official_record"]["kind"] == "e-kinerja"
    expected = process.call(
        "act_on_evaluation",
        RATER,
        evaluation_id=id_,
        action="expect",
        version=1,
        payload=EXPECTATIONS,
        key="k-2",
    )["result"]
    assert expected["version"] == 2
    stale = process.call("act_on_evaluation", PERSON, evaluation_id=id_, action="agree", version=1)["error"]
    assert (stale["type"], stale["current"]["version"]) == ("conflict", 2)
    unseen = process.call("evaluation", {"ref": "x", "roles": ["rater"]}, evaluation_id=id_)["error"]
    assert unseen["type"] == "not_found"
    wrong = process.call("act_on_evaluation", RATER, evaluation_id=id_, action="rate", version=2)["error"]
    assert (wrong["type"], wrong["code"]) == ("forbidden", "wrong_state")
    me = process.call("me", PERSON)["result"]
    assert (me["staff"]["staff_ref"], me["ledger"]["target_jp"]) == ("dukcapil-1", 20)
    assert [one["evaluation_id"] for one in me["evaluations"]] == [id_]
    assert process.call("me", {"ref": "hantu", "roles": ["officer"]})["result"]["staff"] is None
    for method, args in (
        ("staff", {}),
        ("trainings", {"form": None, "open": True}),
        ("enrolments", {}),
        ("recommendations", {}),
        ("evaluations", {}),
    ):
        assert "items" in process.call(method, HR, **args)["result"], method
    refused_claim = process.call("claim_entry", PERSON, entry={})["error"]
    assert refused_claim["type"] == "invalid"
    eventually(lambda: process.count("outbox", state="pending") == 0)
    assert process.stop() == 0


def test_a_citys_table_that_cannot_be_used_ends_the_process_with_its_name(
    process: Process, tmp_path: Any
) -> None:
    process.stop()
    (tmp_path / "evaluation").mkdir()
    for name in ("city.yaml", "calendar.yaml"):
        (tmp_path / name).write_bytes((CITY / name).read_bytes())
    (tmp_path / "evaluation" / "matrix.yaml").write_text("- {}\n")
    environ = {**process.environ, "TANGGAP_CITY_DIR": str(tmp_path)}

    ended = subprocess.run([sys.executable, "-m", "evaluation"], env=environ, capture_output=True, timeout=30)

    assert ended.returncode == 2
    assert b"matrix.yaml" in ended.stdout + ended.stderr
