"""Who is calling: bearer tokens, reporters' secrets and the staff's session cookie.

JSON routes read headers and never cookies; pages read the session cookie and never `Authorization`.
So a page of another site cannot make a browser act through the JSON interface.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import Response

from gateway import registry
from gateway.callers import Caller
from gateway.languages import preferred
from gateway.messages import sentence
from gateway.problems import Problem
from servicekit.errors import SealError
from servicekit.sealing import KeyRing

log = logging.getLogger(__name__)

# Asymmetric only: with HS256 in the list a public key could be used as a shared secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
STAFF_ROLES = frozenset(
    ("coordinator", "desk", "officer", "unit_head", "inspector", "hr", "rater", "leader", "admin", "auditor")
)
SESSION_SECONDS = 10 * 3600
_MAX_TOKEN = 8192
_SECRET = re.compile(r"[0-9a-z]{26}")
_UNIT = re.compile(r"[a-z0-9-]{2,40}")
_REFRESH_SECONDS = 600.0
_REFRESH_FLOOR_SECONDS = 60.0


class BadToken(Exception):
    """A token that is not accepted here. The reason is ours and quotes nothing."""


class KeySource:
    """The issuer's public keys, from a file or an https address.

    Kept ten minutes; an unknown key id asks again, but at most once a minute, so that made-up tokens
    cannot turn the gateway against the issuer. While the issuer is away the last keys serve on.
    """

    def __init__(self, where: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._where = where
        self._clock = clock
        self._keys: KeySet | None = None
        self._asked_at = -_REFRESH_SECONDS
        self._lock = asyncio.Lock()

    async def keys(self, *, unknown_kid: bool = False) -> KeySet | None:
        """The keys as last read; None where none could be. Who lacks one waits while they are being read."""
        if unknown_kid or self._keys is None or self._age() >= _REFRESH_SECONDS:
            async with self._lock:
                lacking = unknown_kid or self._keys is None
                if self._age() >= (_REFRESH_FLOOR_SECONDS if lacking else _REFRESH_SECONDS):
                    self._asked_at = self._clock()
                    await self._refresh()
        return self._keys

    def _age(self) -> float:
        return self._clock() - self._asked_at

    async def _refresh(self) -> None:
        try:
            if self._where.startswith("https://"):
                async with httpx.AsyncClient(timeout=3) as client:
                    answer = await client.get(self._where)
                    answer.raise_for_status()
                    document = orjson.loads(answer.content)
            else:
                document = orjson.loads(await asyncio.to_thread(Path(self._where).read_bytes))
            self._keys = KeySet.import_key_set(document)
        except (OSError, httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
            log.error("token keys not loaded", extra={"error": type(error).__name__})


class Authenticator:
    """Verifies tokens: signature, algorithm, `typ`, issuer, audience, expiry, and roles we know."""

    def __init__(
        self, source: KeySource, issuer: str, audience: str, session_ring: KeyRing, secure: bool
    ) -> None:
        self._source = source
        self._session_ring = session_ring
        self.secure = secure
        self.cookie_name = "__Host-tanggap" if secure else "tanggap_session"
        self._claims = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str, *, address: str = "", language: str = "id") -> Caller:
        """The caller a token stands for. Raises BadToken."""
        if len(token) > _MAX_TOKEN:
            raise BadToken("oversize")
        decoded = await self._decode(token)
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
            raise BadToken("not an access token")
        try:
            self._claims.validate(decoded.claims)
        except JoseError as error:
            raise BadToken(type(error).__name__) from None
        return _caller(decoded.claims, address, language)

    async def _decode(self, token: str) -> jwt.Token:
        keys = await self._source.keys()
        for attempt in range(2):
            if keys is None:
                break
            try:
                return jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            except InvalidKeyIdError:
                if attempt == 0:
                    keys = await self._source.keys(unknown_kid=True)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                # joserfc lets ValueError through for some malformed segments.
                raise BadToken(type(error).__name__) from None
        raise BadToken("unknown key")

    def seal_session(self, token: str) -> str:
        return self._session_ring.seal(
            {"token": token, "at": int(time.time())}, recipient="gateway", context="session"
        )

    def open_session(self, cookie: str) -> str | None:
        """The token inside a session cookie, or None when it is not ours or too old."""
        try:
            session = self._session_ring.open(cookie, recipient="gateway", context="session")
        except SealError:
            return None
        return session["token"] if time.time() - session["at"] < SESSION_SECONDS else None


def session_ring(hmac_keys: KeyRing) -> KeyRing:
    """Keys for session cookies, derived so that no key serves two purposes."""
    return KeyRing(tuple((kid, hmac.digest(key, b"session", hashlib.sha256)) for kid, key in hmac_keys.keys))


async def api_caller(request: Request) -> Caller:
    """The caller of a JSON route: a bearer token or a reporter's secret, never both.

    A bad token is refused, not ignored: who thinks to be logged in must learn that she is not.
    """
    authorization = request.headers.get("authorization")
    secret = request.headers.get("tanggap-secret")
    stranger = Caller(
        address=request.client.host if request.client else "",
        language=preferred(request.headers.get("accept-language", "")),
    )
    if authorization is None:
        caller = stranger if secret is None else reporter(secret, stranger.address, stranger.language)
        return _admitted(request, caller)
    if secret is not None:
        raise Problem("ambiguous-credentials")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        _admitted(request, stranger)
        raise _unauthenticated("invalid_request")
    if registry.is_key(token.strip()):
        return _department(request, token.strip(), stranger)
    authenticator: Authenticator = request.app.state.authenticator
    try:
        caller = await authenticator.verify(
            token.strip(), address=stranger.address, language=stranger.language
        )
    except BadToken as error:
        _admitted(request, stranger)
        log.info("token refused", extra={"reason": str(error)})
        raise _unauthenticated("invalid_token") from None
    return _admitted(request, caller)


def _department(request: Request, key: str, stranger: Caller) -> Caller:
    """The department of an API key. One that is unknown, replaced or revoked is told what to do."""
    known: registry.Registry | None = request.app.state.departments_snapshot.current
    if known is None:
        _admitted(request, stranger)
        raise Problem("service-unavailable")
    department = known.of_key(key, request.app.state.clock.now())
    if department is None:
        _admitted(request, stranger)
        log.info("department key refused")
        refusal = _unauthenticated("invalid_token")
        raise Problem(
            refusal.slug, detail=sentence("department_key", stranger.language), headers=refusal.headers
        )
    caller = Caller(
        "department",
        registry.REF_PREFIX + department.code,
        ("department",),
        department.unit,
        None,
        stranger.address,
        stranger.language,
    )
    return _admitted(request, caller)


async def page_caller(request: Request, secret: str | None = None, language: str | None = None) -> Caller:
    """The caller of a page: the reporter of the link followed, else the session's staff, else the public.

    An expired or foreign session is nobody's: the page shows itself to the public.
    """
    address = request.client.host if request.client else ""
    language = language or preferred(request.headers.get("accept-language", ""))
    if secret is not None:
        return _admitted(request, reporter(secret, address, language))
    authenticator: Authenticator = request.app.state.authenticator
    cookie = request.cookies.get(authenticator.cookie_name)
    token = authenticator.open_session(cookie) if cookie else None
    caller = Caller(address=address, language=language)
    if token is not None:
        try:
            caller = await authenticator.verify(token, address=address, language=language)
        except BadToken:
            log.info("session is over")
    return _admitted(request, caller)


def _admitted(request: Request, caller: Caller) -> Caller:
    """The caller, if we and she are within limits; what is left goes out in the RateLimit headers."""
    if request.state.overloaded:
        raise Problem("service-unavailable")
    request.state.standing = request.app.state.limits.admit(caller)
    return caller


def start_session(request: Request, response: Response, token: str) -> None:
    """Keep a verified token in the session cookie, sealed: the browser cannot read or change it."""
    authenticator: Authenticator = request.app.state.authenticator
    response.set_cookie(
        authenticator.cookie_name,
        authenticator.seal_session(token),
        max_age=SESSION_SECONDS,
        path="/",
        secure=authenticator.secure,
        httponly=True,
        samesite="lax",
    )


def end_session(request: Request, response: Response) -> None:
    authenticator: Authenticator = request.app.state.authenticator
    response.delete_cookie(
        authenticator.cookie_name, path="/", secure=authenticator.secure, httponly=True, samesite="lax"
    )


def reporter(secret: str, address: str = "", language: str = "id") -> Caller:
    """A reporter by her secret; text that cannot be one makes a caller whom no case will know."""
    shape = secret.strip().lower()
    return Caller(
        "reporter", secret=shape if _SECRET.fullmatch(shape) else "-", address=address, language=language
    )


def _caller(claims: dict[str, Any], address: str, language: str) -> Caller:
    ref, unit = claims["sub"], claims.get("unit")
    named = claims.get("roles")
    if not isinstance(ref, str) or not 0 < len(ref) <= 80 or not isinstance(named, list):
        raise BadToken("claims")
    if unit is not None and not (isinstance(unit, str) and _UNIT.fullmatch(unit)):
        raise BadToken("claims")
    roles = tuple(role for role in named if isinstance(role, str) and role in STAFF_ROLES)
    if roles:
        return Caller("staff", ref, roles, unit, None, address, language)
    if "department" in named:
        return Caller("department", ref, ("department",), unit, None, address, language)
    raise BadToken("no role of ours")


def _unauthenticated(error: str) -> Problem:
    return Problem(
        "unauthenticated", headers={"WWW-Authenticate": f'Bearer realm="tanggap", error="{error}"'}
    )
