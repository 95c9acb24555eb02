"""A newcomer's first hour: a fresh copy of the repository, and every shell block of the README in order.

Left out are the targets that would run this test again (`make test`, `make check`, `make bench`, in a block
of their own), and the replay of 10,000 rows, of which `test_replay.py` sends a part.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = ("TANGGAP_", "AMQP_", "MONGODB_")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Path]:
    """A copy of what the repository holds, uncommitted changes included, and nothing that was installed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    )
    copy = tmp_path / "tanggap"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    yield copy
    subprocess.run(["make", "down"], cwd=copy, check=True, capture_output=True, timeout=120)


def type_in(directory: Path, commands: list[str], seconds: float) -> str:
    """What one shell printed. A block that fails ends it, as it would end a newcomer's patience."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    shell = subprocess.Popen(
        ["bash", "-c", "set -euo pipefail\n" + "\n".join(commands)],
        cwd=directory,
        env=environment | {"TERM": "dumb", "TANGGAP_PORT": str(free_port())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = shell.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        raise
    assert shell.returncode == 0, printed[-6000:]
    return printed


@pytest.mark.timeout(900)
def test_a_newcomer_can_type_every_block_of_the_readme(newcomer: Path) -> None:
    printed = type_in(newcomer, BLOCK.findall(README), seconds=800)

    assert "Tanggap is running" in printed
    assert '"tracking_code"' in printed
    assert re.search(r"^verified ", printed, re.MULTILINE)
    assert re.search(r"^resolved ", printed, re.MULTILINE)
    assert "ibu.contoh@example.invalid" in printed
    assert '"status": "closed"' in printed
    assert '"closed_by": "reporter"' in printed
    assert "300 rows read" in printed


def test_every_file_and_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for path in re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(
        r"`((?:tests|cities|docs)/[^`<]*)`", README
    ):
        assert (ROOT / path).exists(), path
    for target in set(re.findall(r"\bmake ([a-z]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
