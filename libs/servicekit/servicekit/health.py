"""`/livez`, `/readyz` and `/metrics` on their own port, outside the worker pool.

Live: the hub ticks and every loop iterated within 30 seconds; waiting for the broker is iterating.
Ready: every loop has its channel, nothing is blocked, MongoDB answers within a second, and the oldest
unsent event is younger than the limit. A broker alarm makes a service not ready, never not live.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
import eventlet.wsgi
import orjson
from nameko.extensions import SharedExtension
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from servicekit import metrics
from servicekit.config import ServiceConfig
from servicekit.mongo import SharedMongo

LIVE_SECONDS = 30.0
PING_CACHED_SECONDS = 2.0


class Component:
    """What one loop tells about itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = False
        self.outbox_age = 0.0
        self._beaten = time.monotonic()

    def beat(self) -> None:
        self._beaten = time.monotonic()

    def set_ready(self, ready: bool) -> None:
        self.ready = ready
        self.beat()

    def silent_seconds(self) -> float:
        return time.monotonic() - self._beaten


class Health(SharedExtension):  # type: ignore[misc]  # Nameko has no types
    """The container's components, and the small server that reports on them."""

    mongo = SharedMongo()

    def __init__(self) -> None:
        self._components: list[Component] = []
        self._server: Any = None
        self._socket: Any = None
        self._pinged = (float("-inf"), False)
        self._started = False
        self.port: int | None = None

    def component(self, name: str) -> Component:
        component = Component(name)
        self._components.append(component)
        return component

    def start(self) -> None:
        self._started = True
        config: ServiceConfig = self.container.config["TANGGAP"]
        if config.health_port:
            self._socket = eventlet.listen((config.health_host, config.health_port))
            self.port = self._socket.getsockname()[1]
            self._server = eventlet.spawn(self._serve)

    def _serve(self) -> None:
        eventlet.wsgi.server(self._socket, self._answer, log_output=False, max_size=32, keepalive=False)

    def stop(self) -> None:
        self._started = False
        if self._server is not None:
            self._server.kill()
            self._socket.close()

    kill = stop

    def drain(self) -> None:
        """Report not ready from now on; called first when the process stops."""
        self._started = False

    def live(self) -> dict[str, bool]:
        return {c.name: c.silent_seconds() < LIVE_SECONDS for c in self._components}

    def ready(self) -> dict[str, bool]:
        config: ServiceConfig = self.container.config["TANGGAP"]
        checks = {c.name: c.ready for c in self._components}
        checks["started"] = self._started
        checks["mongodb"] = self._ping()
        checks["outbox"] = all(c.outbox_age < config.outbox_limit_seconds for c in self._components)
        return checks

    def _ping(self) -> bool:
        asked, answer = self._pinged
        if time.monotonic() - asked > PING_CACHED_SECONDS:
            handle = self.mongo.handle
            answer = handle.prepared.is_set() and handle.ping(1.0)
            self._pinged = (time.monotonic(), answer)
        return answer

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/livez":
                return _report(self.live(), start_response)
            case "/readyz":
                return _report(self.ready(), start_response)
            case "/metrics":
                config: ServiceConfig = self.container.config["TANGGAP"]
                for check, holds in self.ready().items():
                    metrics.ready.labels(config.service, check).set(holds)
                start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
                return [generate_latest()]
            case _:
                start_response("404 Not Found", [("Content-Type", "text/plain")])
                return [b"not found\n"]


def _report(checks: dict[str, bool], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status = "200 OK" if all(checks.values()) else "503 Service Unavailable"
    start_response(status, [("Content-Type", "application/json")])
    return [orjson.dumps(checks)]
