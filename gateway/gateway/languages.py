"""Which of our languages a caller reads."""

from __future__ import annotations

from functools import lru_cache

from gateway.callers import LANGUAGES


@lru_cache(maxsize=512)
def preferred(accept_language: str) -> str:
    """The best of our languages by an Accept-Language header; Indonesian when it names none of them."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept_language[:500].split(","):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().split("-", 1)[0]
        quality = _quality(parameters)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
