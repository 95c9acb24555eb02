"""Published results of surveys, and where none is published what is still missing."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from . import charts, periods
from .guard import as_public
from .rendering import View, page

YEAR = re.compile(r"20\d\d")
RESPONDENT_ORDER = ("sex", "age", "education", "job")


async def every_unit(request: Request) -> Response:
    """Show the newest published result of each unit, or of the year asked for by `?tahun=`."""
    asked = request.query_params.get("tahun", "")
    year = int(asked) if YEAR.fullmatch(asked) else None
    found = await request.app.state.surveys.results(as_public(request), year=year)
    view = View(request)
    items = sorted(
        newest(found["items"]), key=lambda item: (view.unit(item["unit"]).lower(), str(item["unit"]))
    )
    return page(
        request,
        "results/list.html",
        items=items,
        year=year,
        years=sorted({str(item["period"])[:4] for item in found["items"]} | ({asked} if year else set())),
        without=[] if year else without_result(view, items),
    )


async def unit(request: Request) -> Response:
    """Show one unit's published results over time."""
    code = known_unit(request)
    found = await request.app.state.surveys.results(as_public(request), unit=code)
    shown_periods = {str(item["period"]) for item in found["items"]}
    rows = sorted(found["items"], key=lambda item: (str(item.get("ends_on") or ""), str(item["period"])))
    return page(
        request,
        "results/unit.html",
        unit=code,
        rows=list(reversed(rows)),
        unpublished=await unpublished(request, code, shown_periods),
        # Years, halves and quarters are not points of one line.
        trends=[
            (kind, drawn)
            for kind in dict.fromkeys(str(row.get("kind") or "") for row in rows)
            if (drawn := charts.trend([row for row in rows if str(row.get("kind") or "") == kind]))
        ],
    )


async def unpublished(request: Request, unit: str, published: set[str]) -> list[Mapping[str, Any]]:
    """The unit's present and latest periods that show no figure yet, each with what is missing."""
    today = request.app.state.clock.now().astimezone(ZoneInfo(View(request).zone)).date()

    async def ask(code: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = await request.app.state.surveys.result(unit, code, as_public(request))
        except Problem as problem:
            if problem.status != 404:
                raise
            return None
        return found

    codes = [code for code in periods.around(today) if code not in published]
    known = await asyncio.gather(*(ask(code) for code in codes))
    return [one for one in known if one is not None]


async def period(request: Request) -> Response:
    """Show one unit's result of one period: everything that is published of it, or why nothing is."""
    code = known_unit(request)
    if not periods.is_period(request.path_params["period"]):
        raise Problem("not-found")
    result = await request.app.state.surveys.result(code, request.path_params["period"], as_public(request))
    return page(request, "results/period.html", **shown(request, result))


def shown(request: Request, result: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a page shows of a result."""
    elements = result.get("elements") or []
    names = {element["key"]: element.get("name") for element in elements}
    lowest = [
        element
        for key in result.get("lowest") or ()
        for element in elements
        if element["key"] == key and element.get("nrr")
    ]
    trend = result.get("trend") or []
    return {
        "result": result,
        "figures": result.get("ikm") is not None,
        "bars": charts.bars(elements),
        "lowest": lowest,
        "element_names": names,
        "trend": charts.trend(trend),
        "trend_rows": list(reversed(trend)),
        "respondents": respondents_of(result.get("respondents") or {}),
        "respondent_names": respondent_names(request, result),
        "address": f"/v1/surveys/results/{quote(str(result['unit']))}/{quote(str(result['period']))}",
    }


def respondent_names(request: Request, result: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What people read for the respondents' answers: the questionnaire's own words, by question and key."""
    try:
        asked = request.app.state.surveys.questionnaire(
            as_public(request), result.get("questionnaire_version")
        )
    except Problem:
        return {}
    return {
        question["key"]: {option["key"]: option.get("name") for option in question.get("options") or ()}
        for question in asked.get("respondent") or ()
    }


def respondents_of(found: Mapping[str, Any]) -> list[tuple[str, Sequence[Mapping[str, Any]], bool]]:
    """The tables of who answered: question, cells, and whether cells of it are held back."""
    held = found.get("suppressed")
    tables: list[tuple[str, Sequence[Mapping[str, Any]], bool]] = []
    for key in (*RESPONDENT_ORDER, *(key for key in found if key not in RESPONDENT_ORDER)):
        cells = found.get(key)
        if not isinstance(cells, list) or not cells:
            continue
        hidden = any(cell.get("n") is None for cell in cells) or (
            bool(held.get(key)) if isinstance(held, Mapping) else False
        )
        tables.append((key, cells, hidden))
    return tables


def newest(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The latest result of each unit, by the day its period ended."""
    latest: dict[str, Mapping[str, Any]] = {}
    for item in items:
        before = latest.get(str(item["unit"]))
        if before is None or ended(item) > ended(before):
            latest[str(item["unit"])] = item
    return list(latest.values())


def ended(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("ends_on") or ""), str(item["period"])


def without_result(view: View, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The city's units of which nothing was published yet."""
    have = {item["unit"] for item in items}
    missing = [one for one in view.catalogue.units() if one["code"] not in have and one.get("active", True)]
    return sorted(missing, key=lambda one: view.text(one.get("name")).lower())


def known_unit(request: Request) -> str:
    code = str(request.path_params["unit"])
    if View(request).catalogue.unit(code) is None:
        raise Problem("not-found")
    return code
