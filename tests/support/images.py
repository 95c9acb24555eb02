"""What deploy/images and docker-compose.yml say, read as data."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "deploy" / "images"
SERVICES = ("complaints", "notifications", "surveys", "evaluation")
PROCESSES = (*SERVICES, "gateway")


@dataclass
class Stage:
    """One `FROM … AS name` of the Dockerfile."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)


def stages() -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    text = re.sub(r"^\s*#.*\n", "", (IMAGES / "Dockerfile").read_text(), flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(name, base)
        elif word and found:
            stage.instructions.append((word, rest.strip()))
    return found


def inherited(target: str, word: str) -> list[str]:
    """The arguments of every such instruction that holds for an image, those of its bases first."""
    every, chain = stages(), []
    while target in every:
        chain.append(every[target])
        target = every[target].base
    return [rest for stage in reversed(chain) for name, rest in stage.instructions if name == word]


def environment(target: str) -> dict[str, str]:
    pairs = [part for line in inherited(target, "ENV") for part in shlex.split(line)]
    return dict(pair.split("=", 1) for pair in pairs)


def command(target: str) -> list[str]:
    """What the image starts, which is written so that no shell stands before it."""
    started: list[str] = json.loads(inherited(target, "CMD")[-1])
    return started


def compose(*files: str, **variables: str) -> dict[str, Any]:
    """The services and all else as Compose itself understands these files."""
    program = Path(sys.executable).with_name("docker-compose")
    arguments = [part for file in files or ("docker-compose.yml",) for part in ("-f", file)]
    done = subprocess.run(
        [str(program), *arguments, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rendered: dict[str, Any] = json.loads(done.stdout)
    return rendered
