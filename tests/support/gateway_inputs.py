"""A questionnaire of three elements, a department, and links, all invented."""

import hashlib
import uuid
from datetime import date
from typing import Any

from gateway.questionnaires import Questionnaires
from gateway.registry import Registry
from servicekit import tokens
from servicekit.sealing import KeyRing


def both(id: str, en: str) -> dict[str, str]:
    return {"id": id, "en": en}


def element(key: str, listed: int, asked: int) -> dict[str, Any]:
    return {
        "key": key,
        "list_order": listed,
        "question_order": asked,
        "name": both(key.title(), key.upper()),
        "question": both(f"Bagaimana {key}?", f"How is {key}?"),
        "labels": [both(f"{key} {n}", f"{key} {n} en") for n in range(1, 5)],
    }


# As in the regulation, the list and the questionnaire number the last two differently.
DOCUMENT: dict[str, Any] = {
    "version": 2,
    "current": {"id": "skm-14-2017"},
    "questionnaires": [
        {
            "id": "skm-14-2017",
            "version": "1",
            "valid_from": "2017-01-01",
            "source": "uji",
            "certainty": "confirmed",
            "lead": both("Mohon dijawab.", "Please answer."),
            "privacy": both("Tanpa nama.", "Without a name."),
            "consent": {
                "version": "2026-1",
                "process": both("Saya setuju.", "I agree."),
                "contact": both("Boleh dihubungi.", "You may contact me."),
                "publish_comment": both("Boleh dimuat.", "You may publish it."),
            },
            "elements": [element("waktu", 1, 1), element("pengaduan", 2, 3), element("sarana", 3, 2)],
            "respondent": [
                {
                    "key": "sex",
                    "name": both("Jenis kelamin", "Sex"),
                    "options": [{"key": "L", "name": both("Laki-laki", "Male")},
                                {"key": "P", "name": both("Perempuan", "Female")}],
                }
            ],
        }
    ],
    "elements_about_people": [],
}  # fmt: skip
QUESTIONNAIRES = Questionnaires(DOCUMENT)

KEY = f"tgd_antrian_{'k' * 43}"
OLD_KEY = f"tgd_antrian_{'o' * 43}"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def department(**changes: Any) -> dict[str, Any]:
    return {
        "code": "antrian",
        "version": 1,
        "name": both("Antrean", "Queue"),
        "unit": "dpupr",
        "units": ["dpupr"],
        "types": ["service.delivered.v1", "case.progressed.v1"],
        "active": True,
        "keys": [{"hash": digest(KEY), "until": None}],
        **changes,
    }


def registry(*departments: dict[str, Any]) -> Registry:
    return Registry({"version": 1, "departments": list(departments)})


REGISTRY = registry(department())


def answered(**changes: Any) -> dict[str, Any]:
    """An answer that the questionnaire above accepts; None takes a field out."""
    document = {
        "submission_id": str(uuid.uuid4()),
        "answers": {"waktu": 3, "pengaduan": 4, "sarana": 2},
        "consents": {"process": True},
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


def delivered(**changes: Any) -> dict[str, Any]:
    """An event that the department above may publish at the time of the tests."""
    data = {
        "visit_ref": "kunjungan-1", "unit": "dpupr", "service_code": "jalan", "date": "2026-01-05",
        "channel": "counter", **changes.pop("data", {}),
    }  # fmt: skip
    document = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/departments/antrian",
        "type": "service.delivered.v1",
        "subject": "kunjungan-1",
        "time": "2026-01-05T08:00:00+07:00",
        "data": data,
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


def link(ring: KeyRing, kind: str = "i", expires_on: date = date(2026, 1, 20)) -> str:
    return tokens.mint(ring, kind, expires_on).text
