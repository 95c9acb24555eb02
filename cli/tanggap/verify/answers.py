"""Raw answers as they are exported: what each one hashes to, and which is not the one that was computed from.

digest of an answer = SHA-256 of the canonical JSON of its id, unit, period, questionnaire_version, scores,
                      respondent, mode and service_code; what stands beside them (names) takes no part
inputs hash         = SHA-256 of the canonical JSON of {unit, period, questionnaire_version, band_version,
                      method, answers: the digests, sorted}
canonical JSON      = UTF-8, keys sorted, separators "," and ":" without blanks
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HASHED = (
    "id",
    "unit",
    "period",
    "questionnaire_version",
    "scores",
    "respondent",
    "mode",
    "service_code",
)
ALTERED, MISSING, ADDED, TWICE = "altered", "missing", "added", "twice"


@dataclass(frozen=True)
class Finding:
    """One answer that is not as it was, or one figure that is not what the answers give."""

    what: str
    where: str
    published: str = ""
    computed: str = ""


def sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(answer: Mapping[str, Any]) -> str:
    return sha256({name: answer.get(name) for name in HASHED})


def inputs_hash(result: Mapping[str, Any], digests: Iterable[str]) -> str:
    names = ("unit", "period", "questionnaire_version", "band_version", "method")
    return sha256({**{name: result[name] for name in names}, "answers": sorted(digests)})


def tampered(inputs: Sequence[Mapping[str, str]], answers: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """The answers that differ from those the result was computed from, by their ids."""
    then = {one["id"]: one["digest"] for one in inputs}
    now: dict[str, str] = {}
    findings = []
    for answer in answers:
        if answer["id"] in now:
            findings.append(Finding(TWICE, answer["id"]))
        now[answer["id"]] = digest(answer)
    for id_ in sorted(then.keys() | now.keys()):
        if id_ not in now:
            findings.append(Finding(MISSING, id_, then[id_]))
        elif id_ not in then:
            findings.append(Finding(ADDED, id_, "", now[id_]))
        elif then[id_] != now[id_]:
            findings.append(Finding(ALTERED, id_, then[id_], now[id_]))
    return findings
