"""JSON in, JSON and problems out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway import pages
from gateway.languages import preferred
from gateway.messages import field_error
from gateway.problems import Problem

_OWN_ERRORS = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
_API = ("/v1/", "/problems/", "/openapi.json", "/.well-known/", "/livez", "/readyz")


async def read_json(request: Request, *, optional: bool = False) -> Any:
    """The decoded body. Raises unsupported-media-type or malformed-json, which says where but never what."""
    body = await request.body()
    if not body and optional:
        return {}
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.strip().lower().replace('"', "")
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise Problem("unsupported-media-type")
    if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=utf8"):
        raise Problem("unsupported-media-type")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(
            "malformed-json",
            detail=f"line {error.lineno}, column {error.colno}",
            line=error.lineno,
            column=error.colno,
        ) from None


async def read_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The decoded body, which must be a JSON object."""
    document = await read_json(request, optional=optional)
    if not isinstance(document, dict):
        language = preferred(request.headers.get("accept-language", ""))
        raise Problem("invalid-input", errors=[field_error("", "not_an_object", language)])
    return document


def answer(
    document: Any, language: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(document),
        status_code=status,
        media_type="application/json",
        headers={"Content-Language": language, "Vary": "Accept-Language", **(headers or {})},
    )


async def on_problem(request: Request, error: Exception) -> Response:
    """A problem as the reader wants it: a page for people in a browser, problem+json for programs."""
    problem = error if isinstance(error, Problem) else Problem("internal-error")
    if _wants_page(request):
        shown = copy.copy(problem)
        shown.extensions = {**problem.extensions, "trace_id": request.state.trace_id}
        return pages.render_problem(request, shown)
    language = preferred(request.headers.get("accept-language", ""))
    return Response(
        orjson.dumps(
            problem.body(language, request_id=request.state.request_id, trace_id=request.state.trace_id),
            default=str,
        ),
        status_code=problem.status,
        media_type="application/problem+json",
        headers={"Content-Language": language, "Vary": "Accept-Language", **problem.headers},
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, as problems of ours."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    slug = _OWN_ERRORS.get(status, "malformed-request" if 400 <= status < 500 else "internal-error")
    return await on_problem(request, Problem(slug, headers=headers))


async def on_disconnect(request: Request, error: Exception) -> Response:
    """Nobody is left to read an answer; this only keeps a broken connection from counting as our fault."""
    return Response(status_code=400)


def _wants_page(request: Request) -> bool:
    path = request.url.path
    if path.startswith(_API):
        return False
    return pages.is_page(path) or "text/html" in request.headers.get("accept", "")
