"""Survey links in the mails of the local sink, found by the recipient's address."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from pathlib import Path

TO = re.compile(rb"^x-envelope-to:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
SURVEY = re.compile(rb"/survei/([A-Za-z0-9_-]+)")
SOFT_BREAK = re.compile(rb"=\r?\n")
BASE64_PART = re.compile(
    rb"^content-transfer-encoding:[ \t]*base64\b.*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
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
        for text in texts(content):
            if match := SURVEY.search(text):
                yield to[1].decode("ascii", "replace").strip().lower(), match[1].decode()
                return


def texts(content: bytes) -> Iterator[bytes]:
    """A mail's texts, near enough to find a link in them: parsing those of a large replay takes minutes."""
    yield SOFT_BREAK.sub(b"", content)
    for part in BASE64_PART.finditer(content):
        try:
            yield a2b_base64(part[1])
        except Error:
            continue
