"""The start page and the catalogue: what the city does, how, how long it takes and what it costs."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.problems import Problem

from . import search
from .rendering import View, page

QUERY_LENGTH = 100
STANDARD_LISTS = ("requirements", "procedure", "legal_basis")


async def start(request: Request) -> Response:
    return page(request, "start.html")


async def services(request: Request) -> Response:
    """Show the catalogue by groups, or what fits `?cari=`."""
    return page(request, "services.html", **to_choose_from(request))


def to_choose_from(request: Request) -> dict[str, Any]:
    """Return what a page of services shows: the city's services by group, and those that fit `?cari=`."""
    catalogue = request.app.state.cases.catalogue
    query = request.query_params.get("cari", "").strip()[:QUERY_LENGTH]
    services = available(request)
    return {
        "query": query,
        "found": search.find(services, query) if query else None,
        "groups": search.grouped(services, View(request).lang),
        "cities": list(catalogue.document.get("cities") or ()),
        "city": chosen_city(request),
    }


def chosen_city(request: Request) -> str:
    """Return the code of the city asked for by `?kota=`, else of the city that this installation is for."""
    catalogue = request.app.state.cases.catalogue
    codes = [str(city["code"]) for city in catalogue.document.get("cities") or ()]
    wish = request.query_params.get("kota", "")
    return wish if wish in codes else str(catalogue.city.get("code") or "")


async def service(request: Request) -> Response:
    found = known_service(request, request.path_params["code"])
    view = View(request)
    return page(request, "service.html", service=found, standard=standard_of(found, view.lang))


async def privacy(request: Request) -> Response:
    return page(request, "privacy.html")


def available(request: Request) -> list[Mapping[str, Any]]:
    """Return the services of one city that can be asked for; raises Problem while there is no catalogue."""
    services = request.app.state.cases.catalogue.services()
    city = chosen_city(request)
    return [one for one in services if one.get("active", True) and one.get("city", city) == city]


def known_service(request: Request, code: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = request.app.state.cases.catalogue.service(code)
    if found is None:
        raise Problem("not-found")
    return found


def standard_of(service: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the service standard in a language; what is not translated stays Indonesian and is marked so."""
    original = service.get("standard") or {}
    translated = (service.get(f"standard_{language}") or {}) if language != "id" else original
    standard: dict[str, Any] = {}
    for key in ("requirements", "procedure", "time", "cost", "product", "place", "hours", "legal_basis"):
        value = translated.get(key) or original.get(key)
        if not value:
            continue
        if key in STANDARD_LISTS and isinstance(value, str):
            value = [value]
        standard[key] = {"value": value, "foreign": language != "id" and not translated.get(key)}
    return standard
