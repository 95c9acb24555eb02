"""The gateway's own metrics. Labels are route templates and names from code, never anything of a caller."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

http_seconds = Histogram(
    "tanggap_http_seconds",
    "From the request's first byte to the response's last",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
in_flight = Gauge("tanggap_http_in_flight", "Requests being answered now")
intake_total = Counter("tanggap_intake_total", "Events handed to the broker, by outcome", ["type", "outcome"])
link_up = Gauge("tanggap_broker_link_up", "1 while a connection takes messages", ["link"])
rpc_seconds = Histogram(
    "tanggap_rpc_client_seconds",
    "From sealing a request to opening its reply",
    ["method", "outcome"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
ready = Gauge("tanggap_gateway_ready", "1 where a check of the gateway's /readyz holds", ["check"])
catalogue_version = Gauge(
    "tanggap_catalogue_version", "Version of the catalogue that filings are checked against"
)
