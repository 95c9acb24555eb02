"""The registry of departments: who may publish events here. Changes take effect without a restart."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from complaints.commands import Fields
from complaints.domain.access import Actor, Permissions, scopes
from complaints.domain.departments import Department, registered, revoked, rotated
from complaints.errors import Fault, NotAllowed, NotValid, Unseen, invalid
from complaints.events import department_changed
from complaints.store import ClientSession
from complaints.store.catalogue import CatalogueStore
from complaints.store.departments import DepartmentStore
from complaints.times import milliseconds
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox

log = get_logger(__name__)

_CODE = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38})[a-z0-9]$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_MOST, _NAME_LENGTH = 50, 120
ACTIONS = ("rotate", "revoke")


class Departments:
    """`types` are the event types that departments can publish at all."""

    def __init__(
        self,
        db: MongoHandle,
        outbox: Outbox,
        store: DepartmentStore,
        catalogue: CatalogueStore,
        permissions: Permissions,
        clock: Clock,
        types: Collection[str],
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._store = store
        self._catalogue = catalogue
        self._permissions = permissions
        self._clock = clock
        self._types = frozenset(types)

    def published(self, actor: Actor | None, known_version: int | None) -> dict[str, Any]:
        """Every department, or only the version when the caller has that one already.

        Without an actor, for the gateway's own snapshot, digests of the valid keys are in it; for a person,
        who must be allowed to see the registry, they are not.
        """
        if actor is not None:
            self._may(actor)
        version = self._store.version()
        if known_version is not None and known_version == version:
            return {"version": version, "unchanged": True}
        version, found = self._store.all()
        now = self._clock.now()
        return {"version": version, "departments": [_shown(d, now, digests=actor is None) for d in found]}

    def put(
        self,
        actor: Actor,
        code: Any,
        name: Any,
        unit: Any,
        units: Any,
        types: Any,
        key_hash: Any,
        active: Any,
    ) -> dict[str, Any]:
        """Register or change a department and tell it; the same again changes nothing.

        Raises NotAllowed, or NotValid naming every wrong field.
        """
        self._may(actor)
        wanted = self._read(code, name, unit, units, types, key_hash, active)
        return self._changed(actor, wanted["code"], lambda before: _put(before, wanted))

    def act(self, actor: Actor, code: Any, action: Any, key_hash: Any) -> dict[str, Any]:
        """rotate: a new key, the old one stays valid for 24 hours. revoke: no event is taken from now on.

        Raises NotAllowed, NotValid, or Unseen for a code that is not registered.
        """
        self._may(actor)
        now = milliseconds(self._clock.now())

        def changed(before: Department | None) -> Department:
            if before is None:
                raise Unseen(str(code))
            if action == "revoke":
                return revoked(before)
            if not before.active:
                raise NotAllowed("inactive", "The department is revoked: register it again.")
            return rotated(before, str(key_hash), now)

        if action not in ACTIONS:
            raise invalid("", "unknown_action", f"One of: {', '.join(ACTIONS)}.")
        if action == "rotate" and not _is_digest(key_hash):
            raise invalid("/key_hash", "not_a_digest", "The SHA-256 of the new key, 64 small hex digits.")
        return self._changed(actor, str(code), changed)

    def _changed(
        self, actor: Actor, code: str, change: Callable[[Department | None], Department]
    ) -> dict[str, Any]:
        now = milliseconds(self._clock.now())

        def store(session: ClientSession) -> Department:
            before = self._store.get(code, session)
            after = change(before)
            if after != before:
                self._store.save(session, after, actor.ref or "", now)
            if before is None or after.version != before.version:
                self._outbox.append(session, [department_changed(after, now)])
            return after

        department = self._db.transact(store)
        log.info("department changed", department=code, version=department.version, active=department.active)
        return _shown(department, now, digests=False)

    def _read(
        self, code: Any, name: Any, unit: Any, units: Any, types: Any, key_hash: Any, active: Any
    ) -> dict[str, Any]:
        faults: list[Fault] = []
        if not isinstance(code, str) or not _CODE.match(code):
            faults.append(Fault("/code", "wrong_form", "2 to 40 small letters, digits and inner hyphens."))
        names = Fields(name if isinstance(name, Mapping) else {})
        both = (names.text("id", _NAME_LENGTH), names.optional_text("en", _NAME_LENGTH) or "")
        faults += [Fault(f"/name{fault.pointer}", fault.code, fault.detail) for fault in names.faults]
        active_units = self._units()
        for pointer, value in [("/unit", unit), *_listed(units, "/units", faults)]:
            if value not in active_units:
                faults.append(
                    Fault(pointer, "unknown_unit", "This unit is not in the catalogue, or not active.")
                )
        if not types:
            faults.append(Fault("/types", "required", "At least one event type."))
        for pointer, value in _listed(types, "/types", faults):
            if value not in self._types:
                faults.append(Fault(pointer, "unknown_type", f"One of: {', '.join(sorted(self._types))}."))
        if key_hash is not None and not _is_digest(key_hash):
            faults.append(Fault("/key_hash", "not_a_digest", "The SHA-256 of the key, 64 small hex digits."))
        if not isinstance(active, bool):
            faults.append(Fault("/active", "not_a_flag", "This field must be true or false."))
        if faults:
            raise NotValid(faults)
        return {
            "code": code,
            "name": (both[0], both[1] or both[0]),
            "unit": unit,
            "units": units or (),
            "types": types,
            "active": active,
            "key_digest": key_hash,
        }

    def _units(self) -> frozenset[str]:
        cities = self._catalogue.current().cities.values()
        return frozenset(unit for city in cities for unit in city.units)

    def _may(self, actor: Actor) -> None:
        if not scopes(self._permissions, actor, "registry"):
            raise NotAllowed("not_permitted", "Only an administrator keeps the registry of departments.")


def _put(before: Department | None, wanted: Mapping[str, Any]) -> Department:
    department = registered(before, **wanted)
    if department.active and not department.keys:
        raise invalid("/key_hash", "required", "An active department needs the SHA-256 of its key.")
    return department


def _listed(values: Any, pointer: str, faults: list[Fault]) -> list[tuple[str, Any]]:
    """The members of an optional list, each with its pointer; what is no such list is a fault."""
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > _MOST or not all(isinstance(v, str) for v in values):
        faults.append(Fault(pointer, "not_a_list", f"A list of at most {_MOST} texts."))
        return []
    return [(f"{pointer}/{number}", value) for number, value in enumerate(values)]


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.match(value) is not None


def _shown(department: Department, now: datetime, *, digests: bool) -> dict[str, Any]:
    keys = [key for key in department.keys if key.until is None or key.until > now]
    return {
        "code": department.code,
        "version": department.version,
        "name": {"id": department.name_id, "en": department.name_en},
        "unit": department.unit,
        "units": list(department.units),
        "types": list(department.types),
        "active": department.active,
        "keys": [
            {"until": key.until.isoformat() if key.until else None}
            | ({"hash": key.digest} if digests else {})
            for key in keys
        ],
    }
