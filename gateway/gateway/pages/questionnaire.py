"""Between the fields of the questionnaire's form and the answer that the gateway takes."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .forms import first

Values = Mapping[str, Sequence[str]]
Questions = Mapping[str, Any]
CONSENTS = {
    "process": "consent_process",
    "contact": "consent_contact",
    "publish_comment": "consent_publish",
}
SKIPPED = ("", "-")
SCORE = re.compile(r"[0-9]{1,3}")


def elements_of(questions: Questions) -> list[Mapping[str, Any]]:
    return sorted(questions["elements"], key=lambda element: element["question_order"])


def field_names(questions: Questions) -> list[str]:
    """The form's fields from top to bottom."""
    return [
        "unit",
        *(f"q-{element['key']}" for element in elements_of(questions)),
        "service_code",
        *(f"r-{question['key']}" for question in questions.get("respondent") or ()),
        "comment",
        "consent_process",
        "consent_publish",
        "consent_contact",
    ]


def field_of_pointer(questions: Questions) -> dict[str, str]:
    """Which field of the form each JSON pointer of an answer belongs to."""
    asked = elements_of(questions)
    fields = {
        "/answers": f"q-{asked[0]['key']}" if asked else "",
        "/service_code": "service_code",
        "/comment": "comment",
        "/respondent": "",
        "/consents": "consent_process",
    }
    fields |= {f"/answers/{element['key']}": f"q-{element['key']}" for element in asked}
    fields |= {
        f"/respondent/{question['key']}": f"r-{question['key']}"
        for question in questions.get("respondent") or ()
    }
    return fields | {f"/consents/{name}": field for name, field in CONSENTS.items()}


def answer_of(questions: Questions, values: Values, language: str) -> dict[str, Any]:
    """The answer as it was given. Questions that were skipped are left out: no score stands for silence.

    What cannot be a score is passed on as typed, so that one place refuses it.
    """
    answers = {}
    for element in elements_of(questions):
        chosen = first(values, f"q-{element['key']}")
        if chosen not in SKIPPED:
            answers[element["key"]] = int(chosen) if SCORE.fullmatch(chosen) else chosen
    respondent = {
        question["key"]: first(values, f"r-{question['key']}")
        for question in questions.get("respondent") or ()
        if first(values, f"r-{question['key']}") not in SKIPPED
    }
    body: dict[str, Any] = {
        "submission_id": submission_id_of(values),
        "answers": answers,
        "questionnaire_version": questions["version"],
        "language": language,
        "consents": {
            **{name: first(values, field) == "yes" for name, field in CONSENTS.items()},
            "text_version": (questions.get("consent") or {}).get("version"),
        },
    }
    optional = {
        "respondent": respondent,
        "service_code": first(values, "service_code"),
        "comment": first(values, "comment").strip(),
    }
    return body | {name: value for name, value in optional.items() if value}


def submission_id_of(values: Values) -> str:
    """The id that was put into the form when it was shown; a form that lost it gets a new one."""
    try:
        return str(uuid.UUID(first(values, "submission_id")))
    except ValueError:
        return str(uuid.uuid4())
