"""A department's user at a real broker: it writes its own routing keys on one exchange and nothing else."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import pytest

from servicekit.topology import Topology
from support.broker import CONTRACTS, Vhost
from tanggap.departments.broker_user import BrokerUsers
from tanggap.departments.trial import now, over_amqp, trial_event
from tanggap.local.broker import Broker

TOPOLOGY = Topology.load(CONTRACTS)
REFUSED = (amqp.exceptions.AccessRefused, amqp.exceptions.NotAllowed)


@pytest.fixture
def users(vhost: Vhost) -> Iterator[BrokerUsers]:
    made = BrokerUsers(
        Broker(vhost.admin_url, vhost.management_url, vhost.prefix), vhost.management_url, TOPOLOGY
    )
    yield made
    for code in ("pdam", "pln"):
        made.delete(code)


def connect(url: str) -> Any:
    parts = urlsplit(url)
    return amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        userid=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        virtual_host=unquote(parts.path[1:]),
        connect_timeout=5,
        confirm_publish=True,
    )


def event(type_: str = "case.progressed.v1") -> dict[str, Any]:
    return trial_event("pdam", type_, "dpupr", now())


def test_a_new_user_publishes_its_own_events_to_the_service_that_takes_them(
    users: BrokerUsers, vhost: Vhost
) -> None:
    url = users.put("pdam")

    for type_ in ("case.progressed.v1", "service.delivered.v1"):
        assert over_amqp(url, "pdam", event(type_)).delivered

    assert vhost.queue_length("evt-complaints-on_department_event") == 1
    assert vhost.queue_length("evt-surveys-on_department_event") == 1


def test_a_type_that_nobody_takes_comes_back(users: BrokerUsers) -> None:
    outcome = over_amqp(users.put("pdam"), "pdam", {**event(), "type": "weather.changed.v1"})

    assert not outcome.delivered
    assert "no queue" in outcome.detail


def test_it_may_do_nothing_else(users: BrokerUsers, vhost: Vhost) -> None:
    url = users.put("pdam")
    own = unquote(urlsplit(url).username or "")
    attempts: dict[str, Callable[[Any], Any]] = {
        "another department's key": lambda c: publish(c, "departments.events", "pln.case.progressed.v1", own),
        "another exchange": lambda c: publish(c, "complaints.events", "complaint.filed.v1", own),
        "the default exchange": lambda c: publish(c, "", "evt-complaints-on_department_event", own),
        "a call of a service": lambda c: publish(c, "nameko-rpc", "complaints.list_cases", own),
        "reading a queue": lambda c: c.basic_get("evt-complaints-on_department_event"),
        "a queue of its own": lambda c: c.queue_declare("mine", exclusive=True),
    }

    for what, attempt in attempts.items():
        with connect(url) as connection, pytest.raises(REFUSED):
            attempt(connection.channel())
            pytest.fail(f"{what} was allowed")


def test_it_cannot_sign_as_another_user(users: BrokerUsers, vhost: Vhost) -> None:
    url = users.put("pdam")
    users.put("pln")

    with connect(url) as connection, pytest.raises(amqp.exceptions.PreconditionFailed):
        publish(
            connection.channel(), "departments.events", "pdam.case.progressed.v1", f"{vhost.prefix}dept-pln"
        )


def test_a_new_password_ends_the_old_one(users: BrokerUsers) -> None:
    old = users.put("pdam")
    new = users.put("pdam")

    assert not over_amqp(old, "pdam", event()).delivered
    assert over_amqp(new, "pdam", event()).delivered


def test_a_revoked_user_is_cut_off_where_it_is(users: BrokerUsers) -> None:
    url = users.put("pdam")
    connection = connect(url)
    connection.connect()

    users.delete("pdam")

    assert ended(connection, within=10)
    assert not over_amqp(url, "pdam", event()).delivered
    users.delete("pdam")


def ended(connection: Any, within: float) -> bool:
    """Whether the broker ends the connection within so many seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            connection.drain_events(timeout=0.5)
        except TimeoutError:
            continue
        except (amqp.exceptions.AMQPError, OSError):
            return True
    return False


def publish(channel: Any, exchange: str, key: str, user: str) -> None:
    message = amqp.Message("{}", content_type="application/json", message_id=str(uuid.uuid4()), user_id=user)
    channel.basic_publish(message, exchange, key)
