"""Builds the service from its configuration: the one place that knows how the parts fit together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from notifications.channels import MailLine
from notifications.channels.sandbox import SandboxLine
from notifications.channels.smtp import SmtpLine, SmtpSettings
from notifications.choosing import Choices
from notifications.cityload import CityLoader
from notifications.config import NotificationsConfig
from notifications.intake import Intake, IntakeSettings
from notifications.invitations import Invitations
from notifications.queries import Queries
from notifications.recipients import Directory
from notifications.registry import Registry
from notifications.sender import Sender, SenderSettings
from notifications.store.choices import ChoiceStore
from notifications.store.cities import Cities
from notifications.store.invitations import InvitationStore
from notifications.store.messages import Messages
from notifications.store.people import People
from servicekit.contracts import Contracts
from servicekit.errors import ConfigurationError
from servicekit.ids import Clock, SystemClock
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.permissions import Permissions


@dataclass(frozen=True)
class Application:
    intake: Intake
    registry: Registry
    queries: Queries
    choices: Choices
    sender: Sender
    cities: CityLoader


def build(
    config: NotificationsConfig, mongo: MongoHandle, outbox: Outbox, clock: Clock | None = None
) -> Application:
    """Wire the service. Connects to nothing: every part does so when it is first used."""
    if config.seal_keys is None:
        raise ConfigurationError("TANGGAP_SEAL_KEYS_NOTIFICATIONS: needed to open contacts")
    clock = clock or SystemClock()
    ring = config.seal_keys
    database = mongo.database
    people, messages = People(database), Messages(database)
    inbox = Inbox(database, service="notifications")
    directory = Directory(people, messages, ring, deliverable_only=not config.development)
    contracts = Contracts.load(config.contracts_dir)
    cities = CityLoader(Cities(database), config.city_dir, contracts.schemas, clock)
    permissions = Permissions.load(config.contracts_dir)
    choices = Choices(
        transact=mongo.transact,
        store=ChoiceStore(database),
        ring=ring,
        permissions=permissions,
        clock=clock,
        public_url=config.public_url,
    )
    invitations = Invitations(InvitationStore(database), choices, ring)
    sender = Sender(
        transact=mongo.transact,
        messages=messages,
        invitations=invitations,
        outbox=outbox,
        ring=ring,
        clock=clock,
        settings=SenderSettings(style=config.style, lease=config.send_lease),
        new_line=lambda: new_line(config),
    )
    common: dict[str, Any] = {"transact": mongo.transact, "inbox": inbox, "people": people, "ring": ring}
    intake = Intake(
        **common,
        outbox=outbox,
        messages=messages,
        directory=directory,
        invitations=invitations,
        choices=choices,
        city=cities.current,
        clock=clock,
        settings=IntakeSettings(config.public_url, timedelta(days=config.mail_keep_days)),
        wake_sender=sender.wake,
    )
    queries = Queries(
        messages=messages,
        intake=intake,
        cities=cities,
        permissions=permissions,
        clock=clock,
    )
    registry = Registry(**common, directory=directory)
    return Application(intake, registry, queries, choices, sender, cities)


def new_line(config: NotificationsConfig) -> MailLine:
    """The way out: a real SMTP connection in live mode, nothing at all in the sandbox."""
    if config.mode == "sandbox":
        return SandboxLine()
    return SmtpLine(
        SmtpSettings(
            host=config.smtp_host,
            port=config.smtp_port,
            sender_address=config.style.sender_address,
            starttls=config.smtp_starttls == "required",
            username=config.smtp_username,
            password=config.smtp_password,
            timeout_seconds=config.smtp_timeout_seconds,
        )
    )
