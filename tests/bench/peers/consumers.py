"""One consumer, four ways: for each event an inbox record and an effect, in one transaction.

Run as `python consumers.py kit|faststream|nameko|bare`; each drains the queue that draining.py filled, and
takes an event that comes twice once.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any


def kit() -> int:
    """A service on servicekit, as Tanggap's are; DRAIN_BATCH events at a time."""
    import eventlet

    eventlet.monkey_patch()
    from servicekit.envelope import Event
    from servicekit.handling import handles
    from servicekit.host import run_service
    from servicekit.inbox import Inbox
    from servicekit.mongo import Mongo

    class Keeper:
        name = "keeper"
        mongo = Mongo(lambda handle: Inbox(handle.database, "keeper").ensure_indexes())

        @handles("on_made", batch=int(os.environ["DRAIN_BATCH"]))
        def on_made(self, events: list[Event]) -> None:
            def keep(session: Any) -> None:
                inbox = Inbox(self.mongo.database, "keeper")
                fresh = inbox.unseen(session, "on_made", events)
                if fresh:
                    rows = [{"event": event.id, "subject": event.subject} for event in fresh]
                    self.mongo.collection("effects").insert_many(rows, session=session)
                    inbox.record(session, "on_made", [event.id for event in fresh])

            self.mongo.transact(keep)

    return run_service(Keeper)


def faststream() -> int:
    from faststream import FastStream
    from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
    from pymongo import AsyncMongoClient
    from pymongo.errors import DuplicateKeyError

    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(os.environ["PEER_MONGODB_URL"], w="majority")
    database = client[os.environ["PEER_DATABASE"]]
    # Without its log line for every message.
    broker = RabbitBroker(
        os.environ["PEER_AMQP_URL"], default_channel=Channel(prefetch_count=32), logger=None
    )
    exchange = RabbitExchange("maker.events", type=ExchangeType.TOPIC, durable=True)

    @broker.subscriber(RabbitQueue("drain", durable=True, routing_key="made"), exchange)
    async def on_made(event: dict[str, Any]) -> None:
        async def keep(session: Any) -> None:
            await database.inbox.insert_one({"_id": event["id"]}, session=session)
            await database.effects.insert_one(
                {"event": event["id"], "subject": event["subject"]}, session=session
            )

        try:
            async with client.start_session() as session:
                await session.with_transaction(keep)
        except DuplicateKeyError:
            return

    asyncio.run(FastStream(broker, logger=None).run())
    return 0


def nameko() -> int:
    import eventlet

    eventlet.monkey_patch()
    import pymongo
    from nameko.events import event_handler
    from nameko.extensions import DependencyProvider
    from nameko.runners import ServiceRunner
    from pymongo.errors import DuplicateKeyError

    class Database(DependencyProvider):  # type: ignore[misc]
        def setup(self) -> None:
            self.client: pymongo.MongoClient[Any] = pymongo.MongoClient(
                os.environ["PEER_MONGODB_URL"], w="majority"
            )

        def get_dependency(self, worker_ctx: object) -> pymongo.MongoClient[Any]:
            return self.client

    class Drainer:
        name = "drainer"
        client = Database()

        @event_handler("maker", "made")  # type: ignore[untyped-decorator]
        def on_made(self, event: dict[str, Any]) -> None:
            database = self.client[os.environ["PEER_DATABASE"]]

            def keep(session: Any) -> None:
                database.inbox.insert_one({"_id": event["id"]}, session=session)
                database.effects.insert_one(
                    {"event": event["id"], "subject": event["subject"]}, session=session
                )

            try:
                with self.client.start_session() as session:
                    session.with_transaction(keep)
            except DuplicateKeyError:
                return

    runner = ServiceRunner(config={"AMQP_URI": os.environ["PEER_AMQP_URL"], "max_workers": 32})
    runner.add_service(Drainer)
    runner.start()
    runner.wait()
    return 0


def bare() -> int:
    """What the driver and the client library can do when nothing stands between them."""
    from urllib.parse import urlsplit

    import amqp
    import pymongo

    batch_size = 250
    client: pymongo.MongoClient[Any] = pymongo.MongoClient(os.environ["PEER_MONGODB_URL"], w="majority")
    database = client[os.environ["PEER_DATABASE"]]
    parts = urlsplit(os.environ["PEER_AMQP_URL"])
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.path[1:],
    )
    connection.connect()
    channel = connection.channel()
    channel.basic_qos(0, batch_size * 2, False)
    taken: list[Any] = []
    channel.basic_consume("drain", callback=taken.append)
    while True:
        try:
            connection.drain_events(timeout=0.05)
        except TimeoutError:
            if not taken:
                continue
        else:
            if len(taken) < batch_size:
                continue
        events = [json.loads(message.body) for message in taken]

        def keep(session: Any, events: list[dict[str, str]] = events) -> None:
            ids = [event["id"] for event in events]
            seen = {row["_id"] for row in database.inbox.find({"_id": {"$in": ids}}, session=session)}
            fresh = [event for event in events if event["id"] not in seen]
            if fresh:
                database.inbox.insert_many([{"_id": event["id"]} for event in fresh], session=session)
                database.effects.insert_many(
                    [{"event": event["id"], "subject": event["subject"]} for event in fresh], session=session
                )

        with client.start_session() as session:
            session.with_transaction(keep)
        channel.basic_ack(taken[-1].delivery_tag, multiple=True)
        taken.clear()


if __name__ == "__main__":
    sys.exit({"kit": kit, "faststream": faststream, "nameko": nameko, "bare": bare}[sys.argv[1]]())
