"""E-mail addresses and phone numbers as people write them, brought to the form in which they are kept."""

from __future__ import annotations

import re

import email_validator
import phonenumbers

# Sample cities write to these reserved domains; nothing is ever delivered there.
for _reserved in ("invalid", "test"):
    if _reserved in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_reserved)

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
    try:
        return email_validator.validate_email(text.strip(), check_deliverability=False).normalized
    except (email_validator.EmailNotValidError, ValueError):
        raise BadContact("not_an_email") from None


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
