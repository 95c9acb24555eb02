"""The rules and templates in force: saved from the city's folder at start-up, read again when they change."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notifications.city import CitySet, fields_of_schemas, read_city
from notifications.store.cities import Cities
from servicekit.ids import Clock
from servicekit.logs import get_logger

log = get_logger(__name__)


class CityLoader:
    """Knows the set in force. Every replica looks at its revision before each batch, so none is behind."""

    def __init__(
        self, cities: Cities, folder: Path, schemas: Mapping[str, Mapping[str, Any]], clock: Clock
    ) -> None:
        self._cities = cities
        self._folder = folder
        self._fields = fields_of_schemas(schemas)
        self._clock = clock
        self._current: CitySet | None = None
        self._loading = threading.Lock()

    def load(self) -> tuple[bool, CitySet]:
        """Read the folder and put it in force: whether that changed anything, and the set.

        Raises CityRefused naming every fault; then the set before stays in force.
        """
        # Consumers and senders of a fresh process all come here at once.
        with self._loading:
            changed = self._cities.save(read_city(self._folder, self._fields), now=self._clock.now())
        current = self.current()
        if changed:
            log.info("rules and templates in force", revision=current.revision)
        return changed, current

    def current(self) -> CitySet:
        """The set in force now. The first call of a fresh database loads the folder."""
        revision = self._cities.revision()
        if self._current is None or self._current.revision != revision:
            self._current = self._cities.active()
        return self._current if self._current is not None else self.load()[1]
