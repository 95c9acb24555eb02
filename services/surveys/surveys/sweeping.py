"""What time brings about: releases, reminders, expiries, periods that begin and end, plans that fall due.

Every step bears being done twice and being done late; one period that cannot be handled does not stop the
others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from servicekit.ids import Clock
from servicekit.logs import describe, get_logger
from servicekit.mongo import is_weather
from surveys.city import City
from surveys.closing import Closing
from surveys.inviting import Inviting
from surveys.opening import Opening
from surveys.planning import Planning
from surveys.releasing import Releasing
from surveys.store.periods import Periods

log = get_logger(__name__)


class Sweeping:
    def __init__(
        self,
        *,
        opening: Opening,
        releasing: Releasing,
        closing: Closing,
        inviting: Inviting,
        planning: Planning,
        periods: Periods,
        city: City,
        clock: Clock,
    ) -> None:
        self._opening = opening
        self._releasing = releasing
        self._closing = closing
        self._inviting = inviting
        self._planning = planning
        self._periods = periods
        self._city = city
        self._clock = clock

    def sweep(self) -> dict[str, int]:
        """Do everything that is due now; answers how much of each, without what was nothing."""
        counts: Counter[str] = Counter()
        counts["released"] = self._releasing.release_due()
        counts["reminded"] = self._inviting.remind()
        counts["expired"] = self._inviting.expire()
        counts["opened"] = self._opening.open_missing()
        counts["closed"] = self._close_due()
        counts["due_soon"] = self._planning.warn()
        self._closing.forget_tallies(self._city.today(self._clock.now()))
        return {name: number for name, number in counts.items() if number}

    def _close_due(self) -> int:
        """Close what is over: first every pool is emptied, so that people are compared with everybody."""
        due = [row["_id"] for row in self._periods.due(self._city.today(self._clock.now()).isoformat())]
        for id_ in due:
            self._each(id_, self._closing.empty_pools)
        return sum(bool(self._each(id_, self._closing.close_due)) for id_ in due)

    def _each(self, id_: str, step: Callable[[str], Any]) -> Any:
        try:
            return step(id_)
        except Exception as error:
            if is_weather(error):
                raise
            log.error("period cannot be closed", period_id=id_, error=describe(error))
            return None
