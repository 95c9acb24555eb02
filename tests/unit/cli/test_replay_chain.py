"""The reconciliation of a replay's surveys over four databases finds every difference."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tanggap.journal import Journal
from tanggap.replay.chain import Chain, PeriodHeld
from tanggap.replay.holdings import Holdings, is_asked
from tanggap.replay.summary import Account, reconcile, show

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
CLOSED = PeriodHeld(
    unit="dpupr", period="2026-Q4", state="closed", accepted=12, waiting=0, released=12, held=0, refused={},
    n=12, n_shown="12", ikm="80.56", band="B", missing=(), recomputed="80.56",
    evaluation_n_shown="12", evaluation_ikm="80.56",
)  # fmt: skip
SMALL = PeriodHeld(
    unit="dlh", period="2026-Q4", state="closed", accepted=3, waiting=0, released=3, held=0, refused={},
    n=3, n_shown="<10", ikm=None, band=None, missing=("below_minimum_n",), recomputed=None,
    evaluation_n_shown="<10", evaluation_ikm=None,
)  # fmt: skip
CHAIN = Chain(
    closures=24,
    heard=24,
    facts=24,
    should_invite=20,
    invited=20,
    outcomes=Counter({"invited": 20, "skipped": 3, "revoked": 1}),
    open=5,
    people=20,
    people_told=20,
    mails=Counter({"sent": 20}),
    mailed_people=20,
    periods=(CLOSED, SMALL),
)


def held(chain: Chain, unpublished: int = 0) -> Holdings:
    return Holdings(
        states={}, sent=Counter(), noted=Counter(), quiet=Counter(), pending=0, doubled=0,
        unpublished=unpublished, emails_sent=0, mails=0, chain=chain,
    )  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal")
    journal.begin("inputs", NOW)
    journal.note("links", "20")
    for number in range(15):
        journal.note(f"answer/r{number}", "taken")
    return journal


def failed(account: Account) -> list[str]:
    return [check.what for check in account.checks if not check.agrees]


def test_what_agrees_in_all_four_databases_reconciles(journal: Journal) -> None:
    assert failed(reconcile([], journal, held(CHAIN))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heard": 23}, "surveys heard of"),
        ({"facts": 23}, "evaluation's facts"),
        ({"invited": 19}, "closed cases to ask about"),
        ({"people_told": 19}, "people in notifications"),
        ({"open": 6}, "invitations used"),
        ({"mailed_people": 21}, "links found in mails"),
        ({"periods": (replace(CLOSED, released=11, n=11), SMALL)}, "answers accepted"),
        ({"periods": (replace(CLOSED, n=11), SMALL)}, "recomputed and in evaluation"),
        ({"periods": (replace(CLOSED, recomputed="80.55"), SMALL)}, "recomputed and in evaluation"),
        ({"periods": (replace(CLOSED, evaluation_ikm="80.55"), SMALL)}, "recomputed and in evaluation"),
        ({"periods": (CLOSED, replace(SMALL, evaluation_n_shown=None))}, "recomputed and in evaluation"),
    ],
)
def test_every_difference_between_the_databases_is_found(
    journal: Journal, change: dict[str, Any], words: str
) -> None:
    account = reconcile([], journal, held(replace(CHAIN, **change)))

    assert any(words in what for what in failed(account))
    assert not account.agrees


def test_an_event_left_in_any_outbox_does_not_reconcile(journal: Journal) -> None:
    assert failed(reconcile([], journal, held(CHAIN, unpublished=1))) == [
        "events still in an outbox of the four databases"
    ]


def test_an_answer_that_surveys_refused_after_it_was_taken_is_accounted_for(journal: Journal) -> None:
    late = replace(SMALL, refused={"period_closed": 1})

    account = reconcile([], journal, held(replace(CHAIN, open=6, periods=(CLOSED, late))))

    assert failed(account) == []


def test_closures_in_a_period_that_was_closed_before_invite_nobody_and_reconcile(journal: Journal) -> None:
    outcomes = Counter({"invited": 20, "skipped": 3, "revoked": 1, "period_over": 4})

    chain = replace(CHAIN, should_invite=24, too_late=4, outcomes=outcomes, closures=28, heard=28, facts=28)

    assert failed(reconcile([], journal, held(chain))) == []


def test_a_period_that_stays_open_has_no_index_to_compare(journal: Journal) -> None:
    still_open = replace(
        CLOSED, state="open", waiting=5, released=7, n=None, n_shown=None, ikm=None, recomputed=None,
        evaluation_n_shown=None, evaluation_ikm=None,
    )  # fmt: skip

    account = reconcile([], journal, held(replace(CHAIN, periods=(still_open, SMALL))))

    assert failed(account) == []
    assert account.surveys["units"][0]["missing"] == ["period_open"]


def test_the_summary_shows_an_index_or_why_there_is_none(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    show(reconcile([], journal, held(CHAIN)))

    printed = capsys.readouterr().out
    assert "dpupr\t2026-Q4\t12\t80.56\tB" in printed
    assert "dlh\t2026-Q4\t<10\tbelow_minimum_n\t-" in printed
    assert "answers taken\t15" in printed


def test_what_is_still_on_its_way_is_waited_for() -> None:
    assert CHAIN.unsettled == 0
    assert replace(CHAIN, facts=20).unsettled == 4
    assert replace(CHAIN, mails=Counter({"sent": 18, "queued": 2})).unsettled == 2
    assert replace(CHAIN, periods=(replace(CLOSED, evaluation_n_shown=None),)).unsettled == 1


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({}, True),
        ({"status": "resolved"}, False),
        ({"contact_ref": None}, False),
        ({"confidential": True}, False),
        ({"inspectorate": True}, False),
        ({"outcome": None}, False),
        ({"reason": "unreachable"}, False),
        ({"reason": "info_not_provided"}, False),
    ],
)
def test_who_is_to_be_asked_follows_from_the_case(change: dict[str, Any], asked: bool) -> None:
    case = {
        "status": "closed", "contact_ref": "c", "confidential": False, "inspectorate": False,
        "outcome": "granted", "reason": "confirmed",
    }  # fmt: skip

    assert is_asked(case | change) is asked
