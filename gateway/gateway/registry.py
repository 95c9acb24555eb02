"""The departments as the gateway knows them: a snapshot, so that keys work while complaints is away."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

REF_PREFIX = "dept-"
_KEY = re.compile(r"tgd_([a-z0-9-]{2,40})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Department:
    """One department: which types it may publish, for which units, and the digests of its valid keys."""

    code: str
    unit: str
    units: frozenset[str]
    types: frozenset[str]
    active: bool
    document: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Department:
        return cls(
            document["code"],
            document["unit"],
            frozenset((document["unit"], *(document.get("units") or ()))),
            frozenset(document.get("types") or ()),
            document.get("active") is not False,
            document,
        )

    def holds(self, key: str, now: datetime) -> bool:
        """Whether this is one of its keys now, in the same time either way. A revoked one has none."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        matches = [
            hmac.compare_digest(str(known.get("hash")), digest) and not _over(known.get("until"), now)
            for known in self.document.get("keys") or ()
        ]
        return self.active and any(matches)

    def view(self) -> dict[str, Any]:
        """The department as an admin reads it: of its keys, only until when each is good."""
        keys = [{"until": key.get("until")} for key in self.document.get("keys") or ()]
        return {**self.document, "keys": keys}


@dataclass(frozen=True)
class Registry:
    """Every department at one version."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> int:
        return int(self.document.get("version", 0))

    @property
    def departments(self) -> list[Department]:
        return list(self._by_code.values())

    def find(self, code: str) -> Department | None:
        return self._by_code.get(code)

    def of_key(self, key: str, now: datetime) -> Department | None:
        """The department that an API key `tgd_<code>_<43 characters>` belongs to."""
        match = _KEY.fullmatch(key)
        department = self.find(match[1]) if match else None
        return department if department is not None and department.holds(key, now) else None

    @cached_property
    def _by_code(self) -> dict[str, Department]:
        return {
            document["code"]: Department.of(document) for document in self.document.get("departments") or ()
        }


def is_key(text: str) -> bool:
    """Whether a bearer credential is a department's key, good or not, rather than a token."""
    return text[:4].lower() == "tgd_"


def _over(until: str | None, now: datetime) -> bool:
    return until is not None and datetime.fromisoformat(until) <= now
