"""A small city as a bundle, the way `import_catalogue` gets it."""

from typing import Any

LONG_AGO = "2019-01-01"


def deadline(stage: str, amount: int, unit: str = "HK", **changes: Any) -> dict[str, Any]:
    return {
        "id": stage,
        "stage": stage,
        "kind": "*",
        "class": "*",
        "amount": amount,
        "unit": unit,
        "source": "uji",
        "effective_from": LONG_AGO,
        "effective_to": None,
        **changes,
    }


def bundle(**changes: Any) -> dict[str, Any]:
    square = [[[100.0, -1.0], [101.0, -1.0], [101.0, 0.0], [100.0, 0.0], [100.0, -1.0]]]
    usual: dict[str, Any] = {
        "city": {
            "code": "kota",
            "name": "Kota",
            "timezone": "Asia/Jakarta",
            "office_hours": {"days": [0, 1, 2, 3, 4], "open": "08:00", "close": "16:00"},
            "coordinator_unit": "diskominfo",
            "inspectorate_unit": "inspektorat",
            "districts": [{"code": "1", "name": "Barangin", "villages": [{"code": "11", "name": "Santur"}]}],
        },
        "units": [
            {"code": code, "name": {"id": code, "en": code}, "short": code.upper(), "kind": "dinas"}
            for code in ("diskominfo", "inspektorat", "dpupr")
        ],
        "services": [
            {
                "code": "jalan",
                "name": {"id": "Jalan rusak"},
                "kind": "complaint",
                "unit": "dpupr",
                "attributes": [
                    {"code": "lebar", "datatype": "singlevaluelist", "values": [{"key": "kecil", "name": {}}]}
                ],
                "resolve_within": {"amount": 7, "unit": "HK", "source": "SOP", "effective_from": LONG_AGO},
            },
            {
                "code": "pungli",
                "name": {"id": "Pungli"},
                "kind": "complaint",
                "unit": "inspektorat",
                "supervisory": True,
            },
        ],
        "deadlines": [
            deadline("verify", 3),
            deadline("assign", 1),
            deadline("first_response", 5),
            deadline("resolve", 14, warn_before=[{"amount": 3, "unit": "HK"}]),
            deadline("info_wait", 10),
            deadline("silence", 10),
            deadline("reopen_window", 30, "calendar_day"),
            deadline("max_bounces", 2, "count"),
        ],
        "calendar": {
            "country": "ID",
            "joint_leave": True,
            "overrides": [{"date": "2026-12-01", "name": "Hari jadi", "working": False, "source": "uji"}],
        },
        "jurisdictions": [
            {"code": "kota", "name": "Kota", "boundary": {"type": "Polygon", "coordinates": square}}
        ],
    }
    return {**usual, **changes}
