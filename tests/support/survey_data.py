"""A questionnaire, links and results in every state, as the application layer shows them."""

from typing import Any

from support.page_data import AT, HOSTILE


def token_of(letter: str) -> str:
    return letter * 44


OPEN, COUNTER, SPENT, EXPIRED = token_of("a"), token_of("b"), token_of("c"), token_of("d")
REVOKED, CLOSED, UNKNOWN = token_of("e"), token_of("f"), token_of("g")
PROBLEMS = {
    SPENT: "already-answered",
    EXPIRED: "link-expired",
    REVOKED: "link-revoked",
    CLOSED: "period-closed",
    UNKNOWN: "link-unknown",
}
ELEMENTS = (
    ("persyaratan", "Persyaratan", 1, 1),
    ("prosedur", "Sistem, Mekanisme, dan Prosedur", 2, 2),
    ("waktu", "Waktu Penyelesaian", 3, 3),
    ("biaya", "Biaya/Tarif", 4, 4),
    ("produk", "Produk Spesifikasi Jenis Pelayanan", 5, 5),
    ("kompetensi", "Kompetensi Pelaksana", 6, 6),
    ("perilaku", "Perilaku Pelaksana", 7, 7),
    ("pengaduan", "Penanganan Pengaduan, Saran dan Masukan", 8, 9),
    ("sarana", "Sarana dan Prasarana", 9, 8),
)


def both(id: str, en: str = "") -> dict[str, str]:
    return {"id": id, "en": en or f"{id} (en)"}


QUESTIONNAIRE: dict[str, Any] = {
    "id": "skm-14-2017",
    "version": "skm-14-2017.1",
    "lead": both("Sembilan pertanyaan singkat.", "Nine short questions."),
    "privacy": both("Jawaban disimpan tanpa nama.", "Answers are kept without a name."),
    "consent": {
        "version": "2026-01",
        "process": both("Saya setuju jawaban saya diolah.", "I agree that my answers are used."),
        "contact": both("Saya bersedia dihubungi.", "I may be contacted."),
        "publish_comment": both("Saran saya boleh diterbitkan.", "My comment may be published."),
    },
    "elements": [
        {
            "key": key,
            "list_order": list_order,
            "question_order": question_order,
            "name": both(name),
            "question": both(f"Bagaimana {name.lower()}?"),
            "labels": [both(f"{degree} {key}") for degree in ("Tidak", "Kurang", "Cukup", "Sangat")],
        }
        for key, name, list_order, question_order in ELEMENTS
    ],
    "respondent": [
        {
            "key": "sex",
            "name": both("Jenis kelamin", "Sex"),
            "options": [
                {"key": "L", "name": both("Laki-laki", "Male")},
                {"key": "P", "name": both("Perempuan", "Female")},
            ],
        },
        {
            "key": "age",
            "name": both("Usia", "Age"),
            "options": [
                {"key": "20-29", "name": both("20–29 tahun", "20–29")},
                {"key": "60+", "name": both("60 tahun ke atas", "60 and over")},
            ],
        },
    ],
}
INVITATIONS: dict[str, dict[str, Any]] = {
    OPEN: {
        "state": "open",
        "checked": True,
        "kind": "invite",
        "unit": "dpupr",
        "service_code": "jalan-berlubang",
        "counter": None,
        "period": "2026-Q4",
        "questionnaire_version": "skm-14-2017.1",
        "expires_on": "2026-12-08",
    },
    COUNTER: {
        "state": "open",
        "checked": True,
        "kind": "counter",
        "unit": "dpupr",
        "service_code": None,
        "counter": "Loket 2",
        "period": "2026-Q4",
        "questionnaire_version": "skm-14-2017.1",
        "expires_on": "2027-02-28",
    },
}
# sum and n over 62 complete answers: surveys.md §14.2, IKM 83.56 B
SUMS = {
    "persyaratan": (210, "3.3871", "84.68", "B"),
    "prosedur": (205, "3.3065", "82.66", "B"),
    "waktu": (190, "3.0645", "76.61", "B"),
    "biaya": (240, "3.8710", "96.77", "A"),
    "produk": (212, "3.4194", "85.48", "B"),
    "kompetensi": (204, "3.2903", "82.26", "B"),
    "perilaku": (215, "3.4677", "86.69", "B"),
    "pengaduan": (188, "3.0323", "75.81", "C"),
    "sarana": (201, "3.2419", "81.05", "B"),
}
BAND = "permenpanrb-14-2017"


def improvement(number: int, state: str = "planned", **more: Any) -> dict[str, Any]:
    return {
        "rtl_id": f"rtl-{number}",
        "unit": "dpupr",
        "period": "2026-Q3",
        "element": "pengaduan",
        "action": "Pasang papan cara mengadu di setiap loket.",
        "owner_ref": "dpupr-1",
        "due_on": "2026-12-20",
        "state": state,
        "done_on": None,
        "evidence_ref": None,
        "reason": None,
        "overdue": False,
    } | more


