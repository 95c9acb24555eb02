"""Spans to a collector over OTLP/HTTP, where a deployment asks for it; off by default.

OpenTelemetry's own variables steer it: OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT) turns it on,
OTEL_TRACES_SAMPLER and the others do what they do everywhere. gRPC and eventlet do not mix, so HTTP it is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from opentelemetry import trace

from servicekit.errors import ConfigurationError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FLUSH_SECONDS = 5.0


def export_spans(service: str) -> Callable[[], None]:
    """Start exporting if the environment names a collector; returns what sends the rest, within 5 seconds.

    A collector that is away costs spans, and nothing else. Raises ConfigurationError where one is named and
    the extra `tracing` is not installed. To be called once, after monkey-patching.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError(f"{ENDPOINTS[0]}: needs tanggap-servicekit[tracing]") from None
    # The process ends its own way, with a deadline.
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    def flush() -> None:
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(FLUSH_SECONDS)

    return flush
