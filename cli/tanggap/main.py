import sys

import click

from tanggap import commands, console
from tanggap.backup.command import backup, restore
from tanggap.departments.command import department
from tanggap.departments.publishing import publish
from tanggap.dlq.command import dlq
from tanggap.doctor.command import doctor
from tanggap.errors import CliError
from tanggap.replay.command import replay
from tanggap.staff import import_
from tanggap.verify.command import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tanggap-cli")
def tanggap() -> None:
    """Tanggap for operators and departments.

    Addresses come from the environment or from the local installation that `make up` made.
    """


for command in (
    commands.token,
    commands.city,
    commands.sample,
    commands.sweep,
    commands.mail,
    commands.topology,
):
    tanggap.add_command(command)
tanggap.add_command(replay)
tanggap.add_command(department)
tanggap.add_command(publish)
tanggap.add_command(import_)
tanggap.add_command(verify)
tanggap.add_command(backup)
tanggap.add_command(restore)
tanggap.add_command(dlq)
tanggap.add_command(doctor)


def main() -> None:
    """Run the command line: a problem is one message and status 1, Ctrl-C is status 130."""
    try:
        tanggap(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        console.err.print("Interrupted.")
        sys.exit(130)
    except CliError as error:
        console.err.print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
