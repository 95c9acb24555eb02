"""From an event to its intents. Pure: what it reads is handed in, what it decides is returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from notifications.domain.audiences import CITIZENS, DEPARTMENT, Staff, about_case, resolve_staff
from notifications.domain.delivery import Reason, State, Trigger, step
from notifications.domain.intents import Planned, Recipient, intent_id
from notifications.domain.rules import Rule, matches
from notifications.domain.template import MissingValues, Text, Value, tidy


@dataclass(frozen=True, slots=True)
class Template:
    """One immutable version of one text in one language."""

    key: str
    language: str
    version: int
    subject: Text
    body: Text

    @property
    def keys(self) -> frozenset[str]:
        return self.subject.keys | self.body.keys


class Templates(Protocol):
    def get(self, key: str, language: str) -> Template: ...


Values = Callable[[frozenset[str], Recipient], Mapping[str, Value]]
"""The values for these keys and this recipient; a key that cannot be filled is left out."""


@dataclass(frozen=True, slots=True)
class People:
    """Who can be told about one event."""

    staff: Sequence[Staff]
    staff_recipient: Callable[[str], Recipient]
    reporter: Recipient | None
    """Whoever left a contact; None: there is none, or it never arrived."""
    department: Recipient | None = None


def plan(
    event_id: str,
    data: Mapping[str, Any],
    rules: Sequence[Rule],
    people: People,
    templates: Templates,
    values: Values,
) -> list[Planned]:
    """Every intent of one event, skipped ones included. `rules` are those of the event's type."""
    planned: list[Planned] = []
    for rule in rules:
        if not matches(rule.when, data):
            continue
        recipients, nobody = _recipients(rule, data, people)
        if not rule.active:
            recipients, nobody = (), Reason.RULE_INACTIVE
        for channel in rule.channels:
            if nobody is not None:
                planned.append(_nobody(event_id, rule, channel, nobody, data))
            planned.extend(_one(event_id, rule, channel, who, templates, values) for who in recipients)
    return planned


def _recipients(
    rule: Rule, data: Mapping[str, Any], people: People
) -> tuple[tuple[Recipient, ...], Reason | None]:
    if rule.audience in CITIZENS:
        return ((people.reporter,), None) if people.reporter else ((), Reason.CONTACT_MISSING)
    if rule.audience == DEPARTMENT:
        return ((people.department,), None) if people.department else ((), Reason.AUDIENCE_EMPTY)
    resolved = resolve_staff(rule.audience, data, people.staff, case=about_case(rule.event_type))
    return tuple(people.staff_recipient(member.ref) for member in resolved.staff), resolved.nobody


def _nobody(event_id: str, rule: Rule, channel: str, reason: Reason, data: Mapping[str, Any]) -> Planned:
    to_reporter = rule.audience in CITIZENS
    ref = data.get("contact_ref") if to_reporter else None
    return Planned(
        id=intent_id(event_id, rule.id, ref, channel),
        rule=rule,
        channel=channel,
        audience="reporter" if to_reporter else "staff",
        recipient_ref=ref,
        language=None,
        state=step(State.ACCEPTED, Trigger.SKIP),
        reason=reason,
        # A case whose reporter left no contact says so itself; the record here is enough.
        quiet=to_reporter and ref is None,
    )


def _one(
    event_id: str, rule: Rule, channel: str, who: Recipient, templates: Templates, values: Values
) -> Planned:
    problem = who.email_problem if channel == "email" else None
    subject = text = ""
    missing: tuple[str, ...] = ()
    version = None
    if problem is not None:
        state = step(State.ACCEPTED, Trigger.SKIP)
    else:
        template = templates.get(rule.template, who.language)
        version = template.version
        found = values(template.keys, who)
        subject, text, missing = _fill(template, found)
        if missing or not subject or not text:
            state = step(State.ACCEPTED, Trigger.FAIL_TECHNICALLY)
        else:
            ready = Trigger.STORED_FOR_RECIPIENT if channel == "inbox" else Trigger.QUEUE
            state = step(State.ACCEPTED, ready)
    return Planned(
        id=intent_id(event_id, rule.id, who.ref, channel),
        rule=rule,
        channel=channel,
        audience=who.audience,
        recipient_ref=who.ref,
        language=who.language,
        state=state,
        reason=problem,
        template_version=version,
        subject=subject,
        text=text,
        address=who.address if channel == "email" and problem is None else None,
        missing=missing,
    )


def _fill(template: Template, values: Mapping[str, Value]) -> tuple[str, str, tuple[str, ...]]:
    missing: dict[str, None] = {}
    filled = []
    for part in (template.subject, template.body):
        try:
            filled.append(tidy(part.fill(values)))
        except MissingValues as error:
            missing.update(dict.fromkeys(error.keys))
            filled.append("")
    # A subject is one line, whatever a value brings along.
    return " ".join(filled[0].split()), filled[1], tuple(missing)
