"""`contracts/<owner>/<type>.json`: JSON Schemas of event data, with examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker

from servicekit.envelope import Event
from servicekit.errors import ConfigurationError, ContractViolation

__all__ = ["ContractViolation", "Contracts"]


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
        validator = self.validators.get(event.type)
        if validator is None:
            raise ContractViolation(f"{event.type}: no such contract")
        # The data as the wire will carry it: datetimes and tuples become what JSON knows.
        document = orjson.loads(orjson.dumps(event.data))
        problems = [
            f"/{'/'.join(map(str, error.absolute_path))} ({error.validator})"
            for error in validator.iter_errors(document)
        ]
        if problems:
            raise ContractViolation(f"{event.type}: {', '.join(sorted(problems))}")

    def examples(self, type_: str) -> list[dict[str, Any]]:
        """Example data objects of a type."""
        return list(self.schemas[type_].get("examples", ()))

    def dataschema(self, type_: str) -> str:
        """The schema's URI, for the envelope's `dataschema`."""
        return str(self.schemas[type_]["$id"])
