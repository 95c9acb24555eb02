"""A small city, and a case in every state as the application layer shows it."""

from typing import Any

from gateway.codes import canonical, check_character, shown

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
            {
                "code": "1",
                "name": "Utara",
                "villages": [{"code": "1.1", "name": "Pasar"}, {"code": "1.2", "name": "Muara"}],
            },
            {"code": "2", "name": "Selatan", "villages": [{"code": "2.1", "name": "Bukit"}]},
        ],
    },
    "units": [
        {
            "code": "dpupr",
            "name": {"id": "Dinas Pekerjaan Umum dan Penataan Ruang", "en": "Public Works"},
            "active": True,
        },
        {
            "code": "disdukcapil",
            "name": {"id": "Dinas Kependudukan dan Pencatatan Sipil", "en": "Civil Registry"},
            "active": True,
        },
    ],
    "services": [
        {
            "code": "jalan-berlubang",
            "name": {"id": "Jalan berlubang atau rusak", "en": "Pothole or damaged road"},
            "description": {
                "id": "Lubang, retak, atau amblas di jalan kota.",
                "en": "Holes or cracks in a city road.",
            },
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
            "notice": {
                "id": "Jalan nasional ditangani Balai Jalan.",
                "en": "National roads belong to another agency.",
            },
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
        {
            "stage": "verify",
            "kind": "*",
            "class": "*",
            "amount": 3,
            "unit": "HK",
            "effective_from": "2019-01-01",
            "effective_to": None,
        },
        {
            "stage": "first_response",
            "kind": "*",
            "class": "*",
            "amount": 5,
            "unit": "HK",
            "effective_to": None,
        },
        {
            "stage": "resolve",
            "kind": "complaint",
            "class": "ordinary",
            "amount": 14,
            "unit": "HK",
            "effective_to": None,
        },
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
    "verify",
    "assign",
    "bounce",
    "request_info",
    "provide_info",
    "progress",
    "resolve",
    "confirm",
    "dispute",
    "reject",
    "reopen",
    "merge",
    "comment",
    "reveal",
    "history",
]


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
        "due": {
            "stage": "resolve",
            "due_at": LATER,
            "paused": status == "info_requested",
            "overdue": False,
            "source": "x",
        },
        "title": "Jalan berlubang dekat pasar",
        "description": "Lubang besar di depan pasar.\nSudah dua minggu.\n\nTolong segera.",
        "public_text": {
            "title": "Jalan berlubang dekat pasar",
            "description": "Lubang besar di depan pasar.",
        },
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
            {
                "at": AT,
                "type": "message",
                "status": None,
                "by": "system",
                "channel": "email",
                "state": "sent",
                "audience": "reporter",
                "template": "filed",
                "reason": None,
            },
            {"at": AT, "type": "assigned", "status": "assigned", "by": "staff", "unit": "dpupr"},
            {
                "at": AT,
                "type": "message",
                "status": None,
                "by": "system",
                "channel": "email",
                "state": "skipped",
                "audience": "staff",
                "template": "assigned",
                "reason": "contact_missing",
            },
            {
                "at": AT,
                "type": "comment",
                "status": None,
                "by": "reporter",
                "text": "Ada yang jatuh tadi pagi.",
            },
            {"at": AT, "type": "overdue", "status": None, "by": "system"},
        ],
    } | more


def sample() -> dict[str, dict[str, Any]]:
    answer = {"text": "Lubang sudah kami tutup dengan aspal.", "outcome": "granted", "at": AT}
    cases = [
        case(
            1, "filed", public_text=None, unit=None, needs_review=True, review_reasons=["attribute_unknown"]
        ),
        case(2, "verified"),
        case(
            3,
            "assigned",
            due={"stage": "resolve", "due_at": AT, "paused": False, "overdue": True, "source": "x"},
        ),
        case(4, "in_progress", anonymous=True),
        case(5, "info_requested", question={"text": "Di dekat bangunan apa?", "at": AT, "until": LATER}),
        case(6, "resolved", answer=answer, outcome="granted"),
        case(7, "closed", answer=answer, closed_by="timer", reason="silence", outcome="granted", due=None),
        case(
            8,
            "rejected",
            ground="bukan_wewenang",
            referred_to="Balai Pelaksanaan Jalan Nasional",
            explanation="Jalan ini jalan nasional.",
            due=None,
        ),
        case(9, "merged", merged_into=shown(code_of(2)), due=None),
        case(10, "in_progress", confidential=True),
        case(
            11,
            "assigned",
            title=HOSTILE,
            description=HOSTILE,
            attributes={HOSTILE: HOSTILE},
            referred_to=HOSTILE,
            location={"address": HOSTILE},
            question={"text": HOSTILE, "at": AT, "until": None},
            timeline=[{"at": AT, "type": HOSTILE, "by": HOSTILE, "text": HOSTILE, "reason": HOSTILE}],
        ),
    ]
    return {canonical(one["tracking_code"]) or "": one for one in cases}
