import json
from datetime import UTC, datetime

import pytest

from servicekit.contracts import Contracts
from servicekit.errors import ConfigurationError, ContractViolation
from servicekit.permissions import Permissions
from servicekit.testing import make_event

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://example.invalid/maker/thing.made.v1.json",
    "type": "object",
    "required": ["who"],
    "properties": {
        "who": {"type": "string", "maxLength": 5},
        "at": {"type": "string", "format": "date-time"},
    },
    "examples": [{"who": "Budi"}],
}


@pytest.fixture
def contracts(tmp_path):
    (tmp_path / "maker").mkdir()
    (tmp_path / "maker" / "thing.made.v1.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "permissions.yaml").write_text(
        "roles: [public, officer]\n"
        "keeper:\n"
        "  look: {public: public, officer: unit}\n"
        '  keep: {officer: "yes"}\n'
    )
    return tmp_path


def test_data_is_checked_against_its_contract(contracts):
    loaded = Contracts.load(contracts)

    loaded.validate(make_event("thing.made.v1", {"who": "Budi", "at": "2026-01-01T00:00:00Z"}))
    assert loaded.examples("thing.made.v1") == [{"who": "Budi"}]
    assert loaded.owners == {"thing.made.v1": "maker"}
    assert loaded.dataschema("thing.made.v1").endswith("/maker/thing.made.v1.json")


def test_data_is_checked_as_the_wire_carries_it(contracts):
    at = datetime(2026, 1, 1, tzinfo=UTC)

    Contracts.load(contracts).validate(make_event("thing.made.v1", {"who": "Budi", "at": at}))


@pytest.mark.parametrize("data", [{"who": "Budi Santoso"}, {}, {"who": 1}, {"who": "B", "at": "Budi"}])
def test_a_violation_points_and_does_not_quote(contracts, data):
    with pytest.raises(ContractViolation) as caught:
        Contracts.load(contracts).validate(make_event("thing.made.v1", data))

    assert "Budi" not in str(caught.value)
    assert "thing.made.v1: /" in str(caught.value)


def test_missing_and_surplus_properties_are_named_but_no_value_that_stands_in_their_place(contracts):
    closed = {**SCHEMA, "additionalProperties": False}
    (contracts / "maker" / "thing.closed.v1.json").write_text(json.dumps(closed))
    event = make_event("thing.closed.v1", {"phone": "0812", "Siti 0812": 1, "at": "today"})

    assert Contracts.load(contracts).problems(event) == [
        ("/at", "format"),
        ("/phone", "additionalProperties"),
        ("/who", "required"),
    ]


def test_a_breach_is_the_first_wrong_place_but_nothing_that_a_newer_producer_added(contracts):
    loaded = Contracts.load(contracts)
    made = [{"who": 1}, {}, {"who": "Budi", "at": "besok"}, {"who": "Budi"}, {"who": "Budi", "new": 1}]

    breaches = [loaded.breach(make_event("thing.made.v1", data)) for data in made]

    assert breaches == ["contract:/who:type", "contract:/who:required", "contract:/at:format", None, None]
    assert loaded.breach(make_event("thing.unknown.v1", {"who": 1})) is None


def test_data_that_cannot_be_written_again_breaks_its_contract(contracts):
    deep = "Budi"
    for _ in range(400):
        deep = [deep]

    assert Contracts.load(contracts).breach(make_event("thing.made.v1", {"who": deep})) == "contract:/:depth"


def test_a_good_event_has_no_problems(contracts):
    assert Contracts.load(contracts).problems(make_event("thing.made.v1", {"who": "Budi"})) == []


def test_an_unknown_type_is_a_violation(contracts):
    with pytest.raises(ContractViolation):
        Contracts.load(contracts).validate(make_event("thing.unknown.v1"))


def test_a_folder_without_contracts_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError):
        Contracts.load(tmp_path)


def test_permissions_answer_by_cell(contracts):
    permissions = Permissions.load(contracts)

    assert permissions.scope("keeper", "look", "officer") == "unit"
    assert permissions.scope("keeper", "keep", "public") is None
    assert permissions.scope("keeper", "unknown", "officer") is None
    assert permissions.scope("unknown", "look", "officer") is None
    assert permissions.scopes("keeper", "look", ["public", "officer", "nobody"]) == {"public", "unit"}
    assert permissions.actions("keeper") == ("look", "keep")


def test_an_unknown_role_in_the_table_is_refused(contracts):
    (contracts / "permissions.yaml").write_text("roles: [public]\nkeeper:\n  look: {king: any}\n")

    with pytest.raises(ConfigurationError):
        Permissions.load(contracts)
