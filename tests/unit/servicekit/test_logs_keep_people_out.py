import io
import json
import logging
import sys

import pytest
import structlog

from servicekit import logs, tracing


@pytest.fixture
def lines(monkeypatch):
    """What the process would print, as parsed lines."""
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("keeper", "INFO")
    yield lambda: [json.loads(line) for line in printed.getvalue().splitlines()]
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def test_a_line_says_when_who_and_what(lines):
    logs.get_logger("keeper.store").info("thing kept", thing_id="t-1", count=2)

    (line,) = lines()
    assert line["msg"] == "thing kept"
    assert (line["service"], line["level"], line["logger"]) == ("keeper", "info", "keeper.store")
    assert (line["thing_id"], line["count"]) == ("t-1", 2)
    assert line["ts"].endswith("Z")


def test_known_fields_are_dropped_at_any_depth(lines):
    logs.get_logger("x").info("kept", email="a@b.id", rows=[{"name": "Budi", "n": 1}], more={"phone": "0812"})

    (line,) = lines()
    assert line["rows"] == [{"n": 1}]
    assert line["more"] == {}
    assert "Budi" not in str(line)


@pytest.mark.parametrize(
    "personal",
    ["siti.r@example.co.id", "081234567890", "+62 812-3456-7890", "62812 3456 789", "1371012345670001"],
)
def test_addresses_phones_and_identity_numbers_are_masked_anywhere(lines, personal):
    logs.get_logger("x").warning("said %s", personal, why=f"call {personal} now")
    logging.getLogger("library").error("said %s", personal)

    assert personal not in str(lines())
    assert len(lines()) == 2


def test_ids_and_numbers_are_left_alone(lines):
    logs.get_logger("x").info("kept", event_id="019abc12-0812-7345-8678-901234567890", count=81234567890)

    (line,) = lines()
    assert line["event_id"] == "019abc12-0812-7345-8678-901234567890"
    assert line["count"] == 81234567890


def test_a_foreign_exception_is_named_but_not_quoted(lines):
    try:
        {}["Budi Santoso"]
    except KeyError:
        logs.get_logger("x").exception("failed")

    (line,) = lines()
    assert line["error"] == "KeyError"
    assert "Budi" not in str(line)
    assert any("test_logs_keep_people_out" in frame for frame in line["stack"])


def test_a_connection_error_is_quoted_without_its_password(lines):
    try:
        raise ConnectionRefusedError("amqp://keeper:hunter2@broker refused")
    except ConnectionRefusedError:
        logs.get_logger("x").exception("failed")

    (line,) = lines()
    assert "broker refused" in line["error"]
    assert "hunter2" not in str(line)


def test_kombu_and_nameko_do_not_quote_what_they_choked_on(lines):
    logging.getLogger("kombu").critical("Can't decode message body: %r (type:%r)", "Budi", "json")
    try:
        raise ValueError("Budi")
    except ValueError:
        logging.getLogger("nameko.containers").exception("error handling worker %s: %s", "w", "Budi")

    assert len(lines()) == 2
    assert "Budi" not in str(lines())


def test_every_line_of_a_span_carries_its_trace(lines):
    with tracing.span(
        "work", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01", log={"correlation_id": "c-1"}
    ):
        logs.get_logger("x").info("inside")
    logs.get_logger("x").info("outside")

    inside, outside = lines()
    assert inside["trace_id"] == "a" * 32
    assert inside["span_id"] != "b" * 16
    assert inside["correlation_id"] == "c-1"
    assert "trace_id" not in outside
