"""Configuration of the service, from the environment, into one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from notifications.contacts import one_line, usable_email
from notifications.mail import MailStyle
from servicekit.config import ServiceConfig, Settings, read_service_config
from servicekit.errors import ConfigurationError


@dataclass(frozen=True)
class NotificationsConfig(ServiceConfig):
    """The kit's settings and our own."""

    city_dir: Path = Path("cities/sawahlunto")
    public_url: str = "http://127.0.0.1:8080"
    sample_mark: str = ""
    mode: str = "sandbox"
    mail_from: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_starttls: str = "required"
    smtp_timeout_seconds: float = 10.0
    smtp_connections: int = 4
    send_lease_seconds: float = 120.0
    mail_keep_days: int = 30

    @property
    def style(self) -> MailStyle:
        return MailStyle(sender=self.mail_from, public_url=self.public_url, sample_mark=self.sample_mark)

    @property
    def send_lease(self) -> timedelta:
        return timedelta(seconds=self.send_lease_seconds)


def read_config() -> NotificationsConfig:
    """Read the environment. Raises ConfigurationError with one line for each variable that is wrong."""
    problems: list[str] = []
    kit: ServiceConfig | None = None
    try:
        kit = read_service_config("notifications")
    except ConfigurationError as error:
        problems.extend(str(error).splitlines())
    s = Settings()
    mode = s.one_of("TANGGAP_NOTIFICATIONS_MODE", ("live", "sandbox"), "sandbox")
    own = {
        "city_dir": s.directory("TANGGAP_CITY_DIR", "a city's folder, such as cities/sawahlunto"),
        "public_url": s.text(
            "TANGGAP_PUBLIC_URL", "the address of the pages", "http://127.0.0.1:8080"
        ).rstrip("/"),
        "sample_mark": one_line(s.text("TANGGAP_SAMPLE_MARK", "a mark for sample data", "")),
        "mode": mode,
        "mail_from": one_line(s.text("TANGGAP_MAIL_FROM", "Name <address> of the sender")),
        "smtp_host": s.text("TANGGAP_SMTP_HOST", "the mail server's name", ""),
        "smtp_port": s.integer("TANGGAP_SMTP_PORT", "the mail server's port", 587),
        "smtp_username": s.text("TANGGAP_SMTP_USERNAME", "a user name", ""),
        "smtp_password": s.text("TANGGAP_SMTP_PASSWORD", "a password", ""),
        "smtp_starttls": s.one_of("TANGGAP_SMTP_STARTTLS", ("required", "never"), "required"),
        "smtp_timeout_seconds": s.number("TANGGAP_SMTP_TIMEOUT", "seconds", 10.0),
        "smtp_connections": s.integer("TANGGAP_SMTP_CONNECTIONS", "a number of connections", 4),
        "send_lease_seconds": s.number("TANGGAP_SEND_LEASE_SECONDS", "seconds", 120.0),
        "mail_keep_days": s.integer("TANGGAP_MAIL_KEEP_DAYS", "1 to 90 days", 30),
    }
    problems.extend(s.problems)
    problems.extend(_problems(own, production=kit is None or not kit.development))
    if problems or kit is None:
        raise ConfigurationError("\n".join(problems))
    return NotificationsConfig(**{**vars(kit), **own})


def _problems(own: dict[str, object], *, production: bool) -> list[str]:
    """What only shows when several settings are looked at together."""
    problems = []
    if own["mode"] == "live" and not own["smtp_host"]:
        problems.append("TANGGAP_SMTP_HOST: expected the mail server's name, as the mode is live")
    if own["mode"] == "live" and production and own["smtp_starttls"] != "required":
        problems.append("TANGGAP_SMTP_STARTTLS: expected required in production: mails carry private links")
    sender = own["mail_from"]
    if isinstance(sender, str) and not usable_email(parseaddr(sender)[1], deliverable_only=False)[0]:
        problems.append("TANGGAP_MAIL_FROM: expected Name <address> of the sender")
    if own["mail_keep_days"] not in range(1, 91):
        problems.append("TANGGAP_MAIL_KEEP_DAYS: expected 1 to 90 days")
    return problems
