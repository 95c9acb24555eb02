"""Commands: what callers ask, read from what they sent. Every wrong field is named by its JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.domain.access import Actor
from complaints.domain.actions import (
    UNVERSIONED,
    Action,
    Assign,
    Bounce,
    Comment,
    Confirm,
    Dispute,
    Merge,
    Progress,
    ProvideInfo,
    Reject,
    Reopen,
    RequestInfo,
    Resolve,
    Support,
    Verify,
)
from complaints.domain.case import OUTCOMES
from complaints.errors import Fault, NotValid, invalid

LONG_TEXT, SHORT_TEXT, CODE = 10_000, 500, 80

_CONFUSED = str.maketrans("OIL", "011")
_CODE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{13}$")


@dataclass(frozen=True, slots=True)
class Act:
    """One action on one case. `key` makes it safe to repeat for a day; `remarks` go to the history."""

    actor: Actor
    code: str
    name: str
    action: Action
    version: int | None
    key: str | None
    fingerprint: str
    as_of: datetime | None = None
    remarks: Mapping[str, Any] = field(default_factory=dict)


def canonical_code(code: Any) -> str:
    """A tracking code as it is stored: 13 characters, whatever hyphens, case and confusions were typed."""
    text = re.sub(r"[\s-]", "", str(code or "")).upper().translate(_CONFUSED)
    return text if _CODE.match(text) else ""


class Fields:
    """Reads a payload field by field and collects what is wrong with it."""

    def __init__(self, payload: Any) -> None:
        self._payload: Mapping[str, Any] = payload if isinstance(payload, Mapping) else {}
        self.faults: list[Fault] = []
        if payload is not None and not isinstance(payload, Mapping):
            self.faults.append(Fault("", "not_an_object", "The payload must be an object."))

    def text(self, name: str, limit: int = LONG_TEXT, pointer: str = "") -> str:
        """A required text."""
        value = self.optional_text(name, limit, pointer)
        if value is None and not any(fault.pointer == f"{pointer}/{name}" for fault in self.faults):
            self._wrong(name, "required", "This field is required.", pointer)
        return value or ""

    def optional_text(self, name: str, limit: int = LONG_TEXT, pointer: str = "") -> str | None:
        value = self._payload.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(name, "not_a_text", "This field must be a text.", pointer)
            return None
        text = clean(value).strip()
        if len(text) > limit:
            self._wrong(name, "too_long", f"At most {limit} characters.", pointer)
        return text or None

    def flag(self, name: str) -> bool:
        value = self._payload.get(name, False)
        if not isinstance(value, bool):
            self._wrong(name, "not_a_flag", "This field must be true or false.")
            return False
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._payload.get(name)
        if value not in choices:
            self._wrong(name, "unknown_value", f"One of: {', '.join(choices)}.")
            return choices[0]
        return str(value)

    def group(self, name: str) -> Fields | None:
        value = self._payload.get(name)
        return None if value is None else Fields(value)

    def time(self, name: str) -> datetime | None:
        value = self._payload.get(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            at = None
        if at is None or at.tzinfo is None:
            self._wrong(name, "not_a_time", "This field must be an ISO 8601 time with zone.")
            return None
        return at

    def _wrong(self, name: str, code: str, detail: str, pointer: str = "") -> None:
        self.faults.append(Fault(f"{pointer}/{name}", code, detail))


def clean(text: str) -> str:
    """The text without what no database or mail can hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _verify(fields: Fields) -> Verify:
    group = fields.group("supervisory")
    supervisory, reason = None, None
    if group is not None:
        supervisory = group.flag("value")
        reason = group.text("reason", SHORT_TEXT)
        fields.faults += [Fault(f"/supervisory{f.pointer}", f.code, f.detail) for f in group.faults]
    return Verify(
        public_text=fields.text("public_text"),
        public_title=fields.optional_text("public_title", 200),
        service_code=fields.optional_text("service_code", CODE),
        supervisory=supervisory,
        supervisory_reason=reason,
        note=fields.optional_text("note"),
    )


def _merge(fields: Fields) -> Merge:
    into = fields.text("into", CODE)
    code = canonical_code(into)
    if into and not code:
        fields.faults.append(Fault("/into", "not_a_code", "This is not a tracking code."))
    return Merge(code)


_GROUND = re.compile(r"^[a-z_]{3,40}$")


def _reject(fields: Fields) -> Reject:
    ground = fields.text("ground", 40)
    if ground and not _GROUND.match(ground):
        fields.faults.append(Fault("/ground", "unknown_value", "A ground is a code of small letters."))
    return Reject(ground, fields.text("explanation"), fields.optional_text("referred_to", 200))


_READERS: dict[str, Callable[[Fields], Action]] = {
    "verify": _verify,
    "assign": lambda f: Assign(
        f.text("unit", CODE), f.optional_text("officer", CODE), f.optional_text("note")
    ),
    "bounce": lambda f: Bounce(f.text("target_unit", CODE), f.text("reason")),
    "request_info": lambda f: RequestInfo(f.text("question")),
    "provide_info": lambda f: ProvideInfo(f.text("text")),
    "progress": lambda f: Progress(f.optional_text("note"), f.flag("public")),
    "resolve": lambda f: Resolve(f.choice("outcome", OUTCOMES), f.text("answer")),
    "confirm": lambda f: Confirm(),
    "dispute": lambda f: Dispute(f.text("reason")),
    "reject": _reject,
    "reopen": lambda f: Reopen(f.text("reason")),
    "merge": _merge,
    "comment": lambda f: Comment(f.text("text"), f.flag("internal")),
    "support": lambda f: Support(),
}

ACTIONS = tuple(_READERS)


def read_action(name: str, payload: Any) -> tuple[Action, datetime | None]:
    """The action and the time it is said to have happened at. Raises NotValid naming every wrong field."""
    reader = _READERS.get(name)
    if reader is None:
        raise invalid("", "unknown_action", f"One of: {', '.join(ACTIONS)}.")
    fields = Fields(payload)
    action = reader(fields)
    as_of = fields.time("as_of")
    if fields.faults:
        raise NotValid(fields.faults)
    return action, as_of


def checked_version(name: str, version: Any) -> int | None:
    """The version the caller knows. Only a comment and a support may leave it out."""
    if version is None and name in UNVERSIONED:
        return None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise invalid("/version", "required", "The version of the case that you saw is required.")
    return version