def result(period: str = "2026-Q3", state: str = "published", **more: Any) -> dict[str, Any]:
    """A unit's published result with everything a result can have."""
    return {
        "unit": "dpupr",
        "period": period,
        "kind": "quarter",
        "state": state,
        "starts_on": "2026-07-01",
        "ends_on": "2026-09-30",
        "closes_on": "2026-10-16",
        "minimum_n": 10,
        "n": 62,
        "n_shown": "62",
        "population": 100,
        "population_origin": "cases",
        "target": 80,
        "ikm": "83.56",
        "band": "B",
        "band_name": both("Baik", "Good"),
        "band_version": BAND,
        "band_certain": True,
        "interval": {"low": "80.10", "high": "87.02"},
        "elements": [
            {
                "key": key,
                "name": both(name),
                "n": 62,
                "sum": SUMS[key][0],
                "nrr": SUMS[key][1],
                "nrr_x25": SUMS[key][2],
                "band": SUMS[key][3],
                "counts": [1, 9, 30, 22],
            }
            for key, name, _, _ in ELEMENTS
        ],
        "lowest": ["pengaduan", "waktu", "sarana"],
        "respondents": {
            "sex": [{"key": "L", "n": 40}, {"key": "P", "n": 22}],
            "age": [{"key": "20-29", "n": None}, {"key": "60+", "n": None}, {"key": "undisclosed", "n": 44}],
            "suppressed": True,
        },
        "modes": {"invite_link": 40, "qr_counter": 16, "assisted": 6},
        "assisted_share": "0.0968",
        "cautions": ["below_sample_target", "self_selected"],
        "missing": [],
        "trend": [
            {
                "period": "2016-Q3",
                "ikm": "64.50",
                "band": "B",
                "band_version": "kep-25-2004",
                "verdict": None,
            },
            {
                "period": "2026-Q2",
                "ikm": "86.20",
                "band": "B",
                "band_version": BAND,
                "verdict": "not_comparable",
                "alert": False,
            },
            {
                "period": "2026-Q3",
                "ikm": "83.56",
                "band": "B",
                "band_version": BAND,
                "change": "-2.64",
                "change_interval": {"low": "-4.67", "high": "-0.61"},
                "verdict": "down",
                "alert": False,
            },
        ],
        "improvements": [
            improvement(1, overdue=True),
            improvement(2, "done", done_on="2026-11-01", evidence_ref="SK-12"),
            improvement(3, "cancelled", reason="Digabung."),
        ],
        "comments": ["Antreannya panjang.", HOSTILE],
        "method": "exact-1",
        "questionnaire_version": "skm-14-2017.1",
        "inputs_hash": "b7e23ec29af22b0b4e41da31e868d57226121c84aa58e4e1c0b0b3d4f3a1f9aa",
        "signature": "c0ffee",
        "signature_valid": True,
        "published_at": AT,
        "versions": [
            {"version": 1, "reason": None, "at": AT, "ikm": "83.10"},
            {"version": 2, "reason": "Satu berkas kertas tercatat dua kali.", "at": AT, "ikm": "83.56"},
        ],
        "printed_011": "82.72",
    } | more


def without_figures(period: str, state: str, missing: list[str], **more: Any) -> dict[str, Any]:
    """A result of which nothing can be shown."""
    bare = result(period, state)
    for element in bare["elements"]:
        element |= {"n": None, "sum": None, "nrr": None, "nrr_x25": None, "band": None, "counts": None}
    nothing = dict.fromkeys(
        ("ikm", "band", "band_name", "band_certain", "interval", "printed_011", "published_at")
    )
    empty: dict[str, Any] = {
        "n": None,
        "n_shown": "<10",
        "missing": missing,
        "lowest": [],
        "respondents": {},
        "modes": {},
        "cautions": [],
        "trend": [],
        "improvements": [],
        "comments": [],
        "versions": [],
    }
    return bare | nothing | empty | more


def results() -> dict[tuple[str, str], dict[str, Any]]:
    unsure = {
        "ikm": "88.33",
        "band": "A",
        "band_name": both("Sangat baik", "Very good"),
        "band_certain": False,
        "interval": {"low": "85.82", "high": "90.84"},
        "cautions": ["band_unsure", "population_unknown", "assisted_share_high", "self_selected"],
        "population": None,
        "target": None,
        "improvements": [],
        "state": "corrected",
    }
    known = [
        result(),
        result("2026-Q2", **unsure),
        without_figures("2026-Q1", "published", ["below_minimum_n"]),
        without_figures("2025-Q4", "closed", ["period_closed_not_published", "no_improvement_plan"]),
        without_figures(
            "2026-Q4", "open", ["period_open"], progress={"n": 33, "target": 80}, refused={"already_used": 2}
        ),
        without_figures("2026-Q3-R4", "closed", ["rolling_year_incomplete", "element_without_answers"]),
    ]
    return {(one["unit"], one["period"]): one for one in known}


COUNTERS: list[dict[str, Any]] = [
    {
        "counter_id": "loket-2",
        "unit": "dpupr",
        "service_code": "jalan-berlubang",
        "counter": "Loket 2",
        "state": "active",
        "expires_on": "2027-02-28",
        "token_path": f"/survei/{COUNTER}",
    },
    {
        "counter_id": "loket-1",
        "unit": "dpupr",
        "counter": HOSTILE,
        "state": "active",
        "expires_on": "2027-01-31",
    },
    {
        "counter_id": "loket-0",
        "unit": "dpupr",
        "counter": "Loket 0",
        "state": "revoked",
        "expires_on": "2026-10-31",
    },
]
HELD: list[dict[str, Any]] = [
    {
        "held_id": "ditahan-1",
        "unit": "dpupr",
        "period": "2026-Q4",
        "mode": "qr_counter",
        "reason": "device_limit",
        "answers": {"waktu": 1},
        "comment": None,
    }
]
COMMENTS: list[dict[str, Any]] = [
    {
        "comment_id": "saran-1",
        "unit": "dpupr",
        "period": "2026-Q4",
        "text": HOSTILE,
        "state": "new",
        "may_publish": True,
    },
    {
        "comment_id": "saran-3",
        "unit": "dpupr",
        "period": "2026-Q4",
        "text": "Jangan diterbitkan.",
        "state": "new",
        "may_publish": False,
    },
    {
        "comment_id": "saran-2",
        "unit": "dpupr",
        "period": "2026-Q4",
        "text": "Sudah baik.",
        "state": "published",
    },
]
