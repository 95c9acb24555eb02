"""`Event`: CloudEvents 1.0 attributes and data, to and from structured JSON bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from servicekit.errors import MalformedEvent
from servicekit.ids import Clock, SystemClock, uuid7

__all__ = ["CONTENT_TYPE", "MAX_BODY_BYTES", "Event", "MalformedEvent", "Outgoing"]

CONTENT_TYPE = "application/cloudevents+json"
MAX_BODY_BYTES = 1024 * 1024
_REQUIRED = ("id", "source", "type", "subject", "time")
_OPTIONAL_TEXT = ("correlationid", "causationid", "traceparent", "dataschema")


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `id` is the idempotency key, `subject` the aggregate, `aggregateversion` its version."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    aggregateversion: int | None = None
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    dataschema: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The CloudEvents JSON object, without the attributes that are not set."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": format_time(self.time),
            "datacontenttype": "application/json",
        }
        for name in ("dataschema", "aggregateversion", "correlationid", "causationid", "traceparent"):
            value = getattr(self, name)
            if value is not None:
                document[name] = value
        document["data"] = self.data
        return document

    def to_bytes(self) -> bytes:
        return self.encode(self.to_dict())

    @staticmethod
    def encode(document: Mapping[str, Any]) -> bytes:
        """The wire form of a CloudEvents object."""
        return orjson.dumps(document)

    @classmethod
    def from_bytes(cls, body: bytes | str | memoryview) -> Event:
        """Read structured JSON. Raises MalformedEvent; unknown attributes are ignored."""
        if len(body) > MAX_BODY_BYTES:
            raise MalformedEvent("oversize")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            # `from None`: the original error quotes the input.
            raise MalformedEvent("invalid_json") from None
        return cls.from_dict(document)

    @classmethod
    def from_dict(cls, document: Any) -> Event:
        """Read a decoded CloudEvents object, with the same refusals as `from_bytes`."""
        if not isinstance(document, dict):
            raise MalformedEvent("not_an_object")
        if document.get("specversion") != "1.0":
            raise MalformedEvent("unknown_specversion")
        for name in _REQUIRED:
            value = document.get(name)
            if not isinstance(value, str) or not value:
                raise MalformedEvent(f"missing_{name}")
        for name in _OPTIONAL_TEXT:
            if not isinstance(document.get(name), str | None):
                raise MalformedEvent(f"invalid_{name}")
        version = document.get("aggregateversion")
        if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
            raise MalformedEvent("invalid_aggregateversion")
        data = document.get("data")
        if not isinstance(data, dict):
            raise MalformedEvent("missing_data")
        return cls(
            id=document["id"],
            source=document["source"],
            type=document["type"],
            subject=document["subject"],
            time=_parse_time(document["time"]),
            data=data,
            aggregateversion=version,
            correlationid=document.get("correlationid"),
            causationid=document.get("causationid"),
            traceparent=document.get("traceparent"),
            dataschema=document.get("dataschema"),
        )

    def caused(
        self,
        *,
        type: str,
        subject: str,
        data: Mapping[str, Any],
        source: str,
        aggregateversion: int | None = None,
        clock: Clock | None = None,
    ) -> Event:
        """A new event of the same flow and trace, with this one as its cause."""
        return Event(
            id=uuid7(),
            source=source,
            type=type,
            subject=subject,
            time=(clock or SystemClock()).now(),
            data=data,
            aggregateversion=aggregateversion,
            correlationid=self.correlationid or self.id,
            causationid=self.id,
            traceparent=self.traceparent,
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish. `message_id` must be unique within a call of `publish`."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    mandatory: bool = True
    properties: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    content_type: str = CONTENT_TYPE


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with a `Z`. Naive times are refused: nobody can say what they mean."""
    if at.tzinfo is None:
        raise ValueError("a time without zone cannot be sent")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedEvent("invalid_time") from None
    if at.tzinfo is None:
        raise MalformedEvent("invalid_time")
    return at.astimezone(UTC)
