"""What people do along the chain: a counter's system reports visits, citizens answer, staff are imported."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from support.city import City, plain_text
from support.waiting import eventually

ELEMENTS = (
    "persyaratan", "prosedur", "waktu", "biaya", "produk", "kompetensi", "perilaku", "pengaduan", "sarana",
)  # fmt: skip
TOKEN = re.compile(r"/survei/([0-9a-z]{44})")


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


def quarter(day: date | None = None) -> str:
    """The code of the quarter that a day lies in."""
    day = day or today()
    return f"{day.year}-Q{(day.month + 2) // 3}"


def scores(value: int = 3, **changes: int) -> dict[str, int]:
    return {element: changes.get(element, value) for element in ELEMENTS}


@dataclass
class Counter:
    """A department's own system at a counter, over HTTP with its API key."""

    city: City
    code: str
    unit: str
    key: str

    @classmethod
    def registered(cls, city: City, code: str, unit: str, types: Sequence[str]) -> Counter:
        key = f"tgd_{code}_{secrets.token_urlsafe(32)}"
        body = {
            "name": {"id": f"Sistem antrean {unit}", "en": f"Queue system of {unit}"},
            "unit": unit,
            "units": [unit],
            "types": list(types),
            "key_hash": hashlib.sha256(key.encode()).hexdigest(),
            "active": True,
        }
        answer = city.client.put(f"/v1/departments/{code}", json=body, headers=city.bearer("admin"))
        assert answer.status_code == 200, answer.text
        counter = cls(city, code, unit, key)
        eventually(lambda: counter.rejections().status_code == 200, within=30)
        return counter

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def rejections(self) -> httpx.Response:
        return self.city.client.get("/v1/events/rejections", headers=self.headers)

    def event(self, type_: str, data: dict[str, Any], subject: str, **changes: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/departments/{self.code}",
            "type": type_,
            "subject": subject,
            "time": datetime.now(ZoneInfo("Asia/Jakarta")).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
            **changes,
        }

    def publish(self, *events: dict[str, Any]) -> httpx.Response:
        return self.city.client.post(
            "/v1/events",
            json=list(events),
            headers={**self.headers, "Content-Type": "application/cloudevents-batch+json"},
        )

    def contact(self, address: str) -> str:
        answer = self.city.client.post(
            "/v1/contacts",
            json={"audience": "citizen", "email": address, "language": "id"},
            headers={**self.headers, "Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["contact_ref"])

    def visit(self, address: str | None, handler: str | None, service: str) -> dict[str, Any]:
        """The event of one visit; the contact is handed in first."""
        visit_ref = uuid.uuid4().hex
        data = {
            "visit_ref": visit_ref,
            "unit": self.unit,
            "service_code": service,
            "handler_ref": handler,
            "contact_ref": self.contact(address) if address else None,
            "date": today().isoformat(),
            "channel": "counter",
        }
        return self.event("service.delivered.v1", data, visit_ref)

    def visits(self, people: Sequence[str], handler: str | None, service: str) -> None:
        """Report one visit for each address."""
        with ThreadPoolExecutor(8) as pool:
            events = list(pool.map(lambda address: self.visit(address, handler, service), people))
        for start in range(0, len(events), 50):
            answer = self.publish(*events[start : start + 50])
            assert answer.status_code == 202, answer.text


def addresses(count: int, name: str = "pengunjung") -> list[str]:
    mark = uuid.uuid4().hex[:8]
    return [f"{name}-{mark}-{number}@example.invalid" for number in range(count)]


def invitations(city: City, wanted: Sequence[str], within: float = 60) -> dict[str, str]:
    """The token in the invitation of each of these `addresses`, once all have arrived."""

    def arrived() -> dict[str, str]:
        left = set(wanted)
        found = {}
        for mail in city.all_mails([wanted[0].rpartition("-")[0]]):
            to = str(mail["To"]).strip("<>")
            token = TOKEN.search(plain_text(mail)) if to in left else None
            if token:
                found[to] = token.group(1)
                left.discard(to)
        return {} if left else found

    return eventually(arrived, within=within, every=0.5)


def respond(city: City, token: str, answers: dict[str, int], **more: Any) -> httpx.Response:
    body = {
        "submission_id": str(uuid.uuid4()),
        "token": token,
        "answers": answers,
        "consents": {"process": True},
        **more,
    }
    return city.client.post("/v1/survey-responses", json=body)


def period(city: City, unit: str, code: str) -> dict[str, Any]:
    """A period's result as a coordinator sees it."""
    answer = city.client.get(f"/v1/surveys/results/{unit}/{code}", headers=city.bearer("coordinator"))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def act_on_period(city: City, unit: str, code: str, action: str, **payload: Any) -> httpx.Response:
    return city.client.post(
        f"/v1/surveys/periods/{unit}/{code}/{action}",
        json=payload,
        headers={**city.bearer("admin"), "Idempotency-Key": str(uuid.uuid4())},
    )


def import_staff(city: City, rows: list[dict[str, Any]], dry_run: bool = False) -> dict[str, Any]:
    answer = city.client.post(
        "/v1/evaluation/staff/import", json={"rows": rows, "dry_run": dry_run}, headers=city.bearer("hr")
    )
    assert answer.status_code == 200, answer.text
    verdicts: dict[str, Any] = answer.json()
    return verdicts
