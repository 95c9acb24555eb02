"""`tanggap doctor`."""

import json
import sys
from collections import Counter
from dataclasses import asdict

import click

from tanggap import console, settings
from tanggap.doctor.findings import ACT, OK, UNKNOWN, Finding, exit_code
from tanggap.doctor.looking import look

MARKS = {OK: "ok  ", ACT: "ACT ", UNKNOWN: "?   "}
SUMMARY = {
    0: "Healthy.",
    1: "There is something to do.",
    2: "Nothing wrong was found, but not everything could be seen.",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--quiet", is_flag=True, help="Only what needs somebody.")
def doctor(as_json: bool, quiet: bool) -> None:
    """Look at broker, queues, dead letters, databases, outboxes, timers, processes and clocks.

    Every finding is one line: what it means, and after the arrow the command that is next. Changes nothing.
    The status is 0 when all is healthy, 1 when there is something to do, 2 when it cannot tell.
    """
    known = settings.load()
    with console.err.status("looking") as status:
        found = look(known, lambda part: status.update(f"looking at the {part}"))
    code = exit_code(found)
    if as_json:
        document = {"status": code, "findings": [asdict(finding) for finding in found]}
        click.echo(json.dumps(document, indent=1))
    else:
        for finding in found:
            if not (quiet and finding.state == OK):
                click.echo(line(finding))
        counted = Counter(finding.state for finding in found)
        click.echo(
            f"{SUMMARY[code]} {counted[ACT]} to do, {counted[UNKNOWN]} unknown, {counted[OK]} in order."
        )
    sys.exit(code)


def line(finding: Finding) -> str:
    arrow = f" → {finding.run}" if finding.run else ""
    return f"{MARKS[finding.state]} {finding.check}: {finding.says}{arrow}"
