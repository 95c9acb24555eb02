"""Runs one service as its next version might be: every event that it publishes says one thing more.

    python tests/system/other_version.py complaints

`contracts` writes the contracts of that version: all of ours, each with the further field.
"""

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

FIELD = "from_the_next_version"


def contracts(ours: Path, folder: Path) -> Path:
    """A copy of our contracts in which every event may have the field. Answers the folder."""
    shutil.copytree(ours, folder)
    for file in folder.glob("*/*.json"):
        schema = json.loads(file.read_text())
        schema.setdefault("properties", {})[FIELD] = {"type": "boolean"}
        file.write_text(json.dumps(schema))
    return folder


def main(service: str) -> None:
    import eventlet

    eventlet.monkey_patch()

    from dataclasses import replace
    from datetime import datetime

    from servicekit.envelope import Event
    from servicekit.outbox import Outbox

    row = Outbox._row

    def further(self: Outbox, event: Event, stored_at: datetime, traced: bool) -> dict[str, Any]:
        return row(self, replace(event, data={**event.data, FIELD: True}), stored_at, traced)

    Outbox._row = further  # type: ignore[method-assign]
    runpy.run_module(service, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
