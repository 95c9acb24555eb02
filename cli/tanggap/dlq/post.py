"""Taking dead letters from their queues and giving them back, over one connection of an operator."""

import secrets
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import amqp
import httpx

from servicekit.errors import ConfigurationError
from servicekit.topology import OPERATOR, Consumer, Topology
from tanggap.dlq.letters import Letter
from tanggap.errors import DECLARE, CliError
from tanggap.local.broker import Broker, management
from tanggap.local.layout import ROOT
from tanggap.settings import Settings

CONFIRM_SECONDS = 10
RENEW_AFTER = 8
"""Looking gives a letter back, which counts as a delivery, and from version 4 on a broker drops a message
after 20. One that was delivered so often is put back as a new message instead."""
TEMPORARY = "dlq-operator"


def topology_of(known: Settings) -> Topology:
    try:
        return Topology.load(known.values.get("TANGGAP_CONTRACTS_DIR") or ROOT / "contracts")
    except ConfigurationError as error:
        raise CliError(f"TANGGAP_CONTRACTS_DIR: {error}.") from error


def broker_of(known: Settings) -> Broker:
    management_url = known.values.get("AMQP_MANAGEMENT_URL") or None
    return Broker(known.need("AMQP_URL"), management_url, known.values.get("TANGGAP_BROKER_USER_PREFIX", ""))


def find(topology: Topology, queue: str) -> Consumer:
    """The consumer whose dead letters lie in this queue."""
    by_queue = {consumer.dead_letter_queue: consumer for consumer in topology.consumers.values()}
    if queue not in by_queue:
        raise CliError(f"{queue} is no dead-letter queue; there are: {', '.join(sorted(by_queue))}.")
    return by_queue[queue]


@contextmanager
def connected(url: str, ca: str | None) -> Iterator[Any]:
    """A connection with confirms; its errors become CliError, without anything of a password."""
    parts = urlsplit(url)
    secure = parts.scheme == "amqps"
    tls = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": ca, "server_hostname": parts.hostname}
    try:
        with amqp.Connection(
            f"{parts.hostname}:{parts.port or (5671 if secure else 5672)}",
            userid=unquote(parts.username or "guest"),
            password=unquote(parts.password or "guest"),
            virtual_host=unquote(parts.path[1:]) or "/",
            login_method="PLAIN",
            ssl=tls if secure else False,
            connect_timeout=5,
            read_timeout=30,
            write_timeout=30,
            confirm_publish=True,
        ) as connection:
            yield connection
    except (amqp.exceptions.AMQPError, OSError) as error:
        text = getattr(error, "reply_text", "") or ""
        raise CliError(f"The broker: {type(error).__name__} {text}".strip() + ".") from error


def counts(known: Settings) -> dict[str, int | None]:
    """How many letters lie in each dead-letter queue; None where the queue is not declared."""
    found: dict[str, int | None] = {}
    with connected(broker_of(known).url, known.values.get("TANGGAP_AMQP_CA")) as connection:
        for consumer in topology_of(known).consumers.values():
            queue = consumer.dead_letter_queue
            try:
                channel = connection.channel()
                found[queue] = channel.queue_declare(queue, passive=True).message_count
                channel.close()
            except amqp.exceptions.NotFound:
                found[queue] = None
    return found


class Post:
    """One dead-letter queue. What was taken and not removed is back in it when the connection ends."""

    def __init__(self, channel: Any, consumer: Consumer, user: str, believed: tuple[str, ...]) -> None:
        # Bodies are given back byte for byte, whatever encoding they claim.
        channel.auto_decode = False
        self._channel = channel
        self._consumer = consumer
        self._user = user
        self._believed = believed
        self._returned: list[Any] = []
        channel.events["basic_return"].add(lambda *answer: self._returned.append(answer))

    def letters(self, limit: int | None = None) -> Iterator[Letter]:
        """The letters that lie there now, oldest first, each once; not those that come meanwhile."""
        left: int | None = limit
        while left is None or left > 0:
            message = self._channel.basic_get(self._consumer.dead_letter_queue, no_ack=False)
            if message is None:
                return
            here = message.delivery_info["message_count"]
            left = min(here, left - 1 if left is not None else here)
            properties = dict(message.properties)
            headers = properties.pop("application_headers", None) or {}
            tag = message.delivery_info["delivery_tag"]
            yield Letter(bytes(message.body), properties, headers, tag, self._believed)

    def replay(self, letter: Letter) -> None:
        """Give it to its handler again. It leaves this queue only after the broker has confirmed that.

        A crash in between leaves it here too; the handler's inbox makes the second time harmless.
        """
        self._publish(letter, self._consumer.queue, *letter.replayed(self._user))
        self.remove(letter)

    def put_back(self, letter: Letter) -> None:
        """Leave it here, also if it has been looked at many times."""
        if letter.deliveries >= RENEW_AFTER:
            self._publish(letter, self._consumer.dead_letter_queue, *letter.renewed(self._user))
            self.remove(letter)

    def remove(self, letter: Letter) -> None:
        self._channel.basic_ack(letter.tag)

    def _publish(
        self, letter: Letter, queue: str, properties: Mapping[str, Any], headers: Mapping[str, Any]
    ) -> None:
        message = amqp.Message(letter.body, application_headers=dict(headers), **properties)
        self._channel.basic_publish_confirm(
            message,
            self._consumer.dead_letter_exchange,
            queue,
            mandatory=True,
            confirm_timeout=CONFIRM_SECONDS,
        )
        if self._returned:
            raise CliError(f"The broker has no queue {queue}: {DECLARE}, then repeat.")


@contextmanager
def opened(known: Settings, consumer: Consumer) -> Iterator[Post]:
    """The queue, as somebody whom the consumer believes.

    Consumers take messages from their dead-letter exchange only from their own user or the operator's. An
    administrator is neither, so one who has a management API gets a user for the moment that may speak for
    the operator, read this queue and write to this exchange, and nothing else.
    """
    broker, ca = broker_of(known), known.values.get("TANGGAP_AMQP_CA")
    believed = (broker.prefix + consumer.service, broker.prefix + OPERATOR)
    if broker.management_url is None or broker.user in believed:
        with connected(broker.url, ca) as connection:
            yield Post(connection.channel(), consumer, broker.user, (*believed, broker.user))
        return
    with temporary_user(broker, broker.management_url, consumer) as url, connected(url, ca) as connection:
        yield Post(connection.channel(), consumer, broker.prefix + OPERATOR, believed)


@contextmanager
def temporary_user(broker: Broker, management_url: str, consumer: Consumer) -> Iterator[str]:
    """Its AMQP URL. Gone afterwards; one that a crash left behind has a password that nobody knows."""
    password = secrets.token_urlsafe(24)
    name = quote(broker.prefix + TEMPORARY, safe="")
    rights = {
        "configure": "^$",
        "write": exactly([consumer.dead_letter_exchange]),
        "read": exactly([consumer.dead_letter_queue]),
    }
    try:
        management(
            "PUT", management_url, f"/users/{name}", body={"password": password, "tags": "impersonator"}
        )
        path = f"/permissions/{quote(broker.vhost, safe='')}/{name}"
        management("PUT", management_url, path, body=rights)
        yield broker.url_of(TEMPORARY, password)
    except httpx.HTTPError as error:
        raise CliError(f"The broker's management API: {type(error).__name__}.") from error
    finally:
        with suppress(httpx.HTTPError):
            management("DELETE", management_url, f"/users/{name}")


def exactly(names: Sequence[str]) -> str:
    return f"^({'|'.join(name.replace('.', '[.]') for name in names)})$"
