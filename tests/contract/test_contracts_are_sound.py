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

PUBLISHED = {
    event_type: (owner, exchange)
    for owner, exchanges in TOPOLOGY["publishes"].items()
    for exchange, types in exchanges.items()
    for event_type in types
}
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(CONTRACTS.glob("*/*.json"))}

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


def test_every_published_type_has_a_schema_in_its_owners_folder_and_no_schema_is_left_over() -> None:
    assert {path.stem: path.parent.name for path in CONTRACTS.glob("*/*.json")} == {
        event_type: owner for event_type, (owner, _) in PUBLISHED.items()
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


@pytest.mark.parametrize("event_type", [t for t in SCHEMAS if not t.startswith(("unit.", "service."))])
def test_no_event_has_a_field_for_personal_data(event_type: str) -> None:
    fields = {path.rsplit("/", 1)[1] for path, _ in properties(SCHEMAS[event_type])}

    assert fields.isdisjoint(PERSONAL)


def test_every_consumed_type_is_published_on_the_exchange_it_is_consumed_from() -> None:
    for handlers in TOPOLOGY["consumes"].values():
        for consumption in handlers.values():
            for event_type in consumption["types"]:
                assert PUBLISHED[event_type][1] == consumption["exchange"]


def test_permissions_name_only_known_roles_and_scopes() -> None:
    scopes = {"any", "city", "unit", "inspectorate", "own", "public", "self", "yes"}

    for section in ("complaints", "notifications"):
        for action, cells in PERMISSIONS[section].items():
            assert set(cells) <= set(PERMISSIONS["roles"]), action
            assert set(cells.values()) <= scopes, action


def test_no_unit_role_and_no_coordinator_ever_reaches_the_inspectorates_cases() -> None:
    for action, cells in PERMISSIONS["complaints"].items():
        for role in ("coordinator", "desk", "officer", "unit_head", "leader", "public"):
            assert cells.get(role) not in ("any", "inspectorate"), (action, role)
