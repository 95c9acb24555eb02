"""The HTTP protocol binding of CloudEvents 1.0: one event structured or binary, or a batch.

Reads only; whether an event is good is another question, asked one by one.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import Headers

from gateway.messages import field_error
from gateway.problems import Problem

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST_AT_ONCE = 100
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_INTEGERS = ("aggregateversion",)


@dataclass(frozen=True, slots=True)
class Message:
    """Decoded events as they came, which may be anything; `batch` decides how they are answered."""

    events: tuple[Any, ...]
    batch: bool


def read(headers: Headers, body: bytes, language: str) -> Message:
    """The events of a request.

    Raises unsupported-media-type for another event format or character set, malformed-json, and
    invalid-input for a header that is no text or a batch that is too long or no list.
    """
    media_type = _media_type(headers.get("content-type", ""))
    if media_type == STRUCTURED:
        return Message((_json(body),), batch=False)
    if media_type == BATCH:
        return _batch(_json(body), language)
    if media_type.startswith("application/cloudevents") or not _is_json(media_type):
        raise Problem("unsupported-media-type", detail=_expected(language))
    return Message((_binary(headers, body, language),), batch=False)


def _media_type(content_type: str) -> str:
    """The media type in lower case. JSON is UTF-8; another character set is refused."""
    media_type, _, parameters = content_type.partition(";")
    for parameter in parameters.lower().replace('"', "").split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "charset" and value not in ("utf-8", "utf8", "us-ascii"):
            raise Problem("unsupported-media-type")
    return media_type.strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _batch(document: Any, language: str) -> Message:
    if not isinstance(document, list):
        raise Problem("invalid-input", errors=[field_error("", "not_a_list", language)])
    if len(document) > MOST_AT_ONCE:
        raise Problem("invalid-input", errors=[field_error("", "too_many", language, max=MOST_AT_ONCE)])
    return Message(tuple(document), batch=True)


def _binary(headers: Headers, body: bytes, language: str) -> dict[str, Any]:
    """The event in `ce-` headers, its data in the body. `datacontenttype` is the Content-Type alone."""
    attributes: dict[str, Any] = {}
    errors = []
    for header, value in headers.items():
        if not header.startswith("ce-") or header == "ce-":
            continue
        name = header[3:]
        text = decoded(value)
        if text is None or name in attributes:
            errors.append(field_error(f"/{name[:40]}", "not_text", language))
        elif name in ("datacontenttype", "data"):
            errors.append(field_error(f"/{name}", "unknown_field", language))
        else:
            attributes[name] = _typed(name, text)
    if "specversion" not in attributes:
        raise Problem("unsupported-media-type", detail=_expected(language))
    if errors:
        raise Problem("invalid-input", errors=errors)
    return {**attributes, "datacontenttype": "application/json", "data": _json(body)}


def decoded(value: str) -> str | None:
    """A header's value: unquoted, then percent-decoded once. None where that is no UTF-8."""
    quoted = _QUOTED.fullmatch(value.strip())
    text = _ESCAPED.sub(r"\1", quoted[1]) if quoted else value
    try:
        # Starlette reads header bytes as Latin-1; some clients send UTF-8 as it is.
        raw = text.encode("latin-1")
        return _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), raw).decode("utf-8")
    except UnicodeError:
        return None


def _typed(name: str, text: str) -> Any:
    """Integer attributes travel as their decimal digits."""
    return int(text) if name in _INTEGERS and re.fullmatch(r"-?\d{1,10}", text) else text


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(
            "malformed-json",
            detail=f"line {error.lineno}, column {error.colno}",
            line=error.lineno,
            column=error.colno,
        ) from None


def _expected(language: str) -> str:
    if language == "en":
        return (
            f"Send {STRUCTURED}, {BATCH}, or application/json with the event's attributes in ce- headers "
            "(at least ce-specversion)."
        )
    return (
        f"Kirim {STRUCTURED}, {BATCH}, atau application/json dengan atribut peristiwa di kepala ce- "
        "(sedikitnya ce-specversion)."
    )
