"""Reading what people send: required texts, codes from a list, dates; every fault by its JSON pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from evaluation.errors import Fault, NotValid

MOST_CHARACTERS = 4000


class Payload:
    """Reads the fields of one payload. `check` raises NotValid when any was wrong; read everything first."""

    def __init__(self, value: Any, at: str = "") -> None:
        self._at = at
        self.faults: list[Fault] = []
        self._fields: Mapping[str, Any] = {}
        if isinstance(value, Mapping):
            self._fields = value
        elif value is not None:
            self.faults.append(Fault(at, "not_an_object", "Expected an object."))

    def fault(self, name: str, code: str, detail: str) -> None:
        self.faults.append(Fault(f"{self._at}/{name}" if name else self._at, code, detail))

    def take(self, other: Payload) -> None:
        """Collect the faults of a part that was read on its own."""
        self.faults.extend(other.faults)

    def check(self) -> None:
        if self.faults:
            raise NotValid(self.faults)

    def value(self, name: str) -> Any:
        return self._fields.get(name)

    def text(self, name: str, *, required: bool = True, limit: int = MOST_CHARACTERS) -> str | None:
        value = self._fields.get(name)
        if value is not None and (not isinstance(value, str) or "\x00" in value):
            self.fault(name, "not_a_text", "Expected a text.")
            return None
        found = (value or "").strip()
        if not found:
            if required:
                self.fault(name, "required", "This field is required.")
            return None
        if len(found) > limit:
            self.fault(name, "too_long", f"Expected at most {limit} characters.")
            return None
        return found

    def one_of(self, name: str, choices: Sequence[str], *, required: bool = True) -> str | None:
        value = self._fields.get(name)
        if value is None:
            if required:
                self.fault(name, "required", "This field is required.")
            return None
        if not isinstance(value, str) or value not in choices:
            self.fault(name, "unknown_value", f"Expected one of: {', '.join(choices)}.")
            return None
        return value

    def day(self, name: str, *, required: bool = True) -> date | None:
        value = self._fields.get(name)
        if value is None:
            if required:
                self.fault(name, "required", "This field is required.")
            return None
        try:
            if isinstance(value, str) and len(value) == 10:
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(name, "not_a_date", "Expected a date such as 2026-11-24.")
        return None

    def count(self, name: str, *, required: bool = False, most: int = 10_000, least: int = 0) -> int | None:
        value = self._fields.get(name)
        if value is None:
            if required:
                self.fault(name, "required", "This field is required.")
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(name, "not_a_number", f"Expected a whole number from {least} to {most}.")
            return None
        return value

    def texts(self, name: str, *, most: int = 100, limit: int = 200) -> list[str]:
        """A list of short texts, each once, in order; absent is empty."""
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple) or len(value) > most:
            self.fault(name, "not_a_list", f"Expected a list of at most {most}.")
            return []
        found: dict[str, None] = {}
        for number, one in enumerate(value):
            if not isinstance(one, str) or not one.strip() or len(one) > limit or "\x00" in one:
                self.fault(
                    f"{name}/{number}", "not_a_text", f"Expected a text of at most {limit} characters."
                )
            else:
                found[one.strip()] = None
        return list(found)
