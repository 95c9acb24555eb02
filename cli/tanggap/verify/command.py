"""`tanggap verify skm`: recompute what was published, and name what does not agree."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tanggap import console, settings
from tanggap.client import Gateway
from tanggap.errors import CliError
from tanggap.local.layout import ROOT
from tanggap.verify.answers import Finding
from tanggap.verify.compare import verify as verified
from tanggap.verify.recompute import Recomputed
from tanggap.verify.tables import Tables

CITY = ROOT / "cities" / "sawahlunto"
PAGE = 100
COMPUTED_STATES = ("closed", "published", "corrected")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def verify() -> None:
    """Recompute published figures from raw data, with code of its own."""


@verify.command("skm")
@click.argument("unit", required=False)
@click.argument("period", required=False)
@click.option("--all", "everything", is_flag=True, help="Every unit and period that was closed.")
@click.option("--city", type=FOLDER, default=CITY, help="The city's files: bands, questionnaires, policy.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def skm(unit: str | None, period: str | None, everything: bool, city: Path, as_json: bool) -> None:
    """Recompute the satisfaction index of UNIT in PERIOD (such as 2026-Q3) from its raw answers.

    Reads the published result and the exported answers through the gateway, as an auditor. Compares index,
    band, interval, every element, the hash of the inputs and its signature. An answer that was altered,
    added or removed since is named by its id. The status is 0 when everything agrees, else 1.
    """
    if everything == bool(unit or period) or bool(unit) != bool(period):
        raise CliError("Name a unit and a period, or give --all.")
    known, tables = settings.load(), Tables.load(city)
    with Gateway(known.url, known.token("auditor")) as gateway:
        wanted = closed_periods(gateway) if everything else [(str(unit), str(period))]
        outcomes = [(*one, *checked(gateway, *one, tables)) for one in wanted]
    wrong = sum(bool(findings) for *_, findings in outcomes)
    if as_json:
        click.echo(json.dumps([as_document(*one) for one in outcomes], ensure_ascii=False, indent=1))
    elif everything:
        show_all(outcomes)
    else:
        for outcome in outcomes:
            show(*outcome)
    sys.exit(1 if wrong else 0)


def closed_periods(gateway: Gateway) -> list[tuple[str, str]]:
    """Every unit and period whose figures were computed."""
    found = pages(gateway, "/v1/surveys/periods")
    return [(one["unit"], one["period"]) for one in found if one["state"] in COMPUTED_STATES]


def checked(
    gateway: Gateway, unit: str, period: str, tables: Tables
) -> tuple[Mapping[str, Any], Recomputed, list[Finding]]:
    result = gateway.get(f"/v1/surveys/results/{unit}/{period}")
    if result.get("state") not in COMPUTED_STATES:
        raise CliError(f"{unit} {period} is {result.get('state')}: there are no figures to verify yet.")
    answers = list(pages(gateway, f"/v1/surveys/periods/{unit}/{period}/answers"))
    found, findings = verified(result, answers, tables)
    return result, found, findings


def pages(gateway: Gateway, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = gateway.get(path, limit=PAGE, **more)
        yield from page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return


def as_document(
    unit: str, period: str, result: Mapping[str, Any], found: Recomputed, findings: Sequence[Finding]
) -> dict[str, Any]:
    return {
        "unit": unit,
        "period": period,
        "agrees": not findings,
        "ikm": result.get("ikm"),
        "answers": found.n,
        "findings": [asdict(finding) for finding in findings],
    }


def show(
    unit: str, period: str, result: Mapping[str, Any], found: Recomputed, findings: Sequence[Finding]
) -> None:
    rows: list[tuple[object, ...]] = []
    published = {element["key"]: element for element in result["elements"]}
    for element in found.elements:
        theirs = published.get(element.key, {})
        value = found.nrr(element.key)
        fraction = (
            "-" if value is None else f"{sum(found.given(element.key))}/{len(found.given(element.key))}"
        )
        rows.append((element.key, theirs.get("nrr") or "-", fraction, theirs.get("band") or "-"))
    console.table(
        ("element", "published NRR", "sum/answers", "band"),
        rows,
        title=f"{unit} {period}: {found.n} answers, {in_words(result)}",
    )
    if not findings:
        console.out.print("Everything agrees with the raw answers.", markup=False)
        return
    console.table(
        ("what", "which", "published", "from the answers"),
        [(finding.what, finding.where, finding.published, finding.computed) for finding in findings],
        title=f"DOES NOT AGREE: {len(findings)} findings",
    )


def show_all(
    outcomes: Sequence[tuple[str, str, Mapping[str, Any], Recomputed, Sequence[Finding]]],
) -> None:
    rows = []
    for unit, period, result, found, findings in outcomes:
        told = "; ".join(f"{finding.what} {finding.where}" for finding in findings)
        rows.append((unit, period, found.n, in_words(result), "agrees" if not findings else told))
    wrong = sum(bool(findings) for *_, findings in outcomes)
    console.table(
        ("unit", "period", "answers", "published", "verdict"),
        rows,
        title=f"{len(rows) - wrong} of {len(rows)} agree with their raw answers",
    )


def in_words(result: Mapping[str, Any]) -> str:
    """The published figure, or why there is none."""
    if result.get("ikm") is None:
        return f"no figure ({', '.join(result.get('missing') or ('not published',))})"
    ends = result.get("interval")
    interval = f" ({ends['low']} - {ends['high']})" if ends else ""
    unsure = "" if result.get("band_certain") is not False else ", band unsure"
    return f"IKM {result['ikm']} {result['band']}{interval}{unsure}"
