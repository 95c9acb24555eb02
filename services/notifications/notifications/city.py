"""Rules and templates as a city writes them: read, and refused as a whole when anything is wrong.

<city>/city.yaml                             name and time zone
<city>/wording.yaml                          what people read for each code
<city>/notifications/words.yaml              the same, for codes that only messages show
<city>/notifications/rules.yaml              which event tells whom
<city>/notifications/templates/<key>.<language>.txt
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from notifications.domain.planning import Template
from notifications.domain.rules import SURVEY, Fields, Rule, faults_in
from notifications.domain.template import TemplateFault, Text, normal_key, parse
from notifications.errors import CityRefused
from notifications.values import STOP_LINK, VALUES
from notifications.wording import LANGUAGES, City
from servicekit.yaml_files import read_yaml

MAX_SUBJECT = 120
MAX_BODY = 20_000
FieldsOf = Mapping[str, Fields]


class RuleSchema(Schema):
    """One entry of rules.yaml. A misspelt part is refused, not ignored."""

    class Meta:
        unknown = RAISE

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,59}$"))
    event_type = fields.String(required=True)
    when = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    )
    audience = fields.String(required=True)
    channels = fields.List(fields.String(), required=True)
    template = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9_-]{1,59}$"))
    category = fields.String(required=True)
    active = fields.Boolean(load_default=True)
    announce = fields.Boolean(load_default=True)


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A template as it is written, before it has a version."""

    key: str
    language: str
    subject: str
    body: str

    @property
    def digest(self) -> str:
        return digest_of([self.subject, self.body])

    def parsed(self, version: int) -> Template:
        return Template(self.key, self.language, version, parse(self.subject), parse(self.body))


@dataclass(frozen=True, slots=True)
class CitySource:
    """Everything a city says about its messages. Checked: it may be saved."""

    name: str
    timezone: str
    words: Mapping[str, Any]
    rules: tuple[Rule, ...]
    templates: tuple[TemplateSource, ...]
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Name and zone of the cities whose folders lie beside this one, by code."""

    def city(self) -> City:
        return City(self.name, ZoneInfo(self.timezone), self.words)


@dataclass(frozen=True, slots=True)
class CitySet:
    """The saved set that is in force: rules by event type, templates by key and language."""

    revision: int
    city: City
    rules: Mapping[str, tuple[Rule, ...]]
    templates: Mapping[tuple[str, str], Template]
    others: Mapping[str, City] = field(default_factory=dict)

    def city_of(self, code: str | None) -> City:
        """Who speaks about the units and services of a city: that city, where we know it."""
        return self.others.get(code or "", self.city)

    def get(self, key: str, language: str) -> Template:
        return self.templates[key, language]


def digest_of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_city(folder: Path, fields_of: FieldsOf) -> CitySource:
    """Read a city's folder. Raises CityRefused naming every fault: a set with one fault is not used."""
    faults: list[str] = []
    about = _yaml(folder / "city.yaml", faults) or {}
    words = dict(_yaml(folder / "wording.yaml", faults) or {})
    if (own := folder / "notifications" / "words.yaml").exists():
        words |= _yaml(own, faults) or {}
    rules = _rules(_yaml(folder / "notifications" / "rules.yaml", faults) or [], faults)
    templates = _templates(folder / "notifications" / "templates", faults)
    timezone = str(about.get("timezone", ""))
    if not _is_zone(timezone):
        faults.append("city.yaml: timezone is not a known zone")
    if not isinstance(about.get("name"), str):
        faults.append("city.yaml: name is missing")
    faults.extend(check(rules, templates, fields_of))
    if faults:
        raise CityRefused(faults)
    return CitySource(str(about["name"]), timezone, words, tuple(rules), tuple(templates), _beside(folder))


