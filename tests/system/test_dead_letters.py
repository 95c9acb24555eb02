"""A dead letter is found, looked at and given back by an operator, and takes effect once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import pytest
from click.testing import CliRunner, Result

from support.city import City, pothole
from support.waiting import eventually
from tanggap.dlq import post
from tanggap.local import Stack
from tanggap.main import tanggap

WORK, DEAD = "evt-complaints-on_submitted", "dlq-complaints-on_submitted"
Run = Callable[..., Result]


@pytest.fixture
def run(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line as an operator of this installation types it."""
    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(tanggap, arguments)


def succeeded(answer: Result) -> str:
    assert answer.exit_code == 0, f"{answer.output}\n{answer.exception!r}"
    return answer.stdout


@contextmanager
def channel(stack: Stack) -> Iterator[Any]:
    parts = urlsplit(stack.env["AMQP_URL"])
    with amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=unquote(parts.path[1:]),
        connect_timeout=5,
        confirm_publish=True,
    ) as connection:
        yield connection.channel()


def length(stack: Stack, queue: str) -> int:
    with channel(stack) as open_channel:
        return int(open_channel.queue_declare(queue, passive=True).message_count)


def has_letters(stack: Stack, number: int) -> bool:
    assert length(stack, DEAD) == number
    return True


def letters(run: Run) -> list[dict[str, str]]:
    _title, head, *lines = succeeded(run("dlq", "list", DEAD)).splitlines()
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


@pytest.fixture
def dead_submission(stack: Stack, city: City) -> Iterator[tuple[dict[str, str], str]]:
    """A filing that the broker set aside, as it does with one that kills its handler, and its address."""
    address = f"surat-mati-{uuid.uuid4().hex[:8]}@example.invalid"
    body = pothole(reporter={"name": "Pelapor Contoh", "email": address, "language": "id"})
    stack.process("complaints").stop()
    try:
        response = city.file(body)
        assert response.status_code == 202
        with channel(stack) as open_channel:
            message = eventually(lambda: open_channel.basic_get(WORK))
            open_channel.basic_reject(message.delivery_tag, requeue=False)
        eventually(lambda: has_letters(stack, 1))
        yield response.json(), address
    finally:
        stack.process("complaints").start()
        stack.wait_ready("complaints")


def test_a_dead_letter_that_is_replayed_becomes_the_case_it_was_and_only_once(
    stack: Stack,
    city: City,
    run: Run,
    dead_submission: tuple[dict[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receipt, address = dead_submission
    assert f"{DEAD}\t1" in succeeded(run("dlq", "list"))
    (letter,) = letters(run)
    assert (letter["type"], letter["reason"]) == ("complaint.submitted.v1", "rejected")
    shown = succeeded(run("dlq", "show", DEAD, letter["id"]))
    assert "publisher: gateway" in shown
    assert "Lubang" not in shown and "sealed" not in shown

    # As if the operator's machine had died between the broker's confirm and the removal.
    with monkeypatch.context() as crash:
        crash.setattr(post.Post, "remove", lambda _self, _letter: None)
        succeeded(run("dlq", "replay", DEAD, letter["id"]))
    assert (length(stack, WORK), length(stack, DEAD)) == (1, 1)
    succeeded(run("dlq", "replay", DEAD, "--all"))
    assert (length(stack, WORK), length(stack, DEAD)) == (2, 0)

    stack.process("complaints").start()
    stack.wait_ready("complaints")
    code = receipt["tracking_code"]
    eventually(lambda: city.view(code, receipt["secret"])["status"] == "filed", within=30)
    eventually(lambda: length(stack, WORK) == 0, within=30)
    eventually(lambda: len(city.mails(address)) == 1, within=30)
    assert length(stack, DEAD) == 0
    assert "dlq-operator" not in stack.rabbitmqctl("list_users")


def test_what_is_still_wrong_comes_back_and_can_be_discarded_with_a_reason(stack: Stack, run: Run) -> None:
    with channel(stack) as open_channel:
        message = amqp.Message(b"bukan peristiwa", content_type="text/plain", delivery_mode=2)
        open_channel.basic_publish(message, "gateway.intake", "complaint.submitted.v1")
    eventually(lambda: has_letters(stack, 1))
    (letter,) = letters(run)
    assert letter["reason"] == "wrong_content_type"

    succeeded(run("dlq", "replay", DEAD, letter["id"]))
    eventually(lambda: [one["replayed"] for one in letters(run)] == ["1"])

    reason = "kiriman uji, bukan peristiwa"
    succeeded(run("dlq", "discard", DEAD, letter["id"], "--because", reason, "--yes"))
    assert length(stack, DEAD) == 0
    assert reason in (stack.layout.log / "operator.log").read_text()


def test_letters_are_not_worn_out_by_being_looked_at(stack: Stack, run: Run) -> None:
    with channel(stack) as open_channel:
        for number in range(3):
            message = amqp.Message(f"bukan peristiwa {number}".encode(), delivery_mode=2)
            open_channel.basic_publish(message, "gateway.intake", "complaint.submitted.v1")
    eventually(lambda: has_letters(stack, 3))
    before = sorted(one["id"] for one in letters(run))

    for _ in range(post.RENEW_AFTER + 4):
        assert sorted(one["id"] for one in letters(run)) == before
    with channel(stack) as open_channel:
        counts = [open_channel.basic_get(DEAD).headers.get("x-delivery-count", 0) for _ in range(3)]
    assert max(counts) <= post.RENEW_AFTER

    succeeded(run("dlq", "discard", DEAD, "--all", "--because", "kiriman uji", "--yes"))
