"""Events of the chain, varied so that every rule and every conditional text is told at least once."""

from typing import Any

from servicekit.contracts import Contracts

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "survey.invited.v1": [{"kind": "case"}, {"kind": "counter"}, {"service_code": None}],
    "survey.reminder_due.v1": [{"kind": "case"}, {"kind": "counter"}],
    "survey.period_closed.v1": [
        {},
        {"period": "2026", "kind": "year"},
        {"period": "2026-H2", "kind": "half_year"},
        {"period": "2026-Q3-R4", "kind": "rolling_year"},
        {
            "ikm": None,
            "missing": ["below_minimum_n", "element_below_minimum", "element_without_answers"],
            "cautions": ["below_sample_target", "population_unknown", "band_unsure", "assisted_share_high"],
        },
    ],
    "evaluation.opened.v1": [{"official_record": "e-kinerja"}, {"official_record": "tanggap"}],
    "evaluation.objection_filed.v1": [{"decide_by": None}, {"decide_by": "2026-12-15T09:00:00+07:00"}],
    "evaluation.objection_decided.v1": [{"new_version": None}, {"new_version": 2}],
    "training.recommended.v1": [{}, {"unit": None}],
    "training.approved.v1": [{}, {"kind": "unit", "staff_ref": None}],
    "training.enrolled.v1": [
        {"status": status} for status in ("requested", "approved", "waiting", "confirmed", "withdrawn")
    ],
}


def told(schemas: Contracts, event_type: str) -> list[dict[str, Any]]:
    """Data of an event type: the contract's examples, each as it is and in every variant."""
    examples = schemas.examples(event_type)
    return [example | variant for example in examples for variant in VARIANTS.get(event_type, [{}])]
