"""A department's own system: which events it may publish, for which units, and with which keys.

Keys are known here by their SHA-256 alone; they are 256 random bits, so a digest tells nobody a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from complaints.domain.access import Actor

REF_PREFIX = "dept-"
OVERLAP = timedelta(hours=24)
"""So long the key before a rotation is still valid."""


@dataclass(frozen=True, slots=True)
class Key:
    """`until` None is the current key."""

    digest: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Department:
    """`version` counts what others are told: name, units, types, active. A new key is not told."""

    code: str
    version: int
    name_id: str
    name_en: str
    unit: str
    units: tuple[str, ...]
    types: tuple[str, ...]
    active: bool
    keys: tuple[Key, ...] = ()

    @property
    def ref(self) -> str:
        """What stands for the department where a member of staff would have a reference."""
        return REF_PREFIX + self.code

    def speaks_for(self, unit: str | None) -> bool:
        return self.active and unit is not None and unit in self.units

    def as_officer_of(self, unit: str | None) -> Actor:
        """The department as an officer of the unit, if it speaks for it, else of its own unit."""
        acting = unit if self.speaks_for(unit) else self.unit
        return Actor(ref=self.ref, roles=("officer",), unit=acting)


def registered(
    before: Department | None,
    *,
    code: str,
    name: tuple[str, str],
    unit: str,
    units: Iterable[str],
    types: Iterable[str],
    active: bool,
    key_digest: str | None,
) -> Department:
    """The department as it is to be. The same again changes nothing, neither version nor keys.

    A digest that is not among the valid ones becomes the only key: what was handed out before ends now.
    An inactive department has no key.
    """
    keys = before.keys if before else ()
    if key_digest is not None and key_digest not in {key.digest for key in keys}:
        keys = (Key(key_digest),)
    wanted = Department(
        code=code,
        version=before.version if before else 0,
        name_id=name[0],
        name_en=name[1],
        unit=unit,
        units=tuple(sorted({unit, *units})),
        types=tuple(sorted(set(types))),
        active=active,
        keys=keys if active else (),
    )
    return counted(before, wanted)


def rotated(department: Department, key_digest: str, at: datetime) -> Department:
    """A new current key. The one before stays valid for OVERLAP, any older one ends now."""
    current = [key for key in department.keys if key.until is None]
    if any(key.digest == key_digest for key in current):
        return department
    old = tuple(replace(key, until=at + OVERLAP) for key in current)
    return replace(department, keys=(Key(key_digest), *old))


def revoked(department: Department) -> Department:
    """Inactive at once, without keys."""
    return counted(department, replace(department, active=False, keys=()))


def counted(before: Department | None, after: Department) -> Department:
    """The next version, if anything that others are told is different."""
    if before is not None and replace(before, keys=()) == replace(after, keys=(), version=before.version):
        return after
    return replace(after, version=(before.version if before else 0) + 1)
