"""An attacker with dumps: joins answers to invitations, cases or people by whatever the databases hold.

It knows every pattern that was answered, the order in which the answers were handed in, and everything about
the invitations, cases and people behind them; it does not know the keys. It sees all documents of all
collections in their natural order, event bodies included, and tries:

    values   the same rare value in an answer's document and in one that names somebody, over any steps
    times    anything of an answer that is a time or carries one (dates, ObjectIds, UUIDs of versions 1, 6, 7)
    orders   answers by natural order and by every field they have, against the order of handing in and the
             natural order of every collection that names somebody
    windows  which answers were released together and when, against which were handed in last before
    sums     anything readable about a person that rests on fewer than ten answers

A guess of an order that is right within every batch by chance alone is right once a batch on average, with
variance one: the fixed points of random permutations. `chance` is that with five standard deviations, which a
sound installation exceeds once in 300,000 runs.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

Dumps = Mapping[str, Sequence[Mapping[str, Any]]]
RARE = 5
"""A value in this many documents of a collection or more names a group, not somebody."""
FEW_ANSWERS = 10
_DAY = re.compile(r"^\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Answered:
    """What the attacker knows of one answer: its pattern, and whose it was, by every identifier there is.

    `marks` are those of the invitation, the case and the contact, unique to this answer; `staff` is not.
    """

    scores: Mapping[str, int]
    marks: frozenset[str]
    staff: str | None = None


@dataclass(frozen=True)
class Finding:
    """What one way of guessing came to: `right` of all answers were joined to their own case."""

    way: str
    right: int


def dump(name: str, database: Any) -> dict[str, list[dict[str, Any]]]:
    """Every collection of a MongoDB database, documents in natural order, under `<name>.<collection>`."""
    return {
        f"{name}.{collection}": [
            _readable(row) for row in database[collection].find().hint([("$natural", 1)])
        ]
        for collection in sorted(database.list_collection_names())
        if not collection.startswith("system.")
    }


def chance(batches: int) -> float:
    """How many right guesses chance within batches explains."""
    return batches + 5 * math.sqrt(batches)


def link(dumps: Dumps, answered: Sequence[Answered]) -> list[Finding]:
    """Every way of joining answers to their own case, with how often it was right; the best one first.

    `answered` is in the order in which the answers were handed in.
    """
    places = _places(dumps, answered)
    cases, people = _by_values(dumps, places, answered)
    findings = [Finding("values", cases), Finding("values to the officer", people)]
    findings.append(Finding("windows", _by_windows(dumps, places, answered)))
    orders = dict(_orders_of_answers(dumps, places, answered))
    for other, cases in _orders_of_cases(dumps, answered):
        for name, patterns in orders.items():
            for turned in (False, True):
                guessed = list(reversed(patterns)) if turned else patterns
                right = _matches(guessed, cases)
                findings.append(Finding(f"{name}{' reversed' if turned else ''} against {other}", right))
    return sorted(findings, key=lambda one: -one.right)


def times_on_answers(dumps: Dumps, answered: Sequence[Answered]) -> list[str]:
    """Whatever of a document with an answer in it is a time, or holds one; empty in a sound installation."""
    found = set()
    for places in _places(dumps, answered).values():
        for collection, row in places:
            for path, value in _values(row):
                if _time_in(value) is not None:
                    found.add(f"{collection}{path}")
    return sorted(found)


def small_sums(dumps: Dumps, staff: Iterable[str]) -> list[str]:
    """Readable numbers about a person from fewer than ten answers; empty in a sound installation."""
    known = set(staff)
    found = []
    for collection, rows in dumps.items():
        for row in rows:
            for part in _mappings(row):
                named = known & {value for value in part.values() if isinstance(value, str)}
                sums = [one for one in _mappings(part) if "sum" in one or "sums" in one]
                if named and any(isinstance(one.get("n"), int) and one["n"] < RARE for one in sums):
                    found.append(f"{collection}: {sorted(named)}")
                if named and isinstance(part.get("n"), int) and part["n"] < FEW_ANSWERS and sums:
                    found.append(f"{collection}: {sorted(named)}")
    return sorted(set(found))


def staff_by_order(dumps: Dumps, answered: Sequence[Answered]) -> tuple[int, float]:
    """How often the best order names the right officer, and how often guessing by frequency does at most."""
    places = _places(dumps, answered)
    best = 0
    for _, patterns in _orders_of_answers(dumps, places, answered):
        for guessed in (patterns, list(reversed(patterns))):
            best = max(
                best,
                sum(answered[case].staff == answered[mine].staff for case, mine in enumerate(guessed)),
            )
    counts: dict[str | None, int] = defaultdict(int)
    for one in answered:
        counts[one.staff] += 1
    mean = sum(count * count for count in counts.values()) / max(len(answered), 1)
    return best, mean + 5 * math.sqrt(mean)


Place = tuple[str, Mapping[str, Any]]


def _places(dumps: Dumps, answered: Sequence[Answered]) -> dict[int, list[Place]]:
    """The documents in which each pattern is readable, by the answer's number."""
    numbers = {_pattern(one.scores): number for number, one in enumerate(answered)}
    found: dict[int, list[Place]] = defaultdict(list)
    for collection, rows in dumps.items():
        for row in rows:
            for part in _mappings(row):
                number = numbers.get(_pattern(part))
                if number is not None:
                    found[number].append((collection, row))
    return found


