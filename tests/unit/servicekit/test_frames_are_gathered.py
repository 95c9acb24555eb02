import struct

import amqp
import pytest
from amqp.exceptions import UnexpectedFrame
from amqp.method_framing import frame_writer
from amqp.serialization import dumps

from servicekit.envelope import Outgoing
from servicekit.frames import Buffered, publish_frames


class Transport:
    """A socket that gives what it is told to, and keeps what is written."""

    def __init__(self, *chunks, left=b""):
        self.sock = self
        self._chunks = list(chunks)
        self._read_buffer = left
        self.sent = []
        self._write = lambda data: self.sent.append(bytes(data))

    def recv(self, size):
        chunk = self._chunks.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk


def frame(payload, kind=1, channel=1, end=0xCE):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + bytes([end])


def test_many_frames_come_out_of_one_chunk():
    transport = Transport(frame(b"a") + frame(b"", kind=8, channel=0) + frame(b"ccc")[:5])
    buffered = Buffered(transport)

    assert transport.read_frame() == (1, 1, b"a")
    assert buffered.has_frame()
    assert transport.read_frame() == (8, 0, b"")
    assert not buffered.has_frame()


def test_a_frame_survives_a_timeout_in_its_middle():
    whole = frame(b"payload")
    transport = Transport(whole[3:9], TimeoutError(), whole[9:], left=whole[:3])
    Buffered(transport)

    with pytest.raises(TimeoutError):
        transport.read_frame()

    assert transport.read_frame() == (1, 1, b"payload")


def test_a_closed_connection_is_an_error():
    transport = Transport(frame(b"a")[:4], b"")
    Buffered(transport)

    with pytest.raises(OSError, match="closed"):
        transport.read_frame()


def test_a_frame_without_its_end_is_refused():
    transport = Transport(frame(b"a", end=0))
    Buffered(transport)

    with pytest.raises(UnexpectedFrame):
        transport.read_frame()


def test_what_is_written_together_is_sent_together_and_in_order():
    transport = Transport()
    buffered = Buffered(transport)
    reused = bytearray(b"one")

    with buffered.together():
        transport._write(memoryview(reused))
        reused[:] = b"two"
        transport._write(memoryview(reused))
    transport._write(b"three")

    assert transport.sent == [b"onetwo", b"three"]


def test_a_large_batch_is_sent_in_pieces_that_bound_memory():
    transport = Transport()
    buffered = Buffered(transport)

    with buffered.together():
        for _ in range(10):
            transport._write(b"x" * 30_000)

    assert b"".join(transport.sent) == b"x" * 300_000
    assert max(map(len, transport.sent)) <= 65536 + 30_000


def test_what_comes_while_the_socket_is_full_is_not_lost():
    transport = Transport()
    buffered = Buffered(transport)

    def full(data):
        transport.sent.append(bytes(data))
        if data == b"batch":
            buffered.write(b"heartbeat")

    buffered._send = full
    with buffered.together():
        buffered.write(b"batch")

    assert transport.sent == [b"batch", b"heartbeat"]


class Written:
    """What py-amqp needs to know of a connection to write frames."""

    def __init__(self, frame_max):
        self.frame_max, self.bytes_sent, self.sent = frame_max, 0, b""
        self.transport = self

    def write(self, data):
        self.sent += bytes(data)


@pytest.mark.parametrize("size", [0, 1, 900, 9000])
@pytest.mark.parametrize(
    "properties", [{}, {"correlation_id": "c" * 36, "type": "complaint.filed.v1", "user_id": "complaints"}]
)
def test_a_message_is_framed_as_py_amqp_frames_it(size, properties):
    headers = {"x-attempt": 3, "nameko.call_id_stack": ["complaints.relay.ü"], "x-death": [{"count": 1}]}
    message = Outgoing("x.events", "x.filed.v1", b"b" * size, "m-1", True, properties, headers)
    peer = Written(4096)
    content = amqp.Message(
        message.body,
        content_type=message.content_type,
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=message.message_id,
        application_headers=headers,
        **properties,
    )
    arguments = dumps("Bssbb", (0, message.exchange, message.routing_key, True, False))

    frame_writer(peer, peer)(1, 7, (60, 40), arguments, content)

    assert publish_frames(7, 4096, message) == peer.sent
