"""The pages over cases that live in memory: a catalogue, a case in every state, and failures on request."""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.callers import Caller
from gateway.cases import Receipt
from gateway.catalogue import Catalogue
from gateway.codes import canonical, check_character, shown
from gateway.pages import is_page, render_problem, routes
from gateway.pages.settings import PageSettings, StaffIdentity
from gateway.problems import FieldError, Problem
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)> {{7*7}} %(x)s"
SECRET = "0123456789abcdefghjkmnpqrs"
AT = "2026-11-24T02:15:00+00:00"
LATER = "2026-12-01T09:00:00+00:00"

CATALOGUE = {
    "version": 3,
    "city": {
        "code": "contoh",
        "name": "Kota Contoh",
        "timezone": "Asia/Jakarta",
        "emergency": [
            {"number": "112", "name": {"id": "Panggilan darurat", "en": "Emergency call"}},
            {"number": "119", "name": {"id": "Ambulans gawat darurat", "en": "Ambulance"}},
        ],
        "districts": [
            {"code": "1", "name": "Utara", "villages": [{"code": "1.1", "name": "Pasar"}, {"code": "1.2", "name": "Muara"}]},
            {"code": "2", "name": "Selatan", "villages": [{"code": "2.1", "name": "Bukit"}]},
        ],
    },
    "units": [
        {"code": "dpupr", "name": {"id": "Dinas Pekerjaan Umum dan Penataan Ruang", "en": "Public Works"}, "active": True},
        {"code": "disdukcapil", "name": {"id": "Dinas Kependudukan dan Pencatatan Sipil", "en": "Civil Registry"}, "active": True},
    ],
    "services": [
        {
            "code": "jalan-berlubang",
            "name": {"id": "Jalan berlubang atau rusak", "en": "Pothole or damaged road"},
            "description": {"id": "Lubang, retak, atau amblas di jalan kota.", "en": "Holes or cracks in a city road."},
            "kind": "complaint",
            "group": {"code": "jalan", "id": "Jalan dan lampu", "en": "Roads and lights"},
            "unit": "dpupr",
            "location": "required",
            "supervisory": False,
            "keywords": ["lubang", "aspal", "rusak"],
            "attributes": [
                {
                    "code": "bahaya",
                    "datatype": "singlevaluelist",
                    "required": True,
                    "order": 1,
                    "description": {"id": "Apakah berbahaya?", "en": "Is it dangerous?"},
                    "values": [
                        {"key": "ya", "name": {"id": "Ya, ada yang bisa celaka", "en": "Yes"}},
                        {"key": "tidak", "name": {"id": "Tidak", "en": "No"}},
                    ],
                },
                {
                    "code": "ukuran",
                    "datatype": "number",
                    "required": False,
                    "order": 2,
                    "description": {"id": "Lebar lubang (meter)", "en": "Width (metres)"},
                    "values": [],
                },
                {
                    "code": "dampak",
                    "datatype": "multivaluelist",
                    "required": False,
                    "order": 3,
                    "description": {"id": "Siapa yang terganggu?", "en": "Who is affected?"},
                    "values": [
                        {"key": "motor", "name": {"id": "Sepeda motor", "en": "Motorcycles"}},
                        {"key": "pejalan", "name": {"id": "Pejalan kaki", "en": "Pedestrians"}},
                    ],
                },
                {
                    "code": "sejak",
                    "datatype": "datetime",
                    "required": False,
                    "order": 4,
                    "description": {"id": "Sejak kapan?", "en": "Since when?"},
                    "values": [],
                },
            ],
            "standard": {
                "requirements": ["Tempat yang jelas"],
                "procedure": ["Laporan diperiksa", "Lubang ditutup"],
                "time": "14 hari kerja",
                "cost": "Gratis",
                "product": "Jalan yang rata",
                "place": "Kantor dinas",
                "hours": "Senin–Jumat 07.30–16.00 WIB",
                "legal_basis": ["UU Nomor 38 Tahun 2004 tentang Jalan"],
            },
            "resolve_within": {"amount": 10, "unit": "HK"},
            "notice": {"id": "Jalan nasional ditangani Balai Jalan.", "en": "National roads belong to another agency."},
        },
        {
            "code": "akta-kelahiran",
            "name": {"id": "Akta kelahiran", "en": "Birth certificate"},
            "description": {"id": "Pencatatan kelahiran.", "en": "Registration of a birth."},
            "kind": "document",
            "group": {"code": "dukcapil", "id": "Kependudukan", "en": "Civil registry"},
            "unit": "disdukcapil",
            "location": "none",
            "supervisory": False,
            "keywords": ["lahir", "bayi"],
            "attributes": [],
            "standard": {"requirements": ["Surat keterangan lahir", "KTP orang tua"], "cost": "Gratis"},
            "standard_en": {"requirements": ["Birth letter", "Parents' identity cards"]},
        },
        {
            "code": "usulan",
            "name": {"id": "Usulan warga", "en": "Suggestion"},
            "description": {"id": "Usul untuk kota.", "en": "An idea for the city."},
            "kind": "aspiration",
            "group": {"code": "umum", "id": "Umum", "en": "General"},
            "unit": "dpupr",
            "location": "optional",
            "keywords": ["usul", "ide"],
            "attributes": [],
            "standard": {},
        },
    ],
    "deadlines": [
        {"stage": "verify", "kind": "*", "class": "*", "amount": 3, "unit": "HK", "effective_from": "2019-01-01", "effective_to": None},
        {"stage": "first_response", "kind": "*", "class": "*", "amount": 5, "unit": "HK", "effective_to": None},
        {"stage": "resolve", "kind": "complaint", "class": "ordinary", "amount": 14, "unit": "HK", "effective_to": None},
        {"stage": "silence", "kind": "*", "class": "*", "amount": 10, "unit": "HK", "effective_to": None},
    ],
    "jurisdictions": [],
}

