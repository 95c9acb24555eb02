"""Routing rules: which event tells whom, by which channel, with which template. Data, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifications.domain.audiences import CITIZENS, DEPARTMENT, about_case, is_known, needs

OPERATORS = frozenset({"eq", "in", "exists", "gte", "lte"})
CHANNELS = ("email", "inbox")
CATEGORIES = frozenset({"transactional", "service", "survey", "staff"})
SURVEY = "survey"
PRIVATE_LINK = "token_path"
"""The field with which whoever knows it may answer a survey."""

Conditions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    event_type: str
    audience: str
    channels: tuple[str, ...]
    template: str
    category: str
    when: Conditions = field(default_factory=dict)
    active: bool = True
    announce: bool = True
    """Whether the outcome is published. The record of it is kept in any case."""
    version: int = 0


def matches(when: Conditions, data: Mapping[str, Any]) -> bool:
    """Whether every condition holds. A field that is absent or null holds for `exists: false` alone."""
    return all(
        _holds(operator, wanted, data.get(field_name))
        for field_name, tests in when.items()
        for operator, wanted in tests.items()
    )


def _holds(operator: str, wanted: Any, value: Any) -> bool:
    match operator:
        case "exists":
            return (value is not None) is bool(wanted)
        case "eq":
            return _same(value, wanted)
        case "in":
            return any(_same(value, one) for one in wanted)
        case "gte":
            return _comparable(value, wanted) and bool(_ordered(value) >= _ordered(wanted))
        case "lte":
            return _comparable(value, wanted) and bool(_ordered(value) <= _ordered(wanted))
    raise ValueError(f"unknown operator {operator}")


def _same(value: Any, wanted: Any) -> bool:
    # Python calls True equal to 1; a rule that asks for level 1 must not match a yes.
    return isinstance(value, bool) is isinstance(wanted, bool) and value is not None and bool(value == wanted)


def _comparable(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool) or value is None:
        return False
    if isinstance(value, str) and isinstance(wanted, str):
        return _is_time(value) == _is_time(wanted)
    return isinstance(value, int | float) and isinstance(wanted, int | float)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _ordered(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and _is_time(value) else value


Fields = Mapping[str, tuple[Any, ...] | None]
"""The fields of an event type; with the values a field may take, where the contract lists them."""


def faults_in(rule: Rule, fields_of: Mapping[str, Fields]) -> list[str]:
    """What is wrong with a rule, all at once; an empty list when it may be saved."""
    fields = fields_of.get(rule.event_type)
    if fields is None:
        return [f"event_type: there is no event {rule.event_type}"]
    faults = []
    for name, tests in rule.when.items():
        if name not in fields:
            faults.append(f"when: {rule.event_type} has no field {name}")
            continue
        for operator, wanted in tests.items():
            faults.extend(f"when.{name}: {f}" for f in _condition_faults(operator, wanted, fields[name]))
    faults.extend(_audience_faults(rule, fields))
    faults.extend(f"channels: unknown channel {name}" for name in rule.channels if name not in CHANNELS)
    if not rule.channels or len(set(rule.channels)) != len(rule.channels):
        faults.append("channels: name each channel once, and at least one")
    if rule.category not in CATEGORIES:
        faults.append(f"category: unknown category {rule.category}")
    if (rule.category == SURVEY) is not (PRIVATE_LINK in fields):
        # The category decides that a text with such a link is forgotten once it is sent.
        faults.append(f"category: {SURVEY} is for events with {PRIVATE_LINK}, and they are for it")
    if rule.announce and not about_case(rule.event_type):
        faults.append("announce: outcomes are told to cases alone; this rule needs `announce: false`")
    return faults


def _audience_faults(rule: Rule, fields: Fields) -> list[str]:
    if not is_known(rule.audience):
        return [f"audience: unknown audience {rule.audience}"]
    faults = [
        f"audience: {rule.audience} needs the field {name}, which {rule.event_type} does not have"
        for name in needs(rule.audience)
        if name not in fields
    ]
    if rule.audience in CITIZENS and "inbox" in rule.channels:
        faults.append(f"channels: {rule.audience}s have no inbox")
    if rule.audience == DEPARTMENT and set(rule.channels) - {"inbox"}:
        faults.append("channels: departments have an inbox and nothing else")
    return faults


def _condition_faults(operator: str, wanted: Any, allowed: tuple[Any, ...] | None) -> list[str]:
    if operator not in OPERATORS:
        return [f"unknown operator {operator}"]
    if operator == "in" and (not isinstance(wanted, list | tuple) or not wanted):
        return ["`in` takes a list that is not empty"]
    if operator == "exists" and not isinstance(wanted, bool):
        return ["`exists` takes true or false"]
    if operator in ("gte", "lte") and (isinstance(wanted, bool) or not isinstance(wanted, int | float | str)):
        return [f"`{operator}` takes a number or a time"]
    if operator == "eq" and (wanted is None or isinstance(wanted, list | dict)):
        return ["`eq` takes one value; for null use `exists: false`"]
    named = {"eq": [wanted], "in": wanted}.get(operator, [])
    return [f"the contract has no value {value!r}" for value in named if allowed and value not in allowed]
