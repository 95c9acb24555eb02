"""Forms that change something are taken from our own pages only.

A random cookie and a signed field must match (double submit), and where the browser says whence the
request comes, it must come from here. Pages whose address holds a secret send no referrer, and then
browsers send `Origin: null` with their forms: that is accepted, for the field and the cookie still decide.
"""

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from .settings import PageSettings

FIELD = "csrf"
MAX_AGE_SECONDS = 12 * 3600


class Refused(Exception):
    """The form was not sent from one of our pages, or too long ago.

    `foreign` tells a request from elsewhere, which gets nothing back, from a page that grew old, whose
    answers are shown again.
    """

    def __init__(self, foreign: bool) -> None:
        super().__init__("foreign" if foreign else "expired")
        self.foreign = foreign


def cookie_name(settings: PageSettings) -> str:
    return "__Host-tanggap_form" if settings.secure else "tanggap_form"


def nonce(request: Request, settings: PageSettings) -> str:
    """Return the visitor's random value, a new one if she brings none; `remember` sends it to her."""
    known = getattr(request.state, "form_nonce", None) or request.cookies.get(cookie_name(settings), "")
    if len(known) != 43:
        known = secrets.token_urlsafe(32)
    request.state.form_nonce = known
    return str(known)


def token(request: Request, settings: PageSettings, who: str | None) -> str:
    """Return the hidden field's value, different on each page so that compression reveals nothing of it."""
    salt = secrets.token_urlsafe(12)
    return str(serializer(settings).dumps([salt, bind(nonce(request, settings), salt, who)]))


def check(request: Request, settings: PageSettings, form: FormData, who: str | None) -> None:
    """Let a form of ours pass; raises Refused otherwise."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Refused(foreign=True)
    origin = request.headers.get("origin")
    if origin not in (None, "null") and origin not in own_origins(request, settings):
        raise Refused(foreign=True)
    given = form.get(FIELD)
    mine = request.cookies.get(cookie_name(settings), "")
    try:
        salt, bound = serializer(settings).loads(
            given if isinstance(given, str) else "", max_age=MAX_AGE_SECONDS
        )
    except (BadData, ValueError, TypeError):
        raise Refused(foreign=False) from None
    if not mine or not hmac.compare_digest(str(bound), bind(mine, str(salt), who)):
        raise Refused(foreign=False)


def own_origins(request: Request, settings: PageSettings) -> set[str]:
    """Return the origins that are ours: the public address and the one this request was sent to."""
    public = urlsplit(settings.public_url)
    return {f"{public.scheme}://{public.netloc}", f"{request.url.scheme}://{request.url.netloc}"}


def remember(request: Request, settings: PageSettings, response: Response) -> None:
    """Give the visitor her random value if a form was shown to her and she has none yet."""
    value = getattr(request.state, "form_nonce", None)
    if value and request.cookies.get(cookie_name(settings)) != value:
        response.set_cookie(
            cookie_name(settings), value, path="/", secure=settings.secure, httponly=True, samesite="lax"
        )


def bind(value: str, salt: str, who: str | None) -> str:
    return hashlib.sha256(f"{value}|{salt}|{who or ''}".encode()).hexdigest()


def serializer(settings: PageSettings) -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key of a list and verifies with all; ours names the current one first.
    return URLSafeTimedSerializer(list(reversed(settings.keys)), salt="tanggap.form")
