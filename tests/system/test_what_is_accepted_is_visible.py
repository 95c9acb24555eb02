"""Whatever was answered with 202 is a case that somebody sees."""

from __future__ import annotations

import copy
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from support.city import City, pothole
from support.waiting import eventually
from tanggap.city import bundle as city_bundle

CITY = Path(__file__).resolve().parents[2] / "cities" / "sawahlunto"

LONG_TEXT = ("Jalan di depan rumah rusak sejak hujan bulan lalu, mohon diperbaiki segera. " * 120)[:8500]


def strange(number: int) -> dict[str, Any]:
    return pothole(
        description=LONG_TEXT if number % 3 == 0 else f"Laporan nomor {number}.",
        attributes={
            "lebar_kerusakan": "besar",
            f"tidak_dikenal_{number}": "nilai apa saja",
            "warna": ["merah", "biru"][number % 2],
        },
    )


def test_a_thousand_filings_with_unknown_attributes_and_long_texts_while_the_catalogue_changes(
    city: City,
) -> None:
    admin = city.bearer("admin")
    bundle = city_bundle(CITY)
    changed = copy.deepcopy(bundle)
    for service in changed["services"]:
        if service["code"] == "jalan-rusak":
            service["attributes"] = []
            service["name"]["id"] = "Lubang di jalan"
    stop = threading.Event()

    def change_the_catalogue() -> None:
        versions = [changed, bundle]
        while not stop.is_set():
            version = versions[0]
            versions.reverse()
            assert city.client.put("/v1/catalogue/sawahlunto", json=version, headers=admin).status_code == 200
            time.sleep(0.5)

    changer = threading.Thread(target=change_the_catalogue)
    changer.start()
    try:
        responses = city.file_many([strange(number) for number in range(1000)])
    finally:
        stop.set()
        changer.join(10)
        restored = city.client.put("/v1/catalogue/sawahlunto", json=bundle, headers=admin)
        assert restored.status_code == 200

    accepted = [response.json() for response in responses if response.status_code == 202]
    assert len(accepted) == 1000

    def reasons_to_look_at_it(receipt: dict[str, str]) -> list[str]:
        def stored() -> httpx.Response | None:
            answer = city.get_case(receipt["tracking_code"], role="coordinator")
            return answer if answer.status_code == 200 else None

        answer = eventually(stored, within=60)
        assert answer is not None
        return list(answer.json()["review_reasons"])

    with ThreadPoolExecutor(8) as pool:
        reasons = list(pool.map(reasons_to_look_at_it, accepted))
    assert [reason for reason in reasons if "attribute_unknown" not in reason] == []


def test_a_refused_filing_names_the_field_and_leaves_nothing(city: City) -> None:
    marked = f"ditolak{uuid.uuid4().hex[:8]}"
    cases = {
        "/service_code": pothole(service_code="tidak-ada", title=marked),
        "/description": pothole(description="", title=marked),
        "/location/lat": pothole(location={"lat": 99, "lon": 100.7}, title=marked),
        "/location": pothole(location={"lat": -6.2, "lon": 106.8}, title=marked),
        "/reporter/email": pothole(reporter={"email": "bukan-surel"}, title=marked),
        "/reporter/phone": pothole(reporter={"phone": "12"}, title=marked),
        "/received_at": pothole(received_at="2026-01-01T00:00:00+07:00", title=marked),
        "/surprise": pothole(surprise=1, title=marked),
    }

    for pointer, body in cases.items():
        response = city.file(body)
        assert response.status_code == 422, (pointer, response.text)
        assert response.headers["content-type"].startswith("application/problem+json")
        assert pointer in [error["pointer"] for error in response.json()["errors"]], response.text
    listed = city.client.get(
        "/v1/complaints", params={"text": marked}, headers=city.bearer("coordinator")
    ).json()
    assert listed["items"] == []
