"""What somebody who means harm, or a broken program, makes of a document that was right."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

TEXTS = (
    "", " ", "\x00", "a\x00b", "x" * 5_000, "٣", "\u202eterbalik", "é" * 300, "\ud83d\ude00" * 50, "$where",
    "../../etc/passwd", "<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "((due))", "=1+1",
    "\r\nBcc: x", "2026-13-45", "9999-12-31T23:59:59.999999+14:00", "0001-01-01T00:00:00-14:00",
    "2026-11-24T10:00:00", "-0", "1e400", "null", "7K3M9QXD4TRWH", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 10**40, 1e308, -1e-320, 0.1,
    [], {}, [None], [[]], {"$gt": ""}, {"$ne": None}, {"": ""}, {"a.b": 1}, {"$set": {"x": 1}}, {"id": {}},
)  # fmt: skip


def nested(depth: int, random: Random) -> Any:
    """A value so deep that recursion is tried."""
    value: Any = random.choice(TEXTS)
    for _ in range(depth):
        value = {"a": value} if random.random() < 0.5 else [value]
    return value


def junk(random: Random) -> Any:
    kind = random.random()
    if kind < 0.45:
        return random.choice(TEXTS)
    if kind < 0.9:
        return deepcopy(random.choice(VALUES))
    if kind < 0.95:
        return nested(random.choice((5, 90, 200, 450)), random)
    return [deepcopy(random.choice(VALUES)) for _ in range(random.choice((3, 200)))]


def mutated(document: Any, random: Random) -> Any:
    """The document with one to four places changed, dropped, doubled or added."""
    made = json.loads(json.dumps(document))
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        places = _places(made)
        if not places:
            return junk(random)
        holder, name = random.choice(places)
        match random.randrange(8):
            case 0 if isinstance(holder, dict):
                del holder[name]
            case 1 if isinstance(holder, dict):
                holder[random.choice(TEXTS) or "baru"] = junk(random)
            case 2:
                holder[name] = json.loads(json.dumps([holder[name]] * random.choice((2, 50))))
            case 3 if isinstance(holder[name], str):
                holder[name] = _worn(holder[name], random)
            case 4 if isinstance(holder[name], int):
                holder[name] += random.choice((1, -1, 10**6, -(10**6)))
            case _:
                holder[name] = junk(random)
    return made


def _places(value: Any, depth: int = 12) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        found.append((value, name))
        if depth:
            found += _places(inner, depth - 1)
    return found


def _worn(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(TEXTS) + text[at + random.choice((0, 1, 5)) :]


def _cut(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(len(body) + 1)]


def _flipped(body: bytes, random: Random) -> bytes:
    changed = bytearray(body or b"\x00")
    for _ in range(random.choice((1, 3, 20))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _twice(body: bytes, random: Random) -> bytes:
    """The first member a second time, with another value: which one counts?"""
    return body.replace(b"{", b'{"data": null, "id": "x", ', random.choice((1, 2)))


def _not_json(body: bytes, random: Random) -> bytes:
    number = random.choice((b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b"0x10", b"01", b"1_000"))
    return body.replace(b": ", b": " + number + b", ", 1) if random.random() < 0.3 else number


def _deep(_body: bytes, random: Random) -> bytes:
    depth = random.choice((1_000, 20_000, 100_000))
    return random.choice((b"[", b'{"a":')) * depth


def _large(body: bytes, random: Random) -> bytes:
    return body[:-1] + b',"pad":"' + b"x" * random.choice((70_000, 300_000, 1_100_000)) + b'"}'


def _other_encoding(body: bytes, random: Random) -> bytes:
    text = body.decode(errors="replace")
    return random.choice(
        (b"\xef\xbb\xbf" + body, text.encode("utf-16"), body + b"\xff\xfe", b"\x1f\x8b\x08" + body)
    )


BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _cut, _flipped, _twice, _not_json, _deep, _large, _other_encoding, lambda body, _: body + body,
    lambda _body, random: random.randbytes(random.choice((0, 1, 50, 4_000))),
)  # fmt: skip


def spoiled(body: bytes, random: Random) -> bytes:
    """Bytes that are no document any more, or hardly."""
    return random.choice(BYTES)(body, random)
