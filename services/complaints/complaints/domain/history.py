"""The history of a case as a hash chain.

The chain holds salted digests of the values, not the values: one can be erased later, together with
its salt, and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.domain.case import Case, Record

# `json.dumps` with options makes a new encoder at every call.
_VALUE = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)
_CHAINED = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the history. `sealed` maps each detail to the digest that the chain is made of."""

    seq: int
    at: datetime
    version: int
    action: str
    actor_ref: str | None
    by: str
    from_status: str | None
    to_status: str
    details: Mapping[str, Any]
    salt: str | None
    sealed: Mapping[str, str]
    digest: str


def extend(case: Case, record: Record, at: datetime) -> tuple[Case, Link]:
    """The case with one more step in its history, and that step."""
    added = link(
        record, at=at, version=case.version, seq=case.history_length + 1, previous=case.history_digest
    )
    return case.having(history_length=added.seq, history_digest=added.digest), added


def link(record: Record, *, at: datetime, version: int, seq: int, previous: str) -> Link:
    """The next link after the one whose digest is `previous`."""
    # Databases keep milliseconds; the digest must still be that of the stored time.
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    salt = secrets.token_hex(16)
    sealed = {name: seal(salt, name, value) for name, value in sorted(record.details.items())}
    return Link(
        seq=seq,
        at=at,
        version=version,
        action=record.action,
        actor_ref=record.actor_ref,
        by=record.by,
        from_status=record.from_status,
        to_status=record.to_status,
        details=dict(record.details),
        salt=salt,
        sealed=sealed,
        digest=_chained(previous, seq, at, version, record, sealed),
    )


def seal(salt: str, name: str, value: Any) -> str:
    text = _VALUE.encode(value)
    return hashlib.sha256(f"{salt}|{name}|{text}".encode(errors="replace")).hexdigest()


def digest_of(item: Link, previous: str) -> str:
    return _chained(previous, item.seq, item.at, item.version, item, item.sealed)


def _chained(
    previous: str, seq: int, at: datetime, version: int, step: Link | Record, sealed: Mapping[str, str]
) -> str:
    chained = [
        previous,
        seq,
        at.timestamp(),
        version,
        step.action,
        step.actor_ref,
        step.by,
        step.from_status,
        step.to_status,
        sorted(sealed.items()),
    ]
    return hashlib.sha256(_CHAINED.encode(chained).encode()).hexdigest()


def verifies(links: Iterable[Link], length: int, head: str) -> bool:
    """Whether the links are complete, in order, unchanged, and end where the case says they do.

    A detail that was erased is skipped; one that is present must match its digest.
    """
    previous, count = "", 0
    for count, item in enumerate(links, start=1):
        if item.seq != count or digest_of(item, previous) != item.digest:
            return False
        if item.salt is not None and any(
            name not in item.sealed or seal(item.salt, name, value) != item.sealed[name]
            for name, value in item.details.items()
        ):
            return False
        previous = item.digest
    return count == length and previous == head
