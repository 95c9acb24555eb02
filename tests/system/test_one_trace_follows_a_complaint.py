"""One complaint across HTTP, RPC, events and mail, as a collector of OpenTelemetry sees it.

The city is one of its own, since exporting is off everywhere else.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.city import RELEASED, City, pothole
from support.waiting import eventually
from tanggap import issuer
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ("gateway", "complaints", "notifications", "surveys", "evaluation")


@dataclass(frozen=True)
class Span:
    service: str
    name: str
    trace: bytes
    links: frozenset[bytes]


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.spans: list[Span] = []
        self.bodies: list[bytes] = []

    def take(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    links = frozenset(link.trace_id for link in span.links)
                    self.spans.append(Span(named["service.name"], span.name, span.trace_id, links))

    def of(self, name: str) -> set[tuple[str, str]]:
        """What belongs to the newest gateway span of this name: its trace, and batches that link to it."""
        traces = [span.trace for span in self.spans if (span.service, span.name) == ("gateway", name)]
        if not traces:
            return set()
        found = [s for s in self.spans if s.trace == traces[-1] or traces[-1] in s.links]
        return {(span.service, span.name) for span in found}


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="module")
def traced(collector: Collector) -> Iterator[City]:
    exporting = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "NO_PROXY": "127.0.0.1",
    }
    stack = Stack(ROOT / ".local" / "test-tracing", overrides=dict.fromkeys(PROCESSES, exporting))
    stack.destroy()
    stack.up()

    def token(role: str, unit: str | None = None, ref: str | None = None) -> str:
        return issuer.token(stack.layout.issuer_key, sub=ref or f"{role}-kota", roles=[role], unit=unit)

    try:
        city = City(stack.env["TANGGAP_URL"], token, stack.layout.mail)
        city.load(ROOT / "cities" / "sawahlunto")
        yield city
    finally:
        stack.destroy()


def seen(collector: Collector, name: str, wanted: set[tuple[str, str]]) -> bool:
    missing = wanted - collector.of(name)
    assert missing == set()
    return True


def test_a_filing_and_an_action_are_followed_through_every_process_to_their_mails(
    traced: City, collector: Collector
) -> None:
    address = f"pelapor-{uuid.uuid4().hex[:12]}@example.invalid"
    reporter = {"name": "Ibu Contoh Bertanda", "email": address, "language": "id"}
    receipt = traced.filed(pothole(reporter=reporter))
    eventually(lambda: len(traced.mails(address)) == 1, within=20)

    traced.acted(receipt["tracking_code"], "verify", RELEASED, role="coordinator")
    eventually(lambda: len(traced.mails(address)) == 2, within=20)

    filing = {
        ("gateway", "POST /v1/complaints"),
        ("complaints", "on_submitted process"),
        ("notifications", "on_case_event process"),
        ("notifications", "mail send"),
    }
    eventually(lambda: seen(collector, "POST /v1/complaints", filing))
    action = {
        ("gateway", "POST /v1/complaints/{code}/{action}"),
        ("complaints", "act process"),
        ("notifications", "on_case_event process"),
        ("notifications", "mail send"),
    }
    eventually(lambda: seen(collector, "POST /v1/complaints/{code}/{action}", action))

    exported = b"".join(collector.bodies)
    telling = [address, "Bertanda", receipt["secret"], receipt["tracking_code"], pothole()["title"]]
    assert [text for text in telling if text.encode() in exported] == []
