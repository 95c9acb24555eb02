"""Tables as CSV: read as people save them, written so that no spreadsheet runs them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.messages import field_error
from gateway.problems import Problem

MOST_BYTES = 1024 * 1024
MOST_ROWS = 1000
_MOST_COLUMNS = 60
_CELL_MAX = 5000
# A cell that begins like this is a formula to a spreadsheet; so is one behind a tab or a line's end.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and the rows below it; each row with its number in the file, the header being 1."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read(content: bytes, language: str) -> Table:
    """A table in UTF-8, with or without byte order mark, separated by commas, semicolons or tabs.

    Blank rows count and are left out. Raises Problem invalid-input, which names the encoding it found, for
    what cannot be read as a whole, is longer than 1,000 rows, or has no header.
    """
    text = _decoded(content, language)
    if not text.strip():
        raise _refused("empty_file", language)
    separator = _separator(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    table: list[tuple[int, tuple[str, ...]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if len(cells) > _MOST_COLUMNS or any(len(cell) > _CELL_MAX for cell in cells):
                raise csv.Error("too large")
            if any(cell.strip() for cell in cells):
                table.append((number, tuple(cell.strip() for cell in cells)))
            if len(table) > MOST_ROWS + 1:
                raise _refused("too_many_rows", language, max=MOST_ROWS)
    except csv.Error:
        raise _refused("not_csv", language, line=reader.line_num) from None
    if not table:
        raise _refused("empty_file", language)
    (_, header), *rows = table
    return Table(tuple(name.lower() for name in header), tuple(rows))


def objects(table: Table, language: str) -> list[dict[str, str]]:
    """The rows as objects by the header's names. Raises Problem invalid-input for a row longer than it."""
    long = [number for number, cells in table.rows if len(cells) > len(table.header)]
    if long:
        errors = [field_error(f"/{number}", "too_many_cells", language) for number in long[:50]]
        raise Problem("invalid-input", errors=errors)
    return [dict(zip(table.header, cells, strict=False)) for _, cells in table.rows]


def _decoded(content: bytes, language: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refused("utf16", language)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("not_utf8", language, line=content.count(b"\n", 0, error.start) + 1) from None
    if "\x00" in text:
        raise _refused("not_csv", language, line=text.count("\n", 0, text.index("\x00")) + 1)
    return text


def _separator(line: str) -> str:
    """The one that the header has most of; a table of one column has none."""
    return max(",;\t", key=line.count)


def _refused(code: str, language: str, **details: object) -> Problem:
    return Problem("invalid-input", errors=[field_error("", code, language, **details)])


def write(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table for spreadsheets: byte order mark, commas, CRLF, and no cell that is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([_cell(value) for value in row])
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA) and not _is_number(text):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit() and text[0] == "-"


def result(result: Mapping[str, Any], language: str) -> str:
    """A survey's result: one line an element in list order, the index last. What is not shown is empty."""
    unit, period = result.get("unit"), result.get("period")
    rows = [
        [unit, period, item["key"], item.get("name"), item.get("n"), item.get("sum"), item.get("nrr"),
         item.get("nrr_x25"), item.get("band")]
        for item in result.get("elements") or ()
    ]  # fmt: skip
    whole = "IKM" if language != "en" else "Index (IKM)"
    rows.append(
        [unit, period, "ikm", whole, result.get("n_shown"), None, None, result.get("ikm"), result.get("band")]
    )
    return write(("unit", "period", "element", "name", "n", "sum", "nrr", "nrr_x25", "band"), rows)


def ledger(ledger: Mapping[str, Any], language: str) -> str:
    """A ledger of learning hours: one line an entry, the verified hours last."""
    names = (
        "entry_id", "form", "title", "organiser", "start", "end", "jp", "rule_version", "status",
        "overlaps", "evidence_ref",
    )  # fmt: skip
    staff_ref, year = ledger.get("staff_ref"), ledger.get("year")
    rows = [[staff_ref, year, *(entry.get(name) for name in names)] for entry in ledger.get("entries") or ()]
    total = "Verified" if language == "en" else "Terverifikasi"
    whole = {"title": total, "jp": ledger.get("verified_jp")}
    rows.append([staff_ref, year, *(whole.get(name) for name in names)])
    return write(("staff_ref", "year", *names), rows)
