"""What Sawahlunto says about surveys, evaluations, trainings and refusals."""

import re
from pathlib import Path
from typing import Any

import pytest
from unit.notifications.chain_words import told

from notifications.city import CitySource, TemplateSource, check, fields_of_schemas, read_city
from notifications.domain.audiences import CITIZENS, about_case
from notifications.domain.intents import Recipient
from notifications.domain.rules import SURVEY, Rule, faults_in, matches
from notifications.domain.template import tidy
from notifications.pages import page_of
from notifications.values import values_for
from notifications.wording import LANGUAGES, Context, Names, spoken_period
from servicekit.contracts import Contracts
from servicekit.topology import Topology

ROOT = Path(__file__).resolve().parents[3]
CITY = ROOT / "cities" / "sawahlunto"
SCHEMAS = Contracts.load(ROOT / "contracts")
FIELDS = fields_of_schemas(SCHEMAS.schemas)
TOPOLOGY = Topology.load(ROOT / "contracts")
SOURCE: CitySource = read_city(CITY, FIELDS)
CHAIN = [rule for rule in SOURCE.rules if not about_case(rule.event_type)]
URL = "https://t.example"
STOP = f"{URL}/jangan-tanyai/{'u' * 44}"
NAMES = Names(
    {"dukcapil": {"id": "Disdukcapil", "en": "Civil registry"}},
    {"ktp-el": {"id": "KTP elektronik", "en": "Identity card"}},
    {"antrian-dukcapil": {"id": "Sistem antrean", "en": "Queue system"}},
)
VERDICTS = re.compile(
    r"\b(sangat baik|baik|butuh perbaikan|kurang|misconduct|istimewa|predikat|ekspektasi|di bawah|di atas|"
    r"sesuai|nilainya|skor|angka|very good|good|poor|needs improvement|outstanding|below|above|meets|"
    r"score|grade)\b",
    re.IGNORECASE,
)
DECISIONS = re.compile(
    r"\b(diterima|ditolak|dikabulkan|diubah|upheld|granted|rejected|changed)\b", re.IGNORECASE
)
FRAUD = re.compile(r"[!%$]|[A-Z]{6,}|\b(?i:segera|klik|click|urgent|hadiah|gratis|free|win|blokir)\b")


def filled(rule: Rule, data: dict[str, Any], language: str) -> tuple[str, str]:
    audience = "reporter" if rule.audience in CITIZENS else "staff"
    who = Recipient("ref", audience, language, name="Siti", link=f"{URL}/lacak/a/secret")
    parsed = next(t for t in SOURCE.templates if (t.key, t.language) == (rule.template, language)).parsed(1)
    context = Context(rule.event_type, data, who, SOURCE.city(), NAMES, URL, STOP)
    values = values_for(parsed.keys, context)
    return tidy(parsed.subject.fill(values)), tidy(parsed.body.fill(values))


def messages(rules: list[Rule]) -> list[Any]:
    return [
        pytest.param(rule, data, language, id=f"{rule.id}-{number}-{language}")
        for rule in rules
        for number, data in enumerate(told(SCHEMAS, rule.event_type))
        if matches(rule.when, data)
        for language in LANGUAGES
    ]


@pytest.mark.parametrize(("rule", "data", "language"), messages(CHAIN))
def test_every_message_of_the_chain_is_filled_and_leads_to_its_page(
    rule: Rule, data: dict[str, Any], language: str
) -> None:
    subject, text = filled(rule, data, language)

    assert 5 < len(subject) <= 120
    assert not FRAUD.search(subject), subject
    assert not re.search(r"\(\(|\)\)|None", subject + text)
    assert not re.search(r" [.,]|\.\.|\n\n\n|  ", text)
    assert text.count(URL) == (2 if rule.category == SURVEY else 1)
    assert (STOP in text) is (rule.category == SURVEY)
    assert f"{URL}{page_of(rule.event_type, data)}" in text


def test_every_rule_is_told_by_some_event() -> None:
    told_rules = {parameter.values[0].id for parameter in messages(CHAIN)}

    assert told_rules == {rule.id for rule in CHAIN}


@pytest.mark.parametrize("handler", ["on_survey_event", "on_evaluation_event"])
def test_every_event_of_the_chain_that_we_consume_tells_somebody(handler: str) -> None:
    types = TOPOLOGY.consumer("notifications", handler).types

    assert types <= {rule.event_type for rule in CHAIN}


@pytest.mark.parametrize(
    ("rule", "data", "language"),
    messages([rule for rule in CHAIN if rule.event_type.startswith(("evaluation.", "training."))]),
)
def test_nothing_about_a_rating_stands_in_a_message(rule: Rule, data: dict[str, Any], language: str) -> None:
    more = {"predikat": "sangat baik", "ratings": {"results": "di_atas"}, "jp": 20, "reason": "alasan 7"}

    subject, text = filled(rule, {**data, **more}, language)

    own = page_of(rule.event_type, data) or ""
    said = f"{subject}\n{text.replace(URL + own, '')}"
    assert not VERDICTS.search(said), VERDICTS.search(said)
    assert rule.event_type.startswith("training.") or not DECISIONS.search(said), said
    if "period" not in data and not data.get("decide_by"):
        assert not re.search(r"\d", said), said


