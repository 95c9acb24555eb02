"""The questionnaires as the gateway knows them: a snapshot that outlives the surveys service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.wording import localised


@dataclass(frozen=True)
class Questionnaire:
    """One immutable version: elements by key, the respondent's questions, the consents."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> str:
        return str(self.document["version"])

    @property
    def consent_version(self) -> str:
        return str((self.document.get("consent") or {}).get("version") or self.version)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Element keys in the order in which they are asked."""
        asked = sorted(self.document["elements"], key=lambda element: element["question_order"])
        return tuple(element["key"] for element in asked)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """Element keys in the order of the regulation's list: U1 … U9."""
        listed = sorted(self.document["elements"], key=lambda element: element["list_order"])
        return tuple(element["key"] for element in listed)

    @cached_property
    def respondent(self) -> Mapping[str, tuple[str, ...]]:
        """The respondent's questions with the keys that each may be answered with."""
        return {
            question["key"]: tuple(option["key"] for option in question.get("options") or ())
            for question in self.document.get("respondent") or ()
        }

    def view(self, language: str) -> dict[str, Any]:
        """The questionnaire in one language, its elements in the order in which they are asked."""
        view: dict[str, Any] = localised(dict(self.document), language)
        view["elements"] = sorted(view["elements"], key=lambda element: element["question_order"])
        return view


@dataclass(frozen=True)
class Questionnaires:
    """Every questionnaire version that surveys knows, and which one is asked now."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> int:
        return int(self.document.get("version", 0))

    @property
    def current(self) -> Questionnaire | None:
        named = self.document.get("current")
        return self.find(str(named.get("id")) if isinstance(named, Mapping) else str(named))

    def find(self, version: str) -> Questionnaire | None:
        """By its version, or by its id."""
        return self._known.get(version)

    @cached_property
    def _known(self) -> dict[str, Questionnaire]:
        known: dict[str, Questionnaire] = {}
        for document in self.document.get("questionnaires") or ():
            questionnaire = Questionnaire(document)
            known[questionnaire.version] = questionnaire
            known.setdefault(str(document.get("id")), questionnaire)
        return known
