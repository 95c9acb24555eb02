"""`contracts/<owner>/<type>.json`: JSON Schemas of event data, with examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from servicekit.envelope import Event
from servicekit.errors import ConfigurationError, ContractViolation

__all__ = ["ContractViolation", "Contracts"]

SURPLUS = "additionalProperties"
_NAME = re.compile(r"^[A-Za-z][A-Za-z_]{0,39}$")


@dataclass(frozen=True)
class Contracts:
    """Every schema by event type. `owners` says which folder a type came from."""

    schemas: Mapping[str, Mapping[str, Any]]
    owners: Mapping[str, str]
    validators: Mapping[str, Draft202012Validator]

    @classmethod
    def load(cls, contracts_dir: str | Path) -> Contracts:
        schemas: dict[str, Mapping[str, Any]] = {}
        owners: dict[str, str] = {}
        for path in sorted(Path(contracts_dir).glob("*/*.json")):
            type_ = path.name.removesuffix(".json")
            if type_ in schemas:
                raise ConfigurationError(f"contracts: {type_} has two owners")
            schemas[type_] = orjson.loads(path.read_bytes())
            owners[type_] = path.parent.name
        if not schemas:
            raise ConfigurationError(f"contracts: no schemas in {contracts_dir}")
        checker = FormatChecker(["date-time", "date", "uuid"])
        validators = {t: Draft202012Validator(s, format_checker=checker) for t, s in schemas.items()}
        return cls(schemas, owners, validators)

    def validate(self, event: Event) -> None:
        """Check an event's data. Raises ContractViolation with pointers and keywords, never with values."""
        if event.type not in self.validators:
            raise ContractViolation(f"{event.type}: no such contract")
        problems = [f"{pointer or '/'} ({keyword})" for pointer, keyword in self.problems(event)]
        if problems:
            raise ContractViolation(f"{event.type}: {', '.join(problems)}")

    def problems(self, event: Event) -> list[tuple[str, str]]:
        """What is wrong with an event's data: JSON pointers into the data, with the keyword that each breaks.

        A missing or a surplus property is named itself. Sorted, each pair once; empty for a good event.
        Data nested so deeply that we could not write it again breaks `depth`, whatever its schema.
        Raises KeyError for a type without contract.
        """
        validator = self.validators[event.type]
        try:
            # The data as the wire will carry it: datetimes and tuples become what JSON knows.
            document = orjson.loads(orjson.dumps(event.data))
        except orjson.JSONEncodeError as error:
            if "Recursion" in str(error):
                return [("", "depth")]
            raise
        return sorted({problem for error in validator.iter_errors(document) for problem in _named(error)})

    def breach(self, event: Event) -> str | None:
        """The first place where an event breaks its contract, as a dead letter's reason; None for none.

        Such as `contract:/elements/0/value:type`. A property that is not known here is no breach: its
        producer may be newer.
        """
        problems = self.problems(event) if event.type in self.validators else []
        broken = (f"contract:{at or '/'}:{keyword}" for at, keyword in problems if keyword != SURPLUS)
        return next(broken, None)

    def examples(self, type_: str) -> list[dict[str, Any]]:
        """Example data objects of a type."""
        return list(self.schemas[type_].get("examples", ()))

    def dataschema(self, type_: str) -> str:
        """The schema's URI, for the envelope's `dataschema`."""
        return str(self.schemas[type_]["$id"])


def _named(error: ValidationError) -> list[tuple[str, str]]:
    """The places of one error. jsonschema reports missing and surplus properties at their object."""
    at = "".join(f"/{_escaped(part)}" for part in error.absolute_path)
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    names: list[str] = []
    if isinstance(error.instance, dict) and keyword == "required":
        names = [name for name in wanted if name not in error.instance]
    elif isinstance(error.instance, dict) and keyword == SURPLUS and wanted is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        # A name that is none may be a value in the wrong place, so it is not repeated.
        names = [name for name in error.instance if name not in known and _NAME.match(name)]
    return [(f"{at}/{name}", keyword) for name in names] or [(at, keyword)]


def _escaped(part: object) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")
