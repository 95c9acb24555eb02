from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notifications.config import read_config
from notifications.domain.delivery import State
from notifications.events import outcome_event
from notifications.incoming import (
    Unreadable,
    age,
    case_of,
    check,
    contact_from_filing,
    name_row,
    submitted_contact,
)
from servicekit.contracts import Contracts
from servicekit.errors import ConfigurationError
from servicekit.ids import uuid7
from servicekit.sealing import generate_key
from servicekit.testing import make_event
from servicekit.topology import Topology

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Contracts.load(ROOT / "contracts")
NOW = datetime.now(UTC)


@pytest.mark.parametrize("type_", [t for t, owner in SCHEMAS.owners.items() if owner == "complaints"])
def test_every_example_that_we_consume_is_read(type_: str) -> None:
    for example in SCHEMAS.examples(type_):
        event = make_event(type_, {**example, "a_field_of_tomorrow": 1})
        if type_.startswith("complaint."):
            assert case_of(event) == example["complaint_id"]
        else:
            assert name_row(event)["name"]["id"]


def test_every_example_of_a_contact_is_read() -> None:
    for example in SCHEMAS.examples("contact.submitted.v1"):
        row = submitted_contact(
            make_event("contact.submitted.v1", {**example, "roles": [*example["roles"], "king", ["hr"]]})
        )
        assert (row.ref, row.audience) == (example["contact_ref"], example["audience"])
        assert "king" not in row.roles


def test_a_filing_brings_its_contact_and_other_events_do_not() -> None:
    example = SCHEMAS.examples("complaint.filed.v1")[0]

    assert contact_from_filing(make_event("complaint.filed.v1", example)) is not None
    assert contact_from_filing(make_event("complaint.filed.v1", {**example, "contact_sealed": None})) is None
    assert contact_from_filing(make_event("complaint.verified.v1", example)) is None


@pytest.mark.parametrize("data", [{}, {"complaint_id": 5}, {"complaint_id": "A", "contact_ref": {"a": 1}}])
def test_an_event_without_a_case_is_unreadable(data: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        case_of(make_event("complaint.verified.v1", data))


CONSUMED = sorted(
    type_
    for handler in ("on_survey_event", "on_evaluation_event")
    for type_ in Topology.load(ROOT / "contracts").consumer("notifications", handler).types
)


@pytest.mark.parametrize("type_", CONSUMED)
def test_every_example_of_the_chain_is_read_without_a_case(type_: str) -> None:
    for example in SCHEMAS.examples(type_):
        event = make_event(type_, {**example, "a_field_of_tomorrow": 1})
        check(event)
        assert "complaint_id" not in event.data


@pytest.mark.parametrize(
    ("type_", "changes", "reason"),
    [
        ("survey.invited.v1", {"token_path": "//evil.example/x"}, "invalid_token_path"),
        ("survey.invited.v1", {"token_path": "/survei/abc?x=1"}, "invalid_token_path"),
        ("survey.invited.v1", {"token_path": None}, "invalid_token_path"),
        ("survey.invited.v1", {"contact_ref": {"$ne": 1}}, "invalid_contact_ref"),
        ("evaluation.opened.v1", {"rater_ref": ["a"]}, "invalid_rater_ref"),
        ("event.rejected.v1", {"department": None}, "missing_refusal"),
        ("event.rejected.v1", {"message": "text"}, "missing_refusal"),
    ],
)
def test_an_event_of_the_chain_that_is_none_is_unreadable(
    type_: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        check(make_event(type_, SCHEMAS.examples(type_)[0] | changes))


@pytest.mark.parametrize(
    "data", [{}, {"contact_ref": "a"}, {"contact_ref": "a", "contact_sealed": "s", "audience": "x"}]
)
def test_a_contact_without_its_parts_is_unreadable(data: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        submitted_contact(make_event("contact.submitted.v1", data))


def test_the_age_of_an_event_that_travels_in_time_is_that_of_its_id() -> None:
    sample = make_event(time=NOW - timedelta(days=40), id=uuid7())
    old = make_event(time=NOW - timedelta(days=40), id="not-a-uuid")

    assert age(sample, NOW) < timedelta(minutes=1)
    assert age(old, NOW) == timedelta(days=40)


def intent(**changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "_id": "019abd3c-6000-7d11-9c51-0b6f2f1f5a03-0123456789ab",
        "event_id": "019abd3c-6000-7d11-9c51-0b6f2f1f5a03",
        "event_type": "complaint.filed.v1",
        "complaint_id": "7K3M9QXD4TRWH",
        "rule": "receipt",
        "template": "receipt",
        "template_version": 1,
        "channel": "email",
        "audience": "reporter",
        "recipient_ref": "ref",
        "attempt": 1,
        "reason": None,
        "announce": True,
    }
    return {**parts, **changes}


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (State.SENT, {}),
        (State.DELIVERED, {"channel": "inbox", "audience": "staff"}),
        (State.SKIPPED, {"reason": "contact_missing", "template_version": None, "recipient_ref": None}),
        (State.PERMANENT_FAILURE, {"code": "550 5.1.1"}),
        (State.TEMPORARY_FAILURE, {"code": "451"}),
        (State.TECHNICAL_FAILURE, {"code": None}),
        (State.EXPIRED, {"code": "x" * 60}),
    ],
)
def test_every_outcome_we_publish_keeps_its_contract(state: State, changes: dict[str, Any]) -> None:
    event = outcome_event(intent(**changes), state, NOW)

    assert event is not None
    SCHEMAS.validate(event)
    assert event.causationid == "019abd3c-6000-7d11-9c51-0b6f2f1f5a03"


@pytest.mark.parametrize(
    "state", [State.QUEUED, State.SENDING, State.ACCEPTED, State.SCHEDULED, State.CANCELLED]
)
def test_what_is_no_outcome_is_not_published(state: State) -> None:
    assert outcome_event(intent(), state, NOW) is None


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.SKIPPED, State.PERMANENT_FAILURE])
def test_a_message_about_no_case_is_never_announced_whatever_its_rule_says(state: State) -> None:
    quiet = intent(complaint_id=None, event_type="survey.invited.v1", subject="i", reason="suppressed")

    assert outcome_event(quiet, state, NOW) is None


