"""What can be done with cases, for JSON routes and pages alike.

Every method takes the caller, raises `Problem` and nothing else on purpose, and answers within the
deadlines of the intake (2.5 s) and of RPC (2 s for queries, 5 s for actions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.callers import Caller
from gateway.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a citizen gets for a filing. The link with the secret is the only way back to it."""

    tracking_code: str  # shown form, 7K3M-9QXD-4TRW-H
    secret: str
    status: str  # always "received"
    accepted_at: datetime
    links: Mapping[str, str]  # self (API), page (/lacak/<code>/<secret>)
    idempotency_key: str


class Cases:
    @property
    def catalogue(self) -> Catalogue:
        """The newest catalogue snapshot. Raises Problem catalogue-unavailable before the first."""
        raise NotImplementedError

    async def file(self, submission: dict[str, Any], caller: Caller, idempotency_key: str | None) -> Receipt:
        """Check a filing and make it durable."""
        raise NotImplementedError

    async def view(self, code: str, caller: Caller) -> dict[str, Any]:
        raise NotImplementedError

    async def list(
        self, caller: Caller, filters: dict[str, Any], cursor: str | None = None, limit: int = 20
    ) -> dict[str, Any]:
        raise NotImplementedError

    async def act(
        self,
        code: str,
        action: str,
        payload: dict[str, Any],
        version: int | None,
        caller: Caller,
        key: str | None,
    ) -> dict[str, Any]:
        raise NotImplementedError

    async def reveal(self, code: str, reason: str, caller: Caller, key: str | None = None) -> dict[str, Any]:
        raise NotImplementedError

    async def history(self, code: str, caller: Caller) -> dict[str, Any]:
        raise NotImplementedError

    async def figures(self, caller: Caller) -> dict[str, Any]:
        raise NotImplementedError
