"""What a JSON Schema refuses, field by field and in the caller's language. Never a value of the input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from gateway.messages import field_error
from gateway.problems import FieldError
from gateway.shapes import pointer_to

MOST_ERRORS = 50
# A surplus name that is none may be a value in the wrong place, so it is not repeated.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_TYPES = {
    "object": "not_an_object",
    "array": "not_a_list",
    "string": "not_text",
    "number": "not_a_number",
    "integer": "not_an_integer",
    "boolean": "not_true_or_false",
}
_FORMATS = {"date-time": "not_a_time", "date": "not_a_day", "uuid": "not_a_uuid"}


def errors(
    validator: Draft202012Validator, data: Mapping[str, Any], base: str, language: str
) -> list[FieldError]:
    """At most 50 errors, each at its JSON pointer below `base`."""
    found: list[FieldError] = []
    for error in sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path))):
        for refused in _refused(error, base, language):
            if refused not in found:
                found.append(refused)
    return found[:MOST_ERRORS]


def _refused(error: ValidationError, base: str, language: str) -> Iterator[FieldError]:
    pointer = base + pointer_to(*error.absolute_path)
    wanted: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            # jsonschema reports one error for every name that is missing; the name is the schema's.
            for name in wanted:
                if name not in given:
                    yield field_error(pointer + pointer_to(name), "required", language)
        case "additionalProperties" | "unevaluatedProperties":
            known = (error.schema.get("properties") or {}) if isinstance(error.schema, dict) else {}
            for name in given:
                if name not in known:
                    named = pointer_to(name) if _NAME.fullmatch(name) else ""
                    yield field_error(pointer + named, "unknown_field", language)
        case "type":
            first = next((one for one in _listed(wanted) if one != "null"), "null")
            yield field_error(pointer, _TYPES.get(first, "invalid"), language)
        case "enum":
            choices = ", ".join(str(one) for one in wanted if one is not None)
            yield field_error(pointer, "not_a_choice", language, choices=choices)
        case "const":
            yield field_error(pointer, "not_a_choice", language, choices=str(wanted))
        case "format":
            yield field_error(pointer, _FORMATS.get(wanted, "invalid"), language)
        case "pattern":
            yield field_error(pointer, "not_of_the_form", language, pattern=wanted)
        case "minLength" | "minItems":
            yield field_error(pointer, "blank", language)
        case "maxLength":
            yield field_error(pointer, "too_long", language, max=wanted)
        case "maxItems" | "maxProperties":
            yield field_error(pointer, "too_many", language, max=wanted)
        case "minimum" | "exclusiveMinimum":
            yield field_error(pointer, "too_small", language, min=wanted)
        case "maximum" | "exclusiveMaximum":
            yield field_error(pointer, "too_great", language, max=wanted)
        case "uniqueItems":
            yield field_error(pointer, "not_unique", language)
        case _:
            yield field_error(pointer, "invalid", language)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
