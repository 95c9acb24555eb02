"""Keeps the catalogue at hand: asked for every few seconds, kept on disk for when nobody answers."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import orjson

from gateway import measures
from gateway.catalogue import Catalogue
from gateway.rpc import OutcomeUnknown, Rpc, ServiceAway, ServiceBroken
from servicekit.errors import Refused

log = logging.getLogger(__name__)

EVERY_SECONDS = 3.0


class Snapshots:
    """The newest catalogue this process has seen, or the one a former process left on disk."""

    def __init__(self, rpc: Rpc, directory: Path, every_seconds: float = EVERY_SECONDS) -> None:
        self._rpc = rpc
        self._path = directory / "catalogue.json"
        self._every_seconds = every_seconds
        self._task: asyncio.Task[None] | None = None
        self._asked = False
        self.current: Catalogue | None = None

    def start(self) -> None:
        self.current = self._read()
        self._task = asyncio.create_task(self._run(), name="catalogue")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Ask for the catalogue now. Raises what RPC raises; the snapshot then stays as it was."""
        # What lay on disk may be of a database that was restored since: it is not trusted to be current.
        known = self.current.version if self.current and self._asked else None
        document = await self._rpc.query("complaints", "catalogue", None, known_version=known)
        self._asked = True
        if document.get("unchanged"):
            return
        self.current = Catalogue(document)
        measures.catalogue_version.set(self.current.version)
        await asyncio.to_thread(self._write, document)
        log.info("catalogue refreshed", extra={"catalogue_version": self.current.version})

    async def _run(self) -> None:
        while True:
            try:
                await self.refresh()
            except (ServiceAway, OutcomeUnknown, ServiceBroken, Refused) as error:
                log.debug("catalogue not refreshed", extra={"error": type(error).__name__})
            except Exception:  # the loop outlives a surprise: a stale catalogue is better than none
                log.exception("catalogue refresh failed")
            await asyncio.sleep(self._every_seconds if self.current else min(0.5, self._every_seconds))

    def _read(self) -> Catalogue | None:
        try:
            return Catalogue(orjson.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("catalogue snapshot not readable", extra={"error": type(error).__name__})
            return None

    def _write(self, document: dict[str, Any]) -> None:
        """Replace the file as a whole, so that a crash leaves the old one or the new one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(f".{os.getpid()}.new")
            fresh.write_bytes(orjson.dumps(document))
            fresh.replace(self._path)
        except OSError as error:
            log.error("catalogue snapshot not written", extra={"error": type(error).__name__})
