"""A file of requests goes through the public interface, survives an interruption, and adds up to the row."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.city import City
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = ROOT / "cities" / "sawahlunto" / "replay" / "requests.csv"
BALTIMORE = ROOT.parent / "shared" / "data" / "baltimore-311.csv"


def replay(stack: Stack, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("tanggap"), "replay", *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.env, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str], seconds: float = 240) -> str:
    output, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, output[-4000:]
    return output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_replay_that_is_cut_short_goes_on_and_doubles_nothing(
    stack: Stack, city: City, tmp_path: Path, number: signal.Signals
) -> None:
    journal = tmp_path / "journal.sqlite"
    # The units' periods stay open: they are those of the other tests too.
    arguments = (
        str(REQUESTS), "--map", "requests", "--limit", "80", "--fresh", "--keep-periods-open",
        "--journal", str(journal),
    )  # fmt: skip
    cut = replay(stack, *arguments)
    time.sleep(3)
    cut.send_signal(number)
    cut.communicate(timeout=60)
    summary = tmp_path / "summary.json"

    resumed = (*(argument for argument in arguments if argument != "--fresh"), "--json", str(summary))
    finished(replay(stack, *resumed))

    assert_adds_up(json.loads(summary.read_text()), rows=80)


@pytest.mark.skipif(not BALTIMORE.exists(), reason="shared/data/baltimore-311.csv is not beside the project")
def test_real_requests_of_another_city_bring_their_catalogue_and_add_up(
    stack: Stack, city: City, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.json"
    journal = tmp_path / "journal.sqlite"

    finished(
        replay(
            stack, str(BALTIMORE), "--map", "baltimore", "--limit", "250",
            "--journal", str(journal), "--json", str(summary),
        )
    )  # fmt: skip

    found = json.loads(summary.read_text())
    assert_adds_up(found, rows=250)
    assert found["surveys"]["answers"]["taken"] > 0
    assert any(unit["ikm"] for unit in found["surveys"]["units"])
    for unit in found["surveys"]["units"]:
        assert unit["ikm"] or "below_minimum_n" in unit["missing"], unit
        assert unit["ikm"] == unit["recomputed"] == unit["evaluation"], unit


def assert_adds_up(summary: dict[str, Any], rows: int) -> None:
    assert summary["read"] == rows
    assert summary["filed"] + sum(summary["refused"].values()) == rows
    assert [check for check in summary["checks"] if check["expected"] != check["found"]] == []
    assert summary["agrees"] is True
