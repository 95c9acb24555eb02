import json
import uuid
from datetime import UTC, datetime, timedelta

import amqp
import pytest
from component.servicekit.harness import RING

from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, refusal_from_wire
from servicekit.sealing import KeyRing
from support.waiting import eventually


class Front:
    """The caller's end of the wire, as plain as it gets."""

    def __init__(self, kit):
        self.kit = kit
        self.ring = KeyRing.parse(RING)

    def request(self, method, args, **envelope):
        document = {"actor": None, "args": args, "deadline": None, "key": None, **envelope}
        return self.ring.seal(document, recipient="keeper", context=f"keeper.{method}")

    def send(self, method, body, reply=True, within=5.0):
        with self.kit.channel("front") as channel:
            key = str(uuid.uuid4())
            queue = f"rpc.reply-front-{key}"
            channel.queue_declare(queue, exclusive=True)
            channel.queue_bind(queue, "nameko-rpc", key)
            properties = {"content_type": "application/json", "correlation_id": "c-1"}
            if reply:
                properties["reply_to"] = key
            channel.basic_publish(
                amqp.Message(body, **properties), "nameko-rpc", f"keeper.{method}", mandatory=True
            )
            if not reply:
                return None
            message = eventually(lambda: channel.basic_get(queue, no_ack=True), within=within, every=0.01)
            assert message.properties["correlation_id"] == "c-1"
            return json.loads(message.body)

    def call(self, method, args, **envelope):
        body = json.dumps({"args": [self.request(method, args, **envelope)], "kwargs": {}})
        answer = self.send(method, body)
        assert answer["error"] is None
        return self.ring.open(answer["result"], recipient="keeper", context=f"keeper.{method}.reply")


@pytest.fixture
def front(kit):
    return Front(kit)


def test_a_call_is_answered_with_its_actor_and_key(kit, front):
    with kit.running():
        answer = front.call("look", {"what": "this"}, actor={"ref": "s-1"}, key="k-1")

    assert answer == {"result": {"saw": "this", "actor": {"ref": "s-1"}, "key": "k-1"}}


def test_a_method_gets_only_what_its_signature_takes(kit, front):
    with kit.running():
        assert front.call("count", {}, actor={"ref": "s-1"}, key="k-1") == {"result": 0}


@pytest.mark.parametrize(
    ("what", "expected"),
    [("nothing", NotFound), ("secret", Forbidden), ("wrong", Invalid), ("old", Conflict)],
)
def test_a_refusal_travels_inside_the_reply(kit, front, what, expected):
    with kit.running():
        answer = front.call("look", {"what": what})

    refusal = refusal_from_wire(answer["error"])
    assert type(refusal) is expected
    assert getattr(refusal, "current", {"version": 3}) == {"version": 3}
    assert [e.pointer for e in getattr(refusal, "errors", ())] == (["/what"] if what == "wrong" else [])


def test_a_bug_replies_internal_and_logs_no_text_of_it(kit, front):
    process = kit.process()
    answer = front.call("look", {"what": "bug"})
    process.terminate()
    output, _ = process.communicate(timeout=20)

    assert answer["error"]["type"] == "internal"
    assert b"marked-text-of-a-person" not in output
    assert b"RuntimeError" in output


def test_wrong_arguments_reply_internal(kit, front):
    with kit.running():
        assert front.call("look", {"whatever": 1})["error"]["type"] == "internal"


def test_a_call_past_its_deadline_is_dropped(kit, front):
    late = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    body = json.dumps({"args": [front.request("look", {"what": "late"}, deadline=late)], "kwargs": {}})

    with kit.running(), pytest.raises(AssertionError):
        front.send("look", body, within=1.0)


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [
        ("nothing", '{"args": [], "kwargs": {}}', "MethodNotFound"),
        ("look", '{"args": []}', "MalformedRequest"),
        ("look", "[1, 2]", "MalformedRequest"),
        ("look", "no json", "MalformedRequest"),
        ("look", '{"args": ["v1.k1.AAAA.BBBB"], "kwargs": {}}', "SealError"),
    ],
)
def test_a_request_that_is_none_is_answered_with_its_error(kit, front, method, body, error):
    with kit.running():
        assert front.send(method, body)["error"]["exc_type"] == error


@pytest.mark.parametrize(
    "request_document", ["text", {"deadline": "soon"}, {"deadline": "2026-01-01T00:00:00"}]
)
def test_a_sealed_request_of_another_shape_is_malformed(kit, front, request_document):
    token = front.ring.seal(request_document, recipient="keeper", context="keeper.look")

    with kit.running():
        answer = front.send("look", json.dumps({"args": [token], "kwargs": {}}))

    assert answer["error"]["exc_type"] == "MalformedRequest"


def test_a_request_for_another_method_does_not_open(kit, front):
    body = json.dumps({"args": [front.request("count", {})], "kwargs": {}})

    with kit.running():
        assert front.send("look", body)["error"]["exc_type"] == "SealError"


def test_a_request_without_reply_to_harms_nobody(kit, front):
    with kit.running():
        front.send("look", "{}", reply=False)

        assert front.call("look", {"what": "after"})["result"]["saw"] == "after"
    assert kit.length("rpc-keeper") == 0


def test_nothing_readable_is_on_the_wire(kit, front):
    body = json.dumps({"args": [front.request("look", {"what": "Siti-Rahmawati"})], "kwargs": {}})

    with kit.running():
        answer = front.send("look", body)

    assert "Siti" not in body
    assert "Siti" not in json.dumps(answer)
