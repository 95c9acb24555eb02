"""The texts that Sawahlunto ships, held against the contracts and against plain language."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from notifications.city import CitySource, TemplateSource, check, fields_of_schemas, read_city
from notifications.domain.audiences import CITIZENS, about_case
from notifications.domain.intents import Recipient
from notifications.domain.rules import Rule, matches
from notifications.domain.template import tidy
from notifications.errors import CityRefused
from notifications.values import VALUES, values_for
from notifications.wording import LANGUAGES, City, Context, Names
from servicekit.contracts import Contracts

ROOT = Path(__file__).resolve().parents[3]
CITY = ROOT / "cities" / "sawahlunto"
SCHEMAS = Contracts.load(ROOT / "contracts")
FIELDS = fields_of_schemas(SCHEMAS.schemas)
SOURCE: CitySource = read_city(CITY, FIELDS)
NAMES = Names(
    {code: {"id": f"Unit {code}", "en": f"Unit {code}"} for code in ("dpupr", "dlh")},
    {"jalan-berlubang": {"id": "Jalan berlubang", "en": "Pothole"}},
)


def template(key: str, language: str) -> TemplateSource:
    return next(one for one in SOURCE.templates if (one.key, one.language) == (key, language))


def filled(rule: Rule, data: dict[str, Any], language: str) -> tuple[str, str]:
    audience = "reporter" if rule.audience in CITIZENS else "staff"
    link = "https://t.example/lacak/7K3M-9QXD-4TRW-H/s" if audience == "reporter" else None
    who = Recipient("ref", audience, language, name="Siti", link=link)
    stop = "https://t.example/jangan-tanyai/u"
    context = Context(rule.event_type, data, who, SOURCE.city(), NAMES, "https://t.example", stop)
    parsed = template(rule.template, language).parsed(1)
    values = values_for(parsed.keys, context)
    return tidy(parsed.subject.fill(values)), tidy(parsed.body.fill(values))


def cases() -> list[Any]:
    found = []
    for rule in SOURCE.rules:
        for number, example in enumerate(SCHEMAS.examples(rule.event_type)):
            if matches(rule.when, example):
                found.extend(
                    pytest.param(rule, example, lang, id=f"{rule.id}-{number}-{lang}") for lang in LANGUAGES
                )
    return found


@pytest.mark.parametrize(("rule", "data", "language"), cases())
def test_every_rule_fills_its_text_from_the_contracts_example(
    rule: Rule, data: dict[str, Any], language: str
) -> None:
    subject, text = filled(rule, data, language)

    assert 5 < len(subject) <= 120
    assert "((" not in text
    assert "None" not in text
    assert ("7K3M-9QXD-4TRW-H" in subject + text) is about_case(rule.event_type)
    assert text.count("https://t.example/") == (2 if rule.category == "survey" else 1)
    assert not re.search(r" [.,]|\.\.|\n\n\n|  ", text)


@pytest.mark.parametrize(
    "rule", [rule for rule in SOURCE.rules if rule.audience in CITIZENS], ids=lambda r: r.id
)
def test_a_citizen_is_addressed_politely_and_without_office_words(rule: Rule) -> None:
    text = template(rule.template, "id").body

    assert re.search(r"\bAnda\b", text)
    assert not re.search(r"\b(kamu|disposisi|OPD|SLA|tiket|eskalasi|SKPD|user|email)\b", text, re.IGNORECASE)
    sentences = re.split(r"[.!?]\s", re.sub(r"\(\(.*?\)\)", "x", text))
    assert max(len(sentence.split()) for sentence in sentences) <= 35


def test_every_case_event_but_support_tells_somebody() -> None:
    told = {rule.event_type for rule in SOURCE.rules}
    types = {type_ for type_, owner in SCHEMAS.owners.items() if owner == "complaints"}

    names = {"unit.changed.v1", "service.changed.v1", "department.changed.v1"}
    assert types - told == {"complaint.supported.v1"} | names


@pytest.mark.parametrize("ground", yaml.safe_load((CITY / "wording.yaml").read_text())["ground"])
@pytest.mark.parametrize("referred_to", [None, "Balai Jalan"])
def test_every_ground_of_rejection_is_told_once(ground: str, referred_to: str | None) -> None:
    data = {**SCHEMAS.examples("complaint.rejected.v1")[0], "ground": ground, "referred_to": referred_to}
    rules = [
        rule
        for rule in SOURCE.rules
        if rule.event_type == "complaint.rejected.v1" and matches(rule.when, data)
    ]

    (rule,) = rules
    for language in LANGUAGES:
        _, text = filled(rule, data, language)
        assert (referred_to or SOURCE.city().word("ground", ground, language) or "?") in text


@pytest.mark.parametrize(
    ("closed_by", "reason", "key"),
    [
        ("reporter", "confirmed", "closed-confirmed"),
        ("staff", "confirmed", "closed-on-behalf"),
        ("timer", "silence", "closed-silence"),
        ("timer", "info_not_provided", "closed-incomplete"),
        ("timer", "unreachable", None),
    ],
)
def test_a_closing_is_told_by_its_reason(closed_by: str, reason: str, key: str | None) -> None:
    data = {**SCHEMAS.examples("complaint.closed.v1")[0], "closed_by": closed_by, "reason": reason}

    found = [
        rule.template
        for rule in SOURCE.rules
        if rule.event_type == "complaint.closed.v1"
        and rule.audience == "reporter"
        and matches(rule.when, data)
    ]

    assert found == ([key] if key else [])


def test_nearly_every_value_is_used_by_some_text() -> None:
    used = {key for source in SOURCE.templates for key in source.parsed(1).keys}

    assert set(VALUES) - used <= {"publicurl", "outcome", "into", "stage"}


def test_an_unknown_unit_or_service_is_named_neutrally_and_never_by_its_code() -> None:
    rule = next(rule for rule in SOURCE.rules if rule.id == "assigned")
    data = {**SCHEMAS.examples("complaint.assigned.v1")[0], "unit": "baru", "service_code": "layanan-baru"}

    _, text = filled(rule, data, "id")

    assert "unit yang menangani" in text
    assert "layanan-baru" not in text


def rule(**changes: Any) -> Rule:
    parts: dict[str, Any] = {
        "id": "r",
        "event_type": "complaint.verified.v1",
        "audience": "reporter",
        "channels": ("email",),
        "template": "t",
        "category": "transactional",
    }
    return Rule(**{**parts, **changes})


def texts(subject: str = "s", body: str = "b") -> list[TemplateSource]:
    return [TemplateSource("t", language, subject, body) for language in LANGUAGES]


@pytest.mark.parametrize(
    ("rules", "templates", "fault"),
    [
        ([rule()], texts()[:1], "no usable text in en"),
        ([rule()], [], "no usable text in id"),
        ([rule()], texts(body="((nope))"), "((nope)) is not a value"),
        ([rule()], texts(body="((respond_by))"), "needs respond_by"),
        ([rule()], texts(body="((unit??x))"), "can never be yes or no"),
        ([rule()], texts(body="((code"), "is not followed by"),
        ([rule()], texts(subject=""), "subject is empty"),
        ([rule()], texts(body="  "), "body is empty"),
        ([rule()], texts(subject="x" * 121), "longer than 120"),
        ([rule(), rule()], texts(), "two rules with this id"),
        ([rule(event_type="nothing.v1")], texts(), "there is no event"),
    ],
)
def test_a_fault_is_found_before_anything_is_saved(
    rules: list[Rule], templates: list[TemplateSource], fault: str
) -> None:
    found = check(rules, templates, FIELDS)

    assert any(fault in one for one in found), found


def test_all_faults_of_a_folder_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "notifications" / "templates").mkdir(parents=True)
    (tmp_path / "city.yaml").write_text("name: Kota\ntimezone: Asia/Nowhere\n")
    (tmp_path / "wording.yaml").write_text("a: [\n")
    (tmp_path / "notifications" / "rules.yaml").write_text("- {id: x, wrong: 1}\n")
    (tmp_path / "notifications" / "templates" / "nolanguage.txt").write_text("x")

    with pytest.raises(CityRefused) as refused:
        read_city(tmp_path, FIELDS)

    said = "\n".join(refused.value.faults)
    for word in ("timezone", "wording.yaml", "rule x", "nolanguage.txt", "no templates"):
        assert word in said


def test_the_zone_and_the_words_come_from_the_citys_own_files() -> None:
    city: City = SOURCE.city()

    assert (city.name, city.timezone) == ("Kota Sawahlunto", ZoneInfo("Asia/Jakarta"))
    assert city.word("stage", "assign", "id")
    assert city.word("stage", "unknown", "id") is None
