"""The AMQP client against frames put into its hands, and against a TLS server of the wrong name."""

import asyncio
import datetime
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import body, commands, frame, header

from gateway.amqp import (
    Address,
    Channel,
    Connection,
    ConnectionLost,
    Nacked,
    Properties,
    Returned,
    Unavailable,
)


class Wire:
    """A transport that remembers what was written."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int) -> None:
        return None

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


def with_channel(run: Callable[[Connection, Channel, Wire], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        connection, wire = Connection(), Wire()
        connection.connection_made(wire)  # type: ignore[arg-type]
        opening = asyncio.ensure_future(connection.channel())
        await asyncio.sleep(0)
        connection.data_received(frame.marshal(commands.Channel.OpenOk(), 1))
        return await run(connection, await opening, wire)

    return asyncio.run(main())


def publish(channel: Channel, message_id: str, size: int = 10) -> "asyncio.Future[None]":
    return channel.publish("x", "key", b"m" * size, Properties(message_id=message_id))


def returned(message_id: str) -> bytes:
    return (
        frame.marshal(commands.Basic.Return(312, "NO_ROUTE", "x", "key"), 1)
        + frame.marshal(header.ContentHeader(0, 3, Properties(message_id=message_id)), 1)
        + frame.marshal(body.ContentBody(b"abc"), 1)
    )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["ack", "nack", "return", "acks"]), min_size=1, max_size=12), st.integers(1, 40)
)
def test_every_publish_gets_its_own_outcome_however_the_bytes_arrive(outcomes: list[str], step: int) -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        futures = [publish(channel, str(n)) for n in range(len(outcomes))]
        data, expected = b"", []
        for tag, outcome in enumerate(outcomes, start=1):
            if outcome == "return":
                data += returned(str(tag - 1))
            if outcome == "nack":
                data += frame.marshal(commands.Basic.Nack(tag), 1)
            elif outcome != "acks":
                data += frame.marshal(commands.Basic.Ack(tag), 1)
            expected.append({"nack": Nacked, "return": Returned}.get(outcome))
        # One multiple ack at the end settles whatever is open.
        data += frame.marshal(commands.Basic.Ack(len(outcomes), True), 1)

        for start in range(0, len(data), step):
            connection.data_received(data[start : start + step])
        results = await asyncio.gather(*futures, return_exceptions=True)

        assert [type(result) if result else None for result in results] == expected
        assert channel.in_flight == 0

    with_channel(run)


def test_what_is_written_in_one_turn_leaves_in_one_write() -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        writes: list[int] = []
        wire.write = lambda data: writes.append(len(data))  # type: ignore[method-assign]
        for n in range(50):
            publish(channel, str(n))
        await asyncio.sleep(0)

        assert len(writes) == 1

    with_channel(run)


def test_a_large_message_is_cut_into_frames_the_broker_takes() -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        connection.frame_max = 4096
        publish(channel, "1", size=10_000)
        await asyncio.sleep(0)

        data, sizes = bytes(wire.written), []
        while data:
            used, _, value = frame.unmarshal(data)
            sizes.append(used)
            data = data[used:]
            last = value
        assert max(sizes) <= 4096
        assert isinstance(last, body.ContentBody)

    with_channel(run)


def test_an_alarm_fails_what_is_in_flight_and_refuses_the_rest_until_it_ends() -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        waiting = publish(channel, "1")

        connection.data_received(frame.marshal(commands.Connection.Blocked("memory"), 0))

        with pytest.raises(ConnectionLost):
            await waiting
        with pytest.raises(Unavailable):
            publish(channel, "2")
        connection.data_received(frame.marshal(commands.Connection.Unblocked(), 0))
        later = publish(channel, "3")
        connection.data_received(frame.marshal(commands.Basic.Ack(2), 1))
        await later

    with_channel(run)


@pytest.mark.parametrize(
    "data",
    [
        frame.marshal(commands.Connection.Close(320, "CONNECTION_FORCED", 0, 0), 0),
        frame.marshal(commands.Channel.Close(403, "ACCESS_REFUSED", 60, 40), 1),
        b"\x01\x00\x01\x00\x00\x00\x04abcd\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\xce" * 65536 * 40,
    ],
)
def test_a_broken_conversation_ends_the_connection_and_fails_what_is_open(data: bytes) -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        waiting = publish(channel, "1")

        connection.data_received(data)
        if not connection.closed.done():
            connection.connection_lost(None)

        with pytest.raises(ConnectionLost):
            await waiting
        assert wire.aborted or connection.closed.done()
        with pytest.raises(Unavailable):
            publish(channel, "2")

    with_channel(run)


def test_a_confirm_for_a_caller_who_gave_up_is_harmless() -> None:
    async def run(connection: Connection, channel: Channel, wire: Wire) -> None:
        publish(channel, "1").cancel()

        connection.data_received(frame.marshal(commands.Basic.Ack(1), 1))

        assert channel.in_flight == 0

    with_channel(run)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://u:p%40ss@broker:5673/my%2Fhost", ("broker", 5673, "u", "p@ss", "my/host")),
        ("amqp://u:p@broker", ("broker", 5672, "u", "p", "/")),
        ("amqps://u:p@broker/v", ("broker", 5671, "u", "p", "v")),
    ],
)
def test_addresses_are_read(url: str, expected: tuple[Any, ...]) -> None:
    address = Address.parse(url)

    assert (address.host, address.port, address.user, address.password, address.vhost) == expected
    assert (address.tls is not None) is url.startswith("amqps")


def test_of_the_nodes_of_a_cluster_each_is_tried() -> None:
    address = Address.parse("amqp://u:p@one:5673/v;amqp://u:p@two:5674/v;amqp://u:p@three/v")

    drawn = {address.drawn() for _ in range(200)}

    assert drawn == {("one", 5673), ("two", 5674), ("three", 5672)}


def test_a_broker_with_another_name_in_its_certificate_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker.example.invalid")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("broker.example.invalid")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "broker.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def main() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        address = Address.parse(f"amqps://u:p@localhost:{port}/v", str(pem))
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            await Connection.open(address, "test")
        server.close()

    asyncio.run(main())
