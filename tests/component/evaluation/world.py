"""The service on a real database, the events of its neighbours, and the people who call it."""

import copy
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluation.calls import read_actor
from evaluation.config import EvaluationConfig
from evaluation.domain.access import Actor
from evaluation.wiring import Parts
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.errors import Reject, Retry
from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from servicekit.sealing import KeyRing, generate_key
from servicekit.testing import make_event

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "contracts"
CITY = ROOT / "cities" / "sawahlunto"
SEAL_KEYS = generate_key("s1")
NOW = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
EXAMPLES = Contracts.load(CONTRACTS)

HR = {"ref": "bkpsdm-1", "roles": ["hr"], "unit": "bkpsdm"}
PERSON = {"ref": "dukcapil-1", "roles": ["officer"], "unit": "dukcapil"}
COLLEAGUE = {"ref": "dukcapil-2", "roles": ["officer"], "unit": "dukcapil"}
RATER = {"ref": "dukcapil-kepala", "roles": ["rater", "unit_head"], "unit": "dukcapil"}
SUPERIOR = {"ref": "sekda-1", "roles": ["rater"], "unit": "setda"}
OTHER_RATER = {"ref": "dpupr-kepala", "roles": ["rater", "unit_head"], "unit": "dpupr"}
LEADER = {"ref": "walikota", "roles": ["leader"], "unit": None}
AUDITOR = {"ref": "auditor-1", "roles": ["auditor"], "unit": "inspektorat"}
ADMIN = {"ref": "admin-1", "roles": ["admin"], "unit": None}

HANDLERS = {
    "unit.changed.v1": "catalogue",
    "service.changed.v1": "catalogue",
    "department.changed.v1": "catalogue",
    "complaint.closed.v1": "case",
    "complaint.reopened.v1": "case",
    "complaint.disputed.v1": "case",
    "survey.period_closed.v1": "survey",
    "survey.staff_aggregate_ready.v1": "survey",
    "staff.changed.v1": "department",
    "training.completed.v1": "department",
}
_numbers = itertools.count(1)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def config(mongodb_url: str, amqp_url: str = "amqp://unused", **changes: Any) -> EvaluationConfig:
    return EvaluationConfig(
        service="evaluation",
        amqp_url=amqp_url,
        mongodb_url=mongodb_url,
        contracts_dir=CONTRACTS,
        seal_keys=KeyRing.parse(SEAL_KEYS),
        city_dir=CITY,
        **{"profile": "development", "check_contracts": True, "sample": True, **changes},
    )


def example(type_: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(EXAMPLES.examples(type_)[number]), **changes}


def code(number: int) -> str:
    return "7K3M" + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(9))


def closed(
    number: int,
    *,
    handler: str | None = "dukcapil-1",
    unit: str = "dukcapil",
    late: bool = False,
    closure_no: int = 1,
    at: str = "2026-08-20T08:00:00+07:00",
    **changes: Any,
) -> Event:
    """A closed case with one stage charged to a handler."""
    data = example("complaint.closed.v1", complaint_id=code(number), unit=unit, handler_ref=handler)
    data |= {"closure_no": closure_no, "closed_at": at, "kind": "document", "service_code": "ktp-el"}
    data["stages"] = [{**data["stages"][1], "unit": unit, "handler_ref": handler, "overdue": late}]
    return make_event(
        "complaint.closed.v1", {**data, **changes}, source="/complaints", subject=code(number), time=NOW
    )


def reopened(number: int, closure_no: int = 1) -> Event:
    data = example("complaint.reopened.v1", complaint_id=code(number), closure_no=closure_no)
    return make_event("complaint.reopened.v1", data, source="/complaints", subject=code(number), time=NOW)


def unit_changed(unit: str, version: int = 1) -> Event:
    data = example("unit.changed.v1", unit=unit, version=version)
    return make_event("unit.changed.v1", data, source="/complaints", subject=unit, time=NOW)


def department(
    name: str, units: Iterable[str], types: Iterable[str], *, version: int = 1, active: bool = True
) -> Event:
    units = list(units)
    data = example("department.changed.v1", department=name, version=version, active=active)
    data |= {"unit": units[0], "units": units, "types": list(types)}
    return make_event("department.changed.v1", data, source="/complaints", subject=name, time=NOW)


