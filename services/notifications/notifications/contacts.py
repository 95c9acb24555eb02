"""What a sealed contact block says, made safe to write to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from notifications.domain.delivery import Reason

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'’\-])*")
_ADDRESS_LIKE = re.compile(r"\.[a-z]{2,}|www\.", re.IGNORECASE)
_ACADEMIC = re.compile(r"\b(?:S|M|A|Dr|Drs|Ir|H|Hj|Prof)\.[A-Z][A-Za-z]{0,3}\b\.?")
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Contact:
    """An opened contact block. `email` is valid or None; then `email_problem` says why."""

    name: str
    email: str | None
    email_problem: Reason | None
    link: str | None
    language: str


def read_contact(block: Mapping[str, Any], *, language: str, deliverable_only: bool) -> Contact:
    """Read a block tolerantly: whatever is in it, the result is safe to put into a mail.

    `deliverable_only` refuses addresses that can never arrive (example.invalid, localhost); development
    does not, because its invented people live there.
    """
    email, problem = usable_email(block.get("email"), deliverable_only=deliverable_only)
    link = block.get("link")
    wanted = block.get("language")
    return Contact(
        name=usable_name(block.get("name")),
        email=email,
        email_problem=problem,
        link=link if isinstance(link, str) and _is_link(link) else None,
        language=wanted if wanted in ("id", "en") else language,
    )


def usable_email(raw: Any, *, deliverable_only: bool) -> tuple[str | None, Reason | None]:
    """The address in the form that SMTP takes, or the reason why there is none."""
    if not isinstance(raw, str) or not raw.strip():
        return None, Reason.CONTACT_MISSING
    address = raw.strip()
    reserved = not deliverable_only and address.casefold().endswith(".invalid")
    try:
        # The library refuses reserved domains whatever it is asked; the rest of the address still counts.
        checked = validate_email(
            address[: -len(".invalid")] + ".id" if reserved else address,
            check_deliverability=False,
            allow_smtputf8=False,
        ).ascii_email
    except EmailNotValidError:
        return None, Reason.CONTACT_INVALID
    if checked is None:
        return None, Reason.CONTACT_INVALID
    return (checked.removesuffix(".id") + ".invalid" if reserved else checked), None


def usable_name(raw: Any) -> str:
    """A name that is safe in a greeting, or nothing.

    Anybody can file in the name of an address that is not theirs. A name with a web address in it would
    make us the sender of somebody else's advertisement, so it is left out.
    """
    if not isinstance(raw, str):
        return ""
    name = " ".join(_CONTROL.sub(" ", raw).split())
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        return ""
    return "" if _ADDRESS_LIKE.search(_ACADEMIC.sub("", name)) else name


def one_line(raw: Any, limit: int = 200) -> str:
    """A value without control characters and line breaks."""
    return " ".join(_CONTROL.sub(" ", str(raw)).split())[:limit]


def masked(address: str) -> str:
    """`c***@x.id`: enough to recognise one's own, not enough to write to."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def _is_link(text: str) -> bool:
    return re.fullmatch(r"https?://[!-~]+", text) is not None and not re.search(r"[<>\"'\\]", text)
