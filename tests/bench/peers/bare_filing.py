"""The same work with nothing between it and the drivers: no HTTP, no framework, everything in batches.

`filer` stores cases with majority writes and publishes `filed` for each, persistent, with confirms that are
collected while the next batch is stored; `notifier` takes them in batches and stores a notification record
each, majority again. As fast as one reads this in Python, and so the yardstick for everything that does more.

The filer takes one request a line on its standard input, `{"cases": 500, "rate": null, "text": "..."}`, and
answers when the last event is confirmed. Run one as `python bare_filing.py filer`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import amqp
import pymongo

BATCH = 250
WINDOW = 4 * BATCH
"""Events on their way to the broker without a confirm."""
LINGER = 0.02
EXCHANGE, QUEUE = "complaints_bare.events", "notifier_bare"

client: pymongo.MongoClient[Any] = pymongo.MongoClient(os.environ["PEER_MONGODB_URL"], w="majority")
database = client[os.environ["PEER_DATABASE"]]


def connected() -> amqp.Connection:
    parts = urlsplit(os.environ["PEER_AMQP_URL"])
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.path[1:],
    )
    connection.connect()
    return connection


def declare(channel: amqp.Channel) -> None:
    """Both roles declare, so that neither has to start first."""
    channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
    channel.queue_declare(QUEUE, durable=True, auto_delete=False)
    channel.queue_bind(QUEUE, EXCHANGE, "filed")


class Filer:
    def __init__(self) -> None:
        self.connection = connected()
        self.channel = self.connection.channel()
        declare(self.channel)
        self.channel.confirm_select()
        self.channel.events["basic_ack"].add(self.confirmed)
        self.channel.events["basic_nack"].add(self.refused)
        self.published = 0
        self.pending: deque[tuple[int, float]] = deque()
        self.latencies: list[float] = []

    def confirmed(self, tag: int, multiple: bool) -> None:
        now = time.perf_counter()
        if multiple:
            while self.pending and self.pending[0][0] <= tag:
                self.latencies.append(now - self.pending.popleft()[1])
            return
        for position, (published, began) in enumerate(self.pending):
            if published == tag:
                del self.pending[position]
                self.latencies.append(now - began)
                return

    def refused(self, tag: int, multiple: bool) -> None:
        raise SystemExit(f"the broker refused event {tag}")

    def file(self, cases: int, rate: float | None, text: str) -> dict[str, Any]:
        """How long it took, and how long each case waited from its turn to its event's confirm."""
        self.latencies = []
        started = time.perf_counter()
        begun = 0
        while begun < cases:
            due = cases
            if rate is not None:
                due = min(cases, int((time.perf_counter() - started) * rate) + 1)
                if due == begun:
                    time.sleep(LINGER)
                    continue
            upto = min(due, begun + BATCH)
            now = time.perf_counter()
            turns = [now if rate is None else started + number / rate for number in range(begun, upto)]
            self.store_and_publish(turns, text)
            begun = upto
            if rate is not None:
                self.collect(0)
        self.collect(0)
        return {"seconds": time.perf_counter() - started, "latencies": self.latencies}

    def store_and_publish(self, turns: list[float], text: str) -> None:
        filed_at = time.time()
        cases = [
            {
                "_id": uuid.uuid4().hex,
                "state": "filed",
                "filed_at": filed_at,
                "title": "Lubang di tikungan pasar",
                "description": text,
                "lat": -0.6812,
                "lon": 100.7781,
            }
            for _ in turns
        ]
        database.cases.insert_many(cases, ordered=False)
        self.collect(WINDOW - len(turns))
        for case, turn in zip(cases, turns, strict=True):
            event = json.dumps({"id": str(uuid.uuid4()), "complaint_id": case["_id"]})
            self.published += 1
            self.pending.append((self.published, turn))
            message = amqp.Message(event, content_type="application/json", delivery_mode=2)
            self.channel.basic_publish(message, EXCHANGE, "filed")

    def collect(self, left: int) -> None:
        """Take confirms until no more than `left` are outstanding."""
        while len(self.pending) > left:
            self.connection.drain_events(timeout=10)


def filer() -> None:
    role = Filer()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(role.file(asked["cases"], asked["rate"], asked["text"])), flush=True)


def notifier() -> None:
    connection = connected()
    channel = connection.channel()
    declare(channel)
    channel.basic_qos(0, BATCH * 2, False)
    taken: list[Any] = []
    channel.basic_consume(QUEUE, callback=taken.append)
    while True:
        connection.drain_events()
        until = time.perf_counter() + LINGER
        while len(taken) < BATCH and (left := until - time.perf_counter()) > 0:
            with suppress(TimeoutError):
                connection.drain_events(timeout=left)
        events = [json.loads(message.body) for message in taken]
        at = time.time()
        database.notifications.insert_many(
            [{"_id": event["id"], "complaint_id": event["complaint_id"], "at": at} for event in events],
            ordered=False,
        )
        channel.basic_ack(taken[-1].delivery_tag, multiple=True)
        taken.clear()


if __name__ == "__main__":
    {"filer": filer, "notifier": notifier}[sys.argv[1]]()
