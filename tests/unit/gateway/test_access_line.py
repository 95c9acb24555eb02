"""The one line that each request leaves behind."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from unit.gateway.harness import App, filing

from servicekit import logs
from servicekit.tracing import span


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The process's output, configured as the process configures it."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    logs.configure("gateway", "INFO")
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)  # the test's own client tells of paths
    yield output
    root.handlers[:], root.level = handlers, level
    structlog.configure(**before)


def test_a_request_leaves_one_line_with_its_ids_and_nothing_of_the_filing(printed: io.StringIO) -> None:
    app = App()

    answer = app.post("/v1/complaints", json=filing(reporter={"email": "siti@example.invalid"}))

    (line,) = [json.loads(text) for text in printed.getvalue().splitlines()]
    assert (line["msg"], line["method"], line["route"], line["status"]) == (
        "request", "POST", "/v1/complaints", 202,
    )  # fmt: skip
    assert line["request_id"] == answer.headers["x-request-id"]
    assert len(line["trace_id"]) == 32
    assert "siti" not in printed.getvalue()


@pytest.mark.parametrize("path", ["/lacak/7K3M9QXD4TRWH/abcdefghjkmnpqrstvwxyz0123", "/081234567890"])
def test_a_path_is_never_in_it(printed: io.StringIO, path: str) -> None:
    App().get(path)

    assert path.rpartition("/")[2] not in printed.getvalue()


def test_it_has_the_shape_of_every_other_line(printed: io.StringIO) -> None:
    with span("told", log={"request_id": "r"}):
        logs.get_logger("shape").info("said", count=1)
        logs.CodeLog("shape").info("said", count=1)

    ordinary, cheap = [json.loads(text) for text in printed.getvalue().splitlines()]
    assert list(ordinary) == list(cheap)
    assert len(ordinary.pop("ts")) == len(cheap.pop("ts"))
    assert ordinary == cheap


def test_a_level_silences_it(printed: io.StringIO) -> None:
    logging.getLogger().setLevel(logging.WARNING)

    App().get("/v1/services")

    assert printed.getvalue() == ""


def test_an_output_that_is_gone_fails_no_request(printed: io.StringIO) -> None:
    printed.close()

    assert App().get("/v1/services").status_code == 200
