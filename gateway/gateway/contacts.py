"""E-mail addresses and phone numbers as people write them, brought to the form in which they are kept."""

from __future__ import annotations

import re

import email_validator
import phonenumbers

# Sample cities write to this reserved domain; nothing is ever delivered there.
_RESERVED = ".invalid"

_PHONE = re.compile(r"\+?[\d\s().-]{6,30}")
_SEVERAL = re.compile(r"[/,;&]|\s(?:atau|dan|or|and)\s", re.IGNORECASE)
_SPREADSHEET = re.compile(r"\d[.,]?\d*e\+?\d+", re.IGNORECASE)


class BadContact(ValueError):
    """`code` names what is wrong, for gateway.messages."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def email(text: str) -> str:
    """The normalised address. Whether a mailbox exists, only sending tells."""
    address = text.strip()
    reserved = address.casefold().endswith(_RESERVED)
    try:
        # The library refuses the reserved domain whatever it is asked; the rest of the address still counts.
        checked = email_validator.validate_email(
            address[: -len(_RESERVED)] + ".id" if reserved else address,
            check_deliverability=False,
            test_environment=True,
        ).normalized
    except (email_validator.EmailNotValidError, ValueError):
        raise BadContact("not_an_email") from None
    return checked.removesuffix(".id") + _RESERVED if reserved else checked


def phone(text: str) -> str:
    """The number in E.164, read as Indonesian unless it says otherwise.

    Two numbers, or one that a spreadsheet has rounded, are refused rather than guessed at.
    """
    text = text.strip()
    if _SPREADSHEET.fullmatch(text):
        raise BadContact("spreadsheet_number")
    if _SEVERAL.search(text):
        raise BadContact("one_phone_only")
    if not _PHONE.fullmatch(text):
        raise BadContact("not_a_phone")
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        text = f"+{digits}"
    elif digits.startswith("628"):
        # Without the plus a short 628… would be read as a landline in area 62.
        text = f"+{digits}"
    else:
        text = digits
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        raise BadContact("not_a_phone") from None
    if not phonenumbers.is_valid_number(number):
        raise BadContact("not_a_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
