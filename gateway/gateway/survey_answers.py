"""A survey answer against its questionnaire, and the sealed event it becomes.

Plain functions: what may be handed in by whom, and what of it surveys gets to read. Nothing but surveys
reads any of it: the whole answer is sealed and padded, so that not even its length tells of a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from marshmallow import ValidationError, fields

from gateway.callers import LANGUAGES, Caller
from gateway.catalogue import Catalogue
from gateway.messages import field_error
from gateway.problems import FieldError
from gateway.questionnaires import Questionnaire
from gateway.schemas import UNIT
from gateway.shapes import ERRORS, Choice, Day, Flag, Id, Strict, Text, Word, load, nested, pointer_to
from gateway.survey_keys import Submission
from servicekit.envelope import Event
from servicekit.sealing import KeyRing

TYPE = "survey.submitted.v1"
SCHEMA = "https://tanggap.id/contracts/gateway/survey.submitted.v1.json"
RECIPIENT = "surveys"
COMMENT_MAX = 2000
PAD_BYTES = 2048
SCORES = (1, 2, 3, 4)
LINK_MODES = ("invite_link", "qr_counter")
CHANNELS = ("web", "api", *LINK_MODES, "assisted")
_TOKEN = re.compile(r"\S{1,80}")
_OLDEST = timedelta(days=731)
MOST_KEYS = 50


class Scores(fields.Dict):
    """Answers by element: 1 to 4, or null for one that was left out. No other scale is taken."""

    default_error_messages = {**ERRORS, "invalid": "not_an_object", "too_many": f"too_many max={MOST_KEYS}"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MOST_KEYS:
            raise self.make_error("too_many")
        kept = {key: score for key, score in value.items() if score is not None}
        wrong = {
            key: ["not_a_score"]
            for key, score in kept.items()
            if isinstance(score, bool) or not isinstance(score, int) or score not in SCORES
        }
        if wrong:
            raise ValidationError(
                wrong, valid_data={key: score for key, score in kept.items() if key not in wrong}
            )
        return kept


class RespondentAnswers(fields.Dict):
    """What the person says of herself, by question; null counts as not said."""

    default_error_messages = {**ERRORS, "invalid": "not_an_object", "too_many": f"too_many max={MOST_KEYS}"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MOST_KEYS:
            raise self.make_error("too_many")
        return {key: answer for key, answer in value.items() if answer not in (None, "")}


class Consents(Strict):
    """What the person agreed to, and which text she read. Only the first is needed."""

    process = Flag(required=True)
    contact = Flag(load_default=False)
    publish_comment = Flag(load_default=False)
    text_version = Text(60, allow_none=True)


class SurveyAnswer(Strict):
    """An answer as it is handed in: with the token of a link, or by staff with the unit it is about."""

    submission_id = Id(required=True)
    token = Word(_TOKEN, allow_none=True)
    unit = Word(UNIT, allow_none=True)
    answers = Scores(required=True)
    respondent = RespondentAnswers(allow_none=True)
    comment = Text(COMMENT_MAX, allow_none=True)
    consents = nested(Consents, required=True)
    channel = Choice(CHANNELS, allow_none=True)
    service_code = Text(60, allow_none=True)
    date = Day(allow_none=True)
    questionnaire_version = Text(60, allow_none=True)
    language = Choice(LANGUAGES, allow_none=True)


_SHAPE = SurveyAnswer()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules need beside the answer itself."""

    caller: Caller
    catalogue: Catalogue
    questionnaire: Questionnaire
    now: datetime
    assists: bool  # the caller may enter what citizens say at a counter

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.catalogue.city["timezone"])

    @property
    def today(self) -> date:
        """The day it is in the city."""
        return self.now.astimezone(self.zone).date()

    @property
    def last_midnight(self) -> datetime:
        return datetime.combine(self.today, time(), self.zone)


def check(body: Any, around: Circumstances) -> tuple[dict[str, Any], list[FieldError]]:
    """What could be read of an answer, and an error for every field that cannot be taken."""
    language = around.caller.language
    answer, errors = load(_SHAPE, body, language)
    known = {error.pointer for error in errors}
    errors += [error for error in _refusals(answer, around) if error.pointer not in known]
    return answer, errors


