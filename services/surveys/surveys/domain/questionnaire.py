"""Questionnaire versions: elements by key, never by number, and who may be asked what about herself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

PERSONAL_ELEMENTS = ("kompetensi", "perilaku")
"""The only elements that may become evidence about a person (surveys.md §3)."""
_COMPLAINTS = "pengaduan"

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Element:
    """One element (unsur). Numbers 8 and 9 of the list are swapped in the form, so both orders are kept."""

    key: str
    list_order: int
    question_order: int
    name: Text
    question: Text
    labels: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A question about the respondent, with the keys of its options."""

    key: str
    name: Text
    options: tuple[tuple[str, Text], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.options)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """An immutable version: a score is the position of a label, 1 to 4."""

    id: str
    version: str
    valid_from: date
    elements: tuple[Element, ...]  # in list order
    respondent: tuple[Field, ...]
    texts: Mapping[str, Any]  # lead, privacy, consent, source, certainty: shown, never computed with

    @property
    def keys(self) -> tuple[str, ...]:
        """Element keys in list order."""
        return tuple(element.key for element in self.elements)

    def rank(self, key: str) -> tuple[int, int]:
        """Breaks ties of the priority list: complaint handling first, then list order (surveys.md §9)."""
        order = next((e.list_order for e in self.elements if e.key == key), len(self.elements) + 1)
        return (0 if key == _COMPLAINTS else 1, order)


def questionnaire_on(known: Sequence[Questionnaire], day: date) -> Questionnaire:
    """The version that is asked on a day. Raises LookupError before the first."""
    fitting = [one for one in known if one.valid_from <= day]
    if not fitting:
        raise LookupError("no questionnaire is in force on that day")
    return max(fitting, key=lambda one: one.valid_from)
