"""The same work in stock Nameko 2.14.1, written as its documentation teaches.

`POST /complaints` reaches `front` (the HTTP entrypoint), which calls `complaints_peer` by RPC; that one
stores the case with majority writes and dispatches `filed` with `EventDispatcher`; `notifier_peer`
hears it with `@event_handler` and stores a notification record, majority again. `GET /complaints/{code}`
reads a case the same way. Three processes, as Tanggap has three. Run one as `python stock_nameko.py front`.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402  (after monkey-patching)
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402

import pymongo  # noqa: E402
from nameko.events import EventDispatcher, event_handler  # noqa: E402
from nameko.extensions import DependencyProvider  # noqa: E402
from nameko.rpc import RpcProxy, rpc  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from nameko.web.handlers import http  # noqa: E402
from werkzeug.wrappers import Response  # noqa: E402


class Database(DependencyProvider):  # type: ignore[misc]
    """One client per process; majority writes, as the work asks."""

    def setup(self) -> None:
        self.client: pymongo.MongoClient = pymongo.MongoClient(os.environ["PEER_MONGODB_URL"], w="majority")

    def get_dependency(self, worker_ctx: object) -> pymongo.database.Database:
        return self.client[os.environ["PEER_DATABASE"]]


class Front:
    name = "front_peer"
    complaints = RpcProxy("complaints_peer")

    @http("POST", "/complaints")
    def file(self, request: object) -> Response:
        body = json.loads(request.get_data(as_text=True))  # type: ignore[attr-defined]
        code = self.complaints.file(body)
        return Response(json.dumps({"tracking_code": code}), 201, content_type="application/json")

    @http("GET", "/complaints/<string:code>")
    def read(self, request: object, code: str) -> Response:
        case = self.complaints.read(code)
        return Response(json.dumps(case), 200 if case else 404, content_type="application/json")


class Complaints:
    name = "complaints_peer"
    db = Database()
    dispatch = EventDispatcher()

    @rpc  # type: ignore[untyped-decorator]
    def file(self, body: dict[str, object]) -> str:
        code = uuid.uuid4().hex
        self.db.cases.insert_one({"_id": code, "state": "filed", "filed_at": time.time(), **body})
        self.dispatch("filed", {"id": str(uuid.uuid4()), "complaint_id": code})
        return code

    @rpc  # type: ignore[untyped-decorator]
    def read(self, code: str) -> dict[str, object] | None:
        return self.db.cases.find_one({"_id": code})  # type: ignore[no-any-return]


class Notifier:
    name = "notifier_peer"
    db = Database()

    @event_handler("complaints_peer", "filed")  # type: ignore[untyped-decorator]
    def on_filed(self, event: dict[str, str]) -> None:
        self.db.notifications.insert_one(
            {"_id": event["id"], "complaint_id": event["complaint_id"], "at": time.time()}
        )


def main() -> None:
    service = {"front": Front, "complaints": Complaints, "notifier": Notifier}[sys.argv[1]]
    runner = ServiceRunner(
        config={
            "AMQP_URI": os.environ["PEER_AMQP_URL"],
            "WEB_SERVER_ADDRESS": f"127.0.0.1:{os.environ['PEER_PORT']}",
            "max_workers": 32,
        }
    )
    runner.add_service(service)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main()
