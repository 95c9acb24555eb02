"""JSON Schemas of what goes out of surveys, evaluation and departments."""

from __future__ import annotations

from typing import Any

from gateway.survey_answers import SCORES

_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: dict[str, Any] = {"type": ["integer", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
_OBJECT: dict[str, Any] = {"type": "object"}
_OBJECT_OR_NULL: dict[str, Any] = {"type": ["object", "null"]}
_OBJECTS: dict[str, Any] = {"type": "array", "items": _OBJECT}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def _object(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        **({"required": list(required)} if required else {}),
        **more,
    }


_FIELD_PROBLEM = _object({"pointer": _TEXT, "code": _TEXT, "message": _TEXT}, "pointer", "code", "message")

SCHEMAS: dict[str, dict[str, Any]] = {
    "Page": _object({"items": _OBJECTS, "next_cursor": _TEXT_OR_NULL}, "items"),
    "Questionnaire": _object(
        {
            "id": _TEXT,
            "version": _TEXT,
            "lead": _TEXT_OR_NULL,
            "privacy": _TEXT_OR_NULL,
            "consent": _OBJECT_OR_NULL,
            "elements": {
                "type": "array",
                "items": _object(
                    {
                        "key": _TEXT,
                        "list_order": _COUNT,
                        "question_order": _COUNT,
                        "name": _TEXT_OR_NULL,
                        "question": _TEXT_OR_NULL,
                        "labels": {**_TEXTS, "description": f"Of the scores {SCORES[0]} to {SCORES[-1]}."},
                    },
                    "key",
                ),
            },
            "respondent": _OBJECTS,
            "elements_about_people": _TEXTS,
        },
        "version",
        "elements",
    ),
    "Invitation": _object(
        {
            "state": {"const": "open"},
            "checked": _FLAG,
            "kind": {"enum": ["invite", "counter"]},
            "unit": _TEXT_OR_NULL,
            "unit_name": _TEXT_OR_NULL,
            "service_code": _TEXT_OR_NULL,
            "service_name": _TEXT_OR_NULL,
            "counter": _TEXT_OR_NULL,
            "period": _TEXT_OR_NULL,
            "questionnaire_version": _TEXT_OR_NULL,
            "expires_on": _TEXT_OR_NULL,
        },
        "state",
        "checked",
        "kind",
    ),
    "SurveyReceipt": _object(
        {
            "submission_id": {"type": "string", "format": "uuid"},
            "status": {"const": "received"},
            "receipt": {**_TEXT, "description": "For the person who answered; we keep it nowhere."},
        },
        "submission_id",
        "status",
        "receipt",
    ),
    "PaperVerdicts": _object(
        {
            "unit": _TEXT,
            "batch": {**_TEXT, "description": "The Idempotency-Key for the corrected file."},
            "accepted": _COUNT,
            "refused": _COUNT,
            "unavailable": _COUNT,
            "rows": {
                "type": "array",
                "items": _object(
                    {
                        "row": {**_COUNT, "description": "In the file, the header being 1."},
                        "verdict": {"enum": ["accepted", "refused", "unavailable"]},
                        "problems": {"type": "array", "items": _FIELD_PROBLEM},
                    },
                    "row",
                    "verdict",
                    "problems",
                ),
            },
        },
        "unit",
        "batch",
        "accepted",
        "refused",
        "unavailable",
        "rows",
    ),
    "ResultList": _object({"items": _OBJECTS}, "items"),
    "Result": _object(
        {
            "unit": _TEXT,
            "period": _TEXT,
            "state": _TEXT,
            "n": _COUNT_OR_NULL,
            "n_shown": _TEXT_OR_NULL,
            "ikm": {**_TEXT_OR_NULL, "description": "With two decimals; null while it may not be shown."},
            "band": _TEXT_OR_NULL,
            "band_certain": {"type": ["boolean", "null"]},
            "interval": _OBJECT_OR_NULL,
            "elements": {**_OBJECTS, "description": "In list order."},
            "lowest": {**_TEXTS, "description": "Element keys, the lowest first."},
            "missing": {**_TEXTS, "description": "What is still missing, as reason codes."},
            "cautions": _TEXTS,
            "trend": _OBJECTS,
            "improvements": _OBJECTS,
            "comments": {"type": "array"},
            "method": _TEXT_OR_NULL,
            "inputs_hash": _TEXT_OR_NULL,
            "signature": _TEXT_OR_NULL,
        },
    ),
    "ImportVerdicts": _object(
        {
            "counts": _OBJECT,
            "verdicts": {
                "type": "array",
                "items": _object(
                    {
                        "row": _COUNT,
                        "staff_ref": _TEXT_OR_NULL,
                        "verdict": {"enum": ["new", "changed", "unchanged", "refused"]},
                        "problems": _OBJECTS,
                        "changes": {**_OBJECT, "description": "By field, [old, new]."},
                    },
                    "row",
                    "verdict",
                ),
            },
        },
    ),
    "Evaluation": _object(
        {
            "evaluation_id": _TEXT,
            "version": _COUNT,
            "staff_ref": _TEXT,
            "state": _TEXT,
            "actions": {**_TEXTS, "description": "What the caller may do now."},
        },
    ),
    "CloudEvent": _object(
        {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": {**_TEXT, "examples": ["/departments/dpupr"]},
            "type": {**_TEXT, "examples": ["service.delivered.v1"]},
            "subject": {**_TEXT, "description": "Taken from the data if it is missing."},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": {**_OBJECT, "description": "As contracts/departments/<type>.json says."},
        },
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "data",
    ),
    "EventVerdict": _object(
        {
            "id": _TEXT_OR_NULL,
            "status": {"enum": ["accepted", "refused", "unavailable"]},
            "problem": {**_OBJECT, "description": "type, title, status, detail and errors as in a Problem."},
        },
        "id",
        "status",
    ),
    "EventVerdicts": {
        "oneOf": [
            {"$ref": "#/components/schemas/EventVerdict"},
            _object(
                {"items": {"type": "array", "items": {"$ref": "#/components/schemas/EventVerdict"}}}, "items"
            ),
        ]
    },
    "Registry": _object({"version": _COUNT, "items": _OBJECTS}, "version", "items"),
}
