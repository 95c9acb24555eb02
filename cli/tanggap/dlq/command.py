"""`tanggap dlq`: dead letters."""

from collections.abc import Callable, Sequence

import click

from tanggap import console, settings
from tanggap.dlq import logbook, parked, post
from tanggap.dlq.letters import Letter
from tanggap.errors import CliError
from tanggap.settings import Settings


@click.group()
def dlq() -> None:
    """Dead letters: messages that a handler refused, or failed at again and again."""


@dlq.command("list")
@click.argument("queue", required=False)
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many letters."
)
def dlq_list(queue: str | None, limit: int) -> None:
    """Count the letters of every queue, or list those of QUEUE: id, type, reason, size."""
    known = settings.load()
    if queue is None:
        found = post.counts(known)
        rows = [(name, "not declared" if count is None else count) for name, count in found.items()]
        total = sum(count or 0 for count in found.values())
        console.table(("queue", "letters"), rows, title=f"{total} dead letters")
        return
    letters = []
    with post.opened(known, post.find(post.topology_of(known), queue)) as box:
        for letter in box.letters(limit):
            letters.append(letter.envelope())
            box.put_back(letter)
    console.table(
        ("id", "type", "reason", "time", "replayed", "size"),
        [
            [one.get(name, "") for name in ("id", "type", "reason", "time", "replayed", "size")]
            for one in letters
        ],
        title=f"{len(letters)} letters of {queue}",
    )


@dlq.command("show")
@click.argument("queue")
@click.argument("letter_id")
@click.option("--data", is_flag=True, help="Also what the message says. It may be personal; say why.")
@click.option("--note", help="With --data: why it has to be read. It is logged.")
def dlq_show(queue: str, letter_id: str, data: bool, note: str | None) -> None:
    """Show the envelope of one letter: names, times, reason and sizes, never its content."""
    if data and not (note or "").strip():
        raise CliError("--data needs --note TEXT: why the content has to be read. It is logged.")
    known = settings.load()
    wanted: Letter | None = None
    with post.opened(known, post.find(post.topology_of(known), queue)) as box:
        for letter in box.letters():
            box.put_back(letter)
            if letter.id == letter_id:
                wanted = letter
                break
    if wanted is None:
        raise CliError(f"There is no letter {letter_id} in {queue}.")
    for name, value in wanted.envelope().items():
        click.echo(f"{name}: {value}")
    if data:
        logbook.write(known, "dead letter read", queue=queue, id=letter_id, note=note)
        click.echo(wanted.data())


@dlq.command("replay")
@click.argument("queue")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter of the queue.")
@click.option("--reason", help="Only letters with this reason, as `tanggap dlq list QUEUE` shows it.")
def dlq_replay(queue: str, ids: Sequence[str], everything: bool, reason: str | None) -> None:
    """Give letters back to their handler, after the cause was mended.

    A letter leaves QUEUE when the broker has confirmed that it is in the work queue. Replaying one twice is
    harmless: an event takes effect once.
    """
    known = settings.load()
    chosen = choice(ids, everything, reason)

    def replay(box: post.Post, letter: Letter) -> None:
        box.replay(letter)

    logbook.write(known, "dead letters replayed", queue=queue, ids=list(ids), reason=reason)
    number = act(known, queue, ids, chosen, replay)
    console.out.print(f"{number} letters replayed. What fails again comes back here.", markup=False)


@dlq.command("discard")
@click.argument("queue")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter of the queue.")
@click.option("--reason", help="Only letters with this reason, as `tanggap dlq list QUEUE` shows it.")
@click.option("--because", required=True, help="Why it may be lost. It is logged with the ids.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def dlq_discard(
    queue: str, ids: Sequence[str], everything: bool, reason: str | None, because: str, yes: bool
) -> None:
    """Delete letters for good."""
    if not because.strip():
        raise CliError("--because needs words: why may these be lost?")
    known = settings.load()
    chosen = choice(ids, everything, reason)
    if not yes:
        what = f"{len(ids)} letters" if ids else "every letter" + (f" with reason {reason}" if reason else "")
        click.confirm(f"Delete {what} of {queue} for good?", abort=True, err=True)

    def discard(box: post.Post, letter: Letter) -> None:
        # First the line, then the deed: a crash in between leaves a line too many, not one too few.
        logbook.write(
            known, "dead letter discarded", queue=queue, id=letter.id, reason=letter.reason, because=because
        )
        box.remove(letter)

    number = act(known, queue, ids, chosen, discard)
    console.out.print(f"{number} letters discarded.", markup=False)


@dlq.command("parked")
def dlq_parked() -> None:
    """List events that the broker refused for good. They hold back the later events of their case."""
    rows = parked.parked(settings.load())
    console.table(("service", "id", "type", "size"), rows, title=f"{len(rows)} parked events")


@dlq.command("unpark")
@click.argument("service")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every parked event of the service.")
def dlq_unpark(service: str, ids: Sequence[str], everything: bool) -> None:
    """Have events of SERVICE published after all, when the reason for the broker's refusal is mended."""
    if bool(ids) == everything:
        raise CliError("Name events by their ids, or give --all.")
    known = settings.load()
    logbook.write(known, "events unparked", service=service, ids=list(ids))
    number = parked.unpark(known, service, ids)
    console.out.print(f"{number} events will be published within seconds.", markup=False)


def choice(ids: Sequence[str], everything: bool, reason: str | None) -> Callable[[Letter], bool]:
    """Which letters are meant; CliError unless that was said in one way."""
    if bool(ids) == bool(everything or reason):
        raise CliError("Name letters by their ids, or give --all or --reason.")
    if ids:
        return lambda letter: letter.id in ids
    return lambda letter: reason is None or letter.reason == reason


def act(
    known: Settings,
    queue: str,
    ids: Sequence[str],
    chosen: Callable[[Letter], bool],
    do: Callable[[post.Post, Letter], None],
) -> int:
    """Do it to every chosen letter; how many these were. CliError when a named one was not there."""
    done: set[str] = set()
    number = 0
    with post.opened(known, post.find(post.topology_of(known), queue)) as box:
        for letter in box.letters():
            if not chosen(letter):
                box.put_back(letter)
                continue
            do(box, letter)
            number += 1
            done.add(letter.id)
    missing = [one for one in ids if one not in done]
    if missing:
        raise CliError(f"{number} done; not in {queue}: {', '.join(missing)}.")
    return number
