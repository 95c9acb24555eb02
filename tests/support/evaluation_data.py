"""People's evaluations in every stage, evidence of every kind, trainings and recommendations."""

from typing import Any

from support.page_data import AT, HOSTILE

ME, RATER, SUPERIOR = "dpupr-1", "dpupr-kepala", "sekda-1"


def both(id: str, en: str = "") -> dict[str, str]:
    return {"id": id, "en": en or f"{id} (en)"}


def item(id_: str, measure: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "evidence_id": id_,
        "kind": "staff_survey" if measure in ("kompetensi", "perilaku") else "case_outcome",
        "subject_ref": ME,
        "unit": "dpupr",
        "period": "2026-Q3",
        "measure": measure,
        "value": value,
        "n_shown": "40",
        "n": 40,
        "interval": {"low": "0.7", "high": "0.9"} if value is not None else None,
        "reason": None,
        "early": False,
        "peer_mean": None,
        "peer_comparison": False,
        "shrunk": None,
        "adjusted": None,
        "adjusted_for": [],
        "reliability": None,
        "method_version": "evidence-1",
        "comments": [],
    } | more


EVIDENCE: list[dict[str, Any]] = [
    item("ev-on-time", "on_time", "0.82", comments=[{"by": "self", "at": AT, "text": HOSTILE}]),
    item(
        "ev-kompetensi",
        "kompetensi",
        "2.90",
        interval={"low": "2.82", "high": "3.19"},
        peer_mean="3.30",
        peer_comparison=True,
        shrunk="3.01",
        adjusted="3.42",
        adjusted_for=["outcome", "channel"],
        reliability="0.733",
    ),
    item(
        "ev-awal", "perilaku", "3.40", n=12, n_shown="12", early=True, interval={"low": "3.1", "high": "3.7"}
    ),
    item("ev-kurang", "confirmed", None, n=None, n_shown="<10", reason="below_minimum_n"),
    item("ev-sendiri", "kompetensi", None, n=None, n_shown="<10", reason="single_officer", period="2026-Q2"),
    item("ev-menit", "first_answer_minutes", 135, interval=None, period="2026-Q2"),
]
EXPECTATIONS: dict[str, Any] = {
    "results": [
        {
            "id": "r1",
            "supports": "Jalan kota mantap",
            "result": "Lubang di jalan kota ditutup",
            "aspect": "waktu",
            "indicator": "Laporan selesai tepat waktu",
            "target": "90 %",
            "kind": "utama",
        }
    ],
    "behaviours": dict.fromkeys(
        ("pelayanan", "akuntabel", "kompeten", "harmonis", "loyal", "adaptif", "kolaboratif")
    )
    | {"pelayanan": "Menjawab warga dengan sopan"},
}
RATINGS: dict[str, Any] = {
    "results": "di_atas",
    "behaviour": "sesuai",
    "reasons": {"results": "Lubang ditutup lebih cepat dari target.", "behaviour": HOSTILE},
    "evidence_ids": ["ev-on-time"],
}
PREDIKAT: dict[str, Any] = {
    "key": "baik",
    "label": both("Baik", "Good"),
    "matrix_version": "6-2022",
    "origin": "issued",
}


def evaluation(id_: str, state: str, actions: list[str], **more: Any) -> dict[str, Any]:
    return {
        "evaluation_id": id_,
        "version": 3,
        "staff_ref": ME,
        "rater_ref": RATER,
        "decider_ref": SUPERIOR,
        "period": {"start": "2026-07-01", "end": "2026-09-30"},
        "state": state,
        "official_record": {"kind": "tanggap", "reference": None},
        "expectations": EXPECTATIONS,
        "ratings": None,
        "predikat": None,
        "evidence": EVIDENCE,
        "warnings": [],
        "objection": None,
        "clock": {"started_at": None, "by": None, "object_until": None},
        "history": [{"at": AT, "actor_ref": "sdm-1", "action": "open"}],
        "actions": actions,
    } | more


STARTED = {"started_at": AT, "by": "read", "object_until": "2026-12-08"}
OBJECTION = {
    "objection_id": "keberatan-1",
    "state": "filed",
    "filed_at": AT,
    "reason": HOSTILE,
    "decision": None,
    "decision_reason": None,
    "decided_at": None,
}


