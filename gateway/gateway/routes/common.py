"""What the routes of every area share."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.bodies import read_object
from gateway.callers import Caller
from gateway.messages import field_error
from gateway.problems import Problem
from gateway.schemas_chain import loaded
from gateway.shapes import Strict

FORMATS = ("json", "csv")
FOR_A_MINUTE = {"Cache-Control": "public, max-age=60"}


def key_of(request: Request) -> str | None:
    return request.headers.get("idempotency-key")


def text(request: Request, name: str) -> str:
    """A part of the path."""
    return cast(str, request.path_params[name])


def invalid(pointer: str, code: str, caller: Caller) -> Problem:
    return Problem("invalid-input", errors=[field_error(pointer, code, caller.language)])


async def body_of(
    request: Request, schema: Strict, caller: Caller, *, optional: bool = False
) -> dict[str, Any]:
    """The request's JSON object by its schema. Raises Problem invalid-input naming every wrong field."""
    return loaded(schema, await read_object(request, optional=optional), caller.language)


def action_of(request: Request, actions: Any) -> str:
    """The action in the path, in our spelling; Problem not-found for any other."""
    given = text(request, "action")
    action = given.replace("-", "_")
    if action not in actions or "_" in given:
        raise Problem("not-found")
    return action


def version_of(payload: dict[str, Any], caller: Caller) -> int | None:
    """The version last seen, taken out of an action's payload."""
    version = payload.pop("version", None)
    if version is not None and (
        isinstance(version, bool) or not isinstance(version, int) or not 0 <= version < 2**53
    ):
        raise invalid("/version", "not_an_integer", caller)
    return version


def next_link(request: Request, page: dict[str, Any]) -> dict[str, str]:
    """RFC 8288: where the next page is."""
    cursor = page.get("next_cursor")
    if not cursor:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    address = (
        f"{request.app.state.config.public_url}{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"
    )
    return {"Link": f'<{address}>; rel="next"'}


def table(content: str, name: str, language: str) -> Response:
    """A CSV file to be saved under this name."""
    return Response(
        content.encode(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Content-Language": language,
            "Vary": "Accept-Language",
        },
    )


async def csv_body(request: Request) -> bytes:
    """A CSV file as it came. Raises Problem unsupported-media-type for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise Problem("unsupported-media-type", detail="text/csv")
    return await request.body()
