"""From a rendered text to the bytes of a mail: plain text and simple HTML from one source.

The mail is put together by hand: the standard library's `EmailMessage` takes a millisecond for it, this a
tenth. What makes it safe is that every header value is ASCII without control characters before it is
written; a property test reads built mails back to see that nothing in a value becomes a header.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr

from notifications.contacts import one_line
from notifications.errors import MailRefused

MAX_BODY_BYTES = 2_000_000
_STYLE = "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5;color:#111;max-width:38em"
_ONE_ADDRESS = re.compile(r"[^\x00- ,;:<>()\[\]\\\"@\x7f-\U0010ffff]+@[A-Za-z0-9.-]+")
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")


@dataclass(frozen=True, slots=True)
class MailStyle:
    """What every mail of this installation has in common."""

    sender: str
    public_url: str
    sample_mark: str = ""

    @property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1]

    @property
    def domain(self) -> str:
        return self.sender_address.rpartition("@")[2]


def message_id(intent_id: str, style: MailStyle) -> str:
    """Derived from the intent: a mail that goes out twice has the same Message-ID both times."""
    return f"<{intent_id}@{style.domain}>"


def build(
    *,
    intent_id: str,
    to: str,
    subject: str,
    text: str,
    language: str,
    at: datetime,
    style: MailStyle,
    stop: str | None = None,
) -> bytes:
    """The mail as it goes over the wire. Raises MailRefused when it is empty, too large or has no address.

    `stop` is the address at which one request ends such mails for good (RFC 8058).
    """
    subject = one_line(subject)
    if not subject or not text.strip():
        raise MailRefused("empty subject or text")
    if not _ONE_ADDRESS.fullmatch(to):
        raise MailRefused("not one address")
    if style.sample_mark:
        subject = f"[{style.sample_mark}] {subject}"
        text = f"{text}\n\n{_sample_line(style.sample_mark, language)}"
    boundary = f"=_{intent_id[-12:]}"
    headers = {
        "MIME-Version": "1.0",
        "Message-ID": message_id(intent_id, style),
        "Date": format_datetime(at),
        "From": formataddr(parseaddr(style.sender)),
        "To": to,
        "Subject": _header_text(subject),
        "Auto-Submitted": "auto-generated",
        "Content-Language": language,
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    if stop:
        headers |= {
            "List-Unsubscribe": f"<{one_line(stop)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    content = "\r\n".join(
        [
            *(f"{name}: {value}" for name, value in headers.items()),
            "",
            *_part(boundary, "plain", text),
            *_part(boundary, "html", as_html(subject, text, language, style.public_url)),
            f"--{boundary}--",
            "",
        ]
    ).encode("ascii")
    if len(content) > MAX_BODY_BYTES:
        raise MailRefused("too large")
    return content


def as_html(subject: str, text: str, language: str, public_url: str) -> str:
    """The text as HTML: paragraphs, lists and our own links. Everything in it is escaped first."""
    blocks = [_block(block, public_url) for block in re.split(r"\n\s*\n", text.strip())]
    return (
        f'<!doctype html><html lang="{html.escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(subject)}</title></head>'
        f'<body style="{_STYLE}">{"".join(blocks)}</body></html>'
    )


def _block(block: str, public_url: str) -> str:
    lines = block.splitlines()
    if all(line.startswith("- ") for line in lines):
        items = "".join(f"<li>{_inline(line[2:], public_url)}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{'<br>'.join(_inline(line, public_url) for line in lines)}</p>"


def _inline(line: str, public_url: str) -> str:
    """Escaped text in which only addresses of our own pages become links."""
    pieces, at = [], 0
    for found in _URL.finditer(line):
        url = found.group()
        if not url.startswith(f"{public_url}/"):
            continue
        pieces.append(html.escape(line[at : found.start()]))
        pieces.append(f'<a href="{html.escape(url)}">{html.escape(url)}</a>')
        at = found.end()
    pieces.append(html.escape(line[at:]))
    return "".join(pieces)


def _part(boundary: str, subtype: str, text: str) -> list[str]:
    # Base64 has no line that starts with the boundary's dashes, whatever the text.
    encoded = base64.encodebytes(text.encode("utf-8", "replace")).decode("ascii")
    return [
        f"--{boundary}",
        f'Content-Type: text/{subtype}; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        *encoded.splitlines(),
    ]


def _header_text(text: str) -> str:
    """A header value in ASCII, folded where it is long."""
    if text.isascii() and len(text) < 70:
        return text
    return Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _sample_line(mark: str, language: str) -> str:
    if language == "en":
        return f"-- {mark}: this message comes from an installation with sample data. Nothing in it is real."
    return f"-- {mark}: pesan ini berasal dari sistem dengan data contoh. Isinya bukan kejadian nyata."
