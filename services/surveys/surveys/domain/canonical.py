"""The bytes that are hashed: what lets a stranger recompute a published figure and name an altered answer.

answer digest  = SHA-256 of the canonical JSON of the exported answer without its `digest`
inputs hash    = SHA-256 of the canonical JSON of {unit, period, questionnaire_version, band_version, method,
                 answers: the digests, sorted}
canonical JSON = UTF-8, keys sorted, separators "," and ":", no escapes beyond JSON's own
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def answer_digest(answer: Mapping[str, Any]) -> str:
    """Of an answer as it is exported: id, unit, period, questionnaire_version, scores, respondent, mode,
    service_code. Nothing else takes part."""
    return hashlib.sha256(canonical(exported(answer))).hexdigest()


def exported(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an answer that are exported and hashed."""
    return {
        "id": answer["id"],
        "unit": answer["unit"],
        "period": answer["period"],
        "questionnaire_version": answer["questionnaire_version"],
        "scores": dict(answer["scores"]),
        "respondent": dict(answer["respondent"]),
        "mode": answer["mode"],
        "service_code": answer["service_code"],
    }


def inputs_hash(
    *,
    unit: str,
    period: str,
    questionnaire_version: str,
    band_version: str,
    method: str,
    digests: Iterable[str],
) -> str:
    """One hash over everything that a period's figures were computed from."""
    inputs = {
        "unit": unit,
        "period": period,
        "questionnaire_version": questionnaire_version,
        "band_version": band_version,
        "method": method,
        "answers": sorted(digests),
    }
    return hashlib.sha256(canonical(inputs)).hexdigest()
