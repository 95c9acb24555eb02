"""Rules and templates in immutable versions, and the set that is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from notifications.city import CitySet, CitySource, TemplateSource, digest_of
from notifications.domain.rules import Rule
from notifications.wording import City

Document = dict[str, Any]
_ACTIVE = "active"
_ATTEMPTS = 10


class Cities:
    def __init__(self, database: Database[Document]) -> None:
        self._templates = database["templates"]
        self._rules = database["rules"]
        self._settings = database["settings"]

    def save(self, source: CitySource, *, now: datetime) -> bool:
        """Put a checked set in force; False when it is in force already.

        A text that changed becomes a new version; a version is never written again, so that an intent's
        pinned version is what its recipient read. Processes that save at the same time agree on the
        versions: whoever comes second finds them, or looks again.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._save(source, now)
            except (BulkWriteError, DuplicateKeyError) as error:
                if not _is_duplicate(error):
                    raise
                last = error
        raise last

    def _save(self, source: CitySource, now: datetime) -> bool:
        templates = _versions(
            self._templates,
            {
                f"{one.key}.{one.language}": {
                    "key": one.key,
                    "language": one.language,
                    "subject": one.subject,
                    "body": one.body,
                }
                for one in source.templates
            },
            now,
        )
        rules = _versions(
            self._rules,
            {one.id: {"rule": one.id, "definition": _definition(one)} for one in source.rules},
            now,
        )
        about = {"name": source.name, "timezone": source.timezone, "words": source.words}
        about |= {"others": source.others}
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
        # The revision is in the query: an upsert that finds another one fails on `_id`, and looks again.
        self._settings.update_one({"_id": _ACTIVE, "revision": revision}, {"$set": document}, upsert=True)
        return True

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
            others={
                code: City(other["name"], ZoneInfo(other["timezone"]), about["words"])
                for code, other in about.get("others", {}).items()
            },
            rules={type_: tuple(found) for type_, found in rules.items()},
            templates=templates,
        )


def _versions(collection: Collection[Document], wanted: Mapping[str, Document], now: datetime) -> list[str]:
    """The ids of the newest versions of these texts, those that changed written first.

    Raises BulkWriteError (duplicate key) when another process writes the same versions just now.
    """
    newest: dict[str, Document] = {}
    for row in collection.find({}, {"version": 1, "digest": 1}).sort("version", 1):
        newest[row["_id"].rpartition(".")[0]] = row
    ids: list[str] = []
    fresh: list[Document] = []
    for name, content in wanted.items():
        digest, last = digest_of(content), newest.get(name)
        if last is not None and last["digest"] == digest:
            ids.append(last["_id"])
            continue
        version = last["version"] + 1 if last else 1
        ids.append(f"{name}.{version}")
        about = {"_id": ids[-1], "version": version, "digest": digest, "created_at": now}
        fresh.append({**about, **content})
    if fresh:
        collection.insert_many(fresh, ordered=False)
    return ids


def _is_duplicate(error: BulkWriteError | DuplicateKeyError) -> bool:
    if isinstance(error, DuplicateKeyError):
        return True
    return {failed.get("code") for failed in (error.details or {}).get("writeErrors", ())} == {11000}


def _definition(rule: Rule) -> Document:
    definition = {**asdict(rule), "channels": list(rule.channels)}
    del definition["version"]
    return definition


def _rule(document: Mapping[str, Any]) -> Rule:
    definition = document["definition"]
    return Rule(**{**definition, "channels": tuple(definition["channels"]), "version": document["version"]})
