"""Events of surveys, evaluation and departments' refusals, from the contracts' own examples."""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from component.notifications.world import SCHEMAS, World, sealed_contact, staff_contact

from servicekit.envelope import Event
from servicekit.ids import uuid7

TOKEN = "d4j8d4j8d4j8d4j8d4j8d4j8d4j8d4j8d4j8d4j8d4j8"
PERSON, RATER, DECIDER = "dukcapil-1", "dukcapil-kepala", "sekda-1"
STAFF = [
    staff_contact(PERSON, ["officer"], "dukcapil"),
    staff_contact(RATER, ["unit_head", "rater"], "dukcapil"),
    staff_contact(DECIDER, ["leader"]),
    staff_contact("hr-1", ["hr"], "bkpsdm"),
    staff_contact("kord-1", ["coordinator"]),
]
_HANDLERS = {"survey": "on_survey_event", "improvement": "on_survey_event"}
_SOURCES = {
    "on_survey_event": "/surveys",
    "on_evaluation_event": "/evaluation",
    "on_case_event": "/complaints",
}


def handler_of(type_: str, owner: str = "") -> str:
    return {"surveys": "on_survey_event", "complaints": "on_case_event"}.get(
        owner, _HANDLERS.get(type_.partition(".")[0], "on_evaluation_event")
    )


def chain_event(type_: str, subject: str = "subject-1", /, owner: str = "", **changes: Any) -> Event:
    """An event of the chain; `owner` is the service that publishes a type of several."""
    attributes = {name: changes.pop(name) for name in ("id", "time") if name in changes}
    event = Event(
        id=attributes.get("id") or uuid7(),
        source=_SOURCES[handler_of(type_, owner)],
        type=type_,
        subject=subject,
        time=attributes.get("time") or datetime.now(UTC),
        data={**SCHEMAS.examples(type_)[0], **changes},
    )
    SCHEMAS.validate(event)
    return event


def handle(world: World, *events: Event) -> dict[str, Any]:
    """Give each event to the handler that consumes it, one batch a handler."""
    verdicts: dict[str, Any] = {}
    owners = {source: handler for handler, source in _SOURCES.items()}
    for handler in dict.fromkeys(owners[event.source] for event in events):
        mine = [event for event in events if owners[event.source] == handler]
        verdicts |= world.handle(*mine, handler=handler)
    return verdicts


def visitor(ref: str, email: str | None = "siti@example.invalid", language: str = "id") -> Event:
    """The contact of somebody served at a counter, as the gateway hands it in."""
    block = {"name": "Siti Rahma", "email": email, "phone": None, "language": language}
    data = {
        "contact_ref": ref,
        "audience": "citizen",
        "roles": [],
        "unit": None,
        "language": language,
        "active": True,
        "contact_sealed": sealed_contact(ref, **block),
    }
    return Event(uuid7(), "/gateway", "contact.submitted.v1", ref, datetime.now(UTC), data)


def invitation_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def invited(
    ref: str, invite: str | None = None, /, type_: str = "survey.invited.v1", **changes: Any
) -> Event:
    """An invitation, or with another type its reminder, of the visitor with this reference."""
    invite = invitation_id(invite or ref)
    closes = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1).isoformat()
    return chain_event(
        type_, invite, **{"invite_id": invite, "contact_ref": ref, "expires_at": closes, **changes}
    )


def reminder(ref: str, invite: str | None = None, /, **changes: Any) -> Event:
    return invited(ref, invite, type_="survey.reminder_due.v1", **changes)


def refused(department: str = "antrian-dukcapil", /, owner: str = "surveys", **changes: Any) -> Event:
    """A refusal of a department's event by one of the services that consume it."""
    return chain_event("event.rejected.v1", uuid7(), owner=owner, department=department, **changes)
