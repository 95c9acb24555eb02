"""The pages over cases that live in memory: what is in support.page_data, and failures on request."""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.access import Access
from gateway.callers import Caller
from gateway.cases import Receipt
from gateway.catalogue import Catalogue
from gateway.codes import canonical, shown
from gateway.edge import Edge
from gateway.limits import Bucket, Limits
from gateway.pages import is_page, render_problem, routes
from gateway.pages.settings import PageSettings, StaffIdentity
from gateway.problems import FieldError, Problem
from servicekit.permissions import Permissions
from servicekit.testing import FrozenClock
from support.chain import FakeEvaluation, FakeSurveys
from support.page_data import (
    AT,
    CATALOGUE,
    EVERY_ACTION,
    HOSTILE,
    REPORTER_ACTIONS,
    SECRET,
    case,
    code_of,
    sample,
)

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


@dataclass
class FakeCases:
    """Answers like `gateway.cases.Cases`; `failing` is raised instead by whatever is called next."""

    stored: dict[str, dict[str, Any]] = field(default_factory=sample)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(copy.deepcopy(CATALOGUE)))
    failing: Problem | None = None
    filed: dict[tuple[str | None, str], Receipt] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    stores_at_once: bool = True

    def _maybe_fail(self) -> None:
        failing, self.failing = self.failing, None
        if failing is not None:
            raise failing

    async def file(self, submission: dict[str, Any], caller: Caller, idempotency_key: str | None) -> Receipt:
        self.calls.append(("file", submission, caller, idempotency_key))
        self._maybe_fail()
        errors = []
        if not submission.get("description"):
            errors.append(
                FieldError(pointer="/description", code="blank", detail="Isian ini tidak boleh kosong.")
            )
        if submission["service_code"] == "jalan-berlubang" and not submission.get("location"):
            errors.append(FieldError(pointer="/location", code="location_required", detail="Lokasi."))
        if "@" not in (submission.get("reporter") or {}).get("email", "@"):
            errors.append(FieldError(pointer="/reporter/email", code="not_an_email", detail="E-mail."))
        if errors:
            raise Problem("invalid-input", errors=errors)
        fingerprint = (idempotency_key, json.dumps(submission, sort_keys=True))
        if fingerprint not in self.filed:
            code = code_of(100 + len(self.filed))
            self.filed[fingerprint] = Receipt(
                shown(code), SECRET, "received", datetime.now(UTC), {}, idempotency_key or ""
            )
            if self.stores_at_once:
                self.stored[code] = case(
                    100 + len(self.filed) - 1, "filed", description=submission["description"]
                )
        return self.filed[fingerprint]

    async def view(self, code: str, caller: Caller) -> dict[str, Any]:
        self._maybe_fail()
        known = canonical(code) or ""
        if caller.kind == "reporter" and caller.secret != SECRET:
            raise Problem("not-found")
        if known not in self.stored:
            if caller.kind == "reporter" and any(
                r.tracking_code == shown(known) for r in self.filed.values()
            ):
                return {"tracking_code": shown(known), "status": "received", "timeline": [], "actions": []}
            raise Problem("not-found")
        found = copy.deepcopy(self.stored[known])
        if caller.kind == "public":
            if found["confidential"]:
                raise Problem("not-found")
            found |= {"access": "public", "actions": ["support"], "due": None, "attributes": {}}
            found["timeline"] = [entry for entry in found["timeline"] if entry["type"] != "message"]
        elif caller.kind == "reporter":
            found |= {"access": "reporter", "actions": REPORTER_ACTIONS.get(found["status"], ["comment"])}
        else:
            found |= {
                "access": "staff",
                "actions": EVERY_ACTION,
                "inspectorate": False,
                "officer_ref": None,
                "proposed_public": {"title": None, "description": "Lubang besar."},
            }
        return found

    async def list(
        self, caller: Caller, filters: dict[str, Any], cursor: str | None = None, limit: int = 20
    ) -> dict[str, Any]:
        self.calls.append(("list", filters, caller, cursor))
        self._maybe_fail()
        public = Caller()
        items = []
        for code, found in self.stored.items():
            if caller.kind == "public" and (found["confidential"] or found["status"] == "filed"):
                continue
            if "status" in filters and found["status"] not in filters["status"]:
                continue
            items.append(await self.view(code, public if caller.kind == "public" else caller))
        return {
            "items": items,
            "next_cursor": None if cursor else "lanjut",
            "counts": {"by_status": {"filed": 1, "assigned": 1200}},
        }

    async def act(
        self,
        code: str,
        action: str,
        payload: dict[str, Any],
        version: int | None,
        caller: Caller,
        key: str | None,
    ) -> dict[str, Any]:
        self.calls.append(("act", code, action, payload, version, caller, key))
        self._maybe_fail()
        found = self.stored[canonical(code) or ""]
        states = {
            "confirm": "closed",
            "dispute": "assigned",
            "provide_info": "assigned",
            "reopen": "assigned",
            "verify": "verified",
            "assign": "assigned",
            "resolve": "resolved",
        }
        if action in states:
            found["status"] = states[action]
            found["version"] += 1
        return await self.view(code, caller)

    async def reveal(self, code: str, reason: str, caller: Caller, key: str | None = None) -> dict[str, Any]:
        self.calls.append(("reveal", code, reason, caller))
        self._maybe_fail()
        return {
            "reporter": {"name": "Upik Contoh", "email": "upik@example.invalid", "phone": None},
            "revealed_at": AT,
        }

    async def history(self, code: str, caller: Caller) -> dict[str, Any]:
        self._maybe_fail()
        return {
            "items": [
                {
                    "seq": 1,
                    "at": AT,
                    "action": "file",
                    "actor_ref": None,
                    "from": None,
                    "to": "filed",
                    "details": {},
                    "digest": "a",
                },
                {
                    "seq": 2,
                    "at": AT,
                    "action": "verify",
                    "actor_ref": "koordinator",
                    "from": "filed",
                    "to": "verified",
                    "details": {},
                    "digest": "b",
                },
            ],
            "verified": True,
        }


