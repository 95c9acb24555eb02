"""A small service pair for the kit's own tests: `keeper` stores things that `maker` made.

Run as a process too (`python sample.py`), so that tests can kill it. What it does on the way is steered
by the events' data, so that one class serves every test.
"""

import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    import eventlet

    eventlet.monkey_patch()

import time

import yaml

from servicekit.envelope import Event
from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Reject, Retry
from servicekit.handling import handles
from servicekit.inbox import Inbox
from servicekit.mongo import Mongo
from servicekit.relay import Relay
from servicekit.rpc import sealed_rpc
from servicekit.timers import periodic

TOPOLOGY: dict[str, Any] = {
    "exchanges": {
        "maker.events": {"owner": "maker"},
        "keeper.events": {"owner": "keeper"},
        "open.events": {
            "owner": "open",
            "external": {"source_prefix": "/partners/", "user_prefix": "partner-"},
        },
    },
    "publishes": {
        "maker": {"maker.events": ["thing.made.v1", "thing.ignored.v1"]},
        "keeper": {"keeper.events": ["thing.kept.v1", "thing.unheard.v1", "event.rejected.v1"]},
    },
    "consumes": {
        "keeper": {
            "on_thing": {"exchange": "maker.events", "types": ["thing.made.v1"]},
            "on_delivered": {"exchange": "open.events", "types": ["thing.delivered.v1"]},
        },
        "watcher": {"on_kept": {"exchange": "keeper.events", "types": ["thing.kept.v1"]}},
    },
    "rpc": {"callers": ["front"], "servers": ["keeper"]},
    "retry_delays": [0.2, 0.4],
    "delivery_limit": 5,
}
SCHEMA = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.invalid/%s",
  "properties": {"explode": {"type": "string"}}}"""


def write_contracts(folder: Path) -> Path:
    (folder / "topology.yaml").write_text(yaml.safe_dump(TOPOLOGY))
    for owner, by_exchange in TOPOLOGY["publishes"].items():
        (folder / owner).mkdir(exist_ok=True)
        for types in by_exchange.values():
            for type_ in types:
                (folder / owner / f"{type_}.json").write_text(SCHEMA % type_)
    return folder


def prepare(mongo: Any) -> None:
    mongo.database["things"].create_index("subject")


class Keeper:
    """Counts how often each event took effect, and tells so in an event of its own."""

    name = "keeper"
    mongo = Mongo(prepare)
    outbox = Relay(lease_seconds=float(os.environ.get("SAMPLE_LEASE_SECONDS", "15")))

    @handles("on_thing", batch=int(os.environ.get("SAMPLE_BATCH", "100")), linger=0.05)
    def on_thing(self, events: list[Event]) -> dict[str, Retry | Reject]:
        for event in events:
            if event.data.get("explode"):
                raise RuntimeError(event.data["explode"])
            if event.data.get("kill_before_effect"):
                os._exit(9)
        verdicts: dict[str, Retry | Reject] = {}
        wanted = []
        for event in events:
            if event.data.get("reject"):
                verdicts[event.id] = Reject(event.data["reject"])
            elif event.data.get("retry"):
                verdicts[event.id] = Retry(event.data["retry"], "not yet")
            else:
                wanted.append(event)
        if wanted:
            self.mongo.transact(lambda session: self._keep(session, wanted))
        for event in events:
            time.sleep(event.data.get("sleep", 0))
            if event.data.get("kill_after_effect") and not os.path.exists(event.data["kill_after_effect"]):
                Path(event.data["kill_after_effect"]).touch()
                os._exit(9)
        return verdicts

    def _keep(self, session: Any, events: list[Event]) -> None:
        inbox = Inbox(self.mongo.database, "keeper")
        fresh = inbox.unseen(session, "on_thing", events)
        if not fresh:
            return
        rows = [{"event": e.id, "subject": e.subject, "version": e.aggregateversion} for e in fresh]
        self.mongo.collection("things").insert_many(rows, session=session)
        self.outbox.append(
            session,
            [
                e.caused(type="thing.kept.v1", subject=e.subject, data={"of": e.id}, source="/keeper")
                for e in fresh
            ],
        )
        inbox.record(session, "on_thing", [e.id for e in fresh])

    @handles("on_delivered")
    def on_delivered(self, events: list[Event]) -> None:
        self.mongo.collection("delivered").insert_many([{"event": e.id} for e in events])

    @sealed_rpc
    def look(self, actor: dict[str, Any] | None, what: str, key: str | None = None) -> dict[str, Any]:
        match what:
            case "nothing":
                raise NotFound("thing")
            case "secret":
                raise Forbidden("unit", "not yours")
            case "wrong":
                raise Invalid([FieldError("/what", "wrong", "no such thing")])
            case "old":
                raise Conflict({"version": 3}, "moved on")
            case "bug":
                raise RuntimeError("marked-text-of-a-person")
        return {"saw": what, "actor": actor, "key": key}

    @sealed_rpc
    def count(self) -> int:
        return int(self.mongo.collection("things").count_documents({}))

    @periodic("tick", every=0.2)
    def tick(self) -> None:
        self.mongo.collection("ticks").insert_one({"pid": os.getpid(), "at": time.time()})
        time.sleep(0.05)


if __name__ == "__main__":
    from servicekit import relay as relay_module
    from servicekit.host import run_service

    if os.environ.get("SAMPLE_KILL_BEFORE_MARK"):
        # Dies between the broker's confirm and the mark, the first time only.
        marker = Path(os.environ["SAMPLE_KILL_BEFORE_MARK"])
        original = relay_module.Publisher._mark

        def mark(self: Any, event_ids: list[str]) -> None:
            if event_ids and not marker.exists():
                marker.touch()
                os._exit(9)
            original(self, event_ids)

        relay_module.Publisher._mark = mark  # type: ignore[method-assign]
    sys.exit(run_service(Keeper))
