"""The service on a real database, and the events and calls of its neighbours."""

import hashlib
import itertools
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.ids import FrozenClock, uuid7, uuid8
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing, generate_key
from servicekit.topology import Topology
from surveys.access import Actor, read_actor
from surveys.config import SERVICE, SurveysConfig
from surveys.wiring import Parts, wire_parts

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
CITY = ROOT / "cities" / "sawahlunto"
SCHEMAS = Contracts.load(CONTRACTS)
ZONE = ZoneInfo("Asia/Jakarta")
SEAL_KEYS, SURVEY_KEYS, STORE_KEYS = generate_key("s1"), generate_key("h1"), generate_key("p1")
SEALS, RING = KeyRing.parse(SEAL_KEYS), KeyRing.parse(SURVEY_KEYS)
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
PERIOD = "2026-Q4"
KEYS = (
    "persyaratan",
    "prosedur",
    "waktu",
    "biaya",
    "produk",
    "kompetensi",
    "perilaku",
    "pengaduan",
    "sarana",
)

ADMIN = {"ref": "staf-001", "roles": ["admin"], "unit": None}
COORDINATOR = {"ref": "staf-002", "roles": ["coordinator"], "unit": "diskominfo"}
UNIT_HEAD = {"ref": "staf-016", "roles": ["unit_head"], "unit": "dpupr"}
OFFICER = {"ref": "staf-017", "roles": ["officer"], "unit": "dpupr"}
AUDITOR = {"ref": "staf-040", "roles": ["auditor"], "unit": None}
LEADER = {"ref": "staf-050", "roles": ["leader"], "unit": None}
PUBLIC = None

_code_numbers = itertools.count(1)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def config(mongodb_url: str, amqp_url: str = "amqp://unused", **changes: Any) -> SurveysConfig:
    return SurveysConfig(
        **{
            "service": SERVICE,
            "profile": "development",
            "amqp_url": amqp_url,
            "mongodb_url": mongodb_url,
            "contracts_dir": CONTRACTS,
            "seal_keys": SEALS,
            "check_contracts": True,
            "city_dir": CITY,
            "survey_keys": RING,
            "store_keys": KeyRing.parse(STORE_KEYS),
            **changes,
        }
    )


def new_code() -> str:
    number = next(_code_numbers) * 2654435761 + 7
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in range(13))


def event(
    type_: str, subject: str, data: Mapping[str, Any], source: str = "/complaints", **more: Any
) -> Event:
    made = Event(
        id=more.get("id") or uuid7(),
        source=source,
        type=type_,
        subject=subject,
        time=more.get("time") or NOW,
        data=dict(data),
        aggregateversion=more.get("version"),
    )
    if more.get("check", True):
        SCHEMAS.validate(made)
    return made


def unit_changed(code: str, version: int = 1, **changes: Any) -> Event:
    data = {**SCHEMAS.examples("unit.changed.v1")[0], "unit": code, "version": version, **changes}
    return event("unit.changed.v1", code, data)


def service_changed(code: str, unit: str, version: int = 1, **changes: Any) -> Event:
    data = {
        **SCHEMAS.examples("service.changed.v1")[0],
        "service_code": code,
        "unit": unit,
        "version": version,
    }
    return event("service.changed.v1", code, data | {"supervisory": False, "active": True} | changes)


def department_changed(code: str, unit: str, version: int = 1, **changes: Any) -> Event:
    data = {
        "department": code,
        "version": version,
        "name": {"id": "Dinas Contoh", "en": "Sample Office"},
        "unit": unit,
        "units": [unit],
        "types": ["service.delivered.v1"],
        "active": True,
        **changes,
    }
    return event("department.changed.v1", code, data)


def closed(code: str | None = None, *, id: str | None = None, **changes: Any) -> Event:
    """A granted case of dpupr, closed now, answered by staf-017."""
    code = code or new_code()
    data = {
        **SCHEMAS.examples("complaint.closed.v1")[0],
        "complaint_id": code,
        "service_code": "jalan",
        "contact_ref": str(uuid.uuid4()),
        "closed_at": NOW.isoformat(),
        **changes,
    }
    return event("complaint.closed.v1", code, data, id=id)


def reopened(code: str, closure_no: int = 1) -> Event:
    data = {
        **SCHEMAS.examples("complaint.reopened.v1")[0],
        "complaint_id": code,
        "closure_no": closure_no,
        "reopened_at": NOW.isoformat(),
    }
    return event("complaint.reopened.v1", code, data)


def delivered(department: str = "dpupr", *, check: bool = True, **changes: Any) -> Event:
    data = {
        "visit_ref": uuid.uuid4().hex,
        "unit": "dpupr",
        "service_code": "jalan",
        "handler_ref": "staf-018",
        "contact_ref": str(uuid.uuid4()),
        "date": NOW.date().isoformat(),
        "channel": "counter",
        **changes,
    }
    data = {name: value for name, value in data.items() if value is not ...}
    source = f"/departments/{department}"
    return event("service.delivered.v1", str(data.get("visit_ref")), data, source, check=check)


def event_id(submission_id: str) -> str:
    return uuid8(RING.digests(b"submission\x00" + submission_id.encode())[0])


