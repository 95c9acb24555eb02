"""What operators did to messages, and why: one JSON line each."""

import getpass
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tanggap.errors import CliError
from tanggap.settings import Settings


def write(known: Settings, action: str, **facts: Any) -> None:
    """Write one line to standard error and to TANGGAP_OPERATOR_LOG or the installation's log folder.

    Raises CliError when that file cannot be written: what is not logged is not done.
    """
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "who": who(), "action": action, **facts})
    sys.stderr.write(line + "\n")
    named = known.values.get("TANGGAP_OPERATOR_LOG")
    file = Path(named) if named else known.layout.log / "operator.log" if known.layout else None
    if file is None:
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as log:
            log.write(line + "\n")
    except OSError as error:
        raise CliError(f"{file} cannot be written ({error.strerror}), so nothing was done.") from None


def who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user has a number and no name.
        return str(os.getuid())
