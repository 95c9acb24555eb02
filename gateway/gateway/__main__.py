"""`python -m gateway`: one process, one event loop, one listener."""

from __future__ import annotations

import gc
import signal

import uvicorn

from gateway.app import create_app
from gateway.config import load
from gateway.server import OneWrite
from servicekit import logs
from servicekit.config import exit_on_configuration_error
from servicekit.exporting import export_spans


def main() -> None:
    """Serve until SIGTERM, then finish what is being answered, for 20 s at most."""
    config = exit_on_configuration_error(load)
    logs.configure("gateway", config.log_level)
    flush_spans = exit_on_configuration_error(lambda: export_spans("gateway"))
    app = exit_on_configuration_error(lambda: create_app(config))
    # What is built here lives as long as the process: looking through it again finds no garbage.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    # uvicorn raises the signal again once everything is answered: a graceful end is exit code 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=config.host,
        port=config.port,
        loop="uvloop",
        http=OneWrite,
        ws="none",
        lifespan="on",
        log_config=None,
        # Paths hold codes and secrets: gateway.edge writes its own line.
        access_log=False,
        server_header=False,
        proxy_headers=bool(config.trusted_proxies),
        forwarded_allow_ips=config.trusted_proxies or None,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=20,
    )
    flush_spans()


if __name__ == "__main__":
    main()
