"""JSON log lines on stdout, with correlation and trace ids, and a second net against personal data.

The first net is not to log it. The second drops fields by name, masks addresses, phone and identity
numbers by pattern, and keeps the text of foreign exceptions out: they quote what they choked on.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from servicekit.errors import KitError
from servicekit.tracing import log_fields

PERSONAL_FIELDS = frozenset(
    """name full_name email phone nik address title text body description comment message_body reporter
    contact secret token password passwd authorization cookie key url link args kwargs payload data""".split()
)
_MASKS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "<email>"),
    (re.compile(r"(?<!\d)\d{16}(?!\d)"), "<nik>"),
    (re.compile(r"(?<![\w-])(?:\+?62|0)[ -]?8\d{1,3}[ -]?\d{3,4}[ -]?\d{3,5}(?![\w-])"), "<phone>"),
    (re.compile(r"(\w+://[^\s:/@]+:)[^\s@]+@"), r"\1<password>@"),
)
# Texts of these say what happened to a connection, not what was in a document.
_QUOTABLE = (KitError, OSError)
_QUOTABLE_NAMES = {"ServerSelectionTimeoutError", "AutoReconnect", "NotPrimaryError", "NetworkTimeout"}


def get_logger(name: str) -> Any:
    return structlog.stdlib.get_logger(name)


class CodeLog:
    """INFO lines whose every field comes from code, for what is told of each request.

    They look like all other lines and have the same ids. They cost a fraction, because nothing in them
    can be anybody's: the second net is not cast. Never hand it a text that came from outside. They
    leave the process with the next line of another logger, or with `flush`.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, msg: str, **fields: str | int | float) -> None:
        if not self._logger.isEnabledFor(logging.INFO):
            return
        for handler in logging.root.handlers:
            if isinstance(handler, _LineHandler):
                handler.write_line(self._logger.name, msg, fields)

    def flush(self) -> None:
        """Write out what waits. An output that is gone stops nobody."""
        for handler in logging.root.handlers:
            try:
                handler.flush()
            except (OSError, ValueError):
                continue


class _LineHandler(logging.StreamHandler[Any]):
    """The process's one output."""

    def __init__(self, stream: Any, stamp: Mapping[str, str]) -> None:
        super().__init__(stream)
        self._stamp = stamp

    def write_line(self, logger: str, msg: str, fields: Mapping[str, str | int | float]) -> None:
        line = {
            **fields,
            **log_fields(),
            "level": "info",
            "logger": logger,
            "ts": datetime.now(UTC),
            **self._stamp,
            "msg": msg,
        }
        text = orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()
        self.acquire()
        try:
            self.stream.write(text)
        except (OSError, ValueError):  # a line that cannot be written stops nobody's request
            pass
        finally:
            self.release()


def configure(service: str, level: str = "INFO", version: str = "") -> None:
    """Send structlog and the standard library's loggers to stdout as JSON lines."""

    stamp = {"service": service, **({"version": version} if version else {})}

    def stamped(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.update(stamp)
        return event

    shared: list[Any] = [
        _with_log_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        stamped,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _LineHandler(sys.stdout, stamp)
    handler.addFilter(_without_quotes)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                describe_exception,
                drop_personal,
                structlog.processors.EventRenamer("msg"),
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("amqp", "kombu", "nameko", "pymongo", "eventlet.wsgi"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _with_log_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in log_fields().items():
        event.setdefault(name, value)
    return event


def drop_personal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The second net: drop known field names, mask known patterns, at any depth."""
    cleaned: dict[str, Any] = _clean(event)
    return cleaned


def describe_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the class and the stack, with the text only where it cannot quote data."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if error is not None:
        event["error"] = describe(error)
        frames = traceback.extract_tb(error.__traceback__)
        event["stack"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def describe(error: BaseException) -> str:
    """The class of an error, and its text where that cannot quote data."""
    kind = type(error)
    if isinstance(error, _QUOTABLE) or kind.__name__ in _QUOTABLE_NAMES or kind.__module__.startswith("amqp"):
        return f"{kind.__name__}: {error}"
    return kind.__name__


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, replacement in _MASKS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return {k: _clean(v) for k, v in value.items() if k not in PERSONAL_FIELDS}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return value


def _without_quotes(record: logging.LogRecord) -> bool:
    # kombu logs the raw body it could not decode; Nameko formats the exception into its message.
    if record.name.startswith("kombu") and "decode" in str(record.msg).lower():
        record.msg, record.args, record.exc_info = "message body could not be decoded", (), None
    elif record.name.startswith("nameko") and record.exc_info:
        record.msg, record.args = "nameko: " + str(record.msg).split("%s")[0].strip(" :`"), ()
    return True


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
