"""Paper questionnaires as CSV: every row judged by itself, the good ones made durable."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway import csv_files, survey_answers
from gateway.intake import NotConfirmed
from gateway.messages import field_error
from gateway.problems import FieldError, Problem
from gateway.questionnaires import Questionnaire
from gateway.shapes import clean, parse_day
from gateway.survey_answers import COMMENT_MAX, SCORES, Circumstances

VERDICTS = ("accepted", "refused", "unavailable")
ORDERS = ("list", "question")
AT_ONCE = 50
_NUMBERED = re.compile(r"u([1-9]\d?)")
_INDONESIAN = "%d/%m/%Y"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, the answer they make, and what is wrong with them."""

    number: int
    cells: dict[str, str]
    answer: dict[str, Any]
    errors: tuple[FieldError, ...]


def digest(content: bytes) -> str:
    """The batch's name when it came with none: the same file has the same."""
    return hashlib.sha256(content).hexdigest()[:32]


def read(content: bytes, order: str | None, around: Circumstances) -> list[Row]:
    """The rows of a file.

    The header has every element of the questionnaire by its key, or by number as U1 … with `order` named;
    beside them date, the respondent's questions, service_code and comment, each optional. Raises Problem
    invalid-input for a header that says anything else, and as `csv_files.read` does.
    """
    language = around.caller.language
    table = csv_files.read(content, language)
    columns = _columns(table.header, order, around.questionnaire, language)
    return [_row(number, cells, columns, around) for number, cells in table.rows]


async def publish_all(
    rows: Sequence[Row], publish: Callable[[Row], Awaitable[None]], language: str
) -> list[dict[str, Any]]:
    """Publish the good rows, at most 50 at once; a verdict for every row, in the file's order."""
    room = asyncio.Semaphore(AT_ONCE)

    async def judged(row: Row) -> dict[str, Any]:
        if row.errors:
            return _verdict(row, "refused", row.errors)
        async with room:
            try:
                await publish(row)
            except NotConfirmed:
                return _verdict(row, "unavailable", (field_error("", "not_confirmed", language),))
        return _verdict(row, "accepted", ())

    return list(await asyncio.gather(*(judged(row) for row in rows)))


def _verdict(row: Row, verdict: str, errors: Sequence[FieldError]) -> dict[str, Any]:
    problems = [{"pointer": e.pointer, "code": e.code, "message": e.detail} for e in errors]
    return {"row": row.number, "verdict": verdict, "problems": problems}


def _columns(
    header: Sequence[str], order: str | None, questionnaire: Questionnaire, language: str
) -> tuple[str, ...]:
    """The header with numbered elements by their keys."""
    listed = questionnaire.elements if order == "question" else questionnaire.listed
    numbered = [name for name in header if _NUMBERED.fullmatch(name)]
    if numbered and any(name in questionnaire.elements for name in header):
        raise _refused([("", "mixed_columns")], language)
    if numbered and order is None:
        # The regulation's list and its questionnaire number two of the elements differently.
        raise _refused([("/query/order", "order_required")], language)
    named = tuple(_named(name, listed) for name in header)
    others = ("date", "service_code", "comment", *questionnaire.respondent)
    faults = [
        (f"/{given[:40]}", "unknown_column")
        for given, name in zip(header, named, strict=True)
        if name not in questionnaire.elements and name not in others
    ]
    faults += [(f"/{key}", "missing_column") for key in questionnaire.elements if key not in named]
    faults += [(f"/{name}", "column_twice") for name in dict.fromkeys(named) if named.count(name) > 1]
    if faults:
        raise _refused(faults, language)
    return named


def _named(name: str, listed: Sequence[str]) -> str:
    match = _NUMBERED.fullmatch(name)
    return listed[int(match[1]) - 1] if match and int(match[1]) <= len(listed) else name


def _refused(faults: Sequence[tuple[str, str]], language: str) -> Problem:
    return Problem("invalid-input", errors=[field_error(pointer, code, language) for pointer, code in faults])


def _row(number: int, cells: Sequence[str], columns: Sequence[str], around: Circumstances) -> Row:
    language = around.caller.language
    named = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    answer: dict[str, Any] = {
        "answers": {key: int(named[key]) for key in around.questionnaire.elements if _is_score(named, key)},
        "respondent": {key: named[key] for key in around.questionnaire.respondent if key in named},
        "service_code": named.get("service_code"),
        "comment": clean(named.get("comment", "")) or None,
        "date": _day(named["date"]) if "date" in named else around.today,
        # Who hands in the sheet has the person's signature under it; nothing else was asked.
        "consents": {"process": True},
    }
    errors = list(_errors(named, answer, around))
    if len(cells) > len(columns):
        errors.append(field_error("", "too_many_cells", language))
    return Row(number, named, answer, tuple(errors))


def _errors(named: dict[str, str], answer: dict[str, Any], around: Circumstances) -> Iterator[FieldError]:
    language = around.caller.language
    wrong = [key for key in around.questionnaire.elements if key in named and not _is_score(named, key)]
    for key in wrong:
        yield field_error(f"/{key}", "not_a_score", language)
    if not answer["answers"] and not wrong:
        yield field_error("", "no_answer", language)
    for error in survey_answers.respondent(answer["respondent"], around.questionnaire, language):
        yield FieldError(error.pointer.removeprefix("/respondent"), error.code, error.detail)
    if answer["service_code"] and around.catalogue.service(answer["service_code"]) is None:
        yield field_error("/service_code", "unknown_service", language)
    if len(answer["comment"] or "") > COMMENT_MAX:
        yield field_error("/comment", "too_long", language, max=COMMENT_MAX)
    if answer["date"] is None:
        yield field_error("/date", "not_a_day", language)
    elif (code := survey_answers.misdated(answer["date"], around.today)) is not None:
        yield field_error("/date", code, language)


def _is_score(named: dict[str, str], key: str) -> bool:
    return named.get(key, "") in {str(score) for score in SCORES}


def _day(text: str) -> date | None:
    """2026-11-24, or 24/11/2026 as spreadsheets here write it."""
    day = parse_day(text)
    if day is not None:
        return day
    try:
        return datetime.strptime(text, _INDONESIAN).date()
    except ValueError:
        return None
