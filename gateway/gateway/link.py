"""Keeps a connection to the broker alive for as long as the process lives."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from gateway import measures
from gateway.amqp import Address, AmqpError, Connection

log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.1, 5.0


class Link:
    """Connects, sets up, and connects again with growing, jittered waits, for ever.

    `set_up` prepares channels on a fresh connection; `torn_down` is told when it is gone. The process
    starts and lives without the broker: until the link is up, its users refuse their work.
    """

    def __init__(
        self,
        address: Address,
        name: str,
        set_up: Callable[[Connection], Awaitable[None]],
        torn_down: Callable[[], None],
    ) -> None:
        self._address = address
        self._name = name
        self._set_up = set_up
        self._torn_down = torn_down
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        measures.link_up.labels(name).set_function(lambda: float(self.ready))

    @property
    def ready(self) -> bool:
        return self._connection is not None and self._connection.writable

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"link {self._name}")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            connection: Connection | None = None
            try:
                connection = await Connection.open(self._address, self._name)
                await self._set_up(connection)
                self._connection = connection
                wait_seconds = _FIRST_WAIT_SECONDS
                log.info("broker connected", extra={"connection": self._name})
                reason = await asyncio.shield(connection.closed)
                log.warning("broker connection lost", extra={"connection": self._name, "reason": reason})
            except (AmqpError, OSError) as error:
                log.warning(
                    "broker not reachable", extra={"connection": self._name, "error": type(error).__name__}
                )
            finally:
                self._connection = None
                self._torn_down()
                if connection is not None:
                    await connection.close()
            await asyncio.sleep(wait_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