def _by_values(
    dumps: Dumps, places: Mapping[int, Sequence[Place]], answered: Sequence[Answered]
) -> tuple[int, int]:
    """Answers from which a chain of rare values leads to a mark of their own, and to their own officer."""
    holders: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for collection, rows in dumps.items():
        counts: dict[Any, list[tuple[str, int]]] = defaultdict(list)
        for number, row in enumerate(rows):
            for value in {value for _, value in _values(row) if _is_joinable(value)}:
                counts[value].append((collection, number))
        for value, rows_with in counts.items():
            if len(rows_with) < RARE:
                holders[value] += rows_with
    whose = {mark: number for number, one in enumerate(answered) for mark in one.marks}
    staff = {one.staff for one in answered if one.staff}
    cases = people = 0
    for number, rows_of in places.items():
        reached = _reachable(dumps, rows_of, holders)
        named = {whose[value] for value in reached if value in whose}
        cases += number in named and len(named) < RARE
        people += reached & staff == {answered[number].staff}
    return cases, people


def _by_windows(dumps: Dumps, places: Mapping[int, Sequence[Place]], answered: Sequence[Answered]) -> int:
    """Each release is taken for the answers handed in last before it, as far as none was taken before."""
    numbers = {_pattern(one.scores): number for number, one in enumerate(answered)}
    best = 0
    for name in {collection.partition(".")[0] for rows in places.values() for collection, _ in rows}:
        arrivals = sorted(
            row["at"] for row in dumps.get(f"{name}.inbox", ()) if str(row["_id"]).startswith("on_answers:")
        )
        releases: dict[datetime, int] = defaultdict(int)
        for row in dumps.get(f"{name}.outbox", ()):
            if row.get("type") == "survey.responded.v1":
                releases[row["stored_at"]] += 1
        order = [
            numbers[pattern]
            for row in dumps.get(f"{name}.answers", ())
            for pattern in [_pattern(part) for part in _mappings(row)]
            if pattern in numbers
        ]
        free: list[int] = []
        waiting = list(enumerate(arrivals))
        right = 0
        for at, size in sorted(releases.items()):
            while waiting and waiting[0][1] <= at:
                free.append(waiting.pop(0)[0])
            batch, order = order[:size], order[size:]
            guessed, free = free[-size:], free[:-size]
            right += _matches(batch, guessed)
        best = max(best, right)
    return best


