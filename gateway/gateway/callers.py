"""Who is calling: one value that routes, pages and the application layer share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["public", "reporter", "staff", "department"]
LANGUAGES = ("id", "en")


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller of one request.

    `ref` and `roles` come from a verified token, `secret` is what a reporter showed (not yet proved:
    the owning service compares it), `address` is only for rate limits and never logged.
    """

    kind: Kind = "public"
    ref: str | None = None
    roles: tuple[str, ...] = ()
    unit: str | None = None
    secret: str | None = None
    address: str = ""
    language: str = "id"

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    @property
    def role_names(self) -> tuple[str, ...]:
        """The roles that contracts/permissions.yaml knows this caller by."""
        if self.kind == "reporter":
            return ("reporter", "public")
        return self.roles or ("public",)

    def actor(self) -> dict[str, Any] | None:
        """The actor as services receive it; None for the public."""
        if self.kind == "public":
            return None
        if self.kind == "reporter":
            return {"ref": None, "roles": ["reporter"], "secret": self.secret}
        return {"ref": self.ref, "roles": list(self.roles), "unit": self.unit}
