"""A person at the gateway: files, reads, acts, and opens her mail. Everything goes over HTTP, as outside."""

from __future__ import annotations

import email
import email.policy
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from support.waiting import eventually
from tanggap.city import bundle as city_bundle

POTHOLE = {
    "service_code": "jalan-rusak",
    "title": "Lubang di tikungan pasar",
    "description": "Ada lubang dalam di tikungan dekat pasar, sudah dua minggu.",
    "attributes": {"lebar_kerusakan": "besar"},
    "location": {"lat": -0.6812, "lon": 100.7781, "address": "Jalan Contoh, Lembah Segar"},
}

RELEASED = {"public_title": "Lubang di pasar", "public_text": "Ada lubang di tikungan dekat pasar."}
"""What a coordinator releases when she verifies the pothole."""


def pothole(**changes: Any) -> dict[str, Any]:
    """A filing that nothing is wrong with."""
    return {**POTHOLE, **changes}


@dataclass
class City:
    """The gateway at `url`, with tokens from `token(role, unit, ref)` and the mail sink's Maildir."""

    url: str
    token: Callable[..., str]
    maildir: Path
    client: httpx.Client = field(init=False)
    _seen: dict[Path, bytes] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=15)

    def load(self, directory: Path) -> None:
        """Put a city's catalogue in place and wait until the gateway serves it."""
        bundle = city_bundle(directory)
        response = self.client.put(
            f"/v1/catalogue/{bundle['city']['code']}", json=bundle, headers=self.bearer("admin")
        )
        assert response.status_code == 200, response.text
        wanted = {service["code"] for service in bundle["services"]}
        eventually(
            lambda: (
                wanted
                <= {service["service_code"] for service in self.client.get("/v1/services").json()["items"]}
            ),
            within=30,
        )

    def file(self, body: dict[str, Any], key: str | None = None, role: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if role:
            headers |= self.bearer(role)
        return self.client.post("/v1/complaints", json=body, headers=headers)

    def file_many(self, bodies: list[dict[str, Any]], workers: int = 16) -> list[httpx.Response]:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self.file, bodies))

    def filed(self, body: dict[str, Any] | None = None, role: str | None = None) -> dict[str, Any]:
        """File, and wait until the case is stored; answers the receipt."""
        response = self.file(body or pothole(), role=role)
        assert response.status_code == 202, response.text
        receipt: dict[str, Any] = response.json()
        eventually(lambda: self.view(receipt["tracking_code"], receipt["secret"])["status"] != "received")
        return receipt

    def view(
        self, code: str, secret: str | None = None, role: str | None = None, **who: Any
    ) -> dict[str, Any]:
        response = self.get_case(code, secret, role, **who)
        assert response.status_code == 200, response.text
        view: dict[str, Any] = response.json()
        return view

    def get_case(
        self, code: str, secret: str | None = None, role: str | None = None, **who: Any
    ) -> httpx.Response:
        headers = {"Tanggap-Secret": secret} if secret else {}
        if role:
            headers |= self.bearer(role, **who)
        return self.client.get(f"/v1/complaints/{code}", headers=headers)

    def act(
        self,
        code: str,
        action: str,
        payload: dict[str, Any] | None = None,
        *,
        role: str | None = None,
        unit: str | None = None,
        ref: str | None = None,
        secret: str | None = None,
        version: int | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Act with the version that this actor sees now, unless another is given."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if secret:
            headers["Tanggap-Secret"] = secret
        if role:
            headers |= self.bearer(role, unit=unit, ref=ref)
        if version is None:
            version = self.view(code, secret, role, unit=unit, ref=ref)["version"]
        return self.client.post(
            f"/v1/complaints/{code}/{action}", json={"version": version, **(payload or {})}, headers=headers
        )

    def acted(
        self, code: str, action: str, payload: dict[str, Any] | None = None, **who: Any
    ) -> dict[str, Any]:
        response = self.act(code, action, payload, **who)
        assert response.status_code == 200, f"{action}: {response.status_code} {response.text}"
        view: dict[str, Any] = response.json()
        return view

    def bearer(self, role: str, unit: str | None = None, ref: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role=role, unit=unit, ref=ref)}"}

    def mails(self, address: str) -> list[EmailMessage]:
        """Every mail the sink has for an address, oldest first."""
        found = [mail for mail in self.all_mails([address]) if address in str(mail["To"])]
        return sorted(found, key=lambda mail: str(mail["Date"]))

    def all_mails(self, about: Sequence[str] = ()) -> Iterator[EmailMessage]:
        """The mails in the sink; of many, only those in which one of these texts stands as it is."""
        wanted = [text.encode() for text in about]
        for path in sorted((self.maildir / "new").iterdir()) + sorted((self.maildir / "cur").iterdir()):
            # Parsing takes far longer than looking, and other tests leave thousands.
            raw = self._raw(path)
            if wanted and not any(text in raw for text in wanted):
                continue
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            yield message

    def _raw(self, path: Path) -> bytes:
        if path not in self._seen:
            self._seen[path] = path.read_bytes()
        return self._seen[path]


def plain_text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links(mail: EmailMessage) -> list[str]:
    return re.findall(r"https?://[^\s>\"]+", plain_text(mail))
