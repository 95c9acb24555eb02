"""Logging in and out: sample people in the development profile, the city's identity provider elsewhere."""

import base64
import hashlib
import json
import logging
import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.auth import BadToken, end_session, start_session
from gateway.problems import Problem

from .guard import caller_of, take_form
from .rendering import View, fix_headers, page, see_other
from .returning import safe_return
from .settings import OidcSettings, PageSettings

log = logging.getLogger(__name__)
STATE_COOKIE = "tanggap_login"
STATE_SECONDS = 600
TIMEOUT_SECONDS = 5.0


async def form(request: Request) -> Response:
    caller = caller_of(request)
    wanted = safe_return(request.query_params.get("lanjut"))
    if caller.is_staff:
        return see_other(request, wanted)
    return page(request, "login.html", staff=True, people=people(request.app.state.pages), wanted=wanted)


async def log_in(request: Request) -> Response:
    """Become one of the sample people; exists in the development profile alone."""
    settings: PageSettings = request.app.state.pages
    fields, fresh = await take_form(request)
    chosen = next((person for person in people(settings) if person.ref == fields.get("ref")), None)
    if settings.local_token is None or chosen is None:
        raise Problem("not-found")
    if not fresh:
        return page(
            request,
            "login.html",
            403,
            staff=True,
            people=people(settings),
            wanted=safe_return(fields.get("lanjut")),
            notice="expired",
        )
    response = see_other(request, safe_return(fields.get("lanjut")))
    start_session(request, response, settings.local_token(chosen))
    return response


async def log_out(request: Request) -> Response:
    _, fresh = await take_form(request)
    if not fresh:
        raise Problem("forbidden")
    response = see_other(request, "/masuk")
    end_session(request, response)
    return response


def people(settings: PageSettings) -> tuple[Any, ...]:
    return settings.sample_staff if settings.development and settings.local_token else ()


async def begin(request: Request) -> Response:
    """Send the browser to the identity provider, with a state that only this browser can bring back."""
    settings, oidc = configured(request)
    known = await discover(oidc)
    state = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "wanted": safe_return(request.query_params.get("lanjut")),
    }
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(state["verifier"].encode()).digest()).rstrip(b"=").decode()
    )
    query = {
        "response_type": "code",
        "client_id": oidc.client_id,
        "redirect_uri": return_address(settings),
        "scope": oidc.scope,
        "state": state["state"],
        "nonce": state["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "ui_locales": View(request).lang,
    }
    response = RedirectResponse(f"{known['authorization_endpoint']}?{urlencode(query)}", 303)
    fix_headers(response, private=True)
    response.set_cookie(
        STATE_COOKIE,
        str(serializer(settings).dumps(state)),
        max_age=STATE_SECONDS,
        path="/masuk",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


async def come_back(request: Request) -> Response:
    """Exchange the provider's code for a token and open the session; anything unexpected opens none."""
    settings, oidc = configured(request)
    try:
        state = serializer(settings).loads(request.cookies.get(STATE_COOKIE, ""), max_age=STATE_SECONDS)
    except BadData:
        raise Problem("unauthenticated") from None
    given = request.query_params.get("state", "")
    if (
        not secrets.compare_digest(given.encode(), str(state["state"]).encode())
        or "code" not in request.query_params
    ):
        raise Problem("unauthenticated")
    answer = await exchange(settings, oidc, request.query_params["code"], state["verifier"])
    if not same_login(answer.get("id_token", ""), oidc, state["nonce"]):
        raise Problem("unauthenticated")
    try:
        await request.app.state.authenticator.verify(answer["access_token"])
    except BadToken as error:
        log.warning("identity provider's token is not accepted", extra={"reason": str(error)})
        raise Problem("unauthenticated") from None
    response = see_other(request, safe_return(state.get("wanted")))
    start_session(request, response, answer["access_token"])
    response.delete_cookie(STATE_COOKIE, path="/masuk")
    return response


async def exchange(settings: PageSettings, oidc: OidcSettings, code: str, verifier: str) -> dict[str, Any]:
    """Return the provider's tokens; raises Problem when it refuses or does not answer in time."""
    known = await discover(oidc)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": return_address(settings),
        "client_id": oidc.client_id,
        "code_verifier": verifier,
    }
    if oidc.client_secret:
        fields["client_secret"] = oidc.client_secret
    answer = await ask(oidc, "POST", known["token_endpoint"], fields)
    if not isinstance(answer.get("access_token"), str):
        raise Problem("unauthenticated")
    return answer


def same_login(id_token: str, oidc: OidcSettings, nonce: str) -> bool:
    """Tell whether an id token belongs to this login.

    It came straight from the provider's token endpoint over TLS, which is why its signature need not be
    checked again (OpenID Connect Core 3.1.3.7); the access token's is, with every request.
    """
    try:
        payload = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return False
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return claims.get("nonce") == nonce and claims.get("iss") == oidc.issuer and oidc.client_id in audiences


async def discover(oidc: OidcSettings) -> dict[str, Any]:
    known = await ask(oidc, "GET", f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
    if known.get("issuer") != oidc.issuer:
        log.error("identity provider names another issuer", extra={"issuer": oidc.issuer})
        raise Problem("service-unavailable")
    return known


async def ask(
    oidc: OidcSettings, method: str, url: str, data: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the provider's JSON answer; a refusal and silence are different problems."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, transport=oidc.transport) as client:
            answer = await client.request(method, url, data=data)
            if 400 <= answer.status_code < 500:
                raise Problem("unauthenticated")
            found = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        log.error("identity provider does not answer", extra={"url": url})
        raise Problem("service-unavailable") from None
    if not isinstance(found, dict):
        raise Problem("service-unavailable")
    return found


def configured(request: Request) -> tuple[PageSettings, OidcSettings]:
    settings: PageSettings = request.app.state.pages
    if settings.oidc is None:
        raise Problem("not-found")
    return settings, settings.oidc


def return_address(settings: PageSettings) -> str:
    return f"{settings.public_url}/masuk/kembali"


def serializer(settings: PageSettings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(settings.keys)), salt="tanggap.login")
