"""Many requests at once, as many people: an outage is waited out under the same key, a refusal raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tanggap.client import describe, retry_after
from tanggap.errors import GatewayError

NOT_NOW = {429, 503, 504}
PATIENCE_SECONDS = 120.0


class Calls:
    """The gateway's interface for several callers. `token_of(name)` is whom a name speaks for."""

    def __init__(
        self, http: httpx.AsyncClient, token_of: Callable[[str], str], patience: float = PATIENCE_SECONDS
    ) -> None:
        self.http = http
        self.token_of = token_of
        self.patience = patience
        self.tokens: dict[str, str] = {}

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = None,
        key: str | None = None,
        params: dict[str, Any] | None = None,
        text: tuple[str, str] | None = None,
    ) -> Any:
        """The document answered; `text` is a body of another kind, (content, media type).

        Raises GatewayError with the problem in one line for a refusal, or when the gateway takes nothing
        for as long as we are patient. Every request has to be one that may be repeated.
        """
        headers = {"Idempotency-Key": key} if key else {}
        if by is not None:
            headers["Authorization"] = f"Bearer {self.token(by)}"
        content: dict[str, Any] = {"json": body} if body is not None else {}
        if text is not None:
            content = {"content": text[0].encode()}
            headers["Content-Type"] = text[1]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience
        while True:
            pause = 0.5
            try:
                answer = await self.http.request(method, path, headers=headers, params=params, **content)
                if answer.status_code < 400:
                    return answer.json() if answer.content else None
                if answer.status_code not in NOT_NOW:
                    raise GatewayError(f"{method} {path}: {describe(answer)}", answer.status_code)
                pause, trouble = retry_after(answer), describe(answer)
            except httpx.TransportError as error:
                trouble = type(error).__name__
            if loop.time() > deadline:
                raise GatewayError(f"{method} {path}: not taken for {self.patience:.0f} s: {trouble}")
            await asyncio.sleep(pause)

    def token(self, name: str) -> str:
        if name not in self.tokens:
            self.tokens[name] = self.token_of(name)
        return self.tokens[name]


@asynccontextmanager
async def connected(url: str, token_of: Callable[[str], str], at_once: int = 16) -> AsyncIterator[Calls]:
    """Calls over at most so many connections; what goes beyond waits its turn."""
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    timeout = httpx.Timeout(30, connect=5, pool=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout, trust_env=False) as http:
        yield Calls(http, token_of)
