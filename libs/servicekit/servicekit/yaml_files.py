"""Reading YAML with libyaml: the parser in Python is ten times slower, and every process reads at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: str | Path) -> Any:
    """The document of a UTF-8 file, as plain data. Raises OSError or yaml.YAMLError."""
    # A safe loader, in C.
    return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
