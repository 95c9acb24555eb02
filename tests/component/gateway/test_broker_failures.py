"""What a citizen sees while the broker is away, frozen or in an alarm, and that it heals by itself."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from component.gateway.broker_proxy import BrokerProxy, broker_proxy
from component.gateway.installation import STORED_CODE, Gateway, Keys, filing, running_gateway, running_peer

from support.broker import Vhost
from support.waiting import eventually

QUEUE = "evt-complaints-on_submitted"


@pytest.fixture(scope="module")
def weather(
    broker: Vhost, peer: object, directory: Path, keys: Keys
) -> Iterator[tuple[BrokerProxy, Gateway]]:
    with (
        broker_proxy(broker.url("gateway")) as (proxy, url),
        running_gateway(
            url, directory / "weather", keys, TANGGAP_RATE_ADDRESS="off", TANGGAP_RATE_CONTACT="off"
        ) as g,
    ):
        yield proxy, g


def timed(gateway: Gateway, key: str | None = None) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    answer = gateway.client.post(
        "/v1/complaints", json=filing(), headers={"Idempotency-Key": key} if key else {}
    )
    return answer, time.monotonic() - started


def heals(gateway: Gateway) -> None:
    eventually(lambda: all(gateway.readiness().values()))
    answer, _ = timed(gateway)
    assert answer.status_code == 202


@pytest.mark.parametrize("trouble", ["drop", "freeze", "block"])
def test_filing_answers_503_with_the_key_within_three_seconds(
    weather: tuple[BrokerProxy, Gateway], trouble: str
) -> None:
    proxy, gateway = weather
    heals(gateway)
    key = str(uuid.uuid4())

    getattr(proxy, trouble)()
    try:
        answer, seconds = timed(gateway, key)
    finally:
        proxy.restore()
        if trouble == "block":
            proxy.unblock()

    assert answer.status_code == 503
    assert seconds < 3
    assert answer.headers["Retry-After"]
    assert answer.headers["Idempotency-Key"] == answer.json()["idempotency_key"] == key
    heals(gateway)


def test_many_filings_into_a_frozen_broker_all_come_back_in_time(
    weather: tuple[BrokerProxy, Gateway],
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    proxy, gateway = weather
    heals(gateway)
    proxy.freeze()
    try:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: timed(gateway), range(60)))
    finally:
        proxy.restore()

    assert {answer.status_code for answer, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 3
    heals(gateway)


def test_an_alarm_is_not_ready_but_alive(weather: tuple[BrokerProxy, Gateway]) -> None:
    proxy, gateway = weather
    heals(gateway)
    proxy.block()
    try:
        eventually(lambda: not gateway.readiness()["intake"], within=5)
        assert httpx.get(f"{gateway.metrics_url}/livez", timeout=5).status_code == 200
        assert httpx.get(f"{gateway.metrics_url}/readyz", timeout=5).status_code == 503
    finally:
        proxy.unblock()
    heals(gateway)


def test_a_connection_lost_in_mid_query_is_503_and_in_mid_action_504(
    weather: tuple[BrokerProxy, Gateway],
) -> None:
    proxy, gateway = weather
    heals(gateway)
    proxy.freeze()
    try:
        query = gateway.client.get(f"/v1/complaints/{STORED_CODE}")
        action = gateway.client.post(
            f"/v1/complaints/{STORED_CODE}/verify",
            json={"version": 1},
            headers={**gateway.issuer.headers("coordinator"), "Idempotency-Key": "k-504"},
        )
    finally:
        proxy.restore()

    assert query.status_code == 503
    assert action.status_code == 504
    assert action.json()["idempotency_key"] == action.headers["Idempotency-Key"] == "k-504"
    heals(gateway)


def test_the_gateway_starts_while_the_broker_is_down_and_heals(
    broker: Vhost, peer: object, directory: Path, keys: Keys
) -> None:
    with broker_proxy(broker.url("gateway")) as (proxy, url):
        proxy.drop()
        with running_gateway(url, directory / "early", keys, wait_ready=False) as gateway:
            assert gateway.readiness() == {"ready": False, "intake": False, "rpc": False, "catalogue": False}
            answer, seconds = timed(gateway)
            assert answer.status_code == 503
            assert seconds < 3

            proxy.restore()

            heals(gateway)


def test_filing_works_from_the_snapshot_while_complaints_is_down(
    broker: Vhost, directory: Path, keys: Keys
) -> None:
    folder = directory / "snapshot-test"
    with (
        running_peer(broker.url("complaints"), folder, keys),
        running_gateway(broker.url("gateway"), folder, keys),
    ):
        pass  # the first run leaves a snapshot on disk

    with running_gateway(broker.url("gateway"), folder, keys, wait_ready=False) as gateway:
        eventually(lambda: gateway.readiness()["intake"])
        before = broker.queue_length(QUEUE)
        answer, _ = timed(gateway)

        assert answer.status_code == 202
        assert broker.queue_length(QUEUE) == before + 1


def test_sigterm_lets_requests_finish_and_exits_cleanly(
    broker: Vhost, peer: object, directory: Path, keys: Keys
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with running_gateway(broker.url("gateway"), directory / "drain", keys) as gateway:
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(
                gateway.client.post,
                f"/v1/complaints/{STORED_CODE}/comment",
                json={"note": "slow"},
                headers=gateway.issuer.headers("desk"),
            )
            eventually(
                lambda: "tanggap_http_in_flight 1.0" in httpx.get(f"{gateway.metrics_url}/metrics").text
            )
            gateway.process.terminate()
            answer = slow.result(10)
        code = gateway.process.wait(10)

    assert answer.status_code == 504  # the peer is slower than an action's deadline
    assert code == 0
