"""`python -m tanggap.local up|down|status|reset`, as the Makefile calls it."""

import sys
from collections.abc import Callable

import click

from tanggap import console
from tanggap.errors import CliError
from tanggap.local import control

VERBS: dict[str, Callable[[], int | None]] = {
    "up": control.up,
    "down": control.down,
    "status": control.status,
    "reset": control.reset,
}


@click.command()
@click.argument("verb", type=click.Choice(list(VERBS)))
def main(verb: str) -> None:
    try:
        sys.exit(
            {"up": control.up, "down": control.down, "status": control.status, "reset": control.reset}[verb]()
        )
    except CliError as error:
        console.err.print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
