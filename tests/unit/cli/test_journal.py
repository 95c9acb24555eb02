import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tanggap.errors import CliError
from tanggap.journal import Journal, StepRecord

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def begun(file: Path, inputs: str = "a") -> Journal:
    journal = Journal(file)
    journal.begin(inputs, NOW)
    return journal


def test_a_journal_that_is_opened_again_keeps_its_run_and_its_keys(tmp_path: Path) -> None:
    first = begun(tmp_path / "j")
    key = first.key("row-1", 2, 1)
    first.filed("row-1", "7K3M-9QXD-4TRW-H", "secret")
    first.close()

    again = begun(tmp_path / "j")

    assert again.key("row-1", 2, 1) == key
    assert again.started_at == NOW.isoformat()
    assert again.filings()["row-1"].code == "7K3M-9QXD-4TRW-H"


def test_two_replays_of_one_file_have_different_keys(tmp_path: Path) -> None:
    assert begun(tmp_path / "a").key("row-1") != begun(tmp_path / "b").key("row-1")


def test_changed_inputs_are_not_continued(tmp_path: Path) -> None:
    begun(tmp_path / "j", "a").close()

    with pytest.raises(CliError, match="--fresh"):
        begun(tmp_path / "j", "b")


def test_a_refusal_is_remembered_and_needs_no_action(tmp_path: Path) -> None:
    journal = begun(tmp_path / "j")

    journal.refused("row-1", ["/location outside"])

    filing = journal.filings()["row-1"]
    assert (filing.code, filing.refusal, filing.settled) == (None, ["/location outside"], True)


def test_a_step_that_was_sent_is_known_after_a_crash(tmp_path: Path) -> None:
    journal = begun(tmp_path / "j")
    journal.step("row-1", StepRecord(1, 1, 4, "dpupr", "sent", None))

    again = begun(tmp_path / "j")

    assert again.steps("row-1") == {1: StepRecord(1, 1, 4, "dpupr", "sent", None)}


def test_only_its_owner_reads_a_journal(tmp_path: Path) -> None:
    journal = begun(tmp_path / "j")

    assert stat.S_IMODE(journal.file.stat().st_mode) == 0o600


def test_what_was_noted_survives_and_is_found_by_its_prefix(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal")
    first.note("answer/r1", "taken")
    first.note("answer/r2", "taken")
    first.note("answer/r2", "refused")
    first.note("other")
    first.close()

    again = Journal(tmp_path / "journal")

    assert again.noted("other") == ""
    assert again.noted("absent") is None
    assert again.notes("answer/") == {"r1": "taken", "r2": "refused"}
