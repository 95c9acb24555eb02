"""A department's system: registered while everything runs, heard over HTTP and AMQP, and cut off.

The first test types in every shell block of docs/departments.md, as somebody would who knows nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import httpx
import pytest

from support.city import RELEASED, City
from support.waiting import eventually
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "departments.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPES = "case.progressed.v1,service.delivered.v1,staff.changed.v1,training.completed.v1"


def tanggap(stack: Stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("tanggap"), *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.env, **env, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )


@dataclass(frozen=True)
class Department:
    """A registered department with both ways in."""

    stack: Stack
    code: str
    key: str
    amqp_url: str

    @property
    def http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}
        return httpx.Client(base_url=self.stack.env["TANGGAP_URL"], headers=headers, timeout=15)

    def event(self, type_: str, data: dict[str, Any], subject: str = "x", **changes: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/departments/{self.code}",
            "type": type_,
            "subject": subject,
            "time": datetime.now(UTC).isoformat(),
            "data": data,
            **changes,
        }

    def post(self, event: Any, content_type: str = "application/cloudevents+json") -> httpx.Response:
        with self.http as http:
            return http.post("/v1/events", content=json.dumps(event), headers={"Content-Type": content_type})

    def put(self, type_: str, body: str, **properties: Any) -> None:
        """Publish a body over AMQP as the department's user."""
        with self.connection() as connection:
            channel = connection.channel()
            usual = {
                "content_type": "application/cloudevents+json",
                "delivery_mode": 2,
                "message_id": str(uuid.uuid4()),
                "user_id": unquote(urlsplit(self.amqp_url).username or ""),
            }
            message = amqp.Message(body, **{**usual, **properties})
            channel.basic_publish(message, "departments.events", f"{self.code}.{type_}", mandatory=True)

    def connection(self) -> Any:
        parts = urlsplit(self.amqp_url)
        return amqp.Connection(
            f"{parts.hostname}:{parts.port}",
            userid=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            virtual_host=unquote(parts.path[1:]),
            connect_timeout=5,
            confirm_publish=True,
        )

    def rejection(self, event_id: str, within: float = 20) -> dict[str, Any]:
        """The refusal of one event, once the department can read it."""

        def found() -> dict[str, Any] | None:
            with self.http as http:
                answer = http.get("/v1/events/rejections", params={"limit": 50})
            assert answer.status_code == 200, answer.text
            return next((i for i in answer.json()["items"] if i["event_id"] == event_id), None)

        eventually(lambda: found() is not None, within=within)
        refusal = found()
        assert refusal is not None
        return refusal


@pytest.fixture
def pupr(stack: Stack, city: City) -> Iterator[Department]:
    code = f"tiket-{uuid.uuid4().hex[:8]}"
    made = added(stack, code, "dpupr")
    yield made
    tanggap(stack, "department", "revoke", code)


def added(stack: Stack, code: str, unit: str, types: str = TYPES) -> Department:
    done = tanggap(
        stack, "department", "add", code, "--name", "Sistem uji", "--unit", unit, "--types", types,
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    return Department(stack, code, shown["api_key"], shown["amqp_url"])


def moved(department: Department, code: str, action: str = "progress", **more: Any) -> dict[str, Any]:
    data = {"complaint_id": code, "action": action, "at": datetime.now(UTC).isoformat(), **more}
    return department.event("case.progressed.v1", data, subject=code)


def assigned(city: City) -> dict[str, Any]:
    receipt = city.filed()
    code = receipt["tracking_code"]
    city.acted(code, "verify", RELEASED, role="coordinator")
    city.acted(code, "assign", {"unit": "dpupr"}, role="coordinator")
    return receipt


def test_somebody_who_knows_only_the_document_gets_an_event_accepted_both_ways(
    stack: Stack, city: City, tmp_path: Path
) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "env").symlink_to(stack.layout.env)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TANGGAP_", "AMQP_", "MONGODB_"))}

    done = subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *BLOCK.findall(DOCUMENT.read_text())])],
        cwd=tmp_path,
        env={**environment, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )

    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-6000:]
    statuses = re.findall(r"^HTTP (\d+)$", done.stdout, re.MULTILINE)
    assert statuses == ["202", "403", "202", "200", "202"], printed[-6000:]
    assert "event-not-yours" in done.stdout
    assert "/data/unit" in done.stdout
    assert '"unknown_case"' in done.stdout
    assert re.search(r"^HTTP\tworks\t", done.stdout, re.MULTILINE), printed[-6000:]
    assert re.search(r"^AMQP\tworks\t", done.stdout, re.MULTILINE), printed[-6000:]
    assert re.search(r"^[0-9a-f-]{36} accepted$", done.stdout, re.MULTILINE)
    assert re.search(r"^[0-9a-f-]{36} confirmed$", done.stdout, re.MULTILINE)
    assert '"contact_ref"' in done.stdout


def test_a_department_moves_its_case_over_both_ways(city: City, pupr: Department) -> None:
    receipt = assigned(city)
    code, secret = receipt["tracking_code"], receipt["secret"]

    assert pupr.post(moved(pupr, code, note="Tim di lokasi.", public=True)).status_code == 202
    eventually(lambda: city.view(code, secret)["status"] == "in_progress")
    pupr.put(
        "case.progressed.v1",
        json.dumps(done := moved(pupr, code, "resolve", outcome="granted", answer="Sudah ditambal.")),
        message_id=done["id"],
    )

    eventually(lambda: city.view(code, secret)["status"] == "resolved")
    timeline = city.view(code, secret)["timeline"]
    assert "Tim di lokasi." in [line["text"] for line in timeline]


