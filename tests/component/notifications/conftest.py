import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from component.notifications.world import (
    CITY,
    CONTRACTS,
    KEYS,
    NAMES,
    PUBLIC_URL,
    RING,
    SCHEMAS,
    SmtpServer,
    World,
)

from notifications.config import NotificationsConfig
from notifications.service import prepare
from notifications.wiring import build
from servicekit.ids import FrozenClock
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.topology import Topology
from support.database import TestDatabase


@pytest.fixture
def database(emptied_database: Any) -> Any:
    return emptied_database


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[SmtpServer]:
    server = SmtpServer(tmp_path / "mails.jsonl")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mongo(database: TestDatabase) -> Iterator[MongoHandle]:
    handle = MongoHandle(database.url, service="notifications")
    prepare(handle)
    Outbox(handle.database).ensure_indexes()
    handle.prepared.set()
    yield handle
    handle.client.close()


@pytest.fixture
def world_of(mongo: MongoHandle, database: TestDatabase, smtp: SmtpServer) -> Callable[..., World]:
    """Another process of the same service: shares the database and the mail server, nothing else."""

    def make(**changes: Any) -> World:
        clock = changes.pop("clock", None) or FrozenClock(datetime.now(UTC))
        config = NotificationsConfig(
            **{
                "service": "notifications",
                "profile": "development",
                "amqp_url": "amqp://unused",
                "mongodb_url": database.url,
                "contracts_dir": CONTRACTS,
                "seal_keys": RING,
                "city_dir": CITY,
                "public_url": PUBLIC_URL,
                "mode": "live",
                "mail_from": "Tanggap Sawahlunto <tanggap@sawahlunto.example>",
                "smtp_host": "127.0.0.1",
                "smtp_port": smtp.port,
                "smtp_starttls": "never",
                "smtp_timeout_seconds": 2.0,
                **changes,
            }
        )
        outbox = Outbox(mongo.database, "notifications", Topology.load(CONTRACTS), SCHEMAS)
        return World(mongo, config, clock, outbox, build(config, mongo, outbox, clock))

    return make


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = world_of()
    made.app.cities.load()
    made.app.registry.on_catalogue_changed(list(NAMES))
    return made


@pytest.fixture
def service_process(
    vhost: Any, database: TestDatabase, smtp: SmtpServer, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `python -m notifications` against real servers; whatever still runs is killed afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**changes: str) -> subprocess.Popen[bytes]:
        env = {
            **os.environ,
            "TANGGAP_PROFILE": "development",
            "TANGGAP_AMQP_URL": vhost.url("notifications"),
            "TANGGAP_BROKER_USER_PREFIX": vhost.prefix,
            "TANGGAP_MONGODB_URL": database.url,
            "TANGGAP_CONTRACTS_DIR": str(CONTRACTS),
            "TANGGAP_CHECK_CONTRACTS": "1",
            "TANGGAP_SEAL_KEYS_NOTIFICATIONS": KEYS,
            "TANGGAP_CITY_DIR": str(CITY),
            "TANGGAP_PUBLIC_URL": PUBLIC_URL,
            "TANGGAP_NOTIFICATIONS_MODE": "live",
            "TANGGAP_MAIL_FROM": "Tanggap Sawahlunto <tanggap@sawahlunto.example>",
            "TANGGAP_SMTP_HOST": "127.0.0.1",
            "TANGGAP_SMTP_PORT": str(smtp.port),
            "TANGGAP_SMTP_STARTTLS": "never",
            "TANGGAP_SMTP_CONNECTIONS": "1",
            **changes,
        }
        log_path = tmp_path / f"service-{len(started)}.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(  # our own module
                [sys.executable, "-m", "notifications"], env=env, stdout=log, stderr=subprocess.STDOUT
            )
        process.log_path = log_path  # type: ignore[attr-defined]  # for the test to read
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)
