"""Runs one service in this process: configuration, logs, signals, a bounded stop, an exit code.

A service's `__main__` patches first, and imports the rest afterwards:

    import eventlet
    eventlet.monkey_patch()
    from servicekit.host import run_service
    from complaints.service import ComplaintsService
    run_service(ComplaintsService)

Exit codes: 0 after a graceful stop, 1 after a failure or a stop that took too long, 2 for configuration.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any, NoReturn

import eventlet
import eventlet.debug
from eventlet.event import Event as GreenEvent
from nameko.containers import ServiceContainer

from servicekit import logs
from servicekit.config import ServiceConfig, exit_on_configuration_error, read_service_config
from servicekit.errors import ConfigurationError
from servicekit.exporting import export_spans
from servicekit.health import Health

log = logs.get_logger(__name__)


def nameko_config(config: ServiceConfig) -> dict[str, Any]:
    """What a container needs to know. Tests build containers with it too."""
    return {"AMQP_URI": config.amqp_url, "max_workers": config.max_workers, "TANGGAP": config}


def run_service(service_cls: type, config: ServiceConfig | None = None) -> NoReturn:
    """Run until SIGTERM or SIGINT, or until the container fails. Does not return."""
    name = service_cls.name  # type: ignore[attr-defined]  # what makes a class a Nameko service
    config = config or exit_on_configuration_error(lambda: read_service_config(name))
    logs.configure(config.service, config.log_level)
    flush_spans = exit_on_configuration_error(lambda: export_spans(config.service))
    # The hub would print tracebacks with their texts; whoever waits for a greenlet gets its error.
    eventlet.debug.hub_exceptions(False)
    stopped = GreenEvent()
    try:
        container = ServiceContainer(service_cls, nameko_config(config))
    except ConfigurationError as error:
        _exit(2, error)

    def begin_stop(signum: int, frame: Any) -> None:
        # A signal handler runs inside the hub, where nothing may wait.
        if not stopped.ready():
            eventlet.spawn_n(_stop, container, starting, config.drain_seconds)

    starting = eventlet.spawn(_start, container)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, begin_stop)
    waiting = eventlet.spawn(_wait, container, starting)
    try:
        failure = waiting.wait()
    finally:
        if not stopped.ready():
            stopped.send(True)
    flush_spans()
    if failure is None:
        log.info("stopped")
        _flush_and_exit(0)
    _exit(2 if isinstance(failure, ConfigurationError) else 1, failure)


def _start(container: ServiceContainer) -> None:
    container.start()
    health = _health(container)
    log.info("started", health_port=health.port if health else None)


def _wait(container: ServiceContainer, starting: Any) -> BaseException | None:
    """The container's end: None if it was stopped, else what killed it."""
    try:
        starting.wait()
        container.wait()
    except Exception as error:
        return error
    return None


def _stop(container: ServiceContainer, starting: Any, seconds: float) -> None:
    log.info("stopping")
    health = _health(container)
    if health is not None:
        health.drain()
    try:
        with eventlet.Timeout(seconds):
            starting.wait()
            container.stop()
    except eventlet.Timeout:
        log.error("did not stop in time", drain_seconds=seconds)
        _flush_and_exit(1)


def _health(container: ServiceContainer) -> Health | None:
    found: Health | None = container.shared_extensions.get(Health)
    return found


def _exit(code: int, error: BaseException) -> NoReturn:
    if isinstance(error, ConfigurationError):
        log.critical("configuration", error=logs.describe(error))
    else:
        log.critical("service failed", exc_info=error)
    _flush_and_exit(code)


def _flush_and_exit(code: int) -> NoReturn:
    # Greenlets of libraries must not keep a finished process alive.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
