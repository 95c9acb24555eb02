"""The gateway's settings: one frozen value, read from the environment once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from servicekit.config import Settings
from servicekit.sealing import KeyRing

LOCAL_ISSUER = "urn:tanggap:local"
_RATES = {"address": "1200/60", "staff": "60000/60", "case": "60/60", "contact": "30/3600"}
_RATE = re.compile(r"(\d{1,7})/(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; a bucket holds `count` and refills evenly."""

    count: int
    seconds: int


@dataclass(frozen=True)
class Config:
    amqp_url: str = field(repr=False)
    contracts_dir: Path
    snapshot_dir: Path
    seal_complaints: KeyRing = field(repr=False)
    seal_notifications: KeyRing = field(repr=False)
    seal_surveys: KeyRing = field(repr=False)
    seal_evaluation: KeyRing = field(repr=False)
    survey_keys: KeyRing = field(repr=False)
    hmac_keys: KeyRing = field(repr=False)
    jwt_issuer: str
    jwt_jwks: str
    jwt_audience: str = "tanggap"
    profile: str = "production"
    public_url: str = "http://127.0.0.1:8080"
    sample_mark: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    health_host: str = "127.0.0.1"
    metrics_port: int = 0
    log_level: str = "INFO"
    check_contracts: bool = False
    trusted_proxies: str = ""
    security_contact: str = ""
    amqp_ca: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    local_issuer_key: str = ""
    sample_staff: str = ""
    rate_address: Rate | None = Rate(1200, 60)
    rate_staff: Rate | None = Rate(60000, 60)
    rate_case: Rate | None = Rate(60, 60)
    rate_contact: Rate | None = Rate(30, 3600)

    @property
    def development(self) -> bool:
        return self.profile == "development"

    @property
    def secure(self) -> bool:
        """Whether citizens reach us over TLS: decides cookie names and HSTS."""
        return self.public_url.startswith("https://")


def load() -> Config:
    """Read TANGGAP_* variables.

    Raises ConfigurationError with one line for every variable that is missing or wrong, none of which
    quotes a value: several are keys and passwords.
    """
    settings = Settings()
    text = settings.text
    values: dict[str, Any] = {
        "profile": settings.one_of("TANGGAP_PROFILE", ("development", "production"), "production"),
        "amqp_url": _read(settings, "TANGGAP_AMQP_URL", "amqp[s]://user:password@host:port/vhost", _amqp_url),
        "amqp_ca": text("TANGGAP_AMQP_CA", "a file of CA certificates for amqps", ""),
        "contracts_dir": settings.directory("TANGGAP_CONTRACTS_DIR", "the folder with permissions.yaml"),
        "snapshot_dir": Path(text("TANGGAP_SNAPSHOT_DIR", "a folder that survives restarts") or "."),
        "seal_complaints": settings.key_ring("TANGGAP_SEAL_KEYS_COMPLAINTS"),
        "seal_notifications": settings.key_ring("TANGGAP_SEAL_KEYS_NOTIFICATIONS"),
        "seal_surveys": settings.key_ring("TANGGAP_SEAL_KEYS_SURVEYS"),
        "seal_evaluation": settings.key_ring("TANGGAP_SEAL_KEYS_EVALUATION"),
        "survey_keys": settings.key_ring("TANGGAP_SURVEY_KEYS"),
        "hmac_keys": settings.key_ring("TANGGAP_HMAC_KEYS"),
        "jwt_issuer": text("TANGGAP_JWT_ISSUER", "the issuer of access tokens"),
        "jwt_jwks": text("TANGGAP_JWT_JWKS", "a file path or https address of a JWK set"),
        "jwt_audience": text("TANGGAP_JWT_AUDIENCE", "the audience of access tokens", "tanggap"),
        "public_url": _read(
            settings, "TANGGAP_PUBLIC_URL", "an http or https address", _url, "http://127.0.0.1:8080"
        ),
        "sample_mark": text("TANGGAP_SAMPLE_MARK", "the mark of sample data", ""),
        "host": text("TANGGAP_HOST", "an address to listen on", "127.0.0.1"),
        "port": settings.integer("TANGGAP_PORT", "a port", 8080),
        "health_host": text("TANGGAP_HEALTH_HOST", "an address to listen on", "127.0.0.1"),
        "metrics_port": settings.integer("TANGGAP_METRICS_PORT", "a port, or 0 for none", 0),
        "log_level": settings.one_of("TANGGAP_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        "check_contracts": settings.flag("TANGGAP_CHECK_CONTRACTS", False),
        "trusted_proxies": text("TANGGAP_TRUSTED_PROXIES", "addresses of proxies in front", ""),
        "security_contact": text("TANGGAP_SECURITY_CONTACT", "mailto: or https address", ""),
        "oidc_client_id": text("TANGGAP_OIDC_CLIENT_ID", "a client id at the issuer", ""),
        "oidc_client_secret": text("TANGGAP_OIDC_CLIENT_SECRET", "its secret", ""),
        "local_issuer_key": text("TANGGAP_LOCAL_ISSUER_KEY", "a private JWK file, development only", ""),
        "sample_staff": text("TANGGAP_SAMPLE_STAFF", "a staff.yaml, development only", ""),
    }
    for name, default in _RATES.items():
        values[f"rate_{name}"] = _read(
            settings, f"TANGGAP_RATE_{name.upper()}", "<count>/<seconds> or off", _rate, default
        )
    if values["profile"] == "production":
        if values["jwt_issuer"] == LOCAL_ISSUER:
            settings.problems.append(
                "TANGGAP_JWT_ISSUER: the local issuer works in the development profile only"
            )
        for name in ("local_issuer_key", "sample_staff"):
            if values[name]:
                settings.problems.append(f"TANGGAP_{name.upper()}: works in the development profile only")
    settings.check()
    return Config(**values)


def _read(
    settings: Settings, name: str, expected: str, parse: Callable[[str], Any], default: str | None = None
) -> Any:
    text = settings.text(name, expected) if default is None else settings.text(name, expected, default)
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        settings.problems.append(f"{name}: expected {expected}")
        return None


def _rate(text: str) -> Rate | None:
    if text == "off":
        return None
    match = _RATE.fullmatch(text)
    if not match or not int(match[1]) or not int(match[2]):
        raise ValueError("not a rate")
    return Rate(int(match[1]), int(match[2]))


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("not an address")
    return text.rstrip("/")


def _amqp_url(text: str) -> str:
    for parts in map(urlsplit, text.split(";")):
        if parts.scheme not in ("amqp", "amqps") or not parts.hostname or not parts.username:
            raise ValueError("not an AMQP address")
    return text