def test_a_rule_may_keep_its_outcomes_quiet() -> None:
    assert outcome_event(intent(announce=False), State.SENT, NOW) is None


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    settings = {
        "TANGGAP_PROFILE": "development",
        "TANGGAP_AMQP_URL": "amqp://x",
        "TANGGAP_MONGODB_URL": "mongodb://x/notifications",
        "TANGGAP_CONTRACTS_DIR": str(ROOT / "contracts"),
        "TANGGAP_SEAL_KEYS_NOTIFICATIONS": generate_key("k1"),
        "TANGGAP_CITY_DIR": str(ROOT / "cities" / "sawahlunto"),
        "TANGGAP_MAIL_FROM": "Tanggap <tanggap@kota.example>",
        "TANGGAP_SMTP_HOST": "127.0.0.1",
        "TANGGAP_SMTP_STARTTLS": "never",
        "TANGGAP_NOTIFICATIONS_MODE": "live",
        "TANGGAP_PUBLIC_URL": "http://127.0.0.1:8080/",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_complete_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    config = read_config()

    assert config.public_url == "http://127.0.0.1:8080"
    assert config.style.domain == "kota.example"
    assert "k1" not in repr(config.seal_keys)


def test_the_sandbox_is_what_nobody_chose(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("TANGGAP_NOTIFICATIONS_MODE")
    environment.delenv("TANGGAP_SMTP_HOST")

    assert read_config().mode == "sandbox"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TANGGAP_MAIL_FROM": "nobody"}, "TANGGAP_MAIL_FROM"),
        ({"TANGGAP_SMTP_HOST": ""}, "TANGGAP_SMTP_HOST"),
        ({"TANGGAP_PROFILE": "production"}, "TANGGAP_SMTP_STARTTLS"),
        ({"TANGGAP_CITY_DIR": "/nowhere"}, "TANGGAP_CITY_DIR"),
        ({"TANGGAP_MAIL_KEEP_DAYS": "400"}, "TANGGAP_MAIL_KEEP_DAYS"),
        ({"TANGGAP_NOTIFICATIONS_MODE": "loud"}, "TANGGAP_NOTIFICATIONS_MODE"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    for name, value in changes.items():
        environment.setenv(name, value)

    with pytest.raises(ConfigurationError, match=named):
        read_config()