def staff_changed(
    ref: str,
    version: int = 1,
    *,
    source: str = "simpeg",
    unit: str = "dukcapil",
    at: datetime = NOW,
    **changes: Any,
) -> Event:
    data = example("staff.changed.v1", staff_ref=ref, version=version, unit=unit)
    data |= {"competencies": {}, **changes}
    return make_event("staff.changed.v1", data, source=f"/departments/{source}", subject=ref, time=at)


def training_told(ref: str, *, source: str = "simpeg", at: datetime = NOW, **changes: Any) -> Event:
    data = example("training.completed.v1", staff_ref=ref, **changes)
    return make_event(
        "training.completed.v1", data, source=f"/departments/{source}", subject=data["entry_ref"], time=at
    )


def period_closed(unit: str = "dukcapil", period: str = "2026-Q3", version: int = 1, **changes: Any) -> Event:
    data = example("survey.period_closed.v1", unit=unit, period=period, version=version, **changes)
    return make_event(
        "survey.period_closed.v1", data, source="/surveys", subject=f"{unit}:{period}", time=NOW
    )


def aggregate(ref: str, n: int = 40, mean: float = 2.7, **changes: Any) -> Event:
    """What citizens answered about a person, beside peers whose mean is 3.3."""
    total = round(n * mean)
    own = {"n": n, "sum": total, "sum_of_squares": round(total * total / n + 0.49 * n)}
    everybody = {"n": 400, "sum": 1320, "sum_of_squares": 4356 + 196, "people": 10, "within": "190/1"}
    data = example("survey.staff_aggregate_ready.v1", staff_ref=ref, n=n)
    data |= {
        "elements": {"kompetensi": own, "perilaku": {**own, "sum": round(n * 3.3)}},
        "strata": [],
        "strata_city": [],
        "peers": {"n": 400, "kompetensi": everybody, "perilaku": everybody},
    }
    square = round((n * 3.3) ** 2 / n + 0.49 * n)
    data["elements"]["perilaku"] = {"n": n, "sum": round(n * 3.3), "sum_of_squares": square}
    return make_event(
        "survey.staff_aggregate_ready.v1",
        {**data, **changes},
        source="/surveys",
        subject=ref,
        time=datetime(2026, 9, 30, 17, 0, tzinfo=UTC),
    )


EXPECTATIONS = {
    "results": [
        {
            "id": "r1",
            "supports": "Layanan adminduk tepat waktu",
            "result": "KTP-el terbit",
            "aspect": "waktu",
            "indicator": "Hari sampai terbit",
            "target": "3 hari",
            "kind": "utama",
        }
    ],
    "behaviours": {"pelayanan": "Ramah di loket"},
}
RATING = {
    "results": "di_atas",
    "behaviour": "sesuai",
    "reasons": {"results": "Selalu sebelum target.", "behaviour": "Sesuai harapan."},
    "documents": [{"title": "Laporan loket triwulan III", "reference": "lap-118"}],
}


def workshop(offer_id: str = "workshop-loket", **changes: Any) -> dict[str, Any]:
    return {
        "offer_id": offer_id,
        "form": "workshop",
        "title": "Pelayanan prima di loket",
        "organiser": "BKPSDM",
        "place": "Sawahlunto",
        "start": "2026-10-05",
        "end": "2026-10-06",
        "days": 2,
        "location": "national",
        "competencies": ["pelayanan-publik"],
        "elements": ["kompetensi", "pengaduan"],
        "service_types": ["document"],
        "status": "open",
        **changes,
    }