def _refusals(answer: Mapping[str, Any], around: Circumstances) -> Iterator[FieldError]:
    language = around.caller.language
    if answer.get("token") and answer.get("unit"):
        yield field_error("/unit", "unit_by_link", language)
    elif not answer.get("token") and not answer.get("unit"):
        yield field_error("/token", "link_required", language)
    elif answer.get("unit") and around.catalogue.unit(answer["unit"]) is None:
        yield field_error("/unit", "unknown_unit", language)
    service_code = answer.get("service_code")
    if service_code and around.catalogue.service(service_code) is None:
        yield field_error("/service_code", "unknown_service", language)
    if "consents" in answer and not (answer["consents"] or {}).get("process"):
        yield field_error("/consents/process", "consent_required", language)
    yield from scores(answer, around.questionnaire, language)
    yield from respondent(answer.get("respondent") or {}, around.questionnaire, language)
    yield from _day(answer.get("date"), around)


def scores(answer: Mapping[str, Any], questionnaire: Questionnaire, language: str) -> Iterator[FieldError]:
    """Errors of the elements: one that the questionnaire does not ask, or none answered at all."""
    if "answers" not in answer:
        return
    for key in answer["answers"]:
        if key not in questionnaire.elements:
            yield field_error(pointer_to("answers", key), "unknown_element", language)
    if not answer["answers"]:
        yield field_error("/answers", "no_answer", language)


def respondent(
    answers: Mapping[str, Any], questionnaire: Questionnaire, language: str
) -> Iterator[FieldError]:
    for key, value in answers.items():
        choices = questionnaire.respondent.get(key)
        if choices is None:
            yield field_error(pointer_to("respondent", key), "unknown_field", language)
        elif value not in choices:
            yield field_error(
                pointer_to("respondent", key), "not_a_choice", language, choices=", ".join(choices)
            )


def _day(day: date | None, around: Circumstances) -> Iterator[FieldError]:
    if day is None or day == around.today:
        return
    if not around.assists:
        yield field_error("/date", "desk_only", around.caller.language)
    elif (code := misdated(day, around.today)) is not None:
        yield field_error("/date", code, around.caller.language)


def misdated(day: date, today: date) -> str | None:
    """What is wrong with a day of service: it has not come yet, or nobody asks about it any more."""
    if day > today:
        return "in_the_future"
    return "too_long_ago" if day < today - _OLDEST else None


def block(
    answer: Mapping[str, Any],
    submission: Submission,
    around: Circumstances,
    *,
    mode: str,
    device: str | None = None,
) -> dict[str, Any]:
    """What surveys reads of a checked answer."""
    consents = answer["consents"]
    caller = around.caller
    return {
        "submission_id": answer["submission_id"],
        "body_hash": submission.body_hash,
        "token": answer.get("token") or None,
        "unit": answer.get("unit") or None,
        "mode": mode,
        "date": (answer.get("date") or around.today).isoformat(),
        "answers": answer["answers"],
        "respondent": answer.get("respondent") or None,
        "service_code": answer.get("service_code") or None,
        "comment": answer.get("comment") or None,
        "consents": {
            "process": True,
            "contact": consents.get("contact", False),
            "publish_comment": consents.get("publish_comment", False),
            "text_version": consents.get("text_version") or around.questionnaire.consent_version,
        },
        "questionnaire_version": around.questionnaire.version,
        "language": answer.get("language") or caller.language,
        "device": device,
        "assisted_by": caller.ref if mode == "assisted" else None,
    }


def event(sealed: Mapping[str, Any], submission: Submission, around: Circumstances, ring: KeyRing) -> Event:
    """The intake event: its time is the last midnight in the city, and nothing joins it to a request."""
    return Event(
        id=submission.key,
        source="/gateway",
        type=TYPE,
        subject=submission.key,
        time=around.last_midnight,
        dataschema=SCHEMA,
        data={"answer_sealed": ring.seal_bytes(padded(sealed), recipient=RECIPIENT, context=submission.key)},
    )


def padded(document: Mapping[str, Any]) -> bytes:
    """The document as JSON, spaces in `pad` filling it to a multiple of 2,048 bytes."""
    bare = len(orjson.dumps({**document, "pad": ""}))
    return orjson.dumps({**document, "pad": " " * (-bare % PAD_BYTES)})
