"""RPC as the application layer uses it: every failure is a Problem."""

from __future__ import annotations

from typing import Any, cast

from gateway.callers import LANGUAGES, Caller
from gateway.codes import fresh_key, is_key
from gateway.problems import Problem, from_refusal
from gateway.rpc import OutcomeUnknown, Rpc, ServiceAway, ServiceBroken
from servicekit.errors import Refused


async def ask(rpc: Rpc, service: str, method: str, caller: Caller | None, **args: Any) -> dict[str, Any]:
    """Query a service as this caller."""
    try:
        return cast(
            dict[str, Any], await rpc.query(service, method, caller.actor() if caller else None, **args)
        )
    except Refused as refusal:
        raise from_refusal(refusal, caller.language if caller else LANGUAGES[0]) from None
    except ServiceAway:
        raise Problem("service-unavailable") from None
    except ServiceBroken:
        raise Problem("internal-error") from None


async def act(rpc: Rpc, service: str, method: str, caller: Caller, key: str, **args: Any) -> dict[str, Any]:
    """Run an action as this caller. A problem that leaves the outcome open carries the key to repeat with."""
    try:
        return cast(dict[str, Any], await rpc.act(service, method, caller.actor(), key, **args))
    except Refused as refusal:
        raise from_refusal(refusal, caller.language) from None
    except ServiceAway:
        raise _repeatable("service-unavailable", key) from None
    except OutcomeUnknown:
        raise _repeatable("outcome-unknown", key) from None
    except ServiceBroken:
        raise Problem("internal-error") from None


def known_key(key: str | None) -> str:
    """The idempotency key of a known caller, or a fresh one: any key of theirs will do."""
    if key is None:
        return fresh_key()
    if not is_key(key):
        raise Problem("invalid-idempotency-key")
    return key


def _repeatable(slug: str, key: str) -> Problem:
    return Problem(slug, headers={"Idempotency-Key": key}, idempotency_key=key)
