"""The contracts themselves: every type has a schema, every schema holds its examples, none holds a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
TOPOLOGY = yaml.safe_load((CONTRACTS / "topology.yaml").read_text())
PERMISSIONS = yaml.safe_load((CONTRACTS / "permissions.yaml").read_text())

PUBLISHED = [
    (event_type, owner, exchange)
    for owner, exchanges in TOPOLOGY["publishes"].items()
    for exchange, types in exchanges.items()
    for event_type in types
]
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(CONTRACTS.glob("*/*.json"))}

# What is named there is a unit, a service, a department's system or a training, and never a person.
NAMES_OF_THINGS = {
    "unit.changed.v1": {"name"},
    "service.changed.v1": {"name"},
    "department.changed.v1": {"name"},
    "training.completed.v1": {"title"},
}

# A readable person never travels: neither as a field nor inside a longer name of one.
PERSONAL = (
    "name",
    "email",
    "phone",
    "nik",
    "address",
    "description",
    "text",
    "title",
    "lat",
    "lon",
    "reporter_name",
)


def properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", inner
        yield from properties(inner, f"{path}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from properties(schema["items"], path)


def folder_of(event_type: str) -> str:
    """What departments publish has a folder of its own; so has what several owners publish."""
    owners = {owner for type_, owner, _ in PUBLISHED if type_ == event_type}
    exchanges = {exchange for type_, _, exchange in PUBLISHED if type_ == event_type}
    if len(exchanges) > 1:
        return "common"
    return "departments" if exchanges == {"departments.events"} else owners.pop()


def test_every_published_type_has_a_schema_in_its_owners_folder_and_no_schema_is_left_over() -> None:
    assert {path.stem: path.parent.name for path in CONTRACTS.glob("*/*.json")} == {
        event_type: folder_of(event_type) for event_type, _, _ in PUBLISHED
    }


@pytest.mark.parametrize("event_type", SCHEMAS)
def test_a_schema_is_valid_closed_and_carries_examples_that_satisfy_it(event_type: str) -> None:
    schema = SCHEMAS[event_type]

    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["additionalProperties"] is False
    assert schema["examples"]
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for example in schema["examples"]:
        validator.validate(example)


@pytest.mark.parametrize("event_type", SCHEMAS)
def test_a_schema_refuses_a_field_it_does_not_name(event_type: str) -> None:
    schema = SCHEMAS[event_type]
    example = {**schema["examples"][0], "surprise": 1}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example, schema)


@pytest.mark.parametrize("event_type", SCHEMAS)
def test_no_event_has_a_field_for_personal_data(event_type: str) -> None:
    fields = {path.rsplit("/", 1)[1] for path, _ in properties(SCHEMAS[event_type])}

    assert (fields - NAMES_OF_THINGS.get(event_type, set())).isdisjoint(PERSONAL)


def test_nothing_that_leads_back_to_a_case_or_a_person_travels_with_an_answer() -> None:
    fields = {path.rsplit("/", 1)[1] for path, _ in properties(SCHEMAS["survey.responded.v1"])}

    assert fields == {"response_id", "period", "unit", "service_code", "mode"}


@pytest.mark.parametrize("event_type", [t for t in SCHEMAS if t.startswith("evaluation.")])
def test_no_event_about_an_evaluation_says_anything_of_the_rating(event_type: str) -> None:
    fields = {path.rsplit("/", 1)[1] for path, _ in properties(SCHEMAS[event_type])}

    assert all(
        name.endswith(("_id", "_ref", "_at", "_by"))
        or name in ("version", "new_version", "kind", "period", "start", "end", "official_record")
        for name in fields
    ), fields


def test_every_consumed_type_is_published_on_the_exchange_it_is_consumed_from() -> None:
    for handlers in TOPOLOGY["consumes"].values():
        for consumption in handlers.values():
            for event_type in consumption["types"]:
                assert consumption["exchange"] in {ex for type_, _, ex in PUBLISHED if type_ == event_type}


def test_permissions_name_only_known_roles_and_scopes() -> None:
    scopes = {"any", "city", "unit", "inspectorate", "own", "public", "self", "yes"}
    scopes |= {"people", "decider", "progress"}

    for section in (name for name in PERMISSIONS if name != "roles"):
        for action, cells in PERMISSIONS[section].items():
            assert set(cells) <= set(PERMISSIONS["roles"]), action
            assert set(cells.values()) <= scopes, action


def test_no_unit_role_and_no_coordinator_ever_reaches_the_inspectorates_cases() -> None:
    for action, cells in PERMISSIONS["complaints"].items():
        for role in ("coordinator", "desk", "officer", "unit_head", "leader", "public"):
            assert cells.get(role) not in ("any", "inspectorate"), (action, role)


def test_only_the_person_her_rater_and_whoever_decides_see_a_rating() -> None:
    for action in ("view", "evidence"):
        assert set(PERMISSIONS["evaluation"][action].values()) <= {"self", "people", "progress"}, action


def test_nobody_rates_but_the_rating_officer() -> None:
    for action in ("expect", "rate", "finalise"):
        assert set(PERMISSIONS["evaluation"][action].values()) == {"people"}, action
