"""Finding a service by a citizen's own words."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.catalogue import in_language


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))


def find(services: Sequence[Mapping[str, Any]], query: str) -> list[Mapping[str, Any]]:
    """Return the services that fit a query, best first.

    A query of several words also finds services that fit only some of them, so that a whole sentence
    ("lampu di jalan depan rumah mati") still leads somewhere; those that fit more come first.
    """
    wanted = [word for word in words_of(query) if len(word) > 2] or words_of(query)
    scored = []
    for position, service in enumerate(services):
        points = sum(best_match(service, word) for word in wanted)
        if points:
            scored.append((-points, position, service))
    return [service for _, _, service in sorted(scored, key=lambda row: row[:2])]


def best_match(service: Mapping[str, Any], word: str) -> int:
    """Return how well one word fits: name over keywords over description, whole words over beginnings."""
    best = 0
    fields = (
        (6, _texts(service.get("name"))),
        (4, [str(keyword) for keyword in service.get("keywords") or ()]),
        (2, _texts(service.get("group") or {}) + _texts(service.get("description"))),
    )
    for weight, texts in fields:
        for known in words_of(" ".join(texts)):
            if known == word:
                best = max(best, weight)
            elif len(word) > 2 and known.startswith(word):
                best = max(best, weight - 1)
    return best


def grouped(
    services: Sequence[Mapping[str, Any]], language: str
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return services under their group's name, both in alphabetical order of what is read."""
    groups: dict[str, tuple[str, list[Mapping[str, Any]]]] = {}
    for service in services:
        group = service.get("group") or {}
        code = str(group.get("code", ""))
        name = in_language({k: v for k, v in group.items() if k != "code"}, language) or code
        groups.setdefault(code, (name, []))[1].append(service)
    by_name = sorted(groups.values(), key=lambda group: group[0].lower())
    return [
        (name, sorted(found, key=lambda one: (in_language(one.get("name"), language) or "").lower()))
        for name, found in by_name
    ]


def _texts(value: Any) -> list[str]:
    return (
        [str(text) for key, text in value.items() if key != "code"]
        if isinstance(value, Mapping)
        else [str(value or "")]
    )