def evaluations() -> dict[str, dict[str, Any]]:
    """Each as the person it concerns, or who acts on it, sees it."""
    seen = {"ratings": RATINGS, "predikat": PREDIKAT}
    known = [
        evaluation("tertutup", "finalised", ["read"]),
        evaluation("terbuka", "finalised", ["object"], clock=STARTED, **seen),
        evaluation("sepakat", "opened", ["agree"]),
        evaluation("menilai", "agreed", ["expect", "rate"]),
        evaluation("menetapkan", "rated", ["rate", "finalise"], ratings=RATINGS),
        evaluation(
            "mencatat", "agreed", ["import"], official_record={"kind": "e-kinerja", "reference": None}
        ),
        evaluation("menyerahkan", "finalised", ["hand-over"]),
        evaluation("memutus", "objected", ["decide"], clock=STARTED, objection=OBJECTION, **seen),
        evaluation(
            "memutus-nasional",
            "objected",
            ["decide"],
            clock=STARTED,
            objection=OBJECTION,
            official_record={"kind": "e-kinerja", "reference": "SKP-1"},
            predikat=PREDIKAT | {"origin": "imported"},
        ),
        evaluation(
            "diputus",
            "decided",
            ["follow-up"],
            clock=STARTED,
            objection=OBJECTION
            | {
                "state": "decided",
                "decision": "changed",
                "decision_reason": "Alasan cukup.",
                "decided_at": AT,
            },
            warnings=[{"code": "b_over_70", "basis": "SE MenPANRB 3/2023"}],
            follow_up=[{"kind": "development", "note": "Magang", "due_on": "2027-03-31", "at": AT}],
            **seen,
        ),
    ]
    return {one["evaluation_id"]: one for one in known}


def offer(id_: str, form: str, title: str, **more: Any) -> dict[str, Any]:
    return {
        "offer_id": id_,
        "form": form,
        "title": title,
        "competencies": ["pelayanan-publik"],
        "elements": ["kompetensi"],
        "service_types": [],
        "organiser": "BKPSDM",
        "place": "Aula kota",
        "start": "2026-12-01",
        "end": "2026-12-02",
        "days": 2,
        "sessions": None,
        "programme_jp": None,
        "location": "national",
        "capacity": 20,
        "taken": 3,
        "waiting": 1,
        "jp_preview": 10,
        "jp_rule": {"version": "perlan-10-2018", "certainty": "confirmed", "example": False},
        "status": "open",
        "internship": None,
    } | more


OFFERS: list[dict[str, Any]] = [
    offer("lokakarya-1", "workshop", "Lokakarya penanganan pengaduan"),
    offer(
        "magang-1",
        "magang",
        HOSTILE,
        jp_preview=20,
        jp_rule={"version": "contoh-1", "certainty": "example", "example": True},
        internship={
            "university": "Universitas Contoh",
            "agreement_ref": "MOU-1",
            "supervisor_role": "Dosen pembimbing",
            "learning_goals": "Manajemen pelayanan publik",
            "placement_unit": "dpupr",
        },
    ),
    offer("kursus-1", "kursus", "Kursus teknologi informasi", jp_preview=None, jp_rule=None, capacity=None),
]


def enrolment(id_: str, status: str, staff_ref: str = ME, offer_id: str = "lokakarya-1") -> dict[str, Any]:
    return {"enrolment_id": id_, "offer_id": offer_id, "staff_ref": staff_ref, "state": status}


def recommendation(id_: str, kind: str = "person", state: str = "proposed", **more: Any) -> dict[str, Any]:
    return {
        "recommendation_id": id_,
        "kind": kind,
        "staff_ref": ME if kind == "person" else None,
        "unit": "dpupr",
        "reason_codes": ["low_kompetensi"] if kind == "person" else ["system_cause"],
        "certainty": "finding",
        "data": {
            "measure": "kompetensi",
            "value": "2.90",
            "n_shown": "40",
            "interval": {"low": "2.82", "high": "3.19"},
            "peer_mean": "3.30",
        },
        "explanation": both("Di bawah rata-rata rekan sejenis.", "Below the mean of peers."),
        "options": [
            {"offer_id": "lokakarya-1", "form": "workshop", "title": HOSTILE, "jp": 10, "start": "2026-12-01"}
        ],
        "state": state,
        "rule_version": "1",
        "expires_on": "2027-05-01",
    } | more


RECOMMENDATIONS: list[dict[str, Any]] = [
    recommendation("rek-1"),
    recommendation("rek-2", "unit", data=None, options=[]),
    recommendation("rek-3", state="declined", certainty="consider"),
]
LEDGER: dict[str, Any] = {
    "staff_ref": ME,
    "year": 2026,
    "target_jp": 20,
    "target_source": "PP 11/2017 Pasal 203(4)",
    "verified_jp": 19,
    "gap_jp": 1,
    "entries": [
        {
            "entry_id": "jp-1",
            "form": "workshop",
            "title": HOSTILE,
            "organiser": "BKPSDM",
            "start": "2026-03-02",
            "end": "2026-03-03",
            "jp": 10,
            "rule_version": "perlan-10-2018",
            "status": "verified",
            "overlaps": True,
        },
        {
            "entry_id": "jp-2",
            "form": "coaching",
            "title": "Coaching",
            "organiser": "BKPSDM",
            "start": "2026-05-02",
            "end": "2026-05-02",
            "jp": None,
            "status": "awaiting_rule",
            "overlaps": False,
        },
    ],
    "mix": {},
}
MINE: dict[str, Any] = {
    "staff": {"staff_ref": ME, "unit": "dpupr", "status": "asn_pns", "position": "Pengawas jalan"},
    "evaluations": [evaluation("tertutup", "finalised", ["read"])],
    "ledger": LEDGER,
    "evidence": EVIDENCE,
    "recommendations": RECOMMENDATIONS[:1],
    "nothing": None,
}
