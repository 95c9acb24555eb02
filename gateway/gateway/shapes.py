"""What the shapes that come in over JSON are made of: marshmallow fields that say what is wrong by a code.

Error messages are codes with parameters (`too_long max=200`); `load` turns them into pointers and
sentences.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing, validate

from gateway import contacts
from gateway.messages import field_error
from gateway.problems import FieldError

CONTACT_MAX = 320
ATTRIBUTES_MAX, ATTRIBUTE_CODE_MAX, ATTRIBUTE_TEXT_MAX, ATTRIBUTE_LIST_MAX = 50, 100, 10_000, 50
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
ERRORS = {"required": "required", "null": "null", "validator_failed": "invalid"}


def clean(text: str) -> str:
    """The text without control characters, with plain line ends, composed, and trimmed."""
    return unicodedata.normalize(
        "NFC", _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    ).strip()


def _kept_at_most(most: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        if len(text) > most:
            raise ValidationError(f"too_long max={most}")

    return check


class Text(fields.String):
    """Text as people paste it; limits count what is kept."""

    default_error_messages = {**ERRORS, "invalid": "not_text", "invalid_utf8": "not_text", "blank": "blank"}

    def __init__(self, max_length: int, *, blank: bool = True, **kwargs: Any) -> None:
        super().__init__(validate=_kept_at_most(max_length), **kwargs)
        self._blank = blank
        # Not as maxLength: what is not kept, such as control characters, does not count.
        told = {"description": f"At most {max_length} characters."}
        self.metadata = {**told, **({} if blank else {"minLength": 1}), **self.metadata}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = clean(value)
        if not text and not self._blank:
            raise self.make_error("blank")
        return text


class Flag(fields.Boolean):
    """true or false, and nothing that merely resembles them."""

    default_error_messages = {**ERRORS, "invalid": "not_true_or_false"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Degrees(fields.Float):
    """A coordinate: a finite JSON number within its range."""

    default_error_messages = {
        **ERRORS,
        "invalid": "not_a_number",
        "special": "not_a_number",
        "too_large": "not_a_number",
    }

    def __init__(self, limit: int, **kwargs: Any) -> None:
        bounds = validate.Range(-limit, limit, error=f"out_of_range min={-limit} max={limit}")
        super().__init__(allow_nan=False, validate=bounds, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.make_error("invalid")
        return float(value)


class Whole(fields.Integer):
    """A whole JSON number."""

    default_error_messages = {**ERRORS, "invalid": "not_an_integer", "too_large": "not_an_integer"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
            raise self.make_error("invalid")
        return value


class Moment(fields.AwareDateTime):
    """An ISO 8601 time that says its zone."""

    default_error_messages = {
        **ERRORS, "invalid": "not_a_time", "invalid_awareness": "not_a_time", "format": "not_a_time",
    }  # fmt: skip

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        at = parse_time(value)
        if at is None or at.tzinfo is None:
            raise self.make_error("invalid")
        return at


class Day(fields.Field[date]):
    """A date of the calendar, without a time."""

    default_error_messages = {**ERRORS, "invalid": "not_a_day"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> date:
        day = parse_day(value)
        if day is None:
            raise self.make_error("invalid")
        return day


class Id(fields.UUID):
    """A UUID, in its canonical form."""

    default_error_messages = {**ERRORS, "invalid_uuid": "not_a_uuid"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid_uuid")
        return str(super()._deserialize(value, attr, data, **kwargs))


class Word(fields.String):
    """Text of one pattern, such as a code; `code` says what is wrong with any other."""

    def __init__(self, pattern: re.Pattern[str], code: str = "invalid", **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Regexp(re.compile(f"(?:{pattern.pattern})\\Z"), error=code),
            error_messages={**ERRORS, "invalid": "not_text", "invalid_utf8": "not_text"},
            **kwargs,
        )


class Items(fields.List[Any]):
    """A list of at most so many."""

    default_error_messages = {**ERRORS, "invalid": "not_a_list"}

    def __init__(self, of: fields.Field[Any], most: int, **kwargs: Any) -> None:
        super().__init__(of, validate=validate.Length(max=most, error=f"too_many max={most}"), **kwargs)


class Choice(fields.String):
    """One of a few words."""

    default_error_messages = {**ERRORS, "invalid": "not_text", "invalid_utf8": "not_text"}

    def __init__(self, choices: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(
            validate=validate.OneOf(choices, error=f"not_a_choice choices={'|'.join(choices)}"), **kwargs
        )


class Email(fields.Field[str | None]):
    default_error_messages = {**ERRORS, "invalid": "not_an_email"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | None:
        return _contact(self, contacts.email, value)


class Phone(fields.Field[str | None]):
    default_error_messages = {
        **ERRORS,
        "invalid": "not_a_phone",
        "one_phone_only": "one_phone_only",
        "spreadsheet_number": "spreadsheet_number",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | None:
        return _contact(self, contacts.phone, value)


class Attributes(fields.Dict):
    """Answers to a service's questions, by code. Codes that the catalogue does not know are kept."""

    default_error_messages = {
        **ERRORS,
        "invalid": "not_an_object",
        "too_many": f"too_many max={ATTRIBUTES_MAX}",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > ATTRIBUTES_MAX:
            raise self.make_error("too_many")
        if any(len(code) > ATTRIBUTE_CODE_MAX for code in value):
            raise ValidationError(f"too_long max={ATTRIBUTE_CODE_MAX}")
        kept: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for code, answer in value.items():
            try:
                if answer is not None:
                    kept[code] = _answer(answer)
            except ValidationError as error:
                errors[code] = error.messages
        if errors:
            raise ValidationError(errors, valid_data=kept)
        return kept


def _answer(value: Any) -> Any:
    """An attribute's value before the catalogue is asked: a scalar, or a short list of scalars."""
    if isinstance(value, list):
        if len(value) > ATTRIBUTE_LIST_MAX:
            raise ValidationError(f"too_many max={ATTRIBUTE_LIST_MAX}")
        return [_scalar(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        text = clean(value)
        if len(text) > ATTRIBUTE_TEXT_MAX:
            raise ValidationError(f"too_long max={ATTRIBUTE_TEXT_MAX}")
        return text
    if isinstance(value, bool | int | float):
        return value
    raise ValidationError("not_text")


def _contact(field: fields.Field[Any], normalise: Callable[[str], str], value: Any) -> str | None:
    """The normalised contact; blank counts as none, as forms send it."""
    if not isinstance(value, str) or len(value) > CONTACT_MAX:
        raise field.make_error("invalid")
    if not value.strip():
        return None
    try:
        return normalise(value)
    except contacts.BadContact as error:
        raise field.make_error(error.code if error.code in field.error_messages else "invalid") from None


def parse_time(value: Any) -> datetime | None:
    """An ISO 8601 date or time, or None."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def parse_day(value: Any) -> date | None:
    """A date such as 2026-11-24, or None."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


class Strict(Schema):
    """Unknown fields are refused by name, so that a misspelt one is not silently lost."""

    class Meta:
        unknown = RAISE

    error_messages = {"type": "not_an_object", "unknown": "unknown_field"}

    def load(self, data: Any, **options: Any) -> Any:
        """What marshmallow gives. A document without a fault, the usual case, is read in one short pass."""
        if not self.many and not any(options.values()):
            try:
                return self._faultless(data)
            except ValidationError:  # all its faults are wanted, not the first
                pass
        return super().load(data, **options)

    def _faultless(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict) or not data.keys() <= self.load_fields.keys():
            raise ValidationError("not faultless")
        loaded = {}
        for name, field in self.load_fields.items():
            value = field.deserialize(data.get(name, missing), name, data)
            if value is not missing:
                loaded[name] = value
        return loaded


def nested(schema: type[Schema], **kwargs: Any) -> fields.Nested:
    return fields.Nested(
        schema, allow_none=True, error_messages={**ERRORS, "type": "not_an_object"}, **kwargs
    )


def load(schema: Schema, document: Any, language: str) -> tuple[dict[str, Any], list[FieldError]]:
    """What could be read of a document, and an error for every field that could not.

    Both halves are returned, so that the rules of the catalogue can be checked in the same pass.
    """
    try:
        return schema.load(document), []
    except ValidationError as error:
        valid = error.valid_data if isinstance(error.valid_data, dict) else {}
        return valid, [
            field_error(pointer, code, language, **details)
            for pointer, code, details in _flat(error.messages, "")
        ]


def pointer_to(*keys: object) -> str:
    """A JSON pointer. A key too long to be one of ours is not repeated."""
    return "".join(
        "/" + str(key).replace("~", "~0").replace("/", "~1")
        for key in keys
        if len(str(key)) <= ATTRIBUTE_CODE_MAX
    )


def _flat(messages: Any, pointer: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _flat(below, pointer if key == "_schema" else pointer + pointer_to(key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        if isinstance(message, Mapping):
            yield from _flat(message, pointer)
            continue
        code, *parameters = str(message).split(" ")
        details = dict(parameter.split("=", 1) for parameter in parameters)
        if "choices" in details:
            details["choices"] = details["choices"].replace("|", ", ")
        yield pointer, code, details
