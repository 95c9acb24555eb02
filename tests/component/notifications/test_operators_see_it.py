"""What the metrics say of mails that wait and of mails that went out."""

from collections.abc import Callable

import pytest
from component.notifications.world import SmtpServer, World, filed
from prometheus_client import REGISTRY

from notifications import metrics


def test_the_oldest_mail_grows_old_while_the_server_is_away(
    world: World, world_of: Callable[..., World], smtp: SmtpServer
) -> None:
    world.handle(filed())
    smtp.stop()
    world.send()
    world.clock.advance(minutes=20)

    later = world_of(clock=world.clock)
    later.app.sender.sweep()

    assert metrics.mails_oldest_seconds._value.get() == pytest.approx(20 * 60, abs=1)
    assert metrics.mails_due._value.get() >= 1


def test_nothing_is_old_where_nothing_waits(world: World) -> None:
    world.app.sender.sweep()

    assert metrics.mails_oldest_seconds._value.get() == 0
    assert metrics.mails_due._value.get() == 0


def test_the_time_to_a_mail_counts_from_its_making_and_once(world: World) -> None:
    def told(part: str) -> float:
        return REGISTRY.get_sample_value(f"tanggap_mail_seconds_{part}", {"audience": "reporter"}) or 0.0

    count, seconds = told("count"), told("sum")
    world.handle(filed())
    world.clock.advance(seconds=30)

    world.send()

    assert told("count") == count + 1
    assert told("sum") == pytest.approx(seconds + 30, abs=1)
