"""`tanggap import staff FILE`: a CSV of staff, with a verdict per row and the differences."""

import csv
import io
import json
import sys
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tanggap import console, settings
from tanggap.client import Gateway
from tanggap.errors import CliError

COLUMNS = (
    "staff_ref",
    "unit",
    "status",
    "position",
    "service_types",
    "rater_ref",
    "superior_ref",
    "competencies",
    "active",
)
REQUIRED = ("staff_ref", "unit", "status")
MOST_ROWS = 50_000
PART_ROWS = 1000
"""So many rows fit into one request, however long their fields are."""
REFUSED = "refused"


@dataclass(frozen=True)
class StaffFile:
    """Rows as they are sent, each with the number of its line in the file."""

    rows: list[dict[str, str]]
    lines: list[int]


def read(content: bytes) -> StaffFile:
    """The rows of a CSV: comma or semicolon, UTF-8 with or without a mark, one header line.

    Raises CliError for what is no such file: another encoding, an unknown or missing column, a row with more
    fields than columns, no rows, too many. What stands in the fields is judged by the service, row by row.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CliError("The file is not UTF-8. Save it as “CSV UTF-8”.") from None
    header = text.partition("\n")[0]
    # Strict, since a quotation mark that is not closed would swallow the rest of the file as one field.
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter=";" if header.count(";") > header.count(",") else ",",
        restkey="",
        restval="",
        strict=True,
    )
    names = [name.strip() for name in reader.fieldnames or ()]
    check_header(names)
    reader.fieldnames = names
    rows, lines = [], []
    try:
        for row in reader:
            if "" in row:
                raise CliError(f"Line {reader.line_num} has more fields than there are columns.")
            if any(value.strip() for value in row.values()):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise CliError(f"Line {reader.line_num} is not valid CSV: {error}.") from error
    if not rows:
        raise CliError("The file has no rows.")
    if len(rows) > MOST_ROWS:
        raise CliError(f"{len(rows)} rows; at most {MOST_ROWS} go into one import.")
    return StaffFile(rows, lines)


def check_header(names: list[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [
        f"{what}: {', '.join(found)}"
        for what, found in (("unknown", unknown), ("missing", missing), ("twice", twice))
        if found
    ]
    if problems:
        raise CliError(f"The columns are wrong ({'; '.join(problems)}). Known: {', '.join(COLUMNS)}.")


def shown(value: Any) -> str:
    """A value of a record for a person: lists by commas, competencies as required/assessed."""
    if value is None or value == [] or value == {}:
        return "-"
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case dict():
            return ", ".join(f"{key} {level(of)}" for key, of in sorted(value.items()))
        case _:
            return str(value)


def level(of: Any) -> str:
    if not isinstance(of, Mapping):
        return str(of)
    assessed = of.get("assessed")
    return f"{of.get('required')}/{'?' if assessed is None else assessed}"


def lines_of(verdicts: list[dict[str, Any]], file: StaffFile) -> list[tuple[str, ...]]:
    """What is shown of an import: a line per difference and per problem, unchanged rows left out."""
    rows: list[tuple[str, ...]] = []
    for verdict in verdicts:
        line = str(file.lines[verdict["row"] - 1])
        head = (line, verdict["staff_ref"] or "-", verdict["verdict"])
        for problem in verdict["problems"]:
            rows.append((*head, problem["pointer"].lstrip("/") or "-", "", problem["message"]))
        for name, (old, new) in verdict["changes"].items():
            rows.append((*head, name, "" if verdict["verdict"] == "new" else shown(old), shown(new)))
    return rows


def imported(gateway: Gateway, rows: list[dict[str, str]], *, dry_run: bool) -> dict[str, Any]:
    """Send rows in parts that a request can hold; the verdicts of all of them, numbered through.

    A person who is in an earlier part already is refused here, as the service does within one part.
    """
    verdicts: list[dict[str, Any]] = []
    seen: set[str] = set()
    for start in range(0, len(rows), PART_ROWS):
        numbers = range(start, min(start + PART_ROWS, len(rows)))
        sent = [number for number in numbers if rows[number]["staff_ref"].strip() not in seen]
        body = {"rows": [rows[number] for number in sent], "dry_run": dry_run}
        answer = gateway.call("POST", "/v1/evaluation/staff/import", body, key=str(uuid.uuid4()))
        verdicts += [{**one, "row": sent[one["row"] - 1] + 1} for one in answer["verdicts"]]
        verdicts += [twice(number + 1, rows[number]["staff_ref"]) for number in numbers if number not in sent]
        seen |= {rows[number]["staff_ref"].strip() for number in sent}
    verdicts.sort(key=lambda verdict: verdict["row"])
    found = Counter(verdict["verdict"] for verdict in verdicts)
    counts = {name: found[name] for name in ("new", "changed", "unchanged", REFUSED)}
    return {"dry_run": dry_run, "counts": counts, "verdicts": verdicts}


def twice(row: int, staff_ref: str) -> dict[str, Any]:
    problem = {
        "pointer": "/staff_ref",
        "code": "twice",
        "message": "This person is in an earlier row already.",
    }
    return {"row": row, "staff_ref": staff_ref, "verdict": REFUSED, "problems": [problem], "changes": {}}


@click.group("import")
def import_() -> None:
    """Take over records from files of other systems."""


@import_.command("staff")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the verdicts and the differences, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def staff(file: Path, dry_run: bool, as_json: bool) -> None:
    """Import staff from the CSV FILE: new and changed rows are stored, refused ones leave the others alone.

    \b
    staff_ref,unit,status,position,service_types,rater_ref,superior_ref,competencies,active
    dukcapil-1,dukcapil,asn_pns,Pengadministrasi,document,dukcapil-kepala,sekda-1,melayani=3/2,ya

    Several service types and competencies are separated by semicolons; a competency is its required level
    and, behind a stroke, the one assessed. No names: staff are known by an opaque reference. The status is
    1 when a row was refused.
    """
    read_file = read(file.read_bytes())
    known = settings.load()
    with Gateway(known.url, known.token("hr")) as gateway:
        result = imported(gateway, read_file.rows, dry_run=dry_run)
    counts = result["counts"]
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        summary = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        what = "would be" if dry_run else "imported"
        title = f"{file.name}: {len(read_file.rows)} rows {what}: {summary}"
        heads = ("line", "staff_ref", "verdict", "field", "before", "now")
        console.table(heads, lines_of(result["verdicts"], read_file), title=title)
    sys.exit(1 if counts.get(REFUSED) else 0)
