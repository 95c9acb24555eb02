import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx

from tanggap import city as cities
from tanggap import console, settings
from tanggap.client import Gateway
from tanggap.errors import CliError, first_of
from tanggap.journal import Journal, inputs_of
from tanggap.local.layout import ROOT
from tanggap.replay import summary, surveying
from tanggap.replay.plan import ReplayMap, Row, find
from tanggap.replay.run import Sender

HOURS_OF_A_REPLAY = 24


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "map_name", required=True, help="A map's name, or the path of one.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=16, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="Only the first so many rows.")
@click.option("--fresh", is_flag=True, help="Forget an earlier replay of this file and file every row anew.")
@click.option(
    "--journal",
    "journal_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where progress is kept.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary here too."
)
@click.option(
    "--answer-share",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Which part of the reporters answers the survey.",
)
@click.option(
    "--keep-periods-open", is_flag=True, help="Do not close the survey periods and compute no index."
)
@click.option(
    "--settle", type=click.IntRange(0), default=300, show_default=True, help="Seconds to wait for messages."
)
def replay(
    file: Path,
    map_name: str,
    concurrency: int,
    limit: int | None,
    fresh: bool,
    journal_file: Path | None,
    json_file: Path | None,
    answer_share: float,
    keep_periods_open: bool,
    settle: int,
) -> None:
    """Send FILE's rows as cases, carry out what their status means, and account for all of them.

    A part of the reporters answers the survey through the links in their mails; then the survey periods of
    the units are closed, which gives each of them its index, or the reason why it has none.

    Interrupt it whenever you like: the same command goes on where it stopped and doubles nothing. The status
    is 0 only when what was sent and what the databases hold agree exactly.
    """
    known = settings.load()
    chosen = ReplayMap.load(find(map_name, ROOT))
    rows = chosen.rows(file, limit)
    journal_file = journal_file or known.local.directory / "replay" / f"{chosen.file.stem}-{file.stem}.sqlite"
    if fresh:
        Journal.forget(journal_file)
    journal = Journal(journal_file)
    try:
        journal.begin(inputs_of(file, chosen.file), datetime.now(UTC).replace(microsecond=0))
        load_catalogue(known, chosen)
        send(known, chosen, journal, rows, concurrency)
        held = surveying.carry_out(
            known,
            journal,
            rows,
            share=answer_share,
            close=not keep_periods_open,
            concurrency=concurrency,
            settle=settle,
        )
        account = summary.reconcile(rows, journal, held)
    finally:
        journal.close()
    summary.show(account)
    if json_file:
        json_file.write_text(json.dumps(account.as_dict(), indent=1, ensure_ascii=False) + "\n")
    if not account.agrees:
        raise CliError("The replay does not reconcile: see the lines marked NO.")


def load_catalogue(known: settings.Settings, chosen: ReplayMap) -> None:
    with Gateway(known.url, known.local_token(sub="replay-admin", roles=["admin"])) as gateway:
        cities.load(gateway, chosen.city_directory)


def send(
    known: settings.Settings, chosen: ReplayMap, journal: Journal, rows: list[Row], concurrency: int
) -> None:
    def token_for(role: str, unit: str | None) -> str:
        # Who filed is how the databases are asked, at the end, for all that this replay has filed.
        sub = filer(journal) if role == "desk" else "-".join(filter(None, ("replay", role, unit)))
        return known.local_token(sub=sub, roles=[role], unit=unit, hours=HOURS_OF_A_REPLAY)

    async def run() -> None:
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        timeout = httpx.Timeout(30, connect=5, pool=None)
        async with httpx.AsyncClient(
            base_url=known.url, limits=limits, timeout=timeout, trust_env=False
        ) as http:
            inspectorate = chosen.city["city"].get("inspectorate_unit")
            sender = Sender(http, journal, token_for, concurrency, inspectorate)
            done = journal.filings()
            with console.progress("filing ", len(rows), sum(row.key in done for row in rows)) as counter:
                await sender.file_all(rows, done, counter)
            filings = journal.filings()
            filed = [row for row in rows if filings[row.key].code is not None]
            with console.progress(
                "actions", len(filed), sum(filings[row.key].settled for row in filed)
            ) as counter:
                await sender.act_all(rows, counter)

    try:
        asyncio.run(run())
    except BaseExceptionGroup as group:
        raise first_of(group) from group


def filer(journal: Journal) -> str:
    return f"replay-{journal.run}"
