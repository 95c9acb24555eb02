"""A mail server that delivers nothing: every message becomes a file of a Maildir, for people and tests.

A number in the file `delay` of that directory makes it slow: so many seconds pass before a message is taken.
"""

import argparse
import asyncio
import mailbox
import signal
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE = 10 * 1024 * 1024


class MaildirHandler:
    """Stores each accepted message before the client is told so: what was acknowledged survives a crash."""

    def __init__(self, directory: Path) -> None:
        # Maildir makes its folders only together with the directory itself, which may exist.
        for folder in ("tmp", "new", "cur"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        self.maildir = mailbox.Maildir(str(directory))
        self.delay = directory / "delay"

    def delay_seconds(self) -> float:
        try:
            return float(self.delay.read_text())
        except FileNotFoundError:
            return 0.0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay_seconds())
        message = message_from_bytes(envelope.original_content or b"")
        for name, value in (
            ("X-Envelope-From", envelope.mail_from),
            ("X-Envelope-To", ", ".join(envelope.rcpt_tos)),
        ):
            del message[name]
            message[name] = value or ""
        self.maildir.add(message)
        return "250 2.0.0 stored"


async def serve(host: str, port: int, directory: Path) -> None:
    loop = asyncio.get_running_loop()
    handler = MaildirHandler(directory)

    def session() -> Any:
        return SMTP(handler, hostname="localhost", data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True)

    server = await loop.create_server(session, host, port)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="another address only where nobody else can reach it"
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.host, arguments.port, arguments.directory))


if __name__ == "__main__":
    main()
