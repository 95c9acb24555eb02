"""`contracts/permissions.yaml`: which role may do what, and within which scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from servicekit.errors import ConfigurationError
from servicekit.yaml_files import read_yaml


@dataclass(frozen=True)
class Permissions:
    """The table as data. What a scope means is decided by the service that owns the action."""

    roles: tuple[str, ...]
    table: Mapping[str, Mapping[str, Mapping[str, str]]]

    @classmethod
    def load(cls, contracts_dir: str | Path) -> Permissions:
        path = Path(contracts_dir) / "permissions.yaml"
        try:
            document = read_yaml(path)
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        roles = tuple(document.pop("roles"))
        for service, actions in document.items():
            for action, cells in actions.items():
                for role, scope in cells.items():
                    if role not in roles or not isinstance(scope, str):
                        raise ConfigurationError(f"permissions: wrong cell {service}.{action}.{role}")
        return cls(roles, document)

    def scope(self, service: str, action: str, role: str) -> str | None:
        """The scope of a role for an action, or None: not allowed. An unknown action allows nobody."""
        return self.table.get(service, {}).get(action, {}).get(role)

    def scopes(self, service: str, action: str, roles: Iterable[str]) -> set[str]:
        """The scopes of somebody with several roles."""
        return {scope for role in roles if (scope := self.scope(service, action, role)) is not None}

    def actions(self, service: str) -> tuple[str, ...]:
        return tuple(self.table.get(service, {}))
