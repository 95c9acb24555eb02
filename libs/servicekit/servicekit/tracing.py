"""W3C trace context: through HTTP, RPC and events, and into every log line.

Ids are made and carried always. Spans are recorded only where a deployment installs an OpenTelemetry
SDK and sets a tracer provider; the API alone costs nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

from opentelemetry import trace as otel
from opentelemetry.context import Context

_PATTERN = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_current: ContextVar[TraceContext | None] = ContextVar("tanggap_trace", default=None)
_told: ContextVar[Mapping[str, str]] = ContextVar("tanggap_told", default=MappingProxyType({}))
_tracer = otel.get_tracer("servicekit")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One place in a trace. `str()` is the `traceparent`."""

    trace_id: str
    span_id: str
    flags: str = "01"

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> TraceContext:
        return TraceContext(self.trace_id, secrets.token_hex(8), self.flags)


def parse_traceparent(text: str | None) -> TraceContext | None:
    """The context a peer sent, or None where it is absent or invalid: a bad header never fails a request."""
    match = _PATTERN.match(text or "")
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return None
    return TraceContext(match[1], match[2], match[3])


def new_trace() -> TraceContext:
    digits = secrets.token_hex(24)
    return TraceContext(digits[:32], digits[32:])


def log_fields() -> Mapping[str, str]:
    """What every log line of the running span carries."""
    return _told.get()


def current_traceparent() -> str | None:
    """The running span's `traceparent`, for an event or a call made now."""
    context = _current.get()
    return str(context) if context else None


def span(
    name: str,
    *,
    kind: str = "internal",
    parent: str | None = None,
    links: Iterable[str | None] = (),
    attributes: Mapping[str, str | int] | None = None,
    log: Mapping[str, str] | None = None,
) -> AbstractContextManager[TraceContext]:
    """Run a block as one span: a child of `parent`, of the running span, or the root of a new trace.

    Its ids, and `log`, are on every log line of the block.
    """
    above = parse_traceparent(parent) or _current.get()
    if isinstance(otel.get_tracer_provider(), otel.ProxyTracerProvider):  # no SDK: nothing is recorded
        return _Inside(above.child() if above else new_trace(), log)
    return _recorded(name, kind, above, links, attributes, log)


@contextmanager
def _recorded(
    name: str,
    kind: str,
    above: TraceContext | None,
    links: Iterable[str | None],
    attributes: Mapping[str, str | int] | None,
    log: Mapping[str, str] | None,
) -> Iterator[TraceContext]:
    with _tracer.start_as_current_span(
        name,
        context=_otel_context(above),
        kind=getattr(otel.SpanKind, kind.upper()),
        links=[otel.Link(_otel_span_context(link)) for link in map(parse_traceparent, links) if link],
        attributes=dict(attributes or {}),
        # The text of an exception may quote what somebody wrote; its class may be told.
        record_exception=False,
        set_status_on_exception=False,
    ) as recorded:
        own = _from_otel(recorded, above) or (above.child() if above else new_trace())
        try:
            with _Inside(own, log) as context:
                yield context
        except Exception as error:
            recorded.set_status(otel.StatusCode.ERROR)
            recorded.set_attribute("error.type", type(error).__name__)
            raise


def describe_span(name: str, attributes: Mapping[str, str | int]) -> None:
    """Name the running span anew, once it is known what it is about."""
    running = otel.get_current_span()
    if running.is_recording():
        running.update_name(name)
        running.set_attributes(attributes)


class _Inside(AbstractContextManager[TraceContext]):
    """A block in which this context is the running one."""

    def __init__(self, context: TraceContext, log: Mapping[str, str] | None) -> None:
        self._context = context
        self._log = log or {}

    def __enter__(self) -> TraceContext:
        context = self._context
        fields = {**_told.get(), "trace_id": context.trace_id, "span_id": context.span_id, **self._log}
        self._before = _current.set(context), _told.set(fields)
        return context

    def __exit__(self, *error: object) -> None:
        running, told = self._before
        _told.reset(told)
        _current.reset(running)


def _otel_span_context(context: TraceContext) -> otel.SpanContext:
    flags = otel.TraceFlags(int(context.flags, 16))
    return otel.SpanContext(int(context.trace_id, 16), int(context.span_id, 16), True, flags)


def _otel_context(context: TraceContext | None) -> Context | None:
    if context is None:
        return None
    return otel.set_span_in_context(otel.NonRecordingSpan(_otel_span_context(context)))


def _from_otel(recorded: otel.Span, above: TraceContext | None) -> TraceContext | None:
    made = recorded.get_span_context()
    if not made.is_valid or (above and format(made.span_id, "016x") == above.span_id):
        return None  # no SDK: the API hands the parent back
    flags = format(made.trace_flags, "02x")
    return TraceContext(format(made.trace_id, "032x"), format(made.span_id, "016x"), flags)
