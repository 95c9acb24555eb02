"""What the gateway keeps at hand of the services: asked for every few seconds, kept on disk for when
nobody answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import orjson

from gateway.rpc import OutcomeUnknown, Rpc, ServiceAway, ServiceBroken
from servicekit.errors import Refused

log = logging.getLogger(__name__)

EVERY_SECONDS = 3.0


class Versioned(Protocol):
    """One version of a document. Immutable: a request is checked against one of them."""

    @property
    def version(self) -> int: ...


Kept = TypeVar("Kept", bound=Versioned)


class Snapshot(Generic[Kept]):
    """The newest version this process has seen, or the one that a former process left on disk.

    `current` is None until the first answer, or the file, was read. It goes on serving while its
    service is away; no other snapshot waits for it.
    """

    def __init__(
        self,
        rpc: Rpc,
        directory: Path,
        name: str,
        *,
        service: str,
        read: Callable[[dict[str, Any]], Kept],
        on_change: Callable[[Kept], None] = lambda _: None,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._rpc = rpc
        self._path = directory / f"{name}.json"
        self._name = name
        self._service = service
        self._read = read
        self._on_change = on_change
        self._every_seconds = every_seconds
        self._task: asyncio.Task[None] | None = None
        self._asked = False
        self.current: Kept | None = None

    def start(self) -> None:
        self.current = self._from_disk()
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Ask for the newest now. Raises what RPC raises; the snapshot then stays as it was."""
        # What lay on disk may be of a database that was restored since: it is not trusted to be current.
        known = self.current.version if self.current and self._asked else None
        document = await self._rpc.query(self._service, self._name, None, known_version=known)
        self._asked = True
        if document.get("unchanged"):
            return
        self.current = self._read(document)
        self._on_change(self.current)
        await asyncio.to_thread(self._write, document)
        log.info("snapshot refreshed", extra={"snapshot": self._name, "version": self.current.version})

    async def _run(self) -> None:
        while True:
            try:
                await self.refresh()
            except (ServiceAway, OutcomeUnknown, ServiceBroken, Refused) as error:
                log.debug(
                    "snapshot not refreshed", extra={"snapshot": self._name, "error": type(error).__name__}
                )
            except Exception:  # the loop outlives a surprise: a stale snapshot is better than none
                log.exception("snapshot refresh failed")
            await asyncio.sleep(self._every_seconds if self.current else min(0.5, self._every_seconds))

    def _from_disk(self) -> Kept | None:
        try:
            document = orjson.loads(self._path.read_bytes())
            if not isinstance(document, dict):
                raise ValueError("not an object")
            kept = self._read(document)
            return kept if kept.version >= 0 else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            log.warning(
                "snapshot not readable", extra={"snapshot": self._name, "error": type(error).__name__}
            )
            return None

    def _write(self, document: dict[str, Any]) -> None:
        """Replace the file as a whole, so that a crash leaves the old one or the new one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}.new")
            fresh.write_bytes(orjson.dumps(document))
            fresh.replace(self._path)
        except OSError as error:
            log.error("snapshot not written", extra={"snapshot": self._name, "error": type(error).__name__})
