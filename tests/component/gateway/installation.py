"""One gateway process and what it talks to, for tests."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.codes import check_character
from servicekit.sealing import KeyRing, generate_key
from support.gateway_inputs import DOCUMENT, REGISTRY
from support.waiting import eventually

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATCHED = (
    "import sys, eventlet; eventlet.monkey_patch(); import runpy; "
    "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
)
STORED_CODE = "7K3M9QXD4TRW" + check_character("7K3M9QXD4TRW")
CATALOGUE: dict[str, Any] = {
    "version": 3,
    "stored": STORED_CODE,
    "city": {"code": "uji", "name": "Kota Uji", "timezone": "Asia/Jakarta"},
    "units": [{"code": "dpupr", "city": "uji", "name": {"id": "Dinas PU", "en": "Public Works"}}],
    "services": [
        {
            "code": "jalan",
            "city": "uji",
            "name": {"id": "Jalan berlubang", "en": "Potholes"},
            "kind": "complaint",
            "unit": "dpupr",
            "location": "required",
            "attributes": [
                {
                    "code": "ukuran",
                    "datatype": "singlevaluelist",
                    "required": True,
                    "values": [
                        {"key": "kecil", "name": {"id": "Kecil"}},
                        {"key": "besar", "name": {"id": "Besar"}},
                    ],
                }
            ],
        },
        {"code": "info", "city": "uji", "name": {"id": "Informasi"}, "kind": "information", "unit": "dpupr"},
    ],
    "jurisdictions": [
        {
            "code": "uji",
            "name": "Kota Uji",
            "boundary": {
                "type": "Polygon",
                "coordinates": [[[100.7, -0.7], [100.8, -0.7], [100.8, -0.6], [100.7, -0.6], [100.7, -0.7]]],
            },
        }
    ],
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def filing(**changes: Any) -> dict[str, Any]:
    """A filing that the catalogue above accepts."""
    return {
        "service_code": "jalan",
        "description": "Lubang besar di depan pasar.",
        "location": {"lat": -0.65, "lon": 100.75},
        "attributes": {"ukuran": "besar"},
        "reporter": {"name": "Siti Contoh", "email": "siti@example.invalid", "phone": "0812-3456-7890"},
        **changes,
    }


@dataclass
class Issuer:
    """A token issuer with its key file."""

    jwks: Path
    name: str = "urn:tanggap:local"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "t1"}, private=True))

    def __post_init__(self) -> None:
        self.jwks.write_bytes(orjson.dumps(KeySet([self.key]).as_dict(private=False)))

    def token(self, *roles: str, sub: str = "staf-1", unit: str | None = None, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": self.name,
            "aud": "tanggap",
            "sub": sub,
            "iat": now,
            "exp": now + 600,
            "roles": list(roles),
        }
        if unit:
            body["unit"] = unit
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "t1"}, {**body, **claims}, self.key)

    def headers(self, *roles: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*roles, **claims)}"}


@dataclass
class Gateway:
    """A running gateway."""

    process: "subprocess.Popen[bytes]"
    url: str
    metrics_url: str
    log: Path
    issuer: Issuer
    client: httpx.Client
    complaints_ring: KeyRing
    notifications_ring: KeyRing
    surveys_ring: KeyRing
    survey_keys: KeyRing

    def readiness(self) -> dict[str, bool]:
        return dict(httpx.get(f"{self.metrics_url}/readyz", timeout=5).json())


@dataclass(frozen=True)
class Keys:
    complaints: str = field(default_factory=lambda: generate_key("c1"))
    notifications: str = field(default_factory=lambda: generate_key("n1"))
    surveys: str = field(default_factory=lambda: generate_key("s1"))
    evaluation: str = field(default_factory=lambda: generate_key("e1"))
    survey: str = field(default_factory=lambda: generate_key("k1"))
    hmac: str = field(default_factory=lambda: generate_key("h1"))


@contextmanager
def running_gateway(
    amqp_url: str, directory: Path, keys: Keys, *, wait_ready: bool = True, **environment: str
) -> Iterator[Gateway]:
    """A gateway process; stopped by SIGTERM afterwards, which it must obey."""
    port, metrics_port = free_port(), free_port()
    directory.mkdir(parents=True, exist_ok=True)
    issuer = Issuer(directory / "jwks.json")
    # What a former process left on disk: no surveys service runs beside these tests.
    (directory / "snapshot").mkdir(exist_ok=True)
    (directory / "snapshot" / "questionnaires.json").write_bytes(orjson.dumps(DOCUMENT))
    log = directory / f"gateway-{secrets.token_hex(3)}.log"
    values = {
        **os.environ,
        "TANGGAP_PROFILE": "development",
        "TANGGAP_AMQP_URL": amqp_url,
        "TANGGAP_CONTRACTS_DIR": str(ROOT / "contracts"),
        "TANGGAP_SNAPSHOT_DIR": str(directory / "snapshot"),
        "TANGGAP_SEAL_KEYS_COMPLAINTS": keys.complaints,
        "TANGGAP_SEAL_KEYS_NOTIFICATIONS": keys.notifications,
        "TANGGAP_SEAL_KEYS_SURVEYS": keys.surveys,
        "TANGGAP_SEAL_KEYS_EVALUATION": keys.evaluation,
        "TANGGAP_SURVEY_KEYS": keys.survey,
        "TANGGAP_HMAC_KEYS": keys.hmac,
        "TANGGAP_JWT_ISSUER": issuer.name,
        "TANGGAP_JWT_JWKS": str(issuer.jwks),
        "TANGGAP_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TANGGAP_PORT": str(port),
        "TANGGAP_METRICS_PORT": str(metrics_port),
        "TANGGAP_CHECK_CONTRACTS": "1",
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway"], env=values, stdout=output, stderr=subprocess.STDOUT
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        gateway = Gateway(
            process,
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{metrics_port}",
            log,
            issuer,
            client,
            KeyRing.parse(keys.complaints),
            KeyRing.parse(keys.notifications),
            KeyRing.parse(keys.surveys),
            KeyRing.parse(keys.survey),
        )
        try:
            eventually(lambda: _answers(process, log, gateway.metrics_url, "/livez"), within=20)
            if wait_ready:
                eventually(lambda: _answers(process, log, gateway.metrics_url, "/readyz"), within=20)
            yield gateway
        finally:
            process.terminate()
            process.wait(25)


@contextmanager
def running_peer(amqp_url: str, directory: Path, keys: Keys) -> Iterator["subprocess.Popen[bytes]"]:
    """The complaints service's stand-in; the gateway is ready once it has answered for the catalogue."""
    health_port = free_port()
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"peer-{secrets.token_hex(3)}.log"
    values = {
        **os.environ,
        "TANGGAP_PROFILE": "development",
        "TANGGAP_AMQP_URL": amqp_url,
        "TANGGAP_MONGODB_URL": "mongodb://127.0.0.1:1/unused",
        "TANGGAP_CONTRACTS_DIR": str(ROOT / "contracts"),
        "TANGGAP_SEAL_KEYS_COMPLAINTS": keys.complaints,
        "TANGGAP_HEALTH_PORT": str(health_port),
        "PEER_CATALOGUE": orjson.dumps(CATALOGUE).decode(),
        "PEER_DEPARTMENTS": orjson.dumps(dict(REGISTRY.document)).decode(),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PATCHED, str(HERE / "peer.py")],
            env=values,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: _answers(process, log, f"http://127.0.0.1:{health_port}", "/livez"), within=20)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _answers(process: "subprocess.Popen[bytes]", log: Path, url: str, path: str) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the process ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    try:
        return httpx.get(url + path, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
