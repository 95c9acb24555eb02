"""Reading the local mail sink."""

import html
import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tanggap.errors import CliError

LINK = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclass(frozen=True)
class Mail:
    """One stored message; `number` counts from 1, oldest first, as long as nothing is deleted."""

    number: int
    at: datetime
    message: EmailMessage

    @property
    def to(self) -> str:
        return str(self.message.get("To", ""))

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def text(self) -> str:
        body = self.message.get_body(preferencelist=("plain", "html"))
        return str(body.get_content()) if body is not None else ""

    @property
    def links(self) -> list[str]:
        """Every address in the message, once, in order."""
        found: dict[str, None] = {}
        for part in self.message.walk():
            if part.get_content_maintype() == "text":
                text = str(part.get_content())
                for link in LINK.findall(html.unescape(text)):
                    found[link.rstrip(".,;:")] = None
        return list(found)


def read(directory: Path, *, to: str | None = None, containing: str | None = None) -> list[Mail]:
    """All messages, oldest first; `to` and `containing` narrow them without regard to case."""
    mails = [Mail(number, at, message) for number, (at, message) in enumerate(stored(directory), start=1)]
    if to:
        mails = [mail for mail in mails if to.lower() in mail.to.lower()]
    if containing:
        needle = containing.lower()
        mails = [mail for mail in mails if needle in mail.subject.lower() or needle in mail.text.lower()]
    return mails


def stored(directory: Path) -> Iterator[tuple[datetime, EmailMessage]]:
    if not (directory / "new").exists():
        return
    box = mailbox.Maildir(str(directory), factory=None, create=False)
    for key in sorted(box.iterkeys(), key=arrival):
        at = datetime.fromtimestamp(arrival(key)[0], UTC)
        yield at, message_from_bytes(box.get_bytes(key), policy=policy.default)


def arrival(key: str) -> tuple[float, int]:
    """When the sink stored a message; a Maildir's files are <seconds>.M<microseconds>P<pid>Q<count>."""
    match = re.match(r"(\d+)\.M(\d+)P\d+Q(\d+)", key)
    if match is None:
        return (0.0, 0)
    return (int(match[1]) + int(match[2]) / 1e6, int(match[3]))


def number(directory: Path, wanted: int) -> Mail:
    """The message with this number; a negative one counts from the newest."""
    mails = read(directory)
    index = wanted - 1 if wanted > 0 else wanted
    try:
        return mails[index]
    except IndexError:
        raise CliError(f"There is no message {wanted}; there are {len(mails)}.") from None
