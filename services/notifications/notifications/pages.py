"""Where a message leads: the one page on which its recipient acts or reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from notifications.domain.audiences import about_case
from notifications.domain.rules import PRIVATE_LINK


def shown_code(code: str) -> str:
    """7K3M9QXD4TRWH as people read it: 7K3M-9QXD-4TRW-H."""
    return "-".join((code[:4], code[4:8], code[8:12], code[12:])) if len(code) == 13 else code


def page_of(event_type: str, data: Mapping[str, Any]) -> str | None:
    """The path of the page for members of staff and departments; None when the event lacks what names it.

    Citizens have private links of their own, but for surveys: there the event brings it.
    """
    if about_case(event_type):
        return _path("/petugas", shown_code(str(data.get("complaint_id") or "")))
    if PRIVATE_LINK in data:
        return str(data[PRIVATE_LINK])
    if event_type.startswith("event.rejected."):
        return "/v1/events/rejections"
    if event_type.startswith("training."):
        return "/pelatihan"
    if event_type.startswith("evaluation."):
        return _path("/evaluasi", data.get("evaluation_id"))
    return _path("/hasil", data.get("unit"), data.get("period"))


def _path(start: str, *parts: Any) -> str | None:
    if not all(isinstance(part, str) and part for part in parts):
        return None
    return "/".join((start, *(quote(part, safe="") for part in parts)))