def _beside(folder: Path) -> dict[str, dict[str, str]]:
    """Cities that this installation knows by their events. One with a fault is somebody else's to mend."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.resolve().parent.glob("*/city.yaml")):
        about = _yaml(path, [])
        if path.parent == folder.resolve() or not isinstance(about, dict):
            continue
        code, name, timezone = (about.get(part) for part in ("code", "name", "timezone"))
        if isinstance(code, str) and isinstance(name, str) and _is_zone(timezone):
            found[code] = {"name": name, "timezone": str(timezone)}
    return found


def _is_zone(name: Any) -> bool:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def check(rules: list[Rule], templates: list[TemplateSource], fields_of: FieldsOf) -> list[str]:
    """Every fault in a set of rules and templates that belong together."""
    faults = []
    parsed: dict[tuple[str, str], tuple[Text, Text]] = {}
    for source in templates:
        where = f"template {source.key}.{source.language}"
        try:
            parsed[source.key, source.language] = (parse(source.subject), parse(source.body))
        except TemplateFault as error:
            faults.append(f"{where}: {error}")
            continue
        faults.extend(f"{where}: {fault}" for fault in _template_faults(source))
    seen: set[str] = set()
    for rule in rules:
        where = f"rule {rule.id}"
        if rule.id in seen:
            faults.append(f"{where}: there are two rules with this id")
        seen.add(rule.id)
        faults.extend(f"{where}: {fault}" for fault in faults_in(rule, fields_of))
        for language in LANGUAGES:
            texts = parsed.get((rule.template, language))
            if texts is None:
                faults.append(f"{where}: template {rule.template} has no usable text in {language}")
                continue
            faults.extend(
                f"{where}: template {rule.template}.{language}: {fault}"
                for fault in _key_faults(texts, fields_of.get(rule.event_type, {}), rule.event_type)
            )
            if rule.category == SURVEY and normal_key(STOP_LINK) not in texts[1].keys:
                faults.append(
                    f"{where}: template {rule.template}.{language}: (({STOP_LINK})) is missing: "
                    "who is asked must be able to end it"
                )
    return faults


def _template_faults(source: TemplateSource) -> list[str]:
    faults = []
    if source.language not in LANGUAGES:
        faults.append(f"unknown language {source.language}")
    for part, text, limit in (("subject", source.subject, MAX_SUBJECT), ("body", source.body, MAX_BODY)):
        if not text.strip():
            faults.append(f"{part} is empty")
        if len(text) > limit:
            faults.append(f"{part} is longer than {limit} characters")
    return faults


def _key_faults(texts: tuple[Text, Text], fields_here: Fields, event_type: str) -> list[str]:
    faults = []
    for key in sorted(texts[0].keys | texts[1].keys):
        value = VALUES.get(key)
        if value is None:
            faults.append(f"(({key})) is not a value that templates know")
            continue
        missing = [name for name in value.needs if name not in fields_here]
        if missing:
            faults.append(f"(({key})) needs {', '.join(missing)}, which {event_type} does not have")
    for key in sorted(texts[0].switches | texts[1].switches):
        if key in VALUES and not VALUES[key].yes_no:
            faults.append(f"(({key}??)) can never be yes or no")
    return faults


def _rules(entries: Any, faults: list[str]) -> list[Rule]:
    if not isinstance(entries, list):
        faults.append("rules.yaml: a list of rules is expected")
        return []
    rules = []
    for number, entry in enumerate(entries, start=1):
        try:
            loaded = RuleSchema().load(entry)
        except ValidationError as error:
            name = entry.get("id", number) if isinstance(entry, dict) else number
            faults.append(f"rules.yaml, rule {name}: {json.dumps(error.messages, sort_keys=True)}")
            continue
        rules.append(Rule(**{**loaded, "channels": tuple(loaded["channels"])}))
    return rules


def _templates(folder: Path, faults: list[str]) -> list[TemplateSource]:
    sources = []
    for path in sorted(folder.glob("*.txt")):
        key, _, language = path.name.removesuffix(".txt").rpartition(".")
        head, _, body = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
        subject = head.strip().removeprefix("subject:").strip()
        if not key or not head.strip().startswith("subject:") or "\n" in subject:
            faults.append(
                f"template {path.name}: it must be <key>.<language>.txt and start with ---, subject:, ---"
            )
            continue
        sources.append(TemplateSource(key, language, subject, body.strip()))
    if not sources:
        faults.append(f"{folder}: there are no templates")
    return sources


def _yaml(path: Path, faults: list[str]) -> Any:
    try:
        return read_yaml(path)
    except OSError as error:
        faults.append(f"{path.name}: {error.strerror}")
    except yaml.YAMLError as error:
        faults.append(f"{path.name}: not YAML: {str(error).splitlines()[0]}")
    return None


def fields_of_schemas(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Fields]:
    """What the contracts say about the fields of every event type."""
    return {type_: _fields(schema.get("properties", {})) for type_, schema in schemas.items()}


def _fields(properties: Mapping[str, Any]) -> dict[str, tuple[Any, ...] | None]:
    return {name: tuple(schema["enum"]) if "enum" in schema else None for name, schema in properties.items()}
