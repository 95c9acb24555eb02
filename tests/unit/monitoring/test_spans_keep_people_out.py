import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from servicekit import tracing
from servicekit.errors import ConfigurationError
from servicekit.exporting import ENDPOINTS, export_spans
from servicekit.tracing import describe_span, new_trace, span


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans of this test alone: a provider that is set for the process stays for all tests after it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(tracing.otel, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def test_an_exception_leaves_its_class_and_never_its_text(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), span("work"):
        raise ValueError("marked-text-of-a-person")

    (told,) = exported.get_finished_spans()
    assert told.status.status_code is StatusCode.ERROR
    assert told.attributes == {"error.type": "ValueError"}
    assert "marked-text" not in told.to_json()


def test_a_recorded_span_continues_its_parents_trace_and_links_others(exported: InMemorySpanExporter) -> None:
    parent, other = new_trace(), new_trace()

    with span("work", parent=str(parent), links=[str(other), None]) as context:
        describe_span("POST /v1/complaints", {"http.route": "/v1/complaints"})

    (told,) = exported.get_finished_spans()
    assert told.name == "POST /v1/complaints"
    assert format(told.context.span_id, "016x") == context.span_id
    assert format(told.context.trace_id, "032x") == context.trace_id == parent.trace_id
    assert [format(link.context.trace_id, "032x") for link in told.links] == [other.trace_id]


def test_nothing_is_exported_where_no_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    before = tracing.otel.get_tracer_provider()

    export_spans("complaints")()

    assert tracing.otel.get_tracer_provider() is before


def test_a_collector_without_the_means_to_reach_it_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(ConfigurationError, match="tracing"):
        export_spans("complaints")