def test_a_decided_objection_is_told_alike_however_it_was_decided() -> None:
    for rule in (rule for rule in CHAIN if rule.event_type == "evaluation.objection_decided.v1"):
        (one, other) = told(SCHEMAS, rule.event_type)
        assert one["new_version"] != other["new_version"]
        for language in LANGUAGES:
            assert filled(rule, one, language) == filled(rule, other, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invitation_says_who_asks_what_for_how_long_and_how_not_to_be_asked(language: str) -> None:
    rule = next(rule for rule in CHAIN if rule.id == "survey-invitation-visit")
    data = SCHEMAS.examples("survey.invited.v1")[0] | {"kind": "counter"}

    subject, text = filled(rule, data, language)

    name = NAMES.units["dukcapil"][language]
    said = {
        "id": [name, "Kota Sawahlunto", "KTP elektronik", "3 menit", "anonim", "diperbaiki", "tidak wajib"],
        "en": [
            name,
            "Kota Sawahlunto",
            "Identity card",
            "3 minutes",
            "anonymous",
            "better",
            "do not have to",
        ],
    }[language]
    assert [word for word in said if word not in text] == []
    # Its end is the midnight after the day that is named.
    assert {"id": "Selasa, 8 Desember 2026", "en": "Tuesday, 8 December 2026"}[language] in text
    assert {"id": "sekali dalam 30 hari", "en": "once in 30 days"}[language] in text
    assert {"id": "tidak ingin kami tanyai lagi", "en": "do not want to be asked any more"}[language] in text
    assert STOP in text
    assert "/lacak/" not in text
    assert name in subject


@pytest.mark.parametrize(
    ("code", "spoken"),
    [
        ("2026-Q3", ("triwulan III 2026", "the third quarter of 2026")),
        ("2026-H2", ("semester II 2026", "the second half of 2026")),
        ("2026", ("tahun 2026", "the year 2026")),
        (
            "2026-Q3-R4",
            ("satu tahun sampai triwulan III 2026", "the four quarters up to the third quarter of 2026"),
        ),
        ("2026-Q5", (None, None)),
        ("later", (None, None)),
        ("2026-", ("tahun 2026", "the year 2026")),
    ],
)
def test_a_period_is_spoken(code: str, spoken: tuple[str | None, str | None]) -> None:
    assert tuple(spoken_period(code, language) for language in LANGUAGES) == spoken


@pytest.mark.parametrize(
    ("type_", "data", "page"),
    [
        ("complaint.filed.v1", {"complaint_id": "7K3M9QXD4TRWH"}, "/petugas/7K3M-9QXD-4TRW-H"),
        ("evaluation.opened.v1", {"evaluation_id": "a/../b"}, "/evaluasi/a%2F..%2Fb"),
        ("evaluation.opened.v1", {}, None),
        ("training.completed.v1", {}, "/pelatihan"),
        ("improvement.planned.v1", {"unit": "dlh", "period": "2026-Q3"}, "/hasil/dlh/2026-Q3"),
        ("survey.period_closed.v1", {"unit": "dlh", "period": None}, None),
        ("event.rejected.v1", {}, "/v1/events/rejections"),
    ],
)
def test_a_message_leads_to(type_: str, data: dict[str, Any], page: str | None) -> None:
    assert page_of(type_, data) == page


def rule(**changes: Any) -> Rule:
    parts: dict[str, Any] = {
        "id": "r",
        "event_type": "evaluation.finalised.v1",
        "audience": "person",
        "channels": ("inbox",),
        "template": "t",
        "category": "staff",
        "announce": False,
    }
    return Rule(**{**parts, **changes})


INVITED = {
    "event_type": "survey.invited.v1",
    "audience": "visitor",
    "channels": ("email",),
    "category": "survey",
}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"announce": True}, "needs `announce: false`"),
        ({"audience": "decider"}, "decider needs the field decider_ref"),
        ({"audience": "owner"}, "owner needs the field owner_ref"),
        ({"audience": "department"}, "department needs the field department"),
        ({"category": "survey"}, "survey is for events with token_path"),
        ({**INVITED, "category": "transactional"}, "survey is for events with token_path"),
        ({**INVITED, "channels": ("inbox",)}, "visitors have no inbox"),
        (
            {"event_type": "event.rejected.v1", "audience": "department", "channels": ("email",)},
            "departments have an inbox and nothing else",
        ),
    ],
)
def test_a_wrong_rule_of_the_chain_is_refused(changes: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in faults_in(rule(**changes), FIELDS))


def test_a_survey_mail_without_the_way_not_to_be_asked_again_is_refused() -> None:
    texts = [
        TemplateSource("t", language, "Halo", body)
        for language, body in (("id", "((link)) ((stop_link))"), ("en", "((link))"))
    ]

    faults = check([rule(**INVITED)], texts, FIELDS)

    assert faults == ["rule r: template t.en: ((stop_link)) is missing: who is asked must be able to end it"]


@pytest.mark.parametrize("changes", [{}, INVITED, {"audience": "rater"}, {"audience": "role:hr"}])
def test_a_right_rule_of_the_chain_has_no_faults(changes: dict[str, Any]) -> None:
    assert faults_in(rule(**changes), FIELDS) == []
