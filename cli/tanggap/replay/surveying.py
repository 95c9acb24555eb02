"""The survey part of a replay: wait for the invitations, answer a part of them, close the periods."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tanggap import console
from tanggap.calls import Calls, connected
from tanggap.errors import GatewayError, first_of
from tanggap.invitations import Invitations
from tanggap.journal import Journal
from tanggap.replay import holdings
from tanggap.replay.chain import Chain
from tanggap.replay.holdings import Holdings
from tanggap.replay.plan import Row
from tanggap.replay.respond import Respondents, answered, mark
from tanggap.settings import Settings

ADMIN = "admin"
CLOSED_HERE = "closed/"
BRIEFLY = 1.0
"""Seconds without any change after which every invitation has been sent."""


def carry_out(
    known: Settings,
    journal: Journal,
    rows: list[Row],
    *,
    share: float,
    close: bool,
    concurrency: int,
    settle: float,
) -> Holdings:
    """Everything after the cases: what all databases hold once nothing is under way any more.

    Without a local mail sink nobody can be found to answer; then the account is of the cases alone.
    """
    held = holdings.settled(known, journal, seconds=settle, quiet=BRIEFLY)
    directory = known.values.get("TANGGAP_MAIL_DIR")
    if directory is None:
        console.err.print("There is no local mail sink (TANGGAP_MAIL_DIR), so no survey is answered.")
        return held
    links = Invitations(Path(directory), mark(journal)).look()
    journal.note("links", str(len(links)))

    def token_of(name: str) -> str:
        return known.local_token(sub=f"replay-{name}", roles=[name])

    async def answer() -> None:
        async with connected(known.url, token_of, concurrency) as calls:
            await answer_all(Respondents(calls, journal, rows, share), links, concurrency)

    run(answer())
    if close:
        held = holdings.settled(known, journal, seconds=settle, answers=answered(journal).taken, quiet=0)

        async def end() -> None:
            async with connected(known.url, token_of, concurrency) as calls:
                await close_all(calls, journal, held.chain)

        run(end())
    return holdings.settled(known, journal, seconds=settle, answers=answered(journal).taken)


def run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except BaseExceptionGroup as group:
        raise first_of(group) from group


async def answer_all(respondents: Respondents, links: dict[str, str], concurrency: int) -> None:
    todo = respondents.chosen(links)
    if not todo:
        return
    form = await respondents.form()
    waiting = iter(todo)
    with console.progress("answers", len(todo)) as counter:

        async def worker() -> None:
            for row, token in waiting:
                await respondents.answer(row, token, form, counter)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())


async def close_all(calls: Calls, journal: Journal, chain: Chain) -> None:
    """Close the period of every unit that the replay touched; one that is closed already is left as it is."""
    for one in chain.periods:
        name = f"{CLOSED_HERE}{one.unit}:{one.period}"
        if one.is_closed:
            if journal.noted(name) is None:
                console.err.print(
                    f"{one.unit} {one.period} was closed before: later closures invite nobody.", markup=False
                )
            continue
        path = f"/v1/surveys/periods/{one.unit}/{one.period}/close"
        try:
            await calls.call("POST", path, {}, by=ADMIN, key=journal.key(name))
        except GatewayError as error:
            # Outside of the development profile a period is closed by the clock alone.
            console.err.print(f"{one.unit} {one.period} stays open: {error}", markup=False)
            continue
        journal.note(name)
