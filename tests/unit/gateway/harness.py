"""The gateway's application in this process, with the broker's two sides played by lists."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.access import Access
from gateway.app import create_app
from gateway.cases import Cases, Seals
from gateway.catalogue import Catalogue
from gateway.codes import Codes
from gateway.config import Config, Rate
from gateway.departments import Departments
from gateway.evaluation import Evaluation
from gateway.intake import NotConfirmed
from gateway.limits import Bucket
from gateway.notices import Notices
from gateway.rpc import ServiceAway
from gateway.survey_intake import SurveyIntake
from gateway.survey_keys import SurveyKeys
from gateway.surveys import Surveys
from servicekit.contracts import Contracts
from servicekit.envelope import Event
from servicekit.ids import FrozenClock
from servicekit.permissions import Permissions
from servicekit.sealing import KeyRing, generate_key
from support.gateway_inputs import QUESTIONNAIRES, REGISTRY

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
SQUARE = [[[100.7, -0.7], [100.8, -0.7], [100.8, -0.6], [100.7, -0.6], [100.7, -0.7]]]
KEY = ECKey.generate_key("P-256", {"kid": "t1"}, private=True)


def attribute(code: str, datatype: str, *keys: str, required: bool = False) -> dict[str, Any]:
    values = [{"key": key, "name": {"id": key.title(), "en": key.upper()}} for key in keys]
    return {"code": code, "datatype": datatype, "required": required, "order": 1, "values": values,
            "description": {"id": "Tanya", "en": "Ask"}}  # fmt: skip


def service(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "city": "uji",
        "name": {"id": f"Layanan {code}", "en": f"Service {code}"},
        "description": {"id": "Uraian", "en": "Description"},
        "kind": "complaint",
        "group": {"code": "umum", "id": "Umum", "en": "General"},
        "unit": "dpupr",
        "location": "optional",
        "attributes": [],
        "standard": {"time": "5 hari kerja"},
        **changes,
    }


CATALOGUE = Catalogue(
    {
        "version": 3,
        "city": {"code": "uji", "timezone": "Asia/Jakarta"},
        "units": [{"code": "dpupr", "city": "uji", "name": {"id": "Dinas PU", "en": "Public Works"}}],
        "services": [
            service(
                "jalan",
                location="required",
                attributes=[
                    attribute("ukuran", "singlevaluelist", "kecil", "besar", required=True),
                    attribute("bahaya", "multivaluelist", "motor", "anak"),
                    attribute("lebar", "number"),
                    attribute("sejak", "datetime"),
                    attribute("catatan", "text"),
                ],
            ),
            service("info", kind="information", location="none"),
            service("usul", kind="aspiration"),
            service("lama", active=False),
        ],
        "jurisdictions": [{"code": "uji", "boundary": {"type": "Polygon", "coordinates": SQUARE}}],
    }
)


def filing(**changes: Any) -> dict[str, Any]:
    """A filing that the catalogue above accepts; None takes a field out."""
    document = {
        "service_code": "jalan",
        "description": "Lubang besar di depan pasar.",
        "location": {"lat": -0.65, "lon": 100.75},
        "attributes": {"ukuran": "besar"},
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


class MemoryIntake:
    """Takes events, or refuses them all for a reason."""

    ready = True

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.routes: list[tuple[str, str]] = []
        self.refuses: str | None = None

    async def publish(
        self, event: Event, *, exchange: str = "gateway.intake", routing_key: str | None = None
    ) -> None:
        if self.refuses:
            raise NotConfirmed(self.refuses)
        self.events.append(event)
        self.routes.append((exchange, routing_key or event.type))


@dataclass
class MemoryRpc:
    """Answers calls with functions by method name; records them."""

    answers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, Any, str | None, dict[str, Any]]] = field(default_factory=list)
    otherwise: Callable[..., Any] | None = None  # for methods that have no answer of their own
    ready: bool = True

    async def query(self, service: str, method: str, actor: Any = None, **args: Any) -> Any:
        return self._answer(service, method, actor, None, args)

    async def probe(self, service: str, method: str, seconds: float, **args: Any) -> Any:
        return self._answer(service, method, None, None, args)

    async def act(self, service: str, method: str, actor: Any, key: str | None, **args: Any) -> Any:
        return self._answer(service, method, actor, key, args)

    def _answer(self, service: str, method: str, actor: Any, key: str | None, args: dict[str, Any]) -> Any:
        self.calls.append((service, method, actor, key, args))
        answer = self.answers.get(method, self.otherwise)
        if answer is None:
            raise ServiceAway(method)
        return answer(**args)


@dataclass
class Kept:
    """A snapshot that is what it is; counts how often it was told to ask."""

    current: Any
    refreshed: int = 0

    async def refresh(self) -> None:
        self.refreshed += 1


class App:
    """One application and a way to call it."""

    def __init__(self, *, hmac_keys: str = "", survey_keys: str = "", **config: Any) -> None:
        folder = Path(tempfile.mkdtemp(prefix="tanggap-unit-"))
        jwks = folder / "jwks.json"
        jwks.write_bytes(orjson.dumps(KeySet([KEY]).as_dict(private=False)))
        self.complaints, self.notifications, self.surveys_ring, self.evaluation_ring = (
            KeyRing.parse(generate_key(kid)) for kid in ("c1", "n1", "s1", "e1")
        )
        self.survey_keys = KeyRing.parse(survey_keys or generate_key("k1"))
        self.hmac_ring = KeyRing.parse(hmac_keys or generate_key("h1"))
        values: dict[str, Any] = {
            "amqp_url": "amqp://gateway:x@127.0.0.1:1/none",
            "contracts_dir": CONTRACTS,
            "snapshot_dir": folder,
            "seal_complaints": self.complaints,
            "seal_notifications": self.notifications,
            "seal_surveys": self.surveys_ring,
            "seal_evaluation": self.evaluation_ring,
            "survey_keys": self.survey_keys,
            "hmac_keys": self.hmac_ring,
            "jwt_issuer": "urn:tanggap:local",
            "jwt_jwks": str(jwks),
            "profile": "development",
            "public_url": "http://tanggap.test",
            **config,
        }
        self.config = Config(**values)
        self.clock = FrozenClock()
        self.intake, self.rpc = MemoryIntake(), MemoryRpc()
        self.snapshot, self.questionnaires, self.registry = (
            Kept(CATALOGUE),
            Kept(QUESTIONNAIRES),
            Kept(REGISTRY),
        )
        self.app = create_app(self.config, self.clock)
        state = self.app.app.state
        access = Access(Permissions.load(CONTRACTS))
        contracts = Contracts.load(CONTRACTS)
        parts: dict[str, Any] = {
            "intake": self.intake, "rpc": self.rpc, "access": access, "clock": self.clock,
            "codes": Codes(self.hmac_ring), "contracts": contracts,
        }  # fmt: skip
        self.codes = Codes(self.hmac_ring)
        state.catalogue_snapshot, state.departments_snapshot = self.snapshot, self.registry
        state.cases = self.cases = Cases(
            **parts,
            catalogue=self.snapshot,
            seals=Seals(self.complaints, self.notifications),
            public_url=self.config.public_url,
            case_limit=Bucket("case", self.config.rate_case),
            contact_limit=Bucket("contact", self.config.rate_contact),
        )
        state.notices = self.notices = Notices(**parts, seals=self.notifications)
        rpc: Any = self.rpc
        intake: Any = self.intake
        catalogue: Any = self.snapshot
        state.surveys = Surveys(
            rpc=rpc,
            answers=SurveyIntake(
                intake=intake,
                rpc=rpc,
                seals=self.surveys_ring,
                keys=SurveyKeys(self.survey_keys),
                contracts=contracts,
            ),
            catalogue=catalogue,
            questionnaires=cast(Any, self.questionnaires),
            access=access,
            clock=self.clock,
        )
        state.evaluation = Evaluation(rpc=rpc, access=access, catalogue=catalogue)
        state.departments = Departments(
            intake=intake,
            rpc=rpc,
            registry=cast(Any, self.registry),
            access=access,
            contracts=contracts,
            clock=self.clock,
        )
        self._loop = asyncio.new_event_loop()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("192.0.2.7", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://tanggap.test") as client:
                return await client.request(method, path, **options)

        return self._loop.run_until_complete(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def run(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)

    def opened(self, event: Event) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The two sealed blocks of an intake event, as their services open them."""
        data = event.data
        case = self.complaints.open(
            data["case_sealed"], recipient="complaints", context=data["tracking_code"]
        )
        if data["contact_sealed"] is None:
            return case, None
        contact = self.notifications.open(
            data["contact_sealed"], recipient="notifications", context=data["contact_ref"]
        )
        return case, contact


def token(*roles: str, key: ECKey = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    now = int(time.time())
    body = {
        "iss": "urn:tanggap:local",
        "aud": "tanggap",
        "sub": "staf-1",
        "exp": now + 600,
        "roles": list(roles),
    }
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "t1", **(header or {})}
    return jwt.encode(head, {**body, **claims}, key, algorithms=["ES256", "HS256", "RS256"])


def bearer(*roles: str, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*roles, **claims)}"}


NARROW = Rate(2, 60)