def _reachable(
    dumps: Dumps, start: Sequence[Place], holders: Mapping[Any, Sequence[tuple[str, int]]]
) -> set[Any]:
    seen: set[tuple[str, int]] = set()
    values: set[Any] = set()
    rows = [row for _, row in start]
    while rows:
        fresh = {value for row in rows for _, value in _values(row) if value in holders} - values
        values |= fresh
        rows = []
        for value in fresh:
            for holder in holders[value]:
                if holder not in seen:
                    seen.add(holder)
                    rows.append(dumps[holder[0]][holder[1]])
    return values


def _orders_of_answers(
    dumps: Dumps, places: Mapping[int, Sequence[Place]], answered: Sequence[Answered]
) -> Iterator[tuple[str, list[int]]]:
    """The answers in natural order and in the order of every field that all of them have."""
    numbers = {_pattern(one.scores): number for number, one in enumerate(answered)}
    collections = sorted({collection for rows in places.values() for collection, _ in rows})
    for collection in collections:
        rows = [
            (numbers[pattern], row)
            for row in dumps[collection]
            for pattern in [_pattern(part) for part in _mappings(row)]
            if pattern in numbers
        ]
        yield f"{collection} in natural order", [number for number, _ in rows]
        fields = {path for _, row in rows for path, _ in _values(row)}
        for path in sorted(fields):
            keyed = [(_sortable(dict(_values(row)).get(path)), number) for number, row in rows]
            if len({key for key, _ in keyed}) > len(keyed) // 2:
                ordered = sorted(keyed, key=lambda pair: pair[0])
                yield f"{collection} by {path}", [number for _, number in ordered]


def _orders_of_cases(dumps: Dumps, answered: Sequence[Answered]) -> Iterator[tuple[str, list[int]]]:
    """The cases in the order of handing in, and as every collection that names them has them."""
    yield "order of handing in", list(range(len(answered)))
    whose = {mark: number for number, one in enumerate(answered) for mark in one.marks}
    for collection, rows in dumps.items():
        order: dict[int, None] = {}
        for row in rows:
            named = {whose[value] for _, value in _values(row) if _is_joinable(value) and value in whose}
            for number in sorted(named):
                order.setdefault(number, None)
        if len(order) > len(answered) // 2:
            yield f"{collection} in natural order", list(order)


def _matches(patterns: Sequence[int], cases: Sequence[int]) -> int:
    return sum(mine == case for mine, case in zip(patterns, cases, strict=False))


def _readable(value: Any) -> Any:
    """A document with everything that is JSON inside of it opened: events in an outbox, for one."""
    if isinstance(value, Mapping):
        return {str(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    if isinstance(value, bytes) or (isinstance(value, str) and value[:1] in "{["):
        try:
            return _readable(json.loads(value))
        except ValueError:
            return value
    return value


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _values(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, f"{path}[]")
    else:
        yield path, value


def _pattern(part: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    try:
        return frozenset(part.items())
    except TypeError:
        return frozenset()


def _is_joinable(value: Any) -> bool:
    return isinstance(value, str | bytes) and len(value) >= 6


def _sortable(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value if isinstance(value, int | float | str | datetime) else str(value)


def _time_in(value: Any) -> datetime | None:
    """The time that a value is or carries, if it carries one."""
    if isinstance(value, datetime):
        return value
    if type(value).__name__ == "ObjectId":
        return value.generation_time  # type: ignore[no-any-return]
    if not isinstance(value, str):
        return None
    if _DAY.match(value):
        try:
            return datetime.combine(date.fromisoformat(value[:10]), datetime.min.time(), UTC)
        except ValueError:
            return None
    try:
        id_ = uuid.UUID(value)
    except ValueError:
        return None
    if id_.version in (1, 6):
        return datetime.fromtimestamp((id_.time - 0x01B21DD213814000) / 1e7, UTC)
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC) if id_.version == 7 else None
