"""The gateway's application: builds its parts once, opens connections at start and closes them at the end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway import bodies, local, openapi, pages
from gateway.access import Access
from gateway.amqp import Address
from gateway.auth import Authenticator, KeySource, session_ring
from gateway.cases import Cases, Seals
from gateway.codes import Codes
from gateway.config import Config
from gateway.edge import Edge
from gateway.health import OperatorServer
from gateway.intake import Intake
from gateway.languages import preferred
from gateway.limits import Bucket, Limits
from gateway.notices import Notices
from gateway.operations import Operation
from gateway.pages.settings import OidcSettings, PageSettings
from gateway.problems import TABLE, Problem
from gateway.rpc import Rpc
from gateway.snapshots import Snapshots
from gateway.table import DEVELOPMENT_OPERATIONS, OPERATIONS
from servicekit.contracts import Contracts
from servicekit.ids import Clock, SystemClock
from servicekit.permissions import Permissions

log = logging.getLogger(__name__)


def create_app(config: Config, clock: Clock | None = None) -> Edge:
    """The whole gateway as one ASGI application. Nothing is connected before its lifespan starts."""
    operations = OPERATIONS + (DEVELOPMENT_OPERATIONS if config.development else ())
    app = Starlette(
        routes=_routes(operations),
        lifespan=_lifespan,
        exception_handlers={
            Problem: bodies.on_problem,
            ClientDisconnect: bodies.on_disconnect,
            HTTPException: bodies.on_http_exception,
            Exception: bodies.on_problem,
        },
    )
    _assemble(app, config, clock or SystemClock())
    app.state.openapi = orjson.dumps(openapi.document(operations, config.public_url))
    return Edge(app, secure=config.secure)


def _assemble(app: Starlette, config: Config, clock: Clock) -> None:
    """Wire the parts together; each is on `app.state` under its own name."""
    address = Address.parse(config.amqp_url, config.amqp_ca or None)
    access = Access(Permissions.load(config.contracts_dir))
    contracts = Contracts.load(config.contracts_dir) if config.check_contracts else None
    codes = Codes(config.hmac_keys)
    intake = Intake(address)
    rpc = Rpc(address, {"complaints": config.seal_complaints, "notifications": config.seal_notifications})
    snapshots = Snapshots(rpc, config.snapshot_dir)
    state = app.state
    state.config, state.intake, state.rpc, state.snapshots = config, intake, rpc, snapshots
    state.limits = Limits(Bucket("address", config.rate_address), Bucket("staff", config.rate_staff))
    state.authenticator = Authenticator(
        KeySource(config.jwt_jwks),
        config.jwt_issuer,
        config.jwt_audience,
        session_ring(config.hmac_keys),
        config.secure,
    )
    state.cases = Cases(
        intake=intake,
        rpc=rpc,
        snapshots=snapshots,
        access=access,
        codes=codes,
        seals=Seals(config.seal_complaints, config.seal_notifications),
        clock=clock,
        public_url=config.public_url,
        case_limit=Bucket("case", config.rate_case),
        contact_limit=Bucket("contact", config.rate_contact),
        contracts=contracts,
    )
    state.notices = Notices(
        intake=intake,
        rpc=rpc,
        access=access,
        codes=codes,
        seals=config.seal_notifications,
        clock=clock,
        contracts=contracts,
    )
    state.pages = _page_settings(config)
    state.clock = clock


def _page_settings(config: Config) -> PageSettings:
    oidc = None
    if config.oidc_client_id:
        oidc = OidcSettings(config.jwt_issuer, config.oidc_client_id, config.oidc_client_secret or None)
    return PageSettings(
        keys=tuple(hmac.digest(key, b"pages", hashlib.sha256) for _, key in config.hmac_keys.keys),
        public_url=config.public_url,
        sample_mark=config.sample_mark,
        development=config.development,
        sample_staff=local.sample_staff(config),
        local_token=local.token_maker(config),
        oidc=oidc,
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Start without waiting for anybody: a gateway that cannot reach the broker says so, and heals."""
    state = app.state
    operator = OperatorServer(state.config.health_host, state.config.metrics_port, lambda: readiness(app))
    await operator.start()
    state.intake.start()
    state.rpc.start()
    state.snapshots.start()
    try:
        yield
    finally:
        await state.snapshots.stop()
        await asyncio.gather(state.intake.stop(), state.rpc.stop())
        await operator.stop()


def readiness(app: Starlette) -> dict[str, bool]:
    """What must be true before citizens are sent here. An alarm makes it false, never the process dead."""
    state = app.state
    return {
        "intake": state.intake.ready,
        "rpc": state.rpc.ready,
        "catalogue": state.snapshots.current is not None,
    }


def _routes(operations: tuple[Operation, ...]) -> list[BaseRoute]:
    # `endpoint` is a bound method: Starlette then calls it as a function.
    api = [Route(o.path, o.endpoint, methods=[o.method], name=o.operation_id) for o in operations]
    return [
        *api,
        Route("/openapi.json", _openapi),
        Route("/problems", _problems),
        Route("/problems/{slug}", _problem),
        Route("/.well-known/security.txt", _security_txt),
        Route("/livez", _livez),
        Route("/readyz", _readyz),
        *pages.routes(),
    ]


async def _openapi(request: Request) -> Response:
    return Response(
        request.app.state.openapi,
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=300"},
    )


async def _problems(request: Request) -> Response:
    language = preferred(request.headers.get("accept-language", ""))
    return bodies.answer({"items": [_explained(slug, language) for slug in TABLE]}, language)


async def _problem(request: Request) -> Response:
    slug = request.path_params["slug"]
    if slug not in TABLE:
        raise Problem("not-found")
    language = preferred(request.headers.get("accept-language", ""))
    return bodies.answer(_explained(slug, language), language)


def _explained(slug: str, language: str) -> dict[str, object]:
    row = TABLE[slug]
    return {
        "type": f"/problems/{slug}",
        "status": row.status,
        "title": row.title[language],
        "about": row.about[language],
    }


async def _security_txt(request: Request) -> Response:
    """RFC 9116. Without a contact of its own the city's privacy page is where people turn to."""
    config: Config = request.app.state.config
    expires = (request.app.state.clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    contact = config.security_contact or f"{config.public_url}/privasi"
    return PlainTextResponse(
        f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: id, en\n"
        f"Canonical: {config.public_url}/.well-known/security.txt\n"
    )


async def _livez(_request: Request) -> Response:
    return JSONResponse({"live": True})


async def _readyz(request: Request) -> Response:
    checks = readiness(request.app)
    return JSONResponse(
        {"ready": all(checks.values()), **checks}, status_code=200 if all(checks.values()) else 503
    )
