from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tanggap.journal import Journal, StepRecord
from tanggap.replay.holdings import Holdings, message_ids
from tanggap.replay.plan import Course, Row
from tanggap.replay.summary import Account, reconcile

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ROWS = [
    Row(number, f"r{number}", {}, None, False, Course(final, ()), None, None)
    for number, final in enumerate(["closed", "filed", "filed"], start=1)
]
HELD = Holdings(
    states={"AAAABBBBCCCCD": "closed", "EEEEFFFFGGGGH": "filed"},
    sent=Counter({"email sent": 2}),
    noted=Counter({"email sent": 2}),
    quiet=Counter(),
    pending=0,
    doubled=0,
    unpublished=0,
    emails_sent=2,
    mails=2,
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal")
    journal.begin("inputs", NOW)
    journal.filed("r1", "AAAA-BBBB-CCCC-D", "s")
    journal.filed("r2", "EEEE-FFFF-GGGG-H", "s")
    journal.refused("r3", ["/location outside_boundary"])
    return journal


def failed(account: Account) -> list[str]:
    return [check.what for check in account.checks if not check.agrees]


def test_what_agrees_everywhere_reconciles(journal: Journal) -> None:
    account = reconcile(ROWS, journal, HELD)

    assert failed(account) == []
    assert account.refused == {"/location outside_boundary": 1}
    assert account.states == {"closed": {"meant": 1, "held": 1}, "filed": {"meant": 1, "held": 1}}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"states": {"AAAABBBBCCCCD": "closed"}}, "filed = cases that complaints holds from this replay"),
        ({"states": HELD.states | {"X": "filed"}}, "filed = cases that complaints holds from this replay"),
        ({"states": HELD.states | {"AAAABBBBCCCCD": "resolved"}}, "cases in the state that their row means"),
        ({"pending": 1}, "messages not yet at their end"),
        ({"doubled": 1}, "messages doubled (same event, rule, recipient and channel)"),
        ({"noted": Counter({"email sent": 1})}, "messages with the same outcome in the cases' timelines"),
        (
            {"noted": Counter({"email sent": 1, "email failed": 1})},
            "messages with the same outcome in the cases' timelines",
        ),
        ({"mails": 3}, "e-mails sent = e-mails in the local sink"),
    ],
)
def test_every_difference_is_found(journal: Journal, change: dict[str, Any], check: str) -> None:
    account = reconcile(ROWS, journal, replace(HELD, **change))

    assert check in failed(account)
    assert not account.agrees


def test_a_refused_action_is_shown_with_its_row(journal: Journal) -> None:
    journal.step("r2", StepRecord(1, 1, 1, None, "refused", "verify: 403 Forbidden"))

    account = reconcile(ROWS, journal, HELD)

    assert failed(account) == ["actions refused"]
    assert "row 2, action 1: verify: 403 Forbidden" in account.differences


def test_a_row_without_an_answer_does_not_reconcile(journal: Journal) -> None:
    more = [*ROWS, replace(ROWS[0], number=4, key="r4")]

    assert "rows read = filed + refused" in failed(reconcile(more, journal, HELD))


def test_mails_are_recognised_by_their_message_id(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(
        b"Subject: x\r\nMessage-ID: <id-1@city>\r\n\r\nMessage-ID: <no@city>\r\n"
    )
    (tmp_path / "new" / "2").write_bytes(b"Message-Id: <id-2@city>\n\ntext\n")

    assert sorted(message_ids(tmp_path)) == ["id-1", "id-2"]
