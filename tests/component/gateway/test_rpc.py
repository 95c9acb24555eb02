"""Queries and actions over the real wire, against a Nameko service."""

import threading
from typing import Any

import httpx
import pytest
from component.gateway.installation import STORED_CODE, Gateway

PATH = f"/v1/complaints/{STORED_CODE}"


def act(gateway: Gateway, note: str, **options: Any) -> httpx.Response:
    return gateway.client.post(
        f"{PATH}/comment",
        json={"note": note},
        headers={**gateway.issuer.headers("coordinator"), **options},
        timeout=10,
    )


def test_a_case_is_shown_with_names(gateway: Gateway) -> None:
    answer = gateway.client.get(PATH, headers={"Accept-Language": "en"})

    assert answer.status_code == 200
    assert answer.json()["unit_name"] == "Public Works"
    assert answer.json()["access"] == "public"


def test_the_secret_opens_the_reporters_part(gateway: Gateway) -> None:
    hers = gateway.client.get(PATH, headers={"Tanggap-Secret": "a" * 26})
    wrong = gateway.client.get(PATH, headers={"Tanggap-Secret": "b" * 26})

    assert hers.json()["access"] == "reporter"
    assert wrong.status_code == 404


def test_a_filing_that_nobody_stored_is_received(gateway: Gateway) -> None:
    from component.gateway.installation import filing

    receipt = gateway.client.post("/v1/complaints", json=filing()).json()

    answer = gateway.client.get(
        f"/v1/complaints/{receipt['tracking_code']}", headers={"Tanggap-Secret": receipt["secret"]}
    )

    assert answer.json()["status"] == "received"


@pytest.mark.parametrize(
    ("note", "status"),
    [("", 200), ("conflict", 409), ("forbidden", 403), ("invalid", 422), ("missing", 404), ("broken", 500)],
)
def test_a_services_answer_has_its_status(gateway: Gateway, note: str, status: int) -> None:
    answer = act(gateway, note)

    assert answer.status_code == status, answer.text
    assert "marked-personal-text" not in answer.text


def test_the_loser_of_a_conflict_sees_the_current_state(gateway: Gateway) -> None:
    assert act(gateway, "conflict").json()["current"] == {"status": "closed", "version": 9}


def test_an_action_without_an_answer_in_time_is_504_with_its_key(gateway: Gateway) -> None:
    answer = act(gateway, "slow", **{"Idempotency-Key": "slow-1"})

    assert answer.status_code == 504
    assert answer.json()["idempotency_key"] == "slow-1"


def test_a_method_that_the_service_lacks_is_a_fault_of_ours(gateway: Gateway) -> None:
    answer = gateway.client.post(
        "/v1/sweep", json={"as_of": "2026-01-01T00:00:00Z"}, headers=gateway.issuer.headers("admin")
    )

    assert answer.status_code == 500


def test_a_service_that_is_away_is_503(gateway: Gateway) -> None:
    answer = gateway.client.get("/v1/notifications/inbox", headers=gateway.issuer.headers("officer"))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_reads_of_one_moment_share_a_call(gateway: Gateway) -> None:
    headers = gateway.issuer.headers("admin")
    start = threading.Barrier(12)

    def read(found: list[int]) -> None:
        start.wait()
        with httpx.Client(base_url=gateway.url) as client:
            found.extend(client.get(PATH).status_code for _ in range(10))

    before = len(gateway.client.get("/v1/figures", headers=headers).json()["batches"])
    found: list[int] = []
    threads = [threading.Thread(target=read, args=(found,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batches = gateway.client.get("/v1/figures", headers=headers).json()["batches"][before:]

    assert len(found) == sum(batches)
    assert len(batches) < len(found)


def test_the_list_links_to_its_next_page(gateway: Gateway) -> None:
    first = gateway.client.get("/v1/complaints?limit=2")

    second = gateway.client.get(first.links["next"]["url"])

    assert len(first.json()["items"]) == 2
    assert second.json()["next_cursor"] is None
    assert "next" not in second.links
