"""Tanggap's own processes and the mail sink, each with the settings and the secrets it alone may know."""

from dataclasses import dataclass

from tanggap.issuer import AUDIENCE, ISSUER
from tanggap.local.broker import Broker
from tanggap.local.database import OPERATOR, Database
from tanggap.local.layout import ROOT, Layout
from tanggap.local.programs import Program, python
from tanggap.local.secrets import Secrets

SERVICES = ("complaints", "notifications", "surveys", "evaluation")
BROKER_USERS = ("gateway", *SERVICES)
DATABASES = SERVICES
SAMPLE_CITY = ROOT / "cities" / "sawahlunto"
SAMPLE_MARK = "data contoh"


@dataclass(frozen=True)
class Parts:
    """What the settings of every process are made of."""

    layout: Layout
    ports: dict[str, int]
    secrets: Secrets
    broker: Broker
    database: Database
    profile: str = "development"
    public_url: str = ""

    @property
    def url(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.ports['gateway']}"

    def broker_password(self, user: str) -> str:
        return self.secrets[f"broker_{user}"]

    def broker_url(self, user: str) -> str:
        if self.broker.management_url is None:
            return self.broker.url
        return self.broker.url_of(user, self.broker_password(user))

    def database_url(self, service: str) -> str:
        return self.database.url_of(service, service, self.secrets[f"database_{service}"])

    def operator_url(self, service: str) -> str:
        return self.database.url_of(service, OPERATOR, self.secrets["database_operator"])


def common(parts: Parts) -> dict[str, str]:
    settings = {
        "PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin",
        "PYTHONUNBUFFERED": "1",
        "TANGGAP_PROFILE": parts.profile,
        "TANGGAP_CONTRACTS_DIR": str(ROOT / "contracts"),
        "TANGGAP_CHECK_CONTRACTS": "1",
        "TANGGAP_PUBLIC_URL": parts.url,
        "TANGGAP_SAMPLE_MARK": SAMPLE_MARK,
        "TANGGAP_HEALTH_HOST": "127.0.0.1",
        "TANGGAP_BROKER_USER_PREFIX": parts.broker.prefix,
    }
    if parts.broker.management_url is None:
        settings["TANGGAP_SINGLE_BROKER_USER"] = parts.broker.user
    return settings


def service_settings(parts: Parts, name: str, *rings: str, **more: str) -> dict[str, str]:
    """What every service is told, and the key rings and settings that this one alone gets."""
    return (
        common(parts)
        | {
            "TANGGAP_AMQP_URL": parts.broker_url(name),
            "TANGGAP_MONGODB_URL": parts.database_url(name),
            "TANGGAP_HEALTH_PORT": str(parts.ports[f"{name}_health"]),
        }
        | {ring: parts.secrets[ring] for ring in (f"TANGGAP_SEAL_KEYS_{name.upper()}", *rings)}
        | more
    )


def settings_of_services(parts: Parts) -> dict[str, dict[str, str]]:
    """The services in starting order, each with its settings."""
    city = str(SAMPLE_CITY)
    mail = {
        "TANGGAP_SMTP_HOST": "127.0.0.1",
        "TANGGAP_SMTP_PORT": str(parts.ports["mail"]),
        "TANGGAP_SMTP_STARTTLS": "never",
        "TANGGAP_MAIL_FROM": "Tanggap Sawahlunto <tanggap@sawahlunto.example.invalid>",
        "TANGGAP_NOTIFICATIONS_MODE": "live",
    }
    surveys = ("TANGGAP_SURVEY_KEYS", "TANGGAP_SURVEY_STORE_KEYS")
    return {
        "complaints": service_settings(parts, "complaints", "TANGGAP_VAULT_KEYS"),
        "notifications": service_settings(parts, "notifications", TANGGAP_CITY_DIR=city, **mail),
        "surveys": service_settings(parts, "surveys", *surveys, TANGGAP_CITY_DIR=city),
        "evaluation": service_settings(parts, "evaluation", TANGGAP_CITY_DIR=city),
    }


def settings_of_gateway(parts: Parts) -> dict[str, str]:
    ports, secrets = parts.ports, parts.secrets
    rings = [f"TANGGAP_SEAL_KEYS_{name.upper()}" for name in SERVICES]
    rings += ["TANGGAP_SURVEY_KEYS", "TANGGAP_HMAC_KEYS"]
    return (
        common(parts)
        | {ring: secrets[ring] for ring in rings}
        | {
            "TANGGAP_AMQP_URL": parts.broker_url("gateway"),
            "TANGGAP_JWT_ISSUER": ISSUER,
            "TANGGAP_JWT_AUDIENCE": AUDIENCE,
            "TANGGAP_JWT_JWKS": str(parts.layout.jwks),
            "TANGGAP_LOCAL_ISSUER_KEY": str(parts.layout.issuer_key),
            "TANGGAP_SAMPLE_STAFF": str(SAMPLE_CITY / "sample" / "staff.yaml"),
            "TANGGAP_SNAPSHOT_DIR": str(parts.layout.data / "gateway"),
            "TANGGAP_HOST": "127.0.0.1",
            "TANGGAP_PORT": str(ports["gateway"]),
            "TANGGAP_METRICS_PORT": str(ports["gateway_metrics"]),
        }
    )


def programs(parts: Parts, overrides: dict[str, dict[str, str]]) -> list[Program]:
    """The mail sink, the services and the gateway; `overrides` adds settings to a process by its name."""
    ports = parts.ports
    sink = python(
        "-m", "tanggap.mailsink", "--port", str(ports["mail"]), "--directory", str(parts.layout.mail)
    )
    (parts.layout.data / "gateway").mkdir(exist_ok=True)

    def ready(port: str) -> str:
        return f"http://127.0.0.1:{ports[port]}/readyz"

    def settled(name: str, settings: dict[str, str]) -> dict[str, str]:
        return settings | overrides.get(name, {})

    mail = settled("mail", {"PYTHONUNBUFFERED": "1"})
    services = [
        Program(name, python("-m", name), settled(name, settings), ready_url=ready(f"{name}_health"))
        for name, settings in settings_of_services(parts).items()
    ]
    gateway = Program(
        "gateway",
        python("-m", "gateway"),
        settled("gateway", settings_of_gateway(parts)),
        priority=200,
        ready_url=ready("gateway_metrics"),
    )
    return [Program("mail", sink, mail, priority=30, stop_seconds=5), *services, gateway]


def published_env(parts: Parts) -> dict[str, str]:
    """Every address of this run, for people, tools and tests; contains the administrators' passwords."""
    ports = parts.ports
    return {
        "TANGGAP_URL": parts.url,
        "TANGGAP_LOCAL_DIR": str(parts.layout.directory),
        "AMQP_URL": parts.broker.url,
        "AMQP_MANAGEMENT_URL": parts.broker.management_url or "",
        "TANGGAP_BROKER_USER_PREFIX": parts.broker.prefix,
        "MONGODB_URL": parts.database.url,
        **{f"TANGGAP_{name.upper()}_DB": parts.operator_url(name) for name in DATABASES},
        "TANGGAP_MAIL_SINK": f"smtp://127.0.0.1:{ports['mail']}",
        "TANGGAP_MAIL_DIR": str(parts.layout.mail),
        "TANGGAP_GATEWAY_METRICS": f"http://127.0.0.1:{ports['gateway_metrics']}/metrics",
        **{
            f"TANGGAP_{name.upper()}_METRICS": f"http://127.0.0.1:{ports[f'{name}_health']}/metrics"
            for name in SERVICES
        },
    }