@dataclass
class FakeNotices:
    items: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": "n1",
                "title": "Laporan baru untuk unit Anda",
                "text": "Baris satu\nBaris dua",
                "at": AT,
                "read_at": None,
                "complaint_id": code_of(3),
            },
            {
                "id": "n2",
                "title": "Batas waktu dekat",
                "text": HOSTILE,
                "at": AT,
                "read_at": AT,
                "complaint_id": None,
                "link": "http://testserver/evaluasi/tertutup",
            },
            {
                "id": "n3",
                "title": "Kejadian ditolak",
                "text": "Lihat penolakan.",
                "at": AT,
                "read_at": AT,
                "complaint_id": None,
                "link": "http://testserver/v1/events/rejections",
            },
        ]
    )
    read: list[Any] = field(default_factory=list)

    async def inbox(
        self, caller: Caller, cursor: str | None = None, limit: int = 20, unread_only: bool = False
    ) -> dict[str, Any]:
        return {"items": self.items, "unread": 1, "next_cursor": None}

    async def mark_read(self, caller: Caller, ids: list[str] | None = None) -> None:
        self.read.append(ids)


class FakeAuthenticator:
    """A session that is its own token: `ref|role|unit`."""

    cookie_name = "tanggap_session"
    secure = False

    async def verify(self, token: str, *, address: str = "", language: str = "id") -> Caller:
        ref, role, unit = token.split("|")
        return Caller("staff", ref=ref, roles=(role,), unit=unit or None, address=address, language=language)

    def seal_session(self, token: str) -> str:
        return token.encode().hex()

    def open_session(self, cookie: str) -> str | None:
        return bytes.fromhex(cookie).decode()


STAFF = (
    StaffIdentity("koordinator", "Rina Contoh", ("coordinator",)),
    StaffIdentity("petugas-1", "Budi Contoh", ("officer",), "dpupr"),
    StaffIdentity("loket-1", "Sari Contoh", ("desk",)),
)


def settings(**more: Any) -> PageSettings:
    values: dict[str, Any] = {
        "keys": (b"k" * 32,),
        "public_url": "http://testserver",
        "sample_mark": "data contoh",
        "development": True,
        "sample_staff": STAFF,
        "local_token": lambda person: f"{person.ref}|{person.roles[0]}|{person.unit or ''}",
    }
    return PageSettings(**(values | more))


class Served(Edge):
    """The pages behind the gateway's edge; `state` is the application's."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(app, secure=False)
        self.state = app.state


def application(cases: FakeCases | None = None, **more: Any) -> Served:
    """The pages alone, their problems rendered as the gateway renders them."""

    async def on_problem(request: Request, problem: Exception) -> Response:
        assert is_page(request.url.path)
        return render_problem(request, problem if isinstance(problem, Problem) else Problem("internal-error"))

    async def on_http(request: Request, error: Exception) -> Response:
        slug = "method-not-allowed" if getattr(error, "status_code", 0) == 405 else "not-found"
        return render_problem(request, Problem(slug))

    app = Starlette(routes=routes(), exception_handlers={Problem: on_problem, HTTPException: on_http})
    app.state.cases = cases or FakeCases()
    app.state.notices = FakeNotices()
    app.state.surveys = FakeSurveys()
    app.state.evaluation = FakeEvaluation()
    app.state.clock = FrozenClock(datetime(2026, 11, 24, 2, 15, tzinfo=UTC))
    app.state.access = Access(Permissions.load(CONTRACTS))
    app.state.authenticator = FakeAuthenticator()
    app.state.limits = Limits(Bucket("address", None), Bucket("staff", None))
    app.state.pages = settings(**more)
    return Served(app)
