"""What a case's codes are called by people, in both languages."""

from __future__ import annotations

from typing import Any

from gateway.catalogue import Catalogue

STATUS = {
    "received": {"id": "Diterima", "en": "Received"},
    "filed": {"id": "Menunggu verifikasi", "en": "Waiting to be checked"},
    "verified": {"id": "Sudah diverifikasi", "en": "Checked"},
    "assigned": {"id": "Diteruskan ke unit", "en": "Sent to the responsible unit"},
    "in_progress": {"id": "Sedang dikerjakan", "en": "Being worked on"},
    "info_requested": {
        "id": "Menunggu keterangan pelapor",
        "en": "Waiting for information from the reporter",
    },
    "resolved": {"id": "Sudah dijawab", "en": "Answered"},
    "closed": {"id": "Selesai", "en": "Closed"},
    "rejected": {"id": "Tidak dapat ditindaklanjuti", "en": "Not taken up"},
    "merged": {"id": "Digabung dengan laporan lain", "en": "Merged with another report"},
}


def status_label(status: str, language: str) -> str:
    names = STATUS.get(status, {})
    return names.get(language) or names.get("id") or status


def named(view: dict[str, Any], catalogue: Catalogue | None, language: str) -> dict[str, Any]:
    """The view with its status, service and unit named in the caller's language."""
    names: dict[str, Any] = {"status_label": status_label(view.get("status", ""), language)}
    if catalogue is not None:
        names["service_name"] = catalogue.service_name(view.get("service_code"), language)
        names["unit_name"] = catalogue.unit_name(view.get("unit"), language)
    return {**view, **names}
