"""Reading YAML with libyaml: the parser in Python is ten times slower, and every process reads at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: str | Path) -> Any:
    """The document of a UTF-8 file, as plain data. Raises OSError or yaml.YAMLError."""
    return parse_yaml(Path(path).read_text(encoding="utf-8"))


def parse_yaml(text: str) -> Any:
    """The document of a text, as plain data. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=yaml.CSafeLoader)  # a safe loader, in C
