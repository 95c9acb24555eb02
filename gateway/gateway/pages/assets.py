"""Stylesheets and the icon, served from memory under names that hold their hash, for caches to keep."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
FILES = {
    "govuk-frontend.min.css": (
        STATIC / "vendor/govuk-frontend-6.3.0/govuk-frontend.min.css",
        "text/css; charset=utf-8",
    ),
    "tanggap.css": (STATIC / "tanggap.css", "text/css; charset=utf-8"),
    "tanggap.svg": (STATIC / "tanggap.svg", "image/svg+xml"),
}


@dataclass(frozen=True)
class Asset:
    body: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def load(name: str) -> Asset:
    """Return a file of the pages; raises KeyError for a name that is none of ours."""
    path, media_type = FILES[name]
    body = path.read_bytes()
    return Asset(body, gzip.compress(body, 9, mtime=0), media_type, hashlib.sha256(body).hexdigest()[:12])


def url(name: str) -> str:
    return f"/aset/{load(name).digest}/{name}"


async def asset(request: Request) -> Response:
    """Serve one file; an address with another hash is 404, so that no cache keeps a wrong body under it."""
    try:
        found = load(request.path_params["name"])
    except KeyError:
        raise HTTPException(404) from None
    if found.digest != request.path_params["digest"]:
        raise HTTPException(404)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type
        )
    return Response(found.body, headers=headers, media_type=found.media_type)
