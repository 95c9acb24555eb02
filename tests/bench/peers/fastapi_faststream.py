"""The same work in FastAPI + FastStream, written as their documentation teaches.

`POST /complaints` stores the case with majority writes and publishes `filed`, persistent and confirmed;
the notifier hears it and stores a notification record, majority again. Two processes, since nothing asks
for a third. `GET /complaints/{code}` reads a case. Run one as `python fastapi_faststream.py front`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from faststream import FastStream
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from pydantic import BaseModel
from pymongo import AsyncMongoClient

WORKERS = 32

client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(os.environ["PEER_MONGODB_URL"], w="majority")
database = client[os.environ["PEER_DATABASE"]]
broker = RabbitBroker(
    os.environ["PEER_AMQP_URL"],
    default_channel=Channel(prefetch_count=WORKERS, publisher_confirms=True),
    # Without its log line for every message.
    logger=None,
)
exchange = RabbitExchange("complaints_peer.events", type=ExchangeType.TOPIC, durable=True)


class Filing(BaseModel):
    title: str
    description: str
    lat: float
    lon: float


class Filed(BaseModel):
    id: str
    complaint_id: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await broker.start()
    await broker.declare_exchange(exchange)
    yield
    await broker.stop()


app = FastAPI(lifespan=lifespan)


@app.post("/complaints", status_code=201)
async def file(filing: Filing) -> dict[str, str]:
    code = uuid.uuid4().hex
    await database.cases.insert_one(
        {"_id": code, "state": "filed", "filed_at": time.time(), **filing.model_dump()}
    )
    event = Filed(id=str(uuid.uuid4()), complaint_id=code)
    await broker.publish(event, exchange=exchange, routing_key="filed", persist=True)
    return {"tracking_code": code}


@app.get("/complaints/{code}")
async def read(code: str) -> dict[str, Any]:
    case = await database.cases.find_one({"_id": code})
    if case is None:
        raise HTTPException(404)
    return case


def notifier() -> FastStream:
    queue = RabbitQueue("notifier_peer", durable=True, routing_key="filed")

    @broker.subscriber(queue, exchange)
    async def on_filed(event: Filed) -> None:
        await database.notifications.insert_one(
            {"_id": event.id, "complaint_id": event.complaint_id, "at": time.time()}
        )

    # Without its two lines about starting and stopping, as above.
    return FastStream(broker, logger=None)


if __name__ == "__main__":
    if sys.argv[1] == "front":
        uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PEER_PORT"]), log_level="warning")
    else:
        asyncio.run(notifier().run())
