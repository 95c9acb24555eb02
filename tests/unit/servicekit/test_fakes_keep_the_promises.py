import subprocess
import sys

import pytest

from servicekit.errors import (
    Conflict,
    DuplicateEvent,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    refusal_from_wire,
)
from servicekit.testing import MemoryInbox, MemoryOutbox, make_event


def test_the_memory_inbox_drops_what_took_effect_and_repeats():
    inbox, first, second = MemoryInbox(), make_event(), make_event()
    inbox.record(None, "h", [first.id])

    assert inbox.unseen(None, "h", [first, second, second]) == [second]
    assert inbox.unseen(None, "other", [first]) == [first]


def test_the_memory_outbox_refuses_an_id_twice():
    outbox, event = MemoryOutbox(), make_event("a.v1")
    outbox.append(None, [event])

    with pytest.raises(DuplicateEvent):
        outbox.append(None, [event])
    assert outbox.types() == ["a.v1"]
    assert outbox.of_type("b.v1") == []


@pytest.mark.parametrize(
    "refusal",
    [
        NotFound("thing"),
        Forbidden("unit", "not yours"),
        Invalid([FieldError("/title", "too_long", "at most 80")], "wrong"),
        Conflict({"version": 3}, "moved on"),
        Refused("no"),
    ],
)
def test_a_refusal_survives_the_wire(refusal):
    back = refusal_from_wire(refusal.to_wire())

    assert type(back) is type(refusal)
    assert back.to_wire() == refusal.to_wire()


def test_the_pure_half_needs_no_eventlet():
    modules = "envelope ids sealing errors topology permissions contracts config logs metrics tracing testing"
    code = (
        f"import sys, importlib\n"
        f"[importlib.import_module('servicekit.' + m) for m in {modules.split()!r}]\n"
        "found = {'eventlet', 'nameko', 'kombu', 'amqp', 'pymongo'} & set(sys.modules)\n"
        "sys.exit(repr(found) if found else 0)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
