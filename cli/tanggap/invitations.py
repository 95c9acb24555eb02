"""Survey links in the mails of the local sink, found by the recipient's address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

from tanggap.mail import LINK

TO = re.compile(rb"^x-envelope-to:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
SURVEY = re.compile(r"/survei/([A-Za-z0-9_~.-]+)$")
SOFT_BREAK = re.compile(rb"=\r?\n")
HEAD_BYTES = 8192


class Invitations:
    """The links sent to addresses with a mark in them. Every file is read once, however often one looks."""

    def __init__(self, directory: Path, mark: str) -> None:
        self.directory = directory
        self.mark = mark.lower().encode()
        self.seen: set[str] = set()
        self.links: dict[str, str] = {}

    def look(self) -> dict[str, str]:
        """Every link so far: token by address, in small letters. The newest mail to an address counts."""
        for folder in ("new", "cur"):
            place = self.directory / folder
            fresh = [file for file in sorted(place.glob("*")) if file.name not in self.seen]
            for file in fresh:
                self.seen.add(file.name)
                self.links.update(self.read(file.read_bytes()))
        return self.links

    def read(self, content: bytes) -> Iterator[tuple[str, str]]:
        to = TO.search(content[:HEAD_BYTES])
        if to is None or self.mark not in to[1].lower():
            return
        # Most mails hold no such link; parsing all of a large replay would take minutes.
        if b"/survei/" not in SOFT_BREAK.sub(b"", content) and b"base64" not in content.lower():
            return
        message = message_from_bytes(content, policy=policy.default)
        for part in message.walk():
            if part.get_content_type() != "text/plain":
                continue
            for link in LINK.findall(str(part.get_content())):
                if match := SURVEY.search(link.rstrip(".,;:")):
                    yield to[1].decode("ascii", "replace").strip().lower(), match[1]
