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

from gateway import bodies, local, measures, openapi, pages
from gateway.access import Access
from gateway.amqp import Address
from gateway.auth import Authenticator, KeySource, session_ring
from gateway.cases import Cases, Seals
from gateway.catalogue import Catalogue
from gateway.codes import Codes
from gateway.config import Config
from gateway.departments import Departments
from gateway.edge import Edge
from gateway.evaluation import Evaluation
from gateway.health import OperatorServer
from gateway.intake import Intake
from gateway.languages import preferred
from gateway.limits import Bucket, Limits
from gateway.notices import Notices
from gateway.operations import Operation
from gateway.pages.settings import OidcSettings, PageSettings
from gateway.problems import TABLE, Problem
from gateway.questionnaires import Questionnaires
from gateway.registry import Registry
from gateway.rpc import Rpc
from gateway.snapshots import Snapshot
from gateway.survey_intake import SurveyIntake
from gateway.survey_keys import SurveyKeys
from gateway.surveys import Surveys
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
    contracts = Contracts.load(config.contracts_dir)
    checked = contracts if config.check_contracts else None
    codes = Codes(config.hmac_keys)
    intake = Intake(address)
    # On a connection of their own: what departments publish never disturbs what citizens hand in.
    department_intake = Intake(address, "gateway departments")
    rpc = Rpc(
        address,
        {
            "complaints": config.seal_complaints,
            "notifications": config.seal_notifications,
            "surveys": config.seal_surveys,
            "evaluation": config.seal_evaluation,
        },
    )
    state = app.state
    state.access = access
    state.config, state.intake, state.department_intake, state.rpc = config, intake, department_intake, rpc
    catalogue, questionnaires, departments = _snapshots(rpc, config)
    state.catalogue_snapshot, state.questionnaires_snapshot = catalogue, questionnaires
    state.departments_snapshot = departments
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
        catalogue=catalogue,
        access=access,
        codes=codes,
        seals=Seals(config.seal_complaints, config.seal_notifications),
        clock=clock,
        public_url=config.public_url,
        case_limit=Bucket("case", config.rate_case),
        contact_limit=Bucket("contact", config.rate_contact),
        contracts=checked,
    )
    state.notices = Notices(
        intake=intake,
        rpc=rpc,
        access=access,
        codes=codes,
        seals=config.seal_notifications,
        clock=clock,
        contracts=checked,
    )
    state.surveys = Surveys(
        rpc=rpc,
        answers=SurveyIntake(
            intake=intake,
            rpc=rpc,
            seals=config.seal_surveys,
            keys=SurveyKeys(config.survey_keys),
            contracts=checked,
        ),
        catalogue=catalogue,
        questionnaires=questionnaires,
        access=access,
        clock=clock,
    )
    state.evaluation = Evaluation(rpc=rpc, access=access, catalogue=catalogue)
    state.departments = Departments(
        intake=department_intake,
        rpc=rpc,
        registry=departments,
        access=access,
        contracts=contracts,
        clock=clock,
    )
    state.pages = _page_settings(config)
    state.clock = clock


def _snapshots(
    rpc: Rpc, config: Config
) -> tuple[Snapshot[Catalogue], Snapshot[Questionnaires], Snapshot[Registry]]:
    """What serves on while its service is away."""
    folder = config.snapshot_dir
    return (
        Snapshot(
            rpc,
            folder,
            "catalogue",
            service="complaints",
            read=Catalogue,
            on_change=lambda catalogue: measures.catalogue_version.set(catalogue.version),
        ),
        Snapshot(rpc, folder, "questionnaires", service="surveys", read=Questionnaires),
        Snapshot(rpc, folder, "departments", service="complaints", read=Registry),
    )


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
    snapshots = (state.catalogue_snapshot, state.questionnaires_snapshot, state.departments_snapshot)
    links = (state.intake, state.department_intake, state.rpc)
    for part in (*links, *snapshots):
        part.start()
    try:
        yield
    finally:
        await asyncio.gather(*(snapshot.stop() for snapshot in snapshots))
        await asyncio.gather(*(link.stop() for link in links))
        await operator.stop()


def readiness(app: Starlette) -> dict[str, bool]:
    """What must be true before citizens are sent here. An alarm makes it false, never the process dead."""
    state = app.state
    return {
        "intake": state.intake.ready,
        "rpc": state.rpc.ready,
        "catalogue": state.catalogue_snapshot.current is not None,
    }


def _routes(operations: tuple[Operation, ...]) -> list[BaseRoute]:
    api = [Route(o.path, o, methods=[o.method], name=o.operation_id) for o in operations]
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
