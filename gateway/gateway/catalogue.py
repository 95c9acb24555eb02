"""The catalogue as the gateway knows it: a snapshot that outlives the service it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Catalogue:
    """One version of services, units and boundaries. Immutable: a filing is checked against one of them."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> int:
        return int(self.document.get("version", 0))

    @property
    def city(self) -> Mapping[str, Any]:
        """{code, name, timezone, languages, emergency, districts, …} of the first city."""
        return self.document.get("city") or {}

    def services(self) -> list[Mapping[str, Any]]:
        return list(self._services.values())

    def service(self, code: str) -> Mapping[str, Any] | None:
        return self._services.get(code)

    def units(self) -> list[Mapping[str, Any]]:
        return list(self._units.values())

    def unit(self, code: str) -> Mapping[str, Any] | None:
        return self._units.get(code)

    def boundary(self, jurisdiction: str | None) -> Mapping[str, Any] | None:
        """The GeoJSON geometry of a jurisdiction, or None where none is known."""
        return self._boundaries.get(jurisdiction or "")

    def service_name(self, code: str | None, language: str) -> str | None:
        return in_language((self.service(code or "") or {}).get("name"), language)

    def unit_name(self, code: str | None, language: str) -> str | None:
        return in_language((self.unit(code or "") or {}).get("name"), language)

    @cached_property
    def _services(self) -> dict[str, Mapping[str, Any]]:
        return _by_code(self.document.get("services"))

    @cached_property
    def _units(self) -> dict[str, Mapping[str, Any]]:
        return _by_code(self.document.get("units"))

    @cached_property
    def _boundaries(self) -> dict[str, Mapping[str, Any]]:
        known = _by_code(self.document.get("jurisdictions"))
        return {code: entry["boundary"] for code, entry in known.items() if entry.get("boundary")}


def in_language(text: Any, language: str) -> str | None:
    """The text in the language asked for, else in Indonesian, else in any; plain strings pass."""
    if isinstance(text, Mapping):
        return text.get(language) or text.get("id") or next(iter(text.values()), None)
    return text if isinstance(text, str) else None


def _by_code(entries: Iterable[Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    return {entry["code"]: entry for entry in entries or ()}
