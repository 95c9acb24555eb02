"""What docs/dpia.md says the database removes by itself has an index that removes it."""

from collections import defaultdict
from typing import Any

import pytest

from servicekit.index_job import found, preparations
from servicekit.indexes import Planned

DAY = 86400
AT_ITS_TIME = 0
KIT = {"inbox": {45 * DAY}, "outbox": {7 * DAY}}
EXPIRING: dict[str, dict[str, set[int]]] = {
    "complaints": {**KIT, "remembered": {DAY}},
    "notifications": {
        **KIT,
        "payloads": {AT_ITS_TIME},
        "intents": {730 * DAY},
        "attempts": {730 * DAY},
        "contacts": {AT_ITS_TIME},
        "inbox_items": {AT_ITS_TIME},
        "links": {AT_ITS_TIME},
        "asked": {AT_ITS_TIME},
        "suppressions": {AT_ITS_TIME},
    },
    "surveys": {
        **KIT,
        "outbox": {300, 7 * DAY},
        "submissions": {AT_ITS_TIME},
        "limits": {AT_ITS_TIME},
        "remembered": {DAY},
        "waiting": {DAY},
    },
    "evaluation": {**KIT, "remembered": {DAY}},
}


class Expiring(Planned):
    """Takes down after how many seconds each collection's documents are removed."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, set[int]] = defaultdict(set)

    def __getitem__(self, name: str) -> Any:
        seconds = self.seconds[name]

        class Collection:
            def create_index(self, _keys: Any, **options: Any) -> None:
                if "expireAfterSeconds" in options:
                    seconds.add(options["expireAfterSeconds"])

        return Collection()


@pytest.mark.parametrize("service", EXPIRING)
def test_what_is_said_to_expire_is_removed_by_the_database(service: str) -> None:
    planned: Any = Expiring()

    for prepare in preparations(found(f"{service}.service:{service.title()}Service")):
        prepare(planned)

    assert {name: found_ for name, found_ in planned.seconds.items() if found_} == EXPIRING[service]
