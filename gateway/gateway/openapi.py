"""The published description, OpenAPI 3.1, made from the table of operations and the schemas.

`python -m gateway.openapi` prints it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from gateway import documents, documents_chain, shapes
from gateway.operations import Operation
from gateway.problems import TABLE
from gateway.survey_answers import MOST_KEYS, SCORES, RespondentAnswers, Scores
from gateway.table import OPERATIONS

VERSION = "1.0.0"
_TAGS = ("cases", "catalogue", "surveys", "evaluation", "departments", "notifications", "operations")
_ALWAYS = ("malformed-request", "rate-limited", "internal-error")
_WITH_BODY = ("malformed-json", "unsupported-media-type", "body-too-large", "slow-body", "invalid-input")
_WITH_IDENTITY = ("unauthenticated", "ambiguous-credentials", "forbidden")
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "public": [{}],
    "reporter": [{"secret": []}],
    "staff": [{"token": []}],
    "anyone": [{}, {"secret": []}, {"token": []}],
    "department": [{"key": []}, {"token": []}],
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Repeat safely. Without a token: a UUID, or a random string of at least 36 characters.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "Indonesian unless English is preferred.",
    "schema": {"type": "string", "default": "id"},
}


def document(operations: Iterable[Operation], server: str = "/") -> dict[str, Any]:
    """The whole description. Every operation is in it, since routes are made from the same table."""
    marshmallow = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Tanggap",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[marshmallow],
        info={
            "description": "File a case with a city, follow it, work on it. Errors are RFC 9457 problems.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        servers=[{"url": server}],
        tags=[{"name": name} for name in _TAGS],
    )
    converter: Any = marshmallow.converter
    converter.add_attribute_function(_own_fields)
    for name, schema in {**documents.SCHEMAS, **documents_chain.SCHEMAS}.items():
        spec.components.schema(name, schema)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.security_scheme(
        "key",
        {"type": "http", "scheme": "bearer", "description": "A department's API key, tgd_<code>_<secret>."},
    )
    spec.components.security_scheme("secret", {"type": "apiKey", "in": "header", "name": "Tanggap-Secret"})
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    for path, described in paths.items():
        spec.path(path=path, operations=described)
    return spec.to_dict()


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _SECURITY[operation.security],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _names(operation)
            ),
            *operation.query,
            *([_IDEMPOTENCY_KEY] if operation.keyed else []),
            _LANGUAGE,
        ],
        "responses": {
            **{str(status): _answer(operation) for status in (operation.status, *operation.also)},
            **_problems(operation),
        },
    }
    if operation.description:
        described["description"] = operation.description
    content = {media_type: {"schema": dict(schema)} for media_type, schema in operation.bodies.items()}
    if operation.body is not None:
        content = {"application/json": {"schema": _body(operation.body)}, **content}
    if content:
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _answer(operation: Operation) -> dict[str, Any]:
    content = {operation.media_type: {"schema": dict(operation.result)}}
    if operation.tables:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"description": operation.summary, "content": content}


def _problems(operation: Operation) -> dict[str, Any]:
    slugs = {*_ALWAYS, *operation.problems}
    if operation.body is not None or operation.bodies:
        slugs.update(_WITH_BODY)
    if operation.security != "public":
        slugs.update(_WITH_IDENTITY)
    by_status: dict[int, list[str]] = {}
    for slug in sorted(slugs):
        by_status.setdefault(TABLE[slug].status, []).append(slug)
    return {
        str(status): {
            "description": "; ".join(f"`{slug}`: {TABLE[slug].title['en']}" for slug in names),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, names in sorted(by_status.items())
    }


def _names(operation: Operation) -> list[str]:
    return re.findall(r"{(\w+)}", operation.path)


def _body(body: Any) -> Any:
    return body if isinstance(body, type) and issubclass(body, Schema) else dict(body)


def _name(schema: Any) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__


def _own_fields(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What apispec cannot know of our own fields."""
    text = ["string", "null"] if field.allow_none else "string"
    match field:
        case shapes.Attributes():
            kind = ["object", "null"] if field.allow_none else "object"
            return {"type": kind, "maxProperties": shapes.ATTRIBUTES_MAX, "additionalProperties": True}
        case shapes.Moment():
            return {"type": text, "format": "date-time"}
        case shapes.Email():
            return {"type": text, "format": "email"}
        case shapes.Phone():
            return {"type": text, "format": "phone"}
        case shapes.Day():
            return {"type": text, "format": "date"}
        case Scores():
            return {"additionalProperties": {"enum": [*SCORES, None]}, "maxProperties": MOST_KEYS}
        case RespondentAnswers():
            return {"additionalProperties": {"type": ["string", "null"]}, "maxProperties": MOST_KEYS}
        case _:
            return {}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(document(OPERATIONS), option=orjson.OPT_INDENT_2) + b"\n")
