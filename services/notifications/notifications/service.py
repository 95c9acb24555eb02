"""The Nameko class: what comes in, and who handles it."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from notifications.config import NotificationsConfig
from notifications.errors import CityRefused
from notifications.store import StoreUnavailable, ensure_indexes
from notifications.wiring import Application, build
from servicekit.broker import Signal
from servicekit.envelope import Event
from servicekit.errors import ConfigurationError, Outcomes
from servicekit.handling import handles
from servicekit.health import Health
from servicekit.inbox import Inbox
from servicekit.logs import get_logger
from servicekit.mongo import Mongo, MongoHandle, SharedMongo
from servicekit.relay import Relay
from servicekit.rpc import sealed_rpc
from servicekit.timers import periodic

log = get_logger(__name__)


def prepare(handle: MongoHandle) -> None:
    """Indexes at start-up; idempotent."""
    ensure_indexes(handle.database)
    Inbox(handle.database, service="notifications").ensure_indexes()


class Wiring(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """Injects the application, loads the city at start-up, and runs the senders in managed threads."""

    mongo = SharedMongo()
    health = Health()

    def __init__(self) -> None:
        self._application: Application | None = None
        self._running = 0
        self._stopping = Signal()
        self._done = Signal()

    def application(self) -> Application:
        # A method: Nameko looks at every attribute of an extension, and a property would build here and now.
        if self._application is None:
            config: NotificationsConfig = self.container.config["TANGGAP"]
            relay = next(one for one in self.container.dependencies if isinstance(one, Relay))
            outbox = relay.get_dependency(None)
            if outbox is None:
                raise ConfigurationError("the relay is not set up")
            self._application = build(config, self.mongo.handle, outbox)
        return self._application

    def setup(self) -> None:
        config: NotificationsConfig = self.container.config["TANGGAP"]
        self._lines = config.smtp_connections
        self._drain_seconds = config.drain_seconds
        self._component = self.health.component("sender")

    def start(self) -> None:
        self._running = self._lines
        for number in range(self._lines):
            self.container.spawn_managed_thread(self._run, identifier=f"sender {number}")

    def _run(self) -> None:
        try:
            self._load_city()
            self._component.set_ready(True)
            self.application().sender.run(self._component.beat)
        finally:
            self._running -= 1
            if not self._running:
                self._done.set()

    def _load_city(self) -> None:
        """Put the city's files in force. Files with faults stop the process: somebody has to mend them."""
        while not self._stopping.is_set():
            self._component.beat()
            try:
                self.mongo.handle.require_prepared()
                self.application().cities.load()
                return
            except CityRefused as refused:
                for fault in refused.faults:
                    log.critical("city refused", fault=fault)
                raise ConfigurationError("TANGGAP_CITY_DIR: rules or templates have faults") from refused
            except StoreUnavailable:
                self._stopping.wait(1.0)

    def stop(self) -> None:
        self._stopping.set()
        self.application().sender.stop()
        self._done.wait(max(self._drain_seconds - 3, 1))

    def kill(self) -> None:
        self._stopping.set()
        self.application().sender.stop()
        self._done.set()

    def get_dependency(self, worker_ctx: Any) -> Application:
        return self.application()


class NotificationsService:
    """Turns events into messages, and answers the gateway."""

    name = "notifications"
    mongo = Mongo(prepare)
    outbox = Relay()
    app: Application = Wiring()

    @handles("on_case_event", batch=250, linger=0.08)
    def on_case_event(self, events: list[Event]) -> Outcomes:
        return self.app.intake.take("on_case_event", events)

    @handles("on_survey_event", batch=100)
    def on_survey_event(self, events: list[Event]) -> Outcomes:
        return self.app.intake.take("on_survey_event", events)

    @handles("on_evaluation_event", batch=100)
    def on_evaluation_event(self, events: list[Event]) -> Outcomes:
        return self.app.intake.take("on_evaluation_event", events)

    @handles("on_contact_submitted", batch=100)
    def on_contact_submitted(self, events: list[Event]) -> Outcomes:
        return self.app.registry.on_contact_submitted(events)

    @handles("on_catalogue_changed", batch=100)
    def on_catalogue_changed(self, events: list[Event]) -> Outcomes:
        return self.app.registry.on_catalogue_changed(events)

    @periodic("reseal", every=3600)
    def reseal(self) -> None:
        moved = self.app.registry.reseal() + self.app.choices.reseal()
        if moved:
            log.info("contacts and choices moved to the current key", count=moved)

    @sealed_rpc
    def inbox(self, actor: Any, cursor: str | None = None, limit: int = 20, unread_only: bool = False) -> Any:
        return self.app.queries.inbox(actor, cursor, limit, unread_only)

    @sealed_rpc
    def mark_read(self, actor: Any, ids: list[str] | None = None) -> Any:
        return self.app.queries.mark_read(actor, ids)

    @sealed_rpc
    def deliveries(
        self,
        actor: Any,
        complaint_id: str | None = None,
        event_id: str | None = None,
        state: str | None = None,
        channel: str | None = None,
        audience: str | None = None,
        reason: str | None = None,
        counts: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Any:
        filters = {
            "complaint_id": complaint_id,
            "event_id": event_id,
            "state": state,
            "channel": channel,
            "audience": audience,
            "reason": reason,
        }
        return self.app.queries.deliveries(actor, filters, counts, cursor, limit)

    @sealed_rpc
    def rejections(self, actor: Any, cursor: str | None = None, limit: int = 50) -> Any:
        return self.app.queries.rejections(actor, cursor, limit)

    @sealed_rpc
    def survey_choice(self, actor: Any, token: str) -> Any:
        return self.app.choices.choice(actor, token)

    @sealed_rpc
    def choose_surveys(self, actor: Any, token: str, asked: bool) -> Any:
        return self.app.choices.choose(actor, token, asked)

    @sealed_rpc
    def dry_run(self, actor: Any, event: dict[str, Any]) -> Any:
        return self.app.queries.dry_run(actor, event)

    @sealed_rpc
    def reload_city(self, actor: Any) -> Any:
        return self.app.queries.reload_city(actor)
