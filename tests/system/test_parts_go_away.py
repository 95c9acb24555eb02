"""Database and broker go away during filing: how it is answered, and that nothing is lost or told twice."""

from __future__ import annotations

import time
import uuid

import httpx

from support.city import RELEASED, City, pothole
from support.waiting import eventually
from tanggap.local import Stack

ANSWERED_WITHIN_SECONDS = 3.0


def numbered(count: int) -> list[dict[str, object]]:
    run = uuid.uuid4().hex[:8]
    return [
        pothole(
            description=f"Lubang nomor {number} pada hari ujian.",
            reporter={
                "name": "Pelapor Contoh",
                "email": f"uji-{run}-{number}@example.invalid",
                "language": "id",
            },
        )
        for number in range(count)
    ]


def file_until_accepted(city: City, body: dict[str, object], key: str, within: float = 90) -> dict[str, str]:
    """What the answer to a 503 asks for: wait, and repeat with the same key."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            response = city.file(body, key)
        except httpx.TransportError:
            time.sleep(0.5)
            continue
        if response.status_code == 202:
            return dict(response.json())
        assert response.status_code == 503, response.text
        time.sleep(0.5)
    raise AssertionError(f"not accepted within {within} s")


def stored(city: City, receipt: dict[str, str]) -> None:
    """Wait until the case is filed, with patience for a city that is coming back."""

    def is_filed() -> bool:
        answer = city.get_case(receipt["tracking_code"], receipt["secret"])
        return answer.status_code == 200 and answer.json()["status"] == "filed"

    eventually(is_filed, within=60)


def each_is_stored_once_and_told_once(
    city: City, bodies: list[dict[str, object]], receipts: list[dict[str, str]]
) -> None:
    assert len({receipt["tracking_code"] for receipt in receipts}) == len(bodies)
    for receipt in receipts:
        stored(city, receipt)
    addresses = [body["reporter"]["email"] for body in bodies]  # type: ignore[index]

    def told() -> bool:
        mails: dict[str, list[str]] = {}
        for mail in city.all_mails():
            mails.setdefault(str(mail["To"]), []).append(str(mail["Message-ID"]))
        received = [mails.get(address, []) for address in addresses]
        assert not [ids for ids in received if len(ids) > 1], "a mail came twice"
        missing = sum(not ids for ids in received)
        assert not missing, f"{missing} of {len(received)} have no mail"
        return True

    # A batch whose database went away may have to come back from the queue of 30 seconds, and once more.
    eventually(told, within=120, every=0.5)
    # What was doubled stands in the queues before this one.
    last = numbered(1)[0]
    city.filed(last)
    eventually(lambda: city.mails(last["reporter"]["email"]), within=30)  # type: ignore[index]
    assert told()


def test_filing_answers_202_for_a_minute_without_the_database_and_stores_all_afterwards(
    stack: Stack, city: City
) -> None:
    bodies = numbered(120)
    stack.process("database").stop()
    try:
        responses = []
        started = time.monotonic()
        for number, body in enumerate(bodies):
            responses.append(city.file(body))
            time.sleep(max(0.0, started + (number + 1) * 0.5 - time.monotonic()))
    finally:
        stack.process("database").start()
        stack.wait_ready("database")

    assert time.monotonic() - started >= 60
    assert [response.status_code for response in responses] == [202] * len(bodies)
    each_is_stored_once_and_told_once(city, bodies, [response.json() for response in responses])


def assert_refuses_in_time_with_the_key_to_repeat(city: City) -> str:
    key = str(uuid.uuid4())
    started = time.monotonic()
    response = city.file(pothole(), key)
    assert time.monotonic() - started < ANSWERED_WITHIN_SECONDS
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Idempotency-Key"] == response.json()["idempotency_key"] == key
    return key


def test_without_the_broker_filing_says_when_and_with_which_key_to_repeat(stack: Stack, city: City) -> None:
    stack.process("broker").stop()
    try:
        keys = [assert_refuses_in_time_with_the_key_to_repeat(city) for _ in range(3)]
    finally:
        stack.process("broker").start()
        stack.wait_ready("broker")

    receipt = file_until_accepted(city, pothole(), keys[0])

    stored(city, receipt)


def test_a_memory_alarm_refuses_filing_in_time_and_passes_without_a_restart(stack: Stack, city: City) -> None:
    processes = ("complaints", "notifications", "gateway")
    pids = {name: stack.process(name).pid for name in processes}
    stack.rabbitmqctl("set_vm_memory_high_watermark", "0.000001")
    try:
        eventually(lambda: city.file(pothole()).status_code == 503, within=10)
        keys = [assert_refuses_in_time_with_the_key_to_repeat(city) for _ in range(3)]
    finally:
        stack.rabbitmqctl("set_vm_memory_high_watermark", "0.4")

    receipt = file_until_accepted(city, pothole(), keys[0])

    stored(city, receipt)
    assert city.act(receipt["tracking_code"], "verify", RELEASED, role="coordinator").status_code == 200
    assert {name: stack.process(name).pid for name in processes} == pids


def test_a_frozen_broker_never_makes_a_caller_wait(stack: Stack, city: City) -> None:
    broker = stack.process("broker")
    broker.pause()
    try:
        assert_refuses_in_time_with_the_key_to_repeat(city)
    finally:
        broker.resume()

    receipt = file_until_accepted(city, pothole(), str(uuid.uuid4()))
    stored(city, receipt)
