"""The example program for AMQP does what docs/departments.md says of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from component.cli.test_department_users import TOPOLOGY

from support.broker import Vhost
from tanggap.departments.broker_user import BrokerUsers
from tanggap.local.broker import Broker

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "publish_amqp.py"
QUEUE = "evt-surveys-on_department_event"


@pytest.fixture
def url(vhost: Vhost) -> Iterator[str]:
    users = BrokerUsers(
        Broker(vhost.admin_url, vhost.management_url, vhost.prefix), vhost.management_url, TOPOLOGY
    )
    yield users.put("antrian")
    users.delete("antrian")


def run(url: str, type_: str, record: str, data: str = "{}") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLE, type_, record],
        input=data,
        env={**os.environ, "TANGGAP_DEPARTMENT_AMQP_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_record_is_confirmed_and_has_the_same_id_again(url: str, vhost: Vhost) -> None:
    first = run(url, "service.delivered.v1", "visit-1")
    again = run(url, "service.delivered.v1", "visit-1")
    other = run(url, "service.delivered.v1", "visit-2")

    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert other.stdout != first.stdout
    assert "confirmed" in first.stdout
    assert vhost.queue_length(QUEUE) == 3


def test_what_waiting_cannot_mend_ends_with_1(url: str) -> None:
    nobody = run(url, "weather.changed.v1", "w-1")
    stranger = run(url.replace(":", ":x", 2), "service.delivered.v1", "visit-1")

    assert nobody.returncode == 1
    assert "nobody takes" in nobody.stderr
    assert stranger.returncode in (1, 2)
    assert stranger.stdout == ""


def test_a_broker_that_is_away_ends_with_2(url: str) -> None:
    away = run("amqp://dept-antrian:x@127.0.0.1:1/%2F", "service.delivered.v1", "visit-1")

    assert (away.returncode, away.stdout) == (2, "")
