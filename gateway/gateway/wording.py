"""Texts that services send in both languages, in the one that the caller reads."""

from __future__ import annotations

from typing import Any

_BOTH = {"id", "en"}


def localised(document: Any, language: str) -> Any:
    """The document with every `{"id": …, "en": …}` text replaced by the text in the language asked for.

    A text that is missing in it stands in Indonesian. Everything else is copied as it is.
    """
    if isinstance(document, dict):
        if document.keys() == _BOTH and all(isinstance(text, str | None) for text in document.values()):
            return document[language if document.get(language) else "id"]
        return {name: localised(value, language) for name, value in document.items()}
    if isinstance(document, list):
        return [localised(value, language) for value in document]
    return document
