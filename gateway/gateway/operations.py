"""One operation of the JSON interface: its route and its description are the same value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from marshmallow import Schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.auth import api_caller
from gateway.callers import Caller

Handler = Callable[[Request, Caller], Awaitable[Response]]
Security = Literal["public", "reporter", "staff", "anyone", "department"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A route with what the published description says of it.

    An ASGI application itself, which spares each request the layers that Starlette puts around a function.
    `security`: who may call; `anyone` means public, reporter's secret and staff's token all make sense.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    security: Security = "public"
    body: type[Schema] | Mapping[str, Any] | None = None
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # other media types it may have
    body_required: bool = True
    keyed: bool = False  # takes an Idempotency-Key
    query: tuple[Mapping[str, Any], ...] = ()  # parameters, in the query unless they say otherwise
    status: int = 200
    also: tuple[int, ...] = ()  # other statuses with the same body
    result: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    media_type: str = "application/json"
    tables: bool = False  # as text/csv too
    problems: tuple[str, ...] = ()
    description: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who calls, then answer. Cookies are not looked at: see gateway.auth."""
        request = Request(scope, receive, send)
        response = await self.handler(request, await api_caller(request))
        await response(scope, receive, send)

    @property
    def operation_id(self) -> str:
        return self.handler.__name__
