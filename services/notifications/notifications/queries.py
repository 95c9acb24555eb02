"""What the gateway asks for: inboxes, deliveries, dry runs, reloading. Every call decides again who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifications.cityload import CityLoader
from notifications.domain.delivery import State
from notifications.domain.intents import Planned
from notifications.errors import CityRefused
from notifications.incoming import Unreadable, check
from notifications.intake import Intake
from notifications.store.messages import Messages
from servicekit.envelope import Event, MalformedEvent, format_time
from servicekit.errors import FieldError, Forbidden, Invalid
from servicekit.ids import Clock
from servicekit.permissions import Permissions

SERVICE = "notifications"
MAX_PAGE = 100
Actor = Mapping[str, Any] | None
_OUTCOMES = {State.QUEUED: "send", State.DELIVERED: "deliver", State.SKIPPED: "skip"}


class Queries:
    def __init__(
        self,
        *,
        messages: Messages,
        intake: Intake,
        cities: CityLoader,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._intake = intake
        self._cities = cities
        self._permissions = permissions
        self._clock = clock

    def inbox(self, actor: Actor, cursor: str | None, limit: int, unread_only: bool) -> dict[str, Any]:
        """The actor's own messages, newest first."""
        ref = self._own(actor, "inbox")
        if not isinstance(cursor, str | None):
            raise Invalid([FieldError("/cursor", "not_a_text")])
        page = _page(limit)
        rows = self._messages.inbox(ref, before=cursor, limit=page + 1, unread_only=unread_only)
        items = [
            {
                "id": row["_id"],
                "at": format_time(row["created_at"]),
                "title": row["title"],
                "text": row["text"],
                "link": row["link"],
                "complaint_id": row["complaint_id"],
                "event_type": row["event_type"],
                "read_at": row["read_at"] and format_time(row["read_at"]),
            }
            for row in rows[:page]
        ]
        following = items[-1]["id"] if len(rows) > page else None
        return {"items": items, "unread": self._messages.unread(ref), "next_cursor": following}

    def mark_read(self, actor: Actor, ids: Sequence[str] | None) -> dict[str, Any]:
        """Mark the actor's own messages as read; without ids all of them. Others' ids change nothing."""
        ref = self._own(actor, "mark_read")
        if ids is not None and not all(isinstance(one, str) for one in ids):
            raise Invalid([FieldError("/ids", "not_a_text")])
        marked = self._messages.mark_read(ref, ids, now=self._clock.now())
        return {"marked": marked, "unread": self._messages.unread(ref)}

    def deliveries(
        self, actor: Actor, filters: Mapping[str, str | None], counts: bool, cursor: str | None, limit: int
    ) -> dict[str, Any]:
        """What was sent and why not otherwise, newest first. Addresses are masked, texts never shown."""
        scopes = self._scopes(actor, "deliveries")
        # An object here would become an operator of the database's query language.
        wrong = [name for name, value in filters.items() if not isinstance(value, str | None)]
        if wrong or not isinstance(cursor, str | None):
            raise Invalid([FieldError(f"/{name}", "not_a_text") for name in wrong or ["cursor"]])
        # Who is asked, rated or trained is nobody's business who may look at the city's cases.
        of_cases = {"inspectorate": False, "complaint_id": {"$ne": None}}
        query: dict[str, Any] = {} if "any" in scopes else of_cases
        wanted = {
            {"state": "status"}.get(name, name): value for name, value in filters.items() if value is not None
        }
        query = {**query, **wanted}
        page = _page(limit)
        rows = self._messages.deliveries(query, before=cursor, limit=page + 1)
        found: dict[str, Any] = {
            "items": [_delivery(row) for row in rows[:page]],
            "next_cursor": rows[page - 1]["_id"] if len(rows) > page else None,
        }
        if filters.get("complaint_id") or filters.get("event_id"):
            self._add_attempts(found["items"])
        if counts:
            found["counts"] = self._messages.counts(query)
        return found

    def rejections(self, actor: Actor, cursor: str | None, limit: int) -> dict[str, Any]:
        """What was refused of the department that asks, newest first, with the reason in both languages.

        An administrator sees the refusals of every department.
        """
        everybody = "any" in self._scopes(actor, "rejections")
        ref = None if everybody else self._own(actor, "rejections")
        if not isinstance(cursor, str | None):
            raise Invalid([FieldError("/cursor", "not_a_text")])
        page = _page(limit)
        rows = self._messages.refusals(ref, before=cursor, limit=page + 1)
        following = rows[page - 1]["_id"] if len(rows) > page else None
        return {"items": [row["refusal"] for row in rows[:page]], "next_cursor": following}

    def dry_run(self, actor: Actor, event: Mapping[str, Any]) -> dict[str, Any]:
        """What an event would do: nothing is stored and nothing is sent."""
        self._scopes(actor, "dry_run")
        try:
            read = Event.from_dict(dict(event))
            check(read)
        except (MalformedEvent, Unreadable) as error:
            raise Invalid([FieldError("/event", str(error))]) from error
        return {"intents": [_preview(one) for one in self._intake.preview(read)]}

    def reload_city(self, actor: Actor) -> dict[str, Any]:
        """Put the city's files in force. Refused as a whole, with every fault, when one of them is wrong."""
        self._scopes(actor, "reload_city")
        try:
            changed, current = self._cities.load()
        except CityRefused as refused:
            raise Invalid([_fault(fault) for fault in refused.faults]) from refused
        return {
            "changed": changed,
            "revision": current.revision,
            "rules": sum(len(rules) for rules in current.rules.values()),
            "templates": len(current.templates),
        }

    def _own(self, actor: Actor, action: str) -> str:
        self._scopes(actor, action)
        ref = (actor or {}).get("ref")
        if not isinstance(ref, str) or not ref:
            raise Forbidden("no_identity", "an inbox belongs to somebody")
        return ref

    def _scopes(self, actor: Actor, action: str) -> set[str]:
        roles = (actor or {}).get("roles") or ["public"]
        scopes = self._permissions.scopes(SERVICE, action, roles)
        if not scopes:
            raise Forbidden("role", f"no role of the actor allows {action}")
        return scopes

    def _add_attempts(self, items: list[dict[str, Any]]) -> None:
        logs: dict[str, list[dict[str, Any]]] = {item["id"]: [] for item in items}
        for row in self._messages.attempts(list(logs)):
            entry = {name: row[name] for name in ("n", "outcome", "code", "elapsed_ms")}
            logs[row["intent_id"]].append({**entry, "at": format_time(row["at"])})
        for item in items:
            item["attempt_log"] = logs[item["id"]]


