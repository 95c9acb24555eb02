"""What the command line raises.

CliError                    shown as one message, exit status 1
├── LocalError              the local installation could not be started, stopped or used
└── GatewayError            the gateway refused or could not be reached
"""

DECLARE = "run the topology job (locally `tanggap topology apply`)"
"""What to do about a queue that is not there, in any form of installation."""


class CliError(Exception):
    """A problem the person at the terminal can act on; the text says how."""


class LocalError(CliError):
    """The local installation could not be started, stopped or used."""


class GatewayError(CliError):
    """The gateway refused a request or could not be reached."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one failure that the others of a group followed from."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error
