"""Rules and templates in immutable versions, and the set that is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from notifications.city import CitySet, CitySource, TemplateSource, digest_of
from notifications.domain.rules import Rule
from notifications.wording import City

Document = dict[str, Any]
_ACTIVE = "active"
_ATTEMPTS = 5


class Cities:
    def __init__(self, database: Database[Document]) -> None:
        self._templates = database["templates"]
        self._rules = database["rules"]
        self._settings = database["settings"]

    def save(self, source: CitySource, *, now: datetime) -> bool:
        """Put a checked set in force; False when it is in force already.

        A text that changed becomes a new version; a version is never written again, so that an intent's
        pinned version is what its recipient read. Replicas that save the same set agree on the versions.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._save(source, now)
            except DuplicateKeyError:
                if attempt == _ATTEMPTS - 1:
                    raise
        return False

    def _save(self, source: CitySource, now: datetime) -> bool:
        templates = [self._template_version(template, now) for template in source.templates]
        rules = [self._rule_version(rule, now) for rule in source.rules]
        about = {"name": source.name, "timezone": source.timezone, "words": source.words}
        digest = digest_of([templates, rules, about])
        current = self._settings.find_one({"_id": _ACTIVE}, {"digest": 1, "revision": 1})
        if current and current["digest"] == digest:
            return False
        revision = current["revision"] if current else 0
        document = {
            "revision": revision + 1,
            "digest": digest,
            "templates": templates,
            "rules": rules,
            "city": about,
            "loaded_at": now,
        }
        if current is None:
            self._settings.insert_one({"_id": _ACTIVE, **document})
            return True
        changed = self._settings.update_one({"_id": _ACTIVE, "revision": revision}, {"$set": document})
        if not changed.modified_count:
            raise DuplicateKeyError("another process put a set in force meanwhile")
        return True

    def _template_version(self, source: TemplateSource, now: datetime) -> str:
        where = {"key": source.key, "language": source.language}
        last = self._templates.find_one(where, {"version": 1, "digest": 1}, sort=[("version", -1)])
        if last and last["digest"] == source.digest:
            return str(last["_id"])
        version = last["version"] + 1 if last else 1
        document_id = f"{source.key}.{source.language}.{version}"
        self._templates.insert_one(
            {
                "_id": document_id,
                **where,
                "version": version,
                "subject": source.subject,
                "body": source.body,
                "digest": source.digest,
                "created_at": now,
            }
        )
        return document_id

    def _rule_version(self, rule: Rule, now: datetime) -> str:
        definition = {**asdict(rule), "channels": list(rule.channels)}
        del definition["version"]
        digest = digest_of(definition)
        last = self._rules.find_one({"rule": rule.id}, {"version": 1, "digest": 1}, sort=[("version", -1)])
        if last and last["digest"] == digest:
            return str(last["_id"])
        version = last["version"] + 1 if last else 1
        document_id = f"{rule.id}.{version}"
        self._rules.insert_one(
            {
                "_id": document_id,
                "rule": rule.id,
                "version": version,
                "definition": definition,
                "digest": digest,
                "created_at": now,
            }
        )
        return document_id

    def revision(self) -> int:
        """The revision in force; 0 when no set was ever saved."""
        row = self._settings.find_one({"_id": _ACTIVE}, {"revision": 1})
        return int(row["revision"]) if row else 0

    def active(self) -> CitySet | None:
        """The set in force, or None when no set was ever saved."""
        row = self._settings.find_one({"_id": _ACTIVE})
        if row is None:
            return None
        rules: dict[str, list[Rule]] = {}
        order = {document_id: at for at, document_id in enumerate(row["rules"])}
        documents = self._rules.find({"_id": {"$in": row["rules"]}})
        for document in sorted(documents, key=lambda d: order[d["_id"]]):
            rule = _rule(document)
            rules.setdefault(rule.event_type, []).append(rule)
        templates = {
            (d["key"], d["language"]): TemplateSource(
                d["key"], d["language"], d["subject"], d["body"]
            ).parsed(d["version"])
            for d in self._templates.find({"_id": {"$in": row["templates"]}})
        }
        about = row["city"]
        return CitySet(
            revision=row["revision"],
            city=City(about["name"], ZoneInfo(about["timezone"]), about["words"]),
            rules={type_: tuple(found) for type_, found in rules.items()},
            templates=templates,
        )


def _rule(document: Mapping[str, Any]) -> Rule:
    definition = document["definition"]
    return Rule(**{**definition, "channels": tuple(definition["channels"]), "version": document["version"]})