def _page(limit: int) -> int:
    return max(1, min(int(limit), MAX_PAGE))


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    waiting = row["status"] in (State.QUEUED, State.SENDING)
    return {
        "id": row["_id"],
        "at": format_time(row["created_at"]),
        "subject": row.get("subject"),
        **{
            name: row[name]
            for name in (
                "event_id event_type complaint_id rule rule_version template template_version "
                "language channel audience recipient_ref reason code"
            ).split()
        },
        "recipient": row["masked"],
        "state": row["status"],
        "attempts": row["attempt"],
        "missing": row["missing"],
        "next_attempt_at": format_time(row["due_at"]) if waiting and row.get("due_at") else None,
        "finished_at": format_time(row["finished_at"]) if row.get("finished_at") else None,
    }


def _preview(one: Planned) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "channel": one.channel,
        "audience": one.audience,
        "recipient_ref": one.recipient_ref,
        "language": one.language,
        "outcome": _OUTCOMES.get(one.state, "fail"),
        "reason": one.reason,
        "missing": list(one.missing),
        "template": one.rule.template,
        "template_version": one.template_version,
        "subject": one.subject,
        "text": one.text,
    }


def _fault(text: str) -> FieldError:
    parts = {"rule": "/rules", "template": "/templates"}
    pointer = next((pointer for part, pointer in parts.items() if text.startswith(part)), "/city")
    return FieldError(pointer, "refused", text)
