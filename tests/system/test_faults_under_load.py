"""Everything is killed once while the whole chain works: every effect is there, once.

`make chaos` is the long form, with every kind of fault and as many as one likes.
"""

from __future__ import annotations

import signal

import pytest
from chaos import campaign
from chaos.faults import PROCESSES, drawn, killed

from support.city import City
from tanggap.local import Stack

SEED = 20261124
KILLS = [killed(process, signal.SIGKILL) for process in PROCESSES]
ENDINGS = [
    killed(process, signal.SIGTERM)
    for process in ("complaints", "notifications", "gateway", "broker", "database")
]


@pytest.mark.timeout(600)
def test_whatever_dies_while_people_file_nothing_is_lost_doubled_or_stuck(stack: Stack, city: City) -> None:
    faults = [*KILLS, *ENDINGS]
    outcome = campaign.run(stack, city, drawn(faults, SEED, len(faults)), SEED, print)

    outcome.show()
    assert outcome.wrong == []
    assert outcome.load.filed
