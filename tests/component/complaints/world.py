"""The service on a real database, and the events and calls of its neighbours."""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from unit.complaints.factories import CONTRACTS, local

from complaints.acting import read_command
from complaints.commands import canonical_code
from complaints.config import ComplaintsConfig
from complaints.domain.access import Actor
from complaints.erasing import Erasing
from complaints.service import read_actor
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.vault import Vault
from complaints.wiring import Parts
from servicekit.config import ServiceConfig
from servicekit.envelope import Event
from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from servicekit.sealing import KeyRing, generate_key
from servicekit.testing import make_event

SEAL_KEYS, VAULT_KEYS = generate_key("s1"), generate_key("v1")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NOW = local(2)

COORDINATOR = {"ref": "staf-002", "roles": ["coordinator"], "unit": "diskominfo"}
OFFICER = {"ref": "staf-017", "roles": ["officer"], "unit": "dpupr"}
INSPECTOR = {"ref": "staf-030", "roles": ["inspector"], "unit": "inspektorat"}
ADMIN = {"ref": "staf-001", "roles": ["admin"], "unit": None}


def config(mongodb_url: str, amqp_url: str = "amqp://unused", **changes: Any) -> ComplaintsConfig:
    kit = ServiceConfig(
        service="complaints",
        amqp_url=amqp_url,
        mongodb_url=mongodb_url,
        contracts_dir=CONTRACTS,
        seal_keys=KeyRing.parse(SEAL_KEYS),
        **{"profile": "development", "check_contracts": True, "drain_seconds": 12.0, **changes},
    )
    return ComplaintsConfig(kit, KeyRing.parse(VAULT_KEYS))


def new_code() -> str:
    number = uuid.uuid4().int
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(13))


def secret_of(code: str) -> str:
    return hashlib.sha256(f"test {code}".encode()).hexdigest()[:26]


def submitted(code: str | None = None, *, id: str | None = None, block: Any = None, **changes: Any) -> Event:
    """A submission as the gateway publishes it. `block` changes the sealed part, `changes` the open one."""
    code = code or new_code()
    opened = {
        "title": "Lubang di jalan",
        "description": "Ada lubang besar di depan rumah Ani, 081234567890.",
        "location": {"lat": -0.68123, "lon": 100.77876, "address": "Jalan Contoh 5, Santur"},
        "attributes": {},
        "reporter": {"name": "Ani Contoh", "email": "ani@example.invalid", "phone": "081234567890"},
        "secret_hash": hashlib.sha256(secret_of(code).encode()).hexdigest(),
        "filed_by": None,
        **(block or {}),
    }
    data = {
        "tracking_code": code,
        "service_code": "jalan",
        "kind": "complaint",
        "channel": "web",
        "accepted_at": NOW.isoformat(),
        "received_at": NOW.isoformat(),
        "anonymous": False,
        "confidential": False,
        "language": "id",
        "catalogue_version": 1,
        "contact_ref": str(uuid.uuid4()),
        "case_sealed": KeyRing.parse(SEAL_KEYS).seal(opened, recipient="complaints", context=code),
        "contact_sealed": "v1.n1.bm9uY2U.c2VhbGVk",
        **changes,
    }
    return make_event(
        "complaint.submitted.v1", data, source="/gateway", subject=code, time=datetime.now(UTC), id=id
    )


@dataclass
class World:
    """The service's parts on a real database, with a clock that the test moves."""

    parts: Parts
    db: MongoHandle
    clock: FrozenClock
    rewired: Callable[..., Parts] = field(repr=False)

    @property
    def rows(self) -> Any:
        return self.db.database

    def file(self, **changes: Any) -> str:
        event = submitted(**changes)
        assert self.parts.filing.file([event]) == {}
        return event.subject

    def act(self, code: str, action: str, actor: Any = COORDINATOR, version: Any = -1, **payload: Any) -> Any:
        """Act with the version that the actor sees, unless another is given."""
        key = payload.pop("key", None)
        if version == -1:
            version = self.parts.reading.get_one(actor_of(actor), code)["version"]
        command = read_command(actor_of(actor), canonical_code(code), action, version, payload, key)
        return self.parts.acting.act(command)

    def see(self, code: str, actor: Any = COORDINATOR) -> Any:
        return self.parts.reading.get([(actor_of(actor), code)])[0]

    def events(self, code: str | None = None) -> list[Event]:
        query = {"key": code} if code else {}
        return [Event.from_bytes(row["body"]) for row in self.rows.outbox.find(query).sort("_id", 1)]

    def told(self, code: str) -> list[str]:
        return [event.type.split(".")[1] for event in self.events(code)]

    def sweep(self, at: datetime) -> dict[str, int]:
        return self.parts.sweeping.sweep(at)

    def vault(self, ring: str = VAULT_KEYS) -> Vault:
        return Vault(self.rows, KeyRing.parse(ring))

    def erasing(self, ring: str = VAULT_KEYS) -> Erasing:
        return Erasing(self.db, CaseStore(self.rows), CatalogueStore(self.rows), self.vault(ring))

    def assigned(self, **changes: Any) -> str:
        code = self.file(**changes)
        self.act(code, "verify", public_text="Ada lubang besar.", public_title="Lubang")
        self.act(code, "assign", unit="dpupr")
        return code

    def resolved(self, **changes: Any) -> str:
        code = self.assigned(**changes)
        self.act(code, "resolve", OFFICER, outcome="granted", answer="Sudah ditambal.")
        return code


def reporter(code: str) -> dict[str, Any]:
    return {"ref": None, "roles": ["reporter"], "secret": secret_of(code)}


def actor_of(actor: Any) -> Actor:

    return actor if isinstance(actor, Actor) else read_actor(actor)


def as_json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
