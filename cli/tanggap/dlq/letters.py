"""One dead letter: what may be shown of it, and how it goes back."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servicekit.envelope import Event
from servicekit.errors import MalformedEvent
from servicekit.verdicts import ATTEMPT, FAILURE, ORIGIN, REASON

REPLAYED = "x-replayed"
DELIVERIES = "x-delivery-count"
DEATH = "x-death"
HIDDEN = "(not shown)"
KEPT = ("content_type", "content_encoding", "message_id", "type", "correlation_id", "timestamp")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CODE = re.compile(r"[A-Za-z0-9_.:/+-]{1,80}")
LONG_NUMBER = re.compile(r"\d{7}")


@dataclass(frozen=True)
class Letter:
    """A message of a dead-letter queue. Its body is for replaying, and for showing on an explicit wish."""

    body: bytes = field(repr=False)
    properties: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, Any] = field(repr=False)
    tag: int = 0
    believed: tuple[str, ...] = ()
    """Broker users whose word on where a message came from first is taken: the consumer's own."""

    @property
    def event(self) -> Event | None:
        try:
            return Event.from_bytes(self.body)
        except MalformedEvent:
            return None

    @property
    def id(self) -> str:
        """The event's id; where it has none that may be shown, a name made from its body."""
        given = self.properties.get("message_id") or (self.event.id if self.event else "")
        if shown(given) == given and given:
            return str(given)
        return f"body-{hashlib.sha256(self.body).hexdigest()[:12]}"

    @property
    def reason(self) -> str:
        """Why it is here: what the handler's side said, else what the broker says."""
        deaths = self.headers.get(DEATH) or [{}]
        return shown(self.headers.get(REASON) or deaths[0].get("reason") or "unknown")

    @property
    def deliveries(self) -> int:
        return number(self.headers, DELIVERIES)

    def envelope(self) -> dict[str, str]:
        """What anybody may see: names, times, counts and sizes, and nothing that somebody wrote."""
        event = self.event
        lines = {"id": self.id, "reason": self.reason}
        if event is None:
            lines["event"] = "the body is no event"
        else:
            lines |= {
                "type": shown(event.type),
                "source": shown(event.source),
                "subject": shown(event.subject),
                "time": event.time.isoformat(),
                "version": str(event.aggregateversion or ""),
                "correlation": shown(event.correlationid or ""),
                "data": f"{len(event.data)} fields, {len(json.dumps(event.data))} bytes",
            }
        return lines | {
            "publisher": shown(self.headers.get(ORIGIN) or self.properties.get("user_id") or ""),
            "attempts": str(number(self.headers, ATTEMPT)),
            "replayed": str(number(self.headers, REPLAYED)),
            "size": f"{len(self.body)} bytes",
        }

    def data(self) -> str:
        """The body. Sealed blocks in it stay sealed; what a department sent may be readable."""
        try:
            return json.dumps(json.loads(self.body), indent=1, ensure_ascii=False)
        except ValueError:
            return repr(self.body)

    def replayed(self, user: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Properties and headers for its work queue: all its attempts are before it again."""
        properties, headers = self._again(user)
        for name in (ATTEMPT, FAILURE, REASON):
            headers.pop(name, None)
        return properties, headers | {REPLAYED: number(self.headers, REPLAYED) + 1}

    def renewed(self, user: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Properties and headers for the queue that it lies in, as if it had just come."""
        properties, headers = self._again(user)
        return properties, {REASON: self.reason} | headers

    def _again(self, user: str) -> tuple[dict[str, Any], dict[str, Any]]:
        # The broker's own bookkeeping starts anew with a new message.
        headers = {
            name: value
            for name, value in self.headers.items()
            if name not in (DEATH, DELIVERIES) and not name.startswith(("x-first-death", "x-last-death"))
        }
        publisher = self.properties.get("user_id")
        if publisher not in self.believed:
            # Dead-lettered by the broker: it still carries its publisher, and headers as he wrote them.
            headers.pop(ORIGIN, None)
            if publisher:
                headers[ORIGIN] = publisher
        properties = {name: self.properties[name] for name in KEPT if self.properties.get(name) is not None}
        return properties | {"user_id": user, "delivery_mode": 2}, headers


def shown(value: Any) -> str:
    """The value where it is a code, an id or empty. Long numbers may be somebody's, and words are."""
    text = str(value)
    if not text or UUID.fullmatch(text):
        return text
    return text if CODE.fullmatch(text) and not LONG_NUMBER.search(text) else HIDDEN


def number(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name, 0)
    return value if isinstance(value, int) else 0
