"""The service as a process, on a broker with production's users and rights."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import amqp
import orjson
import pytest
from component.surveys.world import (
    ADMIN,
    CITY,
    CONTRACTS,
    COORDINATOR,
    SEAL_KEYS,
    SEALS,
    STORE_KEYS,
    SURVEY_KEYS,
    ZONE,
    closed,
    delivered,
    department_changed,
    service_changed,
    submitted,
    unit_changed,
)
from pymongo import MongoClient

from servicekit.envelope import CONTENT_TYPE, Event
from support.waiting import eventually
from surveys.domain.periods import period_of

TODAY = datetime.now(ZONE).date()
PERIOD = period_of(TODAY, "quarter", 16).code
MARKED = ("Pak Contoh", "loket sebelah kiri")


@dataclass
class Process:
    """One process of surveys, and its neighbours' side of the broker."""

    vhost: Any
    database: Any
    environ: dict[str, str]
    running: subprocess.Popen[bytes] | None = None
    logs: list[bytes] = field(default_factory=list)

    def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "surveys"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def stop(self, how: int = signal.SIGTERM, within: float = 25) -> int:
        assert self.running is not None
        self.running.send_signal(how)
        output, _ = self.running.communicate(timeout=within)
        self.logs.append(output)
        return self.running.returncode

    def connection(self, user: str) -> Any:
        return amqp.Connection(
            self.vhost.host,
            userid=f"{self.vhost.prefix}{user}",
            password=self.vhost.passwords[user],
            virtual_host=self.vhost.name,
            connect_timeout=5,
            confirm_publish=True,
        )

    def publish(self, user: str, exchange: str, *events: Event, prefix: str = "") -> None:
        with self.connection(user) as connection:
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
        token = SEALS.seal(request, recipient="surveys", context=f"surveys.{method}")
        with self.connection("gateway") as connection:
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
            channel.basic_publish(message, "nameko-rpc", f"surveys.{method}", mandatory=True)
            while not found:
                connection.drain_events(timeout=10)
        body = orjson.loads(found[0].body)
        assert body["error"] is None, body
        opened: dict[str, Any] = SEALS.open(
            body["result"], recipient="surveys", context=f"surveys.{method}.reply"
        )
        return opened

    def count(self, collection: str, **query: Any) -> int:
        with MongoClient(self.database.url, tz_aware=True) as client:
            return client[self.database.name][collection].count_documents(query)

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
        "TANGGAP_AMQP_URL": vhost.url("surveys"),
        "TANGGAP_BROKER_USER_PREFIX": vhost.prefix,
        "TANGGAP_MONGODB_URL": database.url,
        "TANGGAP_CONTRACTS_DIR": str(CONTRACTS),
        "TANGGAP_CITY_DIR": str(CITY),
        "TANGGAP_CHECK_CONTRACTS": "1",
        "TANGGAP_SEAL_KEYS_SURVEYS": SEAL_KEYS,
        "TANGGAP_SURVEY_KEYS": SURVEY_KEYS,
        "TANGGAP_SURVEY_STORE_KEYS": STORE_KEYS,
        "TANGGAP_DRAIN_SECONDS": "15",
    }
    made = Process(vhost, database, environ)
    yield made
    if made.running is not None and made.running.poll() is None:
        made.running.kill()
        made.running.communicate(timeout=10)


def answers(number: int, **block: Any) -> list[Event]:
    return [
        submitted(4, unit="dpupr", mode="paper_import", day=TODAY, comment=" di ".join(MARKED), **block)
        for _ in range(number)
    ]


def catalogue() -> tuple[Event, ...]:
    return unit_changed("dpupr"), service_changed("jalan", "dpupr")


def test_answers_travel_from_the_intake_to_a_result(process: Process) -> None:
    process.publish("complaints", "complaints.events", *catalogue())
    case = closed(closed_at=datetime.now(UTC).isoformat())
    process.publish("complaints", "complaints.events", case)
    process.publish("gateway", "gateway.intake", *answers(12))
    process.start()

    eventually(lambda: process.count("invites") == 1 and process.count("units") == 1, within=30)
    eventually(lambda: process.call("result", COORDINATOR, unit="dpupr", period=PERIOD)
               .get("result", {}).get("n_shown") == "12", within=30)  # fmt: skip
    acted = process.call(
        "act_on_period", ADMIN, unit="dpupr", period=PERIOD, action="close", payload={}, key="c-1"
    )
    again = process.call(
        "act_on_period", ADMIN, unit="dpupr", period=PERIOD, action="close", payload={}, key="c-1"
    )
    published = process.call(
        "act_on_period", ADMIN, unit="dpupr", period=PERIOD, action="publish", payload={}, key=None
    )
    public = process.call("result", None, unit="dpupr", period=PERIOD)

    assert acted["result"]["ikm"] == again["result"]["ikm"] == "100.00"
    assert published["result"]["warnings"] == ["no_improvement_plan"]
    assert public["result"]["ikm"] == "100.00"
    assert process.call("results", None)["result"]["items"][0]["unit"] == "dpupr"
    eventually(lambda: process.count("outbox", state="sent", type="survey.responded.v1") == 12, within=20)
    assert process.stop() == 0
    text = b"".join(process.logs).decode()
    assert not any(mark in text for mark in MARKED)