def submitted(
    scores: Any = 3, *, day: date | None = None, received_on: date | None = None, **block: Any
) -> Event:
    """A survey answer as the gateway publishes it; `scores` is one score for all elements, or a mapping."""
    day = day or NOW.date()
    received_on = received_on or day
    submission_id = block.pop("submission_id", None) or str(uuid.uuid4())
    answers = dict.fromkeys(KEYS, scores) if isinstance(scores, int) else scores
    opened = {
        "submission_id": submission_id,
        "token": None,
        "unit": None,
        "mode": "invite_link",
        "date": day.isoformat(),
        "answers": answers,
        "respondent": {"sex": "female", "age": "30-39", "education": "sma", "job": "swasta"},
        "service_code": None,
        "comment": None,
        "consents": {"process": True, "contact": False, "publish_comment": True, "text_version": "2026-01"},
        "questionnaire_version": "skm-14-2017.1",
        "language": "id",
        "device": None,
        "assisted_by": None,
        **block,
    }
    if "body_hash" not in opened:
        content = orjson.dumps(opened, option=orjson.OPT_SORT_KEYS)
        opened["body_hash"] = RING.digests(b"answer\x00" + content)[0].hex()
    bare = len(orjson.dumps({**opened, "pad": ""}))
    padded = orjson.dumps({**opened, "pad": " " * (-bare % 2048)})
    id_ = event_id(submission_id)
    sealed = SEALS.seal_bytes(padded, recipient="surveys", context=id_)
    at = datetime.combine(received_on, time(), ZONE)
    return event("survey.submitted.v1", id_, {"answer_sealed": sealed}, "/gateway", id=id_, time=at)


@dataclass
class World:
    """The service's parts on a real database, with a clock that the test moves."""

    parts: Parts
    db: MongoHandle
    outbox: Outbox
    clock: FrozenClock
    url: str = field(repr=False)

    @property
    def rows(self) -> Any:
        return self.db.database

    def rewired(self, **changes: Any) -> Parts:
        return wire_parts(config(self.url, **changes), self.db, self.outbox, self.clock)

    def catalogue(self, *extra: Event) -> None:
        events = [
            *(unit_changed(code) for code in ("dpupr", "dukcapil", "kec-silungkang", "perumdam")),
            service_changed("jalan", "dpupr", kind="complaint"),
            service_changed("irigasi", "dpupr", kind="complaint"),
            service_changed("ktp", "dukcapil", kind="document"),
            service_changed("surat", "kec-silungkang", kind="document"),
            service_changed("air", "perumdam", kind="complaint"),
            department_changed("dpupr", "dpupr"),
            *extra,
        ]
        assert self.parts.registry.on_catalogue_changed(events) == {}

    def case(self, *events: Event) -> dict[str, Any]:
        return self.parts.inviting.on_case_event(list(events))

    def visit(self, *events: Event) -> dict[str, Any]:
        return self.parts.delivering.on_department_event(list(events))

    def answer(self, *events: Event) -> dict[str, Any]:
        return self.parts.intake.on_answers(list(events))

    def invite(self, **changes: Any) -> str:
        """The token of an invitation after a case that was closed just now."""
        made = closed(**changes)
        assert self.case(made) == {}
        caused = [one for one in self.events("survey.invited.v1") if one.causationid == made.id]
        assert len(caused) == 1, "no invitation was made"
        return caused[0].data["token_path"].removeprefix("/survei/")

    def counter(self, unit: str = "dpupr", service_code: str | None = None, **more: Any) -> str:
        given = {"unit": unit, "service_code": service_code, "counter": "Loket 1", "valid_days": 30, **more}
        return self.parts.counters.create(actor_of(ADMIN), given, None)["token"]

    def assisted(self, scores: Any = 3, unit: str = "dpupr", **block: Any) -> Event:
        return submitted(scores, unit=unit, mode="assisted", assisted_by="staf-099", **block)

    def paper(self, number: int, scores: Any = 3, unit: str = "dpupr", **block: Any) -> None:
        """Take so many paper answers."""
        events = [submitted(scores, unit=unit, mode="paper_import", **block) for _ in range(number)]
        assert self.answer(*events) == {}

    def act(
        self, action: str, unit: str = "dpupr", code: str = PERIOD, actor: Any = ADMIN, **payload: Any
    ) -> Any:
        key = payload.pop("key", None)
        return self.parts.acting.act(actor_of(actor), unit, code, action, payload, key)

    def result(self, unit: str = "dpupr", code: str = PERIOD, actor: Any = COORDINATOR) -> Any:
        return self.parts.reading.result(actor_of(actor), unit, code)

    def period(self, unit: str = "dpupr", code: str = PERIOD) -> Any:
        return self.rows.periods.find_one({"_id": f"{unit}:{code}"})

    def events(self, type_: str | None = None) -> list[Event]:
        rows = self.rows.outbox.find({"type": type_} if type_ else {}).sort("_id", 1)
        return [Event.from_bytes(bytes(row["body"])) for row in rows]

    def events_of(self, type_: str) -> list[Mapping[str, Any]]:
        return [one.data for one in self.events(type_)]

    def go_to(self, day: date, hour: int = 9) -> None:
        self.clock.set(datetime.combine(day, time(hour), ZONE))

    def later(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    def sweep(self) -> dict[str, int]:
        return self.parts.sweeping.sweep()


def actor_of(actor: Any) -> Actor:
    return actor if isinstance(actor, Actor) else read_actor(actor)


def as_json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def topology_outbox(db: MongoHandle) -> Outbox:
    return Outbox(db.database, SERVICE, Topology.load(CONTRACTS), contracts=SCHEMAS)
