"""The doctor in a whole city: healthy, with parts away, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from support.city import City
from support.waiting import eventually
from tanggap.local import Stack
from tanggap.main import tanggap

Look = Callable[[], tuple[int, list[dict[str, str]]]]


@pytest.fixture
def look(stack: Stack, city: City, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What the doctor says to an operator of this installation: its status, and what is not in order."""
    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)
    discard_what_other_tests_left()

    def examined() -> tuple[int, list[dict[str, str]]]:
        answer = CliRunner().invoke(tanggap, ["doctor", "--json"])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        document: dict[str, Any] = json.loads(answer.stdout)
        assert answer.exit_code == document["status"]
        return answer.exit_code, [one for one in document["findings"] if one["state"] != "ok"]

    return examined


def discard_what_other_tests_left() -> None:
    for line in CliRunner().invoke(tanggap, ["dlq", "list"]).stdout.splitlines():
        queue, _, number = line.partition("\t")
        if number.isdigit() and int(number):
            arguments = ["dlq", "discard", queue, "--all", "--because", "kiriman uji", "--yes"]
            assert CliRunner().invoke(tanggap, arguments).exit_code == 0


def healthy(look: Look) -> bool:
    status, wrong = look()
    assert status == 0, wrong
    return True


def test_a_healthy_city_has_status_0(look: Look) -> None:
    eventually(lambda: healthy(look), within=60, every=2)


def test_a_service_that_is_down_is_named_together_with_the_queues_that_nobody_takes(
    stack: Stack, look: Look
) -> None:
    eventually(lambda: healthy(look), within=60, every=2)
    stack.process("surveys").stop()
    try:

        def noticed() -> bool:
            status, wrong = look()
            told = [one["says"] for one in wrong]
            assert any(text.startswith("surveys does not answer") for text in told), told
            assert any("nobody takes from evt-surveys-on_answers" in text for text in told), told
            assert all(one["run"] for one in wrong)
            return status == 1

        # The broker's figures about consumers are a few seconds old.
        eventually(noticed, within=30, every=2)
    finally:
        stack.process("surveys").start()
        stack.wait_ready("surveys")
    eventually(lambda: healthy(look), within=60, every=2)


def test_a_database_that_is_away_is_not_taken_for_a_fault_of_the_services(stack: Stack, look: Look) -> None:
    stack.process("database").stop()
    try:

        def noticed() -> bool:
            status, wrong = look()
            told = [one["says"] for one in wrong]
            assert any("The database of complaints does not answer" in text for text in told), told
            assert any("complaints runs but is not ready" in text for text in told), told
            assert not any("does not answer (ConnectError): it is down" in text for text in told), told
            return status == 1

        eventually(noticed, within=60, every=2)
    finally:
        stack.process("database").start()
        stack.wait_ready()
    eventually(lambda: healthy(look), within=60, every=2)
