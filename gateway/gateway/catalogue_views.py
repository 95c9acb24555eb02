"""The catalogue as the public reads it, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.catalogue import Catalogue, in_language


def services(catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    return [
        service_view(service, language)
        for service in catalogue.services()
        if service.get("active") is not False
    ]


def service_view(service: Mapping[str, Any], language: str) -> dict[str, Any]:
    """One service with its questions and its standard; without a translation the Indonesian text stands."""
    group = service.get("group") or {}
    standard = service.get("standard") or {}
    if language == "en":
        standard = {**standard, **(service.get("standard_en") or {})}
    return {
        "service_code": service["code"],
        "city": service.get("city"),
        "name": in_language(service.get("name"), language),
        "description": in_language(service.get("description"), language),
        "kind": service.get("kind"),
        "group": {"code": group.get("code"), "name": in_language(group, language)} if group else None,
        "unit": service.get("unit"),
        "location": service.get("location", "optional"),
        "keywords": list(service.get("keywords") or ()),
        "attributes": [_attribute(definition, language) for definition in service.get("attributes") or ()],
        "standard": standard or None,
        "resolve_within": service.get("resolve_within"),
        "notice": in_language(service.get("notice"), language),
    }


def units(catalogue: Catalogue, language: str) -> list[dict[str, Any]]:
    return [
        {
            "code": unit["code"],
            "city": unit.get("city"),
            "name": in_language(unit.get("name"), language),
            "short": unit.get("short"),
            "kind": unit.get("kind"),
            "parent": unit.get("parent"),
            "address": unit.get("address"),
        }
        for unit in catalogue.units()
        if unit.get("active") is not False
    ]


def _attribute(definition: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "code": definition["code"],
        "datatype": definition.get("datatype", "string"),
        "required": bool(definition.get("required")),
        "order": definition.get("order"),
        "description": in_language(definition.get("description"), language),
        "values": [
            {"key": choice["key"], "name": in_language(choice.get("name"), language)}
            for choice in definition.get("values") or ()
        ],
    }
