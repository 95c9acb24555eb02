"""Every shell block of the README runs, in order, in one shell, and says what the README says it says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from support.city import City
from tanggap.local import Stack

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
END = "=== end of block"


def blocks() -> list[str]:
    return [match.group(1) for match in BLOCK.finditer(README)]


def run(stack: Stack, script: list[str]) -> list[str]:
    """What each block printed. A block that fails ends the run, as it would end a newcomer's patience."""
    local = stack.layout.env
    commands = "set -euo pipefail\n" + "".join(
        f"{block.replace('. .local/env', f'. {local}')}\necho '{END}'\n" for block in script
    )
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=ROOT,
        env={**os.environ, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout.split(END)


def test_a_newcomer_can_type_every_block_of_the_readme(stack: Stack, city: City) -> None:
    """`city` has loaded the catalogue, as `make up` does."""
    printed = run(stack, blocks())

    everything = "\n".join(printed)
    assert '"tracking_code"' in everything
    assert re.search(r"^verified ", everything, re.MULTILINE)
    assert re.search(r"^resolved ", everything, re.MULTILINE)
    assert "ibu.contoh@example.invalid" in everything
    assert '"status": "closed"' in everything
    assert '"closed_by": "reporter"' in everything
    assert "300" in everything


def test_every_file_and_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for path in re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(
        r"`((?:tests|cities|docs)/[^`<]*)`", README
    ):
        assert (ROOT / path).exists(), path
    for target in set(re.findall(r"\bmake ([a-z]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
