"""Query parameters, read strictly: what cannot be understood is refused, not ignored."""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import QueryParams

from gateway.messages import field_error
from gateway.problems import FieldError, Problem
from gateway.shapes import parse_day

LIMIT_DEFAULT, LIMIT_MAX = 20, 100
_CODE = re.compile(r"[a-z0-9_-]{1,60}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_CURSOR = re.compile(r"[A-Za-z0-9_=.:~-]{1,500}")
STATUSES = (
    "filed", "verified", "assigned", "in_progress", "info_requested",
    "resolved", "closed", "rejected", "merged",
)  # fmt: skip


class Query:
    """Reads parameters and collects what is wrong with them; `done` refuses all of it at once."""

    def __init__(self, parameters: QueryParams, language: str, allowed: tuple[str, ...]) -> None:
        self._parameters = parameters
        self._language = language
        self._errors: list[FieldError] = [
            field_error(f"/query/{name}" if _CODE.fullmatch(name) else "/query", "unknown_field", language)
            for name in dict.fromkeys(parameters)
            if name not in allowed
        ]

    def done(self) -> None:
        if self._errors:
            raise Problem("invalid-query", errors=self._errors)

    def codes(self, name: str, choices: tuple[str, ...] | None = None) -> list[str] | None:
        """Codes, repeated or separated by commas; None when the parameter is absent."""
        values = [part for value in self._parameters.getlist(name) for part in value.split(",")]
        if not values:
            return None
        if len(values) > 50 or not all(
            value in choices if choices else _CODE.fullmatch(value) for value in values
        ):
            self._refuse(name, "not_a_choice", choices=", ".join(choices)) if choices else self._refuse(
                name, "invalid"
            )
            return None
        return values

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self._parameters.get(name)
        if value is None:
            return None
        if value not in choices:
            self._refuse(name, "not_a_choice", choices=", ".join(choices))
            return None
        return value

    def text(self, name: str, most: int = 200) -> str | None:
        value = self._parameters.get(name, "").replace("\x00", "").strip()
        if len(value) > most:
            self._refuse(name, "too_long", max=most)
            return None
        return value or None

    def flag(self, name: str) -> bool | None:
        value = self._parameters.get(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            self._refuse(name, "not_true_or_false")
            return None
        return value == "true"

    def limit(self, most: int = LIMIT_MAX) -> int:
        value = self._parameters.get("limit", str(LIMIT_DEFAULT))
        if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= most:
            self._refuse("limit", "out_of_range", min=1, max=most)
            return LIMIT_DEFAULT
        return int(value)

    def cursor(self) -> str | None:
        return self._matching("cursor", _CURSOR, "invalid")

    def month(self) -> str | None:
        return self._matching("month", _MONTH, "not_a_month")

    def matching(self, name: str, pattern: re.Pattern[str], code: str = "invalid") -> str | None:
        """Text of one pattern, None when absent; `code` says what is wrong with any other."""
        return self._matching(name, pattern, code)

    def required(self, name: str, value: Any) -> Any:
        """The value, which must be there and must say something."""
        if value is None and not any(error.pointer == f"/query/{name}" for error in self._errors):
            self._refuse(name, "required")
        return value

    def day(self, name: str) -> str | None:
        value = self._parameters.get(name)
        if value is not None and parse_day(value) is None:
            self._refuse(name, "not_a_day")
            return None
        return value

    def number(self, name: str, least: int, most: int, code: str) -> int | None:
        value = self._parameters.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            self._refuse(name, code)
            return None
        return int(value)

    def box(self, name: str = "bbox") -> list[float] | None:
        """west,south,east,north in degrees."""
        value = self._parameters.get(name)
        if value is None:
            return None
        try:
            numbers = [float(part) for part in value.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) == 4:
            west, south, east, north = numbers
            if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
                return numbers
        self._refuse(name, "not_a_box")
        return None

    def _matching(self, name: str, pattern: re.Pattern[str], code: str) -> str | None:
        value = self._parameters.get(name)
        if value is None:
            return None
        if not pattern.fullmatch(value):
            self._refuse(name, code)
            return None
        return value

    def _refuse(self, name: str, code: str, **details: Any) -> None:
        self._errors.append(field_error(f"/query/{name}", code, self._language, **details))


LIST_PARAMETERS = (
    "status", "kind", "service_code", "unit", "text", "bbox", "month", "needs_review", "overdue", "mine",
    "cursor", "limit",
)  # fmt: skip
KINDS = ("complaint", "aspiration", "information", "document")


def list_filters(query: Query) -> dict[str, Any]:
    """The filters of GET /v1/complaints, as complaints.list_cases takes them."""
    filters = {
        "status": query.codes("status", STATUSES),
        "kind": query.codes("kind", KINDS),
        "service_code": query.codes("service_code"),
        "unit": query.codes("unit"),
        "text": query.text("text"),
        "bbox": query.box(),
        "month": query.month(),
        "needs_review": query.flag("needs_review"),
        "overdue": query.flag("overdue"),
        "mine": query.flag("mine"),
    }
    return {name: value for name, value in filters.items() if value is not None}
