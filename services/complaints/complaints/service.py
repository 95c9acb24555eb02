"""The Nameko class: entrypoints only. Everything they do is in the modules that `wiring.py` puts together."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from nameko.extensions import DependencyProvider

from complaints.acting import read_command
from complaints.commands import canonical_code
from complaints.config import SERVICE, ComplaintsConfig, read_config
from complaints.domain.access import Actor
from complaints.errors import NotAllowed, NotValid, Refusal, Stale
from complaints.wiring import Parts, prepare, wire_parts
from servicekit import errors as kit
from servicekit.envelope import Event
from servicekit.errors import Outcomes
from servicekit.handling import handles
from servicekit.logs import get_logger
from servicekit.mongo import Mongo, MongoHandle
from servicekit.outbox import Outbox
from servicekit.relay import Relay
from servicekit.rpc import sealed_rpc
from servicekit.timers import periodic

log = get_logger(__name__)

Method = TypeVar("Method", bound=Callable[..., Any])


def translated(method: Method) -> Method:
    """Domain refusals as the kit's, which travel inside sealed replies."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Refusal as refusal:
            raise _translate(refusal) from None

    return wrapper  # type: ignore[return-value]  # same signature, by functools.wraps


def _translate(refusal: Refusal) -> kit.Refused:
    match refusal:
        case NotValid():
            return kit.Invalid([kit.FieldError(f.pointer, f.code, f.detail) for f in refusal.faults])
        case NotAllowed():
            return kit.Forbidden(refusal.code, refusal.detail)
        case Stale():
            return kit.Conflict(refusal.current, refusal.detail)
        case _:
            return kit.NotFound("complaint")


def read_actor(actor: Any) -> Actor:
    """The caller that the gateway authenticated; a secret is known here only by its digest."""
    if not isinstance(actor, dict):
        return Actor()
    secret = actor.get("secret")
    return Actor(
        ref=actor.get("ref"),
        roles=tuple(str(role) for role in actor.get("roles") or ()),
        unit=actor.get("unit"),
        secret_hash=hashlib.sha256(secret.encode()).hexdigest()
        if isinstance(secret, str) and secret
        else None,
    )


class Wired(DependencyProvider):  # type: ignore[misc]  # Nameko has no types
    """The service's parts, built once per process, when the first worker needs them."""

    def setup(self) -> None:
        own: ComplaintsConfig | None = self.container.config.get("COMPLAINTS")
        self._config = own or read_config()
        self._clock = self.container.config.get("CLOCK")
        self._parts: Parts | None = None

    def get_dependency(self, worker_ctx: Any) -> Callable[[MongoHandle, Outbox], Parts]:
        return self._get

    def _get(self, db: MongoHandle, outbox: Outbox) -> Parts:
        if self._parts is None:
            self._parts = wire_parts(self._config, db, outbox, self._clock)
        return self._parts


class ComplaintsService:
    name = SERVICE

    db = Mongo(prepare=prepare)
    outbox = Relay()
    wired = Wired()

    @property
    def parts(self) -> Parts:
        parts: Parts = self.wired(self.db, self.outbox)
        return parts

    @handles("on_submitted", batch=250, linger=0.08)
    def on_submitted(self, events: list[Event]) -> Outcomes:
        """Every submission that was answered with 202 becomes one visible case."""
        return self.parts.filing.file(events)

    # Nobody waits for a notice: few large batches.
    @handles("on_message_outcome", batch=200, linger=0.25)
    def on_message_outcome(self, events: list[Event]) -> Outcomes:
        """The timeline shows what was sent when; an answer that went out starts the clock of silence."""
        self.parts.noticing.notice(events)
        return None

    @handles("on_department_event", batch=100)
    def on_department_event(self, events: list[Event]) -> Outcomes:
        """A department's own ticket moved: so does the case, or the department reads why not."""
        return self.parts.progressing.take(events)

    @periodic("sweep", every=30)
    def sweep_timers(self) -> None:
        """Warnings, overdue notices, escalations and closings that have come due."""
        counts = self.parts.sweeping.sweep(self.parts.clock.now())
        if counts:
            log.info("timers fired", counts=counts)

    @sealed_rpc
    @translated
    def catalogue(self, known_version: int | None = None) -> dict[str, Any]:
        """The whole catalogue, or only its version when the caller has that one already."""
        version = self.parts.catalogue.version()
        if known_version is not None and known_version == version:
            return {"version": version, "unchanged": True}
        return self.parts.catalogue.published()

    @sealed_rpc
    @translated
    def import_catalogue(self, actor: Any, bundle: Any) -> dict[str, Any]:
        return self.parts.importing.take(read_actor(actor), bundle)

    @sealed_rpc
    @translated
    def get_case(self, actor: Any, code: str) -> dict[str, Any]:
        return self.parts.reading.get_one(read_actor(actor), canonical_code(code))

    @sealed_rpc
    @translated
    def get_cases(self, items: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
        """Many reads in one call; None where the actor may not know of a case."""
        wanted = [(read_actor(item.get("actor")), canonical_code(item.get("code"))) for item in items]
        return self.parts.reading.get(wanted)

    @sealed_rpc
    @translated
    def list_cases(
        self,
        actor: Any,
        filters: dict[str, Any] | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return self.parts.reading.list(read_actor(actor), filters, cursor, limit)

    @sealed_rpc
    @translated
    def act(
        self, actor: Any, code: str, action: str, version: Any = None, payload: Any = None, key: Any = None
    ) -> dict[str, Any]:
        """One action on one case; the same key within a day answers the same and changes nothing."""
        known = canonical_code(code)
        command = read_command(read_actor(actor), known, action, version, payload or {}, key)
        return self.parts.acting.act(command)

    @sealed_rpc
    @translated
    def departments(self, actor: Any = None, known_version: int | None = None) -> dict[str, Any]:
        """The registry; digests of keys are for the gateway's snapshot alone, which asks for nobody."""
        asking = None if actor is None else read_actor(actor)
        return self.parts.departments.published(asking, known_version)

    @sealed_rpc
    @translated
    def put_department(
        self,
        actor: Any,
        code: str,
        name: Any,
        unit: Any,
        units: Any = None,
        types: Any = None,
        key_hash: Any = None,
        active: Any = True,
    ) -> dict[str, Any]:
        """Register or change a department; the same again changes nothing."""
        known = read_actor(actor)
        return self.parts.departments.put(known, code, name, unit, units, types, key_hash, active)

    @sealed_rpc
    @translated
    def act_on_department(self, actor: Any, code: str, action: str, key_hash: Any = None) -> dict[str, Any]:
        """rotate or revoke; the same again changes nothing."""
        return self.parts.departments.act(read_actor(actor), code, action, key_hash)

    @sealed_rpc
    @translated
    def reveal(self, actor: Any, code: str, reason: str) -> dict[str, Any]:
        return self.parts.reading.reveal(read_actor(actor), canonical_code(code), reason)

    @sealed_rpc
    @translated
    def history(self, actor: Any, code: str) -> dict[str, Any]:
        return self.parts.reading.history(read_actor(actor), canonical_code(code))

    @sealed_rpc
    @translated
    def figures(self, actor: Any) -> dict[str, Any]:
        return self.parts.reading.figures(read_actor(actor))

    @sealed_rpc
    @translated
    def sweep(self, actor: Any, as_of: str, codes: list[str] | None = None) -> dict[str, int]:
        """Run the timers as of another time. Development only: production knows one time."""
        return self.parts.sweeping.travel(read_actor(actor), as_of, codes)