@dataclass
class World:
    """The service's parts on a real database, with a clock that the test moves."""

    parts: Parts
    db: MongoHandle
    clock: FrozenClock

    @property
    def rows(self) -> Any:
        return self.db.database

    def tell(self, *events: Event) -> dict[str, Retry | Reject]:
        """Hand events to their handlers in this order, as one batch for each run of a handler."""
        verdicts: dict[str, Retry | Reject] = {}
        for handler, batch in itertools.groupby(events, key=lambda event: HANDLERS[event.type]):
            verdicts |= self._handler(handler)(list(batch)) or {}
        return verdicts

    def _handler(self, name: str) -> Any:
        return {
            "catalogue": self.parts.registry.on_catalogue_changed,
            "case": self.parts.gathering.on_case_event,
            "survey": self.parts.gathering.on_survey_event,
            "department": self.parts.departments.on_department_event,
        }[name]

    def events(self, type_: str | None = None) -> list[Event]:
        query = {"type": type_} if type_ else {}
        return [Event.from_bytes(row["body"]) for row in self.rows.outbox.find(query).sort("_id", 1)]

    def staffed(self) -> None:
        """A unit with a rating officer, two officers, and a temporary worker; and another unit."""
        self.tell(*(unit_changed(unit) for unit in ("dukcapil", "dpupr", "setda", "bkpsdm")))
        people = [
            _row("dukcapil-1", rater_ref="dukcapil-kepala", superior_ref="sekda-1"),
            _row("dukcapil-2", rater_ref="dukcapil-kepala", superior_ref="sekda-1"),
            _row("dukcapil-kepala", rater_ref="sekda-1", position="Kepala dinas"),
            _row("honorer-4", status="non_asn", unit="dukcapil"),
            _row("dpupr-1", unit="dpupr", rater_ref="dpupr-kepala", superior_ref="sekda-1"),
            _row("bkpsdm-1", unit="bkpsdm", rater_ref="bkpsdm-kepala", superior_ref="sekda-1"),
        ]
        result = self.parts.staffing.import_staff(who(ADMIN), people, False, None)
        assert result["counts"]["refused"] == 0, result

    def open(self, record: str = "tanggap", staff_ref: str = "dukcapil-1", **changes: Any) -> Any:
        start, end = changes.get("start", "2026-07-01"), changes.get("end", "2026-09-30")
        return self.parts.rating.open(who(HR), staff_ref, start, end, record, None)

    def act(self, id_: str, action: str, actor: Any, payload: Any = None, **changes: Any) -> Any:
        """Act on the version that is stored, unless another is given."""
        version = changes.get("version")
        if "version" not in changes:
            version = self.rows.evaluations.find_one({"_id": id_})["version"]
        return self.parts.rating.act(who(actor), id_, action, version, payload or {}, changes.get("key"))

    def see(self, id_: str, actor: Any) -> Any:
        return self.parts.rating.evaluation(who(actor), id_)

    def agreed(self, **changes: Any) -> str:
        id_: str = self.open(**changes)["evaluation_id"]
        self.act(id_, "expect", RATER, EXPECTATIONS)
        self.act(id_, "agree", PERSON)
        return id_

    def rated(self, **changes: Any) -> str:
        id_ = self.agreed(**changes)
        self.act(id_, "rate", RATER, RATING)
        return id_

    def finalised(self, **changes: Any) -> str:
        id_ = self.rated(**changes)
        self.act(id_, "finalise", RATER)
        return id_

    def dump(self, *names: str) -> str:
        """The collections as text, to compare states."""
        found = {name: sorted(map(_plain, self.rows[name].find()), key=str) for name in names}
        return json.dumps(found, sort_keys=True, default=str)


def _plain(row: dict[str, Any]) -> Any:
    return row


def _row(staff_ref: str, **changes: Any) -> dict[str, Any]:
    return {
        "staff_ref": staff_ref,
        "unit": "dukcapil",
        "status": "asn_pns",
        "position": "Pengadministrasi kependudukan",
        "service_types": ["document"],
        "active": True,
        **changes,
    }


def who(actor: Any) -> Actor:
    return actor if isinstance(actor, Actor) else read_actor(actor)


def put(world: World, offer: Any = None, actor: Any = HR) -> Any:
    return world.parts.training.put_training(who(actor), offer or workshop(), None)


def enrol(world: World, actor: Any = PERSON, offer_id: str = "workshop-loket", **changes: Any) -> str:
    recommendation = changes.get("recommendation_id")
    found = world.parts.training.enrol(who(actor), offer_id, recommendation, changes.get("key"))
    return str(found["enrolment_id"])


def act(world: World, id_: str, action: str, actor: Any = HR, payload: Any = None) -> Any:
    return world.parts.training.act(who(actor), id_, action, payload or {}, None)
