"""Prometheus metrics of the kit. One process, one registry; labels are names from code, never data."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_AGE = (0.05, 0.1, 0.3, 1, 3, 10, 60, 300, 3600, 86400)

handler_seconds = Histogram(
    "tanggap_handler_seconds",
    "Time of one handler call",
    ["service", "handler", "outcome"],
    buckets=_LATENCY,
)
handlers_in_flight = Gauge("tanggap_handlers_in_flight", "Handler calls running now", ["service"])
event_age_seconds = Histogram(
    "tanggap_event_age_seconds", "From occurred to handled", ["service", "type"], buckets=_AGE
)
outbox_pending = Gauge("tanggap_outbox_pending", "Events stored and not yet published", ["service"])
outbox_parked = Gauge("tanggap_outbox_parked", "Events the broker refused; somebody must look", ["service"])
outbox_oldest_seconds = Gauge("tanggap_outbox_oldest_seconds", "Age of the oldest unsent event", ["service"])
relay_blocked = Gauge("tanggap_relay_blocked", "1 while the broker blocks publishers", ["service"])
relay_confirm_seconds = Histogram(
    "tanggap_relay_confirm_seconds", "From publish to the last confirm", ["service"], buckets=_LATENCY
)
relay_published_total = Counter(
    "tanggap_relay_published_total", "Publish results by outcome", ["service", "outcome"]
)
queue_messages = Gauge(
    "tanggap_queue_messages",
    "Messages that wait in a handler's work queue, or lie in its dead-letter queue",
    ["service", "handler", "queue"],
)
batch_held_seconds = Gauge(
    "tanggap_batch_held_seconds",
    "How long the batch in hand has been held; 0 without one",
    ["service", "handler"],
)
inbox_duplicates_total = Counter(
    "tanggap_inbox_duplicates_total", "Events dropped because their effect is stored", ["service", "type"]
)
dead_letters_total = Counter("tanggap_dead_letters_total", "Events dead-lettered", ["service", "reason"])
retries_total = Counter("tanggap_retries_total", "Events sent to a retry queue", ["service", "handler"])
events_refused_total = Counter(
    "tanggap_events_refused_total", "Events of external publishers that were refused", ["service", "reason"]
)
rpc_seconds = Histogram(
    "tanggap_rpc_seconds", "Time of one RPC call", ["service", "method", "outcome"], buckets=_LATENCY
)
timer_seconds = Histogram(
    "tanggap_timer_seconds", "Time of one timer run", ["service", "timer", "outcome"], buckets=_LATENCY
)
timer_last_success = Gauge(
    "tanggap_timer_last_success_timestamp_seconds",
    "When a timer last ran through on this replica; before that, when the process started",
    ["service", "timer"],
)
timer_interval = Gauge("tanggap_timer_interval_seconds", "How often a timer should run", ["service", "timer"])
ready = Gauge("tanggap_ready", "1 where a check of /readyz holds", ["service", "check"])
