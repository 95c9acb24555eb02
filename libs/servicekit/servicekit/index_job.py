"""Makes a service's collections and indexes: `python -m servicekit.index_job keeper.service:Keeper`.

At every deployment, before the service starts, as often as you like; nothing is ever deleted. It takes as
long as it takes: an index over many documents is built while the older version goes on. A service with
TANGGAP_INDEXES=await makes none itself. TANGGAP_MONGODB_URL is that of the service.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import time
from collections.abc import Callable

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from servicekit.config import Settings, exit_on_configuration_error
from servicekit.errors import ConfigurationError
from servicekit.inbox import Inbox
from servicekit.mongo import Mongo, MongoHandle, is_weather
from servicekit.outbox import Outbox

WAIT_SECONDS = 60.0

Preparation = Callable[[MongoHandle], None]


def preparations(service_cls: type) -> list[Preparation]:
    """All that the service makes at its start: its own, and the kit's."""
    own = [one.preparation for _, one in inspect.getmembers(service_cls) if isinstance(one, Mongo)]
    return [
        *filter(None, own),
        lambda handle: Inbox(handle.database).ensure_indexes(),
        lambda handle: Outbox(handle.database).ensure_indexes(),
    ]


def run(service_cls: type, mongodb_url: str, seconds: float = WAIT_SECONDS) -> None:
    """Make what is missing. Raises PyMongoError when the server refuses, or is away for too long."""
    deadline = time.monotonic() + seconds
    handle = MongoHandle(mongodb_url, service=f"{service_cls.__name__} indexes")
    with handle.client:
        for prepare in preparations(service_cls):
            while True:
                try:
                    with pymongo.timeout(None):
                        prepare(handle)
                    break
                except PyMongoError as error:
                    if not is_weather(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(1)


def found(name: str) -> type:
    """The class that `module:Class` names."""
    module, _, attribute = name.partition(":")
    try:
        service_cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{name}: no such service is installed here") from error
    if not isinstance(service_cls, type):
        raise ConfigurationError(f"{name}: is no class")
    return service_cls


def main() -> None:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m servicekit.index_job MODULE:CLASS\n")
        raise SystemExit(2)
    settings = Settings()
    url = settings.text("TANGGAP_MONGODB_URL", "mongodb://user:password@host:27017/database?replicaSet=rs0")
    exit_on_configuration_error(settings.check)
    service_cls = exit_on_configuration_error(lambda: found(sys.argv[1]))
    try:
        exit_on_configuration_error(lambda: run(service_cls, url))
    except PyMongoError as error:
        # The text of an error may repeat a document.
        code = error.code if isinstance(error, OperationFailure) else ""
        sys.stderr.write(f"indexes of {sys.argv[1]}: {type(error).__name__} {code}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"indexes of {sys.argv[1]} are in place\n")


if __name__ == "__main__":
    main()
