"""Plays the complaints service over the real broker: a Nameko service with cases in memory.

Run as a process of its own, patched by eventlet beforehand, which the gateway under test must not be.
"""

import os
import sys
from typing import Any

import eventlet
import orjson

from servicekit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from servicekit.host import run_service
from servicekit.rpc import sealed_rpc

STORED = "7K3M9QXD4TRW"
SECRET = "a" * 26
CATALOGUE = orjson.loads(os.environ["PEER_CATALOGUE"])
DEPARTMENTS = orjson.loads(os.environ["PEER_DEPARTMENTS"])
batches: list[int] = []
effects: dict[str, int] = {}


class Peer:
    name = "complaints"

    @sealed_rpc
    def catalogue(self, known_version: int | None = None) -> dict[str, Any]:
        version = CATALOGUE["version"]
        return {"version": version, "unchanged": True} if known_version == version else CATALOGUE

    @sealed_rpc
    def departments(self, known_version: int | None = None) -> dict[str, Any]:
        version = DEPARTMENTS["version"]
        return {"version": version, "unchanged": True} if known_version == version else DEPARTMENTS

    @sealed_rpc
    def get_cases(self, items: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
        batches.append(len(items))
        return [self._case(item["code"], item["actor"]) for item in items]

    @sealed_rpc
    def list_cases(
        self, filters: dict[str, Any], cursor: str | None, limit: int, actor: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        items = [self._view(CATALOGUE["stored"], actor)] * min(limit, 2)
        return {"items": items, "next_cursor": None if cursor else "next", "counts": {"by_status": filters}}

    @sealed_rpc
    def act(
        self,
        code: str,
        action: str,
        version: int | None,
        payload: dict[str, Any],
        actor: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        note = payload.get("note")
        if note == "slow":
            eventlet.sleep(7)
        if note == "conflict":
            raise Conflict({"status": "closed", "version": 9}, "changed")
        if note == "forbidden":
            raise Forbidden("not_your_unit", "another unit has it")
        if note == "invalid":
            raise Invalid([FieldError("/public_text", "required", "needed")])
        if note == "missing":
            raise NotFound("case")
        if note == "broken":
            raise RuntimeError("marked-personal-text")
        effects[key or ""] = effects.get(key or "", 0) + 1
        return {**self._view(code, actor), "version": (version or 0) + 1, "effects": effects[key or ""]}

    @sealed_rpc
    def reveal(self, code: str, reason: str, actor: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"reporter": {"name": "N"}, "revealed_at": "2026-11-24T00:00:00Z"}

    @sealed_rpc
    def history(self, code: str, actor: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"items": [], "verified": True}

    @sealed_rpc
    def figures(self, actor: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"by_status": {}, "batches": batches}

    def _case(self, code: str, actor: dict[str, Any] | None) -> dict[str, Any] | None:
        if code != CATALOGUE["stored"]:
            return None
        if actor and "secret" in actor and actor["secret"] != SECRET:
            return None
        return self._view(code, actor)

    def _view(self, code: str, actor: dict[str, Any] | None) -> dict[str, Any]:
        shown = "-".join((code[:4], code[4:8], code[8:12], code[12:]))
        roles = (actor or {}).get("roles") or ["public"]
        access = "reporter" if roles == ["reporter"] else "public" if actor is None else "staff"
        return {
            "tracking_code": shown,
            "status": "filed",
            "version": 1,
            "service_code": "jalan",
            "unit": "dpupr",
            "access": access,
            "timeline": [],
            "actions": [],
        }


if __name__ == "__main__":
    sys.exit(run_service(Peer))