def test_the_same_event_over_both_ways_counts_once(city: City, pupr: Department) -> None:
    receipt = assigned(city)
    code = receipt["tracking_code"]
    event = moved(pupr, code)

    for _ in range(3):
        assert pupr.post(event).status_code == 202
        pupr.put("case.progressed.v1", json.dumps(event), message_id=event["id"])

    eventually(lambda: city.view(code, role="coordinator")["status"] == "in_progress")
    last = moved(pupr, "0000000000000")
    pupr.post(last)
    pupr.rejection(last["id"])
    assert city.view(code, role="coordinator")["version"] == 4


def test_every_kind_of_wrong_event_is_refused_in_words_and_disturbs_no_other(
    city: City, pupr: Department
) -> None:
    receipt = assigned(city)
    good = moved(pupr, receipt["tracking_code"])
    foreign = {**moved(pupr, receipt["tracking_code"]), "source": "/departments/somebody"}
    wrong = moved(pupr, "x")
    broken: dict[str, tuple[str, dict[str, Any]]] = {
        "no JSON": ("{", {}),
        "another source": (json.dumps(foreign), {"message_id": foreign["id"]}),
        "another content type": (json.dumps(good), {"content_type": "application/json"}),
        "no data": (json.dumps({k: v for k, v in good.items() if k != "data"}), {}),
        "not the contract": (json.dumps(wrong), {}),
    }
    ids = {what: str(uuid.uuid4()) for what in broken}
    ids |= {"another source": foreign["id"], "not the contract": wrong["id"]}

    for what, (body, properties) in broken.items():
        pupr.put("case.progressed.v1", body, **{"message_id": ids[what], **properties})
    batch = pupr.post([moved(pupr, "???"), good, foreign], "application/cloudevents-batch+json")

    assert [item["status"] for item in batch.json()["items"]] == ["refused", "accepted", "refused"]
    reasons = {what: pupr.rejection(id_)["reason"] for what, id_ in ids.items()}
    assert reasons == {what: "not_yours" if what == "another source" else "invalid" for what in broken}
    eventually(lambda: city.view(receipt["tracking_code"], role="coordinator")["status"] == "in_progress")


def test_a_case_of_somebody_else_stays_as_it_is(stack: Stack, city: City, pupr: Department) -> None:
    receipt = assigned(city)
    other = added(stack, f"antrian-{uuid.uuid4().hex[:8]}", "dukcapil")
    event = moved(other, receipt["tracking_code"])

    assert other.post(event).status_code == 202

    assert other.rejection(event["id"])["reason"] == "not_yours"
    assert city.view(receipt["tracking_code"], role="coordinator")["status"] == "assigned"
    with pupr.http as http:
        mine = http.get("/v1/events/rejections").json()["items"]
    assert event["id"] not in [item["event_id"] for item in mine]


def test_a_rotation_leaves_a_day_over_http_and_ends_the_old_password(stack: Stack, pupr: Department) -> None:
    done = tanggap(stack, "department", "rotate", pupr.code, "--format", "json")
    shown = json.loads(done.stdout)
    new = Department(stack, pupr.code, shown["api_key"], shown["amqp_url"])

    for one in (pupr, new):
        eventually(lambda one=one: one.post(moved(one, "0000000000000")).status_code == 202)
    new.put("case.progressed.v1", json.dumps(moved(new, "0000000000000")))
    with pytest.raises((amqp.exceptions.AMQPError, OSError)):
        pupr.put("case.progressed.v1", json.dumps(moved(pupr, "0000000000000")))


def test_a_revoked_department_is_cut_off_within_seconds(stack: Stack, city: City) -> None:
    gone = added(stack, f"lama-{uuid.uuid4().hex[:8]}", "dpupr")
    connection = gone.connection()
    connection.connect()
    assert gone.post(moved(gone, "0000000000000")).status_code == 202

    assert tanggap(stack, "department", "revoke", gone.code).returncode == 0

    eventually(lambda: gone.post(moved(gone, "0000000000000")).status_code == 401, within=15)
    assert ended(connection)
    with pytest.raises((amqp.exceptions.AMQPError, OSError)):
        gone.put("case.progressed.v1", "{}")
    assert "revoked" in tanggap(stack, "department", "list").stdout


def ended(connection: Any) -> bool:
    for _ in range(20):
        try:
            connection.drain_events(timeout=0.5)
        except TimeoutError:
            continue
        except (amqp.exceptions.AMQPError, OSError):
            return True
    return False


def test_a_file_of_events_is_published_with_a_verdict_for_each(
    stack: Stack, city: City, pupr: Department, tmp_path: Path
) -> None:
    receipt = assigned(city)
    events = [moved(pupr, receipt["tracking_code"]), moved(pupr, "???")]
    for event in events:
        del event["id"], event["time"], event["source"]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, events)))

    done = tanggap(stack, "publish", str(file), TANGGAP_DEPARTMENT_KEY=pupr.key)

    assert done.returncode == 1
    assert "1 of 2 events accepted" in done.stdout
    eventually(lambda: city.view(receipt["tracking_code"], role="coordinator")["status"] == "in_progress")
