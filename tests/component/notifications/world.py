"""The service on real servers, and the events that come to it."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifications.channels import MailLine
from notifications.config import NotificationsConfig
from notifications.wiring import Application, new_line
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.ids import FrozenClock, uuid7
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing, generate_key

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
CITY = ROOT / "cities" / "sawahlunto"
SCHEMAS = Contracts.load(CONTRACTS)
KEYS = generate_key("k1")
RING = KeyRing.parse(KEYS)
CODE = "7K3M9QXD4TRWH"
PUBLIC_URL = "http://127.0.0.1:8080"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class SmtpServer:
    """A mail server whose mails can be read, and which can go away and come back on the same port."""

    path: Path
    port: int = 0
    certificate: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        script = Path(__file__).with_name("smtp_server.py")
        command = [sys.executable, str(script), str(self.path), str(self.port)]
        if self.certificate is not None:
            command.append(str(self.certificate))
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(5)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def mails(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []


def case_event(type_: str, code: str = CODE, /, **changes: Any) -> Event:
    """An event of complaints, from the contract's own example."""
    attributes = {name: changes.pop(name) for name in ("id", "time") if name in changes}
    data = {**SCHEMAS.examples(type_)[0], "complaint_id": code, **changes}
    event = Event(
        id=attributes.get("id") or uuid7(),
        source="/complaints",
        type=type_,
        subject=code,
        time=attributes.get("time") or datetime.now(UTC),
        data=data,
        aggregateversion=1,
    )
    SCHEMAS.validate(event)
    return event


def sealed_contact(ref: str, **block: Any) -> str:
    return RING.seal(block, recipient="notifications", context=ref)


def filed(code: str = CODE, /, email: str | None = "siti@example.invalid", **changes: Any) -> Event:
    """A filed case whose reporter left a contact."""
    ref = changes.pop("contact_ref", f"ref-{code}")
    link = f"{PUBLIC_URL}/lacak/{code}/rahasia0123456789abcdefghi"
    contact = {"name": "Siti Rahma", "email": email, "phone": None, "language": "id", "link": link}
    contact |= changes.pop("contact", {})
    sealed = sealed_contact(ref, **contact)
    return case_event("complaint.filed.v1", code, contact_ref=ref, contact_sealed=sealed, **changes)


def staff_contact(ref: str, roles: list[str], unit: str | None = None, **block: Any) -> Event:
    contact = {"name": "Pegawai Contoh", "email": f"{ref}@example.invalid", "language": "id", **block}
    data = {
        "contact_ref": ref,
        "audience": "staff",
        "roles": roles,
        "unit": unit,
        "language": contact["language"],
        "active": True,
        "contact_sealed": sealed_contact(ref, **contact),
    }
    return Event(uuid7(), "/gateway", "contact.submitted.v1", ref, datetime.now(UTC), data)


NAMES = [
    Event(uuid7(), "/complaints", type_, "x", NOW, SCHEMAS.examples(type_)[0] | changes)
    for type_, changes in [
        ("unit.changed.v1", {}),
        ("unit.changed.v1", {"unit": "dlh", "name": {"id": "Dinas Lingkungan Hidup", "en": "Environment"}}),
        ("unit.changed.v1", {"unit": "inspektorat", "name": {"id": "Inspektorat", "en": "Inspectorate"}}),
        ("service.changed.v1", {}),
    ]
]


@dataclass
class World:
    """The service on a real database and a real mail server, driven without a broker."""

    mongo: MongoHandle
    config: NotificationsConfig
    clock: FrozenClock
    outbox: Outbox
    app: Application

    def handle(self, *events: Event, handler: str = "on_case_event") -> dict[str, Any]:
        return self.app.intake.take(handler, list(events))

    def send(self, line: MailLine | None = None) -> int:
        """Send everything that is due now."""
        line = line or new_line(self.config)
        total = 0
        while True:
            count, away = self.app.sender.round(line)
            total += count
            if not count or away:
                line.close()
                return total

    def intents(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.mongo.database["intents"].find(query).sort("_id", 1))

    def intent(self, **query: Any) -> dict[str, Any]:
        found = self.intents(**query)
        assert len(found) == 1, [(one["rule"], one["status"], one["reason"]) for one in found]
        return found[0]

    def published(self, type_: str | None = None) -> list[Event]:
        rows = self.outbox.rows.find({"type": type_} if type_ else {}).sort("_id", 1)
        events = [Event.from_bytes(bytes(row["body"])) for row in rows]
        for event in events:
            SCHEMAS.validate(event)
        return events


def log_lines(process: Any) -> list[dict[str, Any]]:
    lines = process.log_path.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