def test_a_department_is_told_over_the_broker_what_came_too_late_or_from_the_future(process: Process) -> None:
    now = datetime.now(UTC)
    visits = {
        name: replace(delivered(date=TODAY.isoformat()), time=at)
        for name, at in (
            ("old", now - timedelta(days=46)),
            ("early", now + timedelta(minutes=30)),
            ("good", now),
        )
    }
    process.publish("complaints", "complaints.events", *catalogue(), department_changed("dpupr", "dpupr"))
    process.start()
    eventually(lambda: process.count("departments") == 1, within=30)

    process.publish("gateway", "departments.events", *visits.values(), prefix="dpupr.")

    eventually(lambda: len(process.sent("event.rejected.v1")) == 2, within=30)
    told = {event.data["event_id"]: event.data for event in process.sent("event.rejected.v1")}
    assert told[visits["old"].id]["reason"] == "too_late"
    assert "45 hari" in told[visits["old"].id]["message"]["id"]
    assert told[visits["early"].id]["reason"] == "invalid"
    assert "clock" in told[visits["early"].id]["message"]["en"]
    eventually(lambda: len(process.sent("survey.invited.v1")) == 1)
    assert process.sent("survey.invited.v1")[0].causationid == visits["good"].id
    assert process.stop() == 0


def test_refusals_travel_as_they_are(process: Process) -> None:
    process.publish("complaints", "complaints.events", *catalogue())
    process.start()
    eventually(lambda: process.count("periods") == 1, within=30)

    unseen = process.call("result", None, unit="dpupr", period="2020-Q1")
    forbidden = process.call("periods", None)
    wrong = process.call("create_counter", ADMIN, unit="tidak-ada", counter="Loket 1")
    state = process.call("act_on_period", ADMIN, unit="dpupr", period=PERIOD, action="publish", payload={})
    asked = process.call("questionnaires", None)["result"]

    assert unseen["error"]["type"] == "not_found"
    assert (forbidden["error"]["type"], forbidden["error"]["code"]) == ("forbidden", "not_permitted")
    assert wrong["error"]["errors"][0]["pointer"] == "/unit"
    assert (state["error"]["type"], state["error"]["current"]["reason"]) == ("conflict", "period_open")
    assert asked["current"]["id"] == asked["questionnaires"][0]["id"]
    assert process.call("questionnaires", None, known_version=asked["version"])["result"] == {
        "version": asked["version"],
        "unchanged": True,
    }
    assert process.call("check_submission", None, token="x", submission_key="y", body_hash="z")["result"] == {
        "state": "unknown"
    }
    assert process.stop() == 0


@pytest.mark.timeout(300)
def test_a_process_that_dies_loses_and_doubles_nothing(process: Process) -> None:
    process.publish("complaints", "complaints.events", *catalogue())
    process.start()
    eventually(lambda: process.count("units") == 1, within=30)
    events = answers(300)
    process.publish("gateway", "gateway.intake", *events)

    eventually(lambda: process.count("submissions") >= 50, within=30, every=0.01)
    process.stop(signal.SIGKILL)
    process.start()
    process.publish("gateway", "gateway.intake", *events[:100])

    def arrived() -> int:
        return process.count("pending") + process.count("answers")

    eventually(lambda: process.count("submissions") == 300, within=120)
    eventually(lambda: process.vhost.queue_length("evt-surveys-on_answers") == 0, within=30)
    assert arrived() == 300
    result = process.call("result", COORDINATOR, unit="dpupr", period=PERIOD)["result"]
    assert (result["progress"]["n"], result["refused"]) == (300, {})
    assert process.stop() == 0


def test_a_missing_setting_ends_the_process_with_a_line_each(process: Process) -> None:
    for name in ("TANGGAP_SURVEY_KEYS", "TANGGAP_SURVEY_STORE_KEYS", "TANGGAP_CITY_DIR"):
        del process.environ[name]
    process.start()
    assert process.running is not None
    output, _ = process.running.communicate(timeout=30)

    assert process.running.returncode == 2
    for name in ("TANGGAP_SURVEY_KEYS", "TANGGAP_SURVEY_STORE_KEYS", "TANGGAP_CITY_DIR"):
        assert name.encode() in output
