"""`tanggap publish`: events from files, repeated under their ids until each has a verdict."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tanggap.departments import publishing
from tanggap.errors import CliError, GatewayError

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
EVENT = {"type": "service.delivered.v1", "subject": "v-1", "data": {"visit_ref": "v-1"}}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(EVENT),
        json.dumps([EVENT]),
        json.dumps(EVENT, indent=2),
        f"{json.dumps(EVENT)}\n\n",
    ],
)
def test_one_event_is_read_however_it_is_written(content: str) -> None:
    assert publishing.read(content) == [EVENT]


def test_a_line_an_event_is_read_too() -> None:
    assert publishing.read(f"{json.dumps(EVENT)}\n{json.dumps(EVENT)}\n") == [EVENT, EVENT]


@pytest.mark.parametrize("content", ["", "[]", "[1]", '{"a": 1}\nx', '"x"'])
def test_what_holds_no_events_is_refused(content: str) -> None:
    with pytest.raises(CliError):
        publishing.read(content)


def test_what_is_missing_is_filled_in_with_an_id_that_follows_from_the_content() -> None:
    first = publishing.completed(EVENT, "antrian", AT)

    assert first["source"] == "/departments/antrian"
    assert publishing.completed(EVENT, "antrian", datetime.now(UTC))["id"] == first["id"]
    assert publishing.completed({**EVENT, "subject": "v-2"}, "antrian", AT)["id"] != first["id"]
    assert publishing.completed({**EVENT, "id": "mine"}, "antrian", AT)["id"] == "mine"


def client(answer: Callable[[list[dict[str, Any]]], httpx.Response]) -> httpx.Client:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == publishing.BATCH_TYPE
        return answer(json.loads(request.content))

    return httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(handle))


def verdicts(events: list[dict[str, Any]], status: str = "accepted") -> httpx.Response:
    return httpx.Response(200, json={"items": [{"id": e["id"], "status": status} for e in events]})


def events(count: int) -> list[dict[str, Any]]:
    return [{"id": str(n)} for n in range(count)]


def test_many_events_go_in_batches_and_every_one_has_its_verdict() -> None:
    sizes: list[int] = []

    def answer(batch: list[dict[str, Any]]) -> httpx.Response:
        sizes.append(len(batch))
        return verdicts(batch)

    found = publishing.send(client(answer), events(250))

    assert sizes == [100, 100, 50]
    assert [one["id"] for one in found] == [str(n) for n in range(250)]


def test_only_what_is_not_sure_is_sent_again() -> None:
    sent: list[list[str]] = []

    def answer(batch: list[dict[str, Any]]) -> httpx.Response:
        sent.append([event["id"] for event in batch])
        if len(sent) == 1:
            raise httpx.ReadTimeout("gone")
        if len(sent) == 2:
            items = [{"id": e["id"], "status": "unavailable" if e["id"] == "1" else "refused"} for e in batch]
            return httpx.Response(200, json={"items": items})
        return verdicts(batch)

    found = publishing.send(client(answer), events(3), sleep=lambda _: None)

    assert sent == [["0", "1", "2"], ["0", "1", "2"], ["1"]]
    assert [one["status"] for one in found] == ["refused", "accepted", "refused"]


def test_an_outage_that_lasts_is_told_as_such() -> None:
    found = publishing.send(
        client(lambda batch: verdicts(batch, "unavailable")), events(1), patience=0, sleep=lambda _: None
    )

    assert found[0]["status"] == "unavailable"


def test_a_key_that_is_not_accepted_is_an_error() -> None:
    with pytest.raises(GatewayError, match="401"):
        publishing.send(
            client(lambda _: httpx.Response(401, json={"title": "Kunci tidak dikenal"})), events(1)
        )


def test_a_refusal_is_told_with_its_places() -> None:
    problem = {
        "title": "Not yours",
        "errors": [{"pointer": "/data/unit", "code": "other_unit", "detail": "Only dukcapil."}],
    }

    assert publishing.why({"problem": problem}) == "Not yours; /data/unit other_unit: Only dukcapil."
    assert publishing.why({}) == ""
