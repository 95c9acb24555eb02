"""Many single questions in one call: what arrives within 2 ms is asked together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

WINDOW_SECONDS = 0.002
MOST_AT_ONCE = 100


class Coalesced:
    """Collects single reads and asks for all of them at once; each waiter gets its own answer or error."""

    def __init__(
        self, ask: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]], window_seconds: float = WINDOW_SECONDS
    ) -> None:
        self._ask = ask
        self._window_seconds = window_seconds
        self._items: list[tuple[Any, asyncio.Future[Any]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def get(self, item: Any) -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._items.append((item, answer))
        if len(self._items) >= MOST_AT_ONCE:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(self._window_seconds, self._flush)
        return await answer

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        items, self._items = self._items, []
        if items:
            task = asyncio.create_task(self._answer(items))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, items: list[tuple[Any, asyncio.Future[Any]]]) -> None:
        try:
            answers = await self._ask([item for item, _ in items])
            if len(answers) != len(items):
                raise ValueError("as many answers as questions were expected")
        except Exception as error:  # every waiter hears of it; none is left hanging
            for _, answer in items:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), value in zip(items, answers, strict=True):
            if not answer.done():
                answer.set_result(value)