REPORTER_ACTIONS = {
    "info_requested": ["provide_info", "comment"],
    "resolved": ["confirm", "dispute", "comment"],
    "closed": ["reopen", "comment"],
    "rejected": ["reopen", "comment"],
}
EVERY_ACTION = [
    "verify", "assign", "bounce", "request_info", "provide_info", "progress", "resolve", "confirm", "dispute",
    "reject", "reopen", "merge", "comment", "reveal",
]  # fmt: skip


def code_of(number: int) -> str:
    digits = f"7K3M9QXD{number:04d}"
    return digits + check_character(digits)


def case(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {
        "tracking_code": shown(code_of(number)),
        "status": status,
        "version": 4,
        "kind": "complaint",
        "service_code": "jalan-berlubang",
        "unit": "dpupr",
        "channel": "web",
        "received_at": AT,
        "accepted_at": AT,
        "updated_at": AT,
        "due": {"stage": "resolve", "due_at": LATER, "paused": status == "info_requested", "overdue": False, "source": "x"},
        "title": "Jalan berlubang dekat pasar",
        "description": "Lubang besar di depan pasar.\nSudah dua minggu.\n\nTolong segera.",
        "public_text": {"title": "Jalan berlubang dekat pasar", "description": "Lubang besar di depan pasar."},
        "location": {"lat": -0.683, "lon": 100.778, "address": "Jalan Yos Sudarso", "area": "Pasar"},
        "attributes": {"bahaya": "ya", "dampak": ["motor", "pejalan"]},
        "answer": None,
        "question": None,
        "referred_to": None,
        "ground": None,
        "reason": None,
        "closed_by": None,
        "outcome": None,
        "anonymous": False,
        "confidential": False,
        "needs_review": False,
        "review_reasons": [],
        "supporters": 2,
        "bounces": 1,
        "disputes": 1,
        "merged_into": None,
        "month": "2026-11",
        "timeline": [
            {"at": AT, "type": "filed", "status": "filed", "by": "reporter"},
            {"at": AT, "type": "message", "status": None, "by": "system", "channel": "email", "state": "sent", "audience": "reporter", "template": "filed", "reason": None},
            {"at": AT, "type": "assigned", "status": "assigned", "by": "staff", "unit": "dpupr"},
            {"at": AT, "type": "message", "status": None, "by": "system", "channel": "email", "state": "skipped", "audience": "staff", "template": "assigned", "reason": "contact_missing"},
            {"at": AT, "type": "comment", "status": None, "by": "reporter", "text": "Ada yang jatuh tadi pagi."},
            {"at": AT, "type": "overdue", "status": None, "by": "system"},
        ],
    } | more  # fmt: skip


def sample() -> dict[str, dict[str, Any]]:
    answer = {"text": "Lubang sudah kami tutup dengan aspal.", "outcome": "granted", "at": AT}
    cases = [
        case(1, "filed", public_text=None, unit=None, needs_review=True, review_reasons=["unknown_attribute"]),
        case(2, "verified"),
        case(3, "assigned", due={"stage": "resolve", "due_at": AT, "paused": False, "overdue": True, "source": "x"}),
        case(4, "in_progress", anonymous=True),
        case(5, "info_requested", question={"text": "Di dekat bangunan apa?", "at": AT, "until": LATER}),
        case(6, "resolved", answer=answer, outcome="granted"),
        case(7, "closed", answer=answer, closed_by="timer", reason="silence", outcome="granted", due=None),
        case(8, "rejected", ground="bukan_wewenang", referred_to="Balai Pelaksanaan Jalan Nasional", due=None),
        case(9, "merged", merged_into=shown(code_of(2)), due=None),
        case(10, "in_progress", confidential=True),
        case(11, "assigned", title=HOSTILE, description=HOSTILE, attributes={HOSTILE: HOSTILE}, referred_to=HOSTILE,
             location={"address": HOSTILE}, question={"text": HOSTILE, "at": AT, "until": None},
             timeline=[{"at": AT, "type": HOSTILE, "by": HOSTILE, "text": HOSTILE, "reason": HOSTILE}]),
    ]  # fmt: skip
    return {canonical(one["tracking_code"]) or "": one for one in cases}


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
            errors.append(FieldError(pointer="/description", code="blank", detail="Isian ini tidak boleh kosong."))
        if submission["service_code"] == "jalan-berlubang" and not submission.get("location"):
            errors.append(FieldError(pointer="/location", code="location_required", detail="Lokasi."))
        if "@" not in (submission.get("reporter") or {}).get("email", "@"):
            errors.append(FieldError(pointer="/reporter/email", code="not_an_email", detail="E-mail."))
        if errors:
            raise Problem("invalid-input", errors=errors)
        fingerprint = (idempotency_key, json.dumps(submission, sort_keys=True))
        if fingerprint not in self.filed:
            code = code_of(100 + len(self.filed))
            self.filed[fingerprint] = Receipt(shown(code), SECRET, "received", datetime.now(UTC), {}, idempotency_key or "")
            if self.stores_at_once:
                self.stored[code] = case(100 + len(self.filed) - 1, "filed", **{"description": submission["description"]})
        return self.filed[fingerprint]

    async def view(self, code: str, caller: Caller) -> dict[str, Any]:
        self._maybe_fail()
        known = canonical(code) or ""
        if caller.kind == "reporter" and caller.secret != SECRET:
            raise Problem("not-found")
        if known not in self.stored:
            if caller.kind == "reporter" and any(r.tracking_code == shown(known) for r in self.filed.values()):
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
            found |= {"access": "staff", "actions": EVERY_ACTION, "inspectorate": False, "officer_ref": None,
                      "proposed_public": {"title": None, "description": "Lubang besar."}}  # fmt: skip
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
        return {"items": items, "next_cursor": None if cursor else "lanjut", "counts": {"by_status": {"filed": 1, "assigned": 1200}}}

    async def act(
        self, code: str, action: str, payload: dict[str, Any], version: int | None, caller: Caller, key: str | None
    ) -> dict[str, Any]:
        self.calls.append(("act", code, action, payload, version, caller, key))
        self._maybe_fail()
        found = self.stored[canonical(code) or ""]
        states = {"confirm": "closed", "dispute": "assigned", "provide_info": "assigned", "reopen": "assigned", "verify": "verified",
                  "assign": "assigned", "resolve": "resolved"}  # fmt: skip
        if action in states:
            found["status"] = states[action]
            found["version"] += 1
        return await self.view(code, caller)

    async def reveal(self, code: str, reason: str, caller: Caller, key: str | None = None) -> dict[str, Any]:
        self.calls.append(("reveal", code, reason, caller))
        self._maybe_fail()
        return {"reporter": {"name": "Upik Contoh", "email": "upik@example.invalid", "phone": None}, "revealed_at": AT}

    async def history(self, code: str, caller: Caller) -> dict[str, Any]:
        self._maybe_fail()
        return {
            "items": [
                {"seq": 1, "at": AT, "action": "file", "actor_ref": None, "from": None, "to": "filed", "details": {}, "digest": "a"},
                {"seq": 2, "at": AT, "action": "verify", "actor_ref": "koordinator", "from": "filed", "to": "verified", "details": {}, "digest": "b"},
            ],
            "verified": True,
        }  # fmt: skip


@dataclass
class FakeNotices:
    items: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "n1", "subject": "Laporan baru untuk unit Anda", "body": "Baris satu\nBaris dua", "at": AT, "read_at": None, "complaint_id": code_of(3)},
            {"id": "n2", "subject": "Batas waktu dekat", "body": HOSTILE, "at": AT, "read_at": AT, "complaint_id": None},
        ]
    )  # fmt: skip
    read: list[Any] = field(default_factory=list)

    async def inbox(self, caller: Caller, cursor: str | None = None, limit: int = 20, unread_only: bool = False) -> dict[str, Any]:
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


def application(cases: FakeCases | None = None, **more: Any) -> Starlette:
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
    app.state.authenticator = FakeAuthenticator()
    app.state.pages = settings(**more)
    return app
