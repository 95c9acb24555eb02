"""Which caller may try what: the gateway's early refusal by contracts/permissions.yaml.

The service that owns the case decides again, on the case itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.callers import Caller
from gateway.problems import Problem
from servicekit.permissions import Permissions


@dataclass(frozen=True)
class Access:
    permissions: Permissions

    def allows(self, caller: Caller, service: str, action: str) -> bool:
        return bool(self.permissions.scopes(service, action, caller.role_names))

    def require(self, caller: Caller, service: str, action: str) -> None:
        """Raise Problem unauthenticated for strangers, forbidden for those whose roles lack the action."""
        if self.allows(caller, service, action):
            return
        if caller.kind == "public":
            raise Problem("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="tanggap"'})
        raise Problem("forbidden")

    def require_in_unit(self, caller: Caller, service: str, action: str, unit: str) -> None:
        """Raise Problem forbidden where the caller's roles allow the action in her own unit alone.

        For what no service decides again, since it goes through the intake.
        """
        scopes = self.permissions.scopes(service, action, caller.role_names)
        if "any" not in scopes and not ("unit" in scopes and caller.unit == unit):
            raise Problem("forbidden")
