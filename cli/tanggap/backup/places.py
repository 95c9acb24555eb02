"""Where the four databases are, and as whom they are opened."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import InvalidURI, PyMongoError

from servicekit.errors import ConfigurationError
from servicekit.sealing import KeyRing
from tanggap.errors import CliError
from tanggap.local.services import DATABASES
from tanggap.settings import Settings

Document = dict[str, Any]
Client = MongoClient[Document]
ANSWER_SECONDS = 5
SOCKET_SECONDS = 120


@dataclass(frozen=True)
class Place:
    """One service's database. The URL holds a password and is not shown."""

    service: str
    name: str
    url: str = field(repr=False)


def places(known: Settings, *, writing: bool = False) -> list[Place]:
    """The databases of the four services.

    TANGGAP_<SERVICE>_DB names one, with a user who may read it. MONGODB_ADMIN_URL_<SERVICE> names its
    server and MONGODB_URL a server that holds all of them, with an administrator. Reading takes the first
    that is given in this order, writing prefers an administrator. Without a URL of its own a database is
    called as its service, after TANGGAP_DATABASE_PREFIX.
    """
    prefix = known.values.get("TANGGAP_DATABASE_PREFIX", "")
    found = []
    for service in DATABASES:
        own = known.values.get(f"TANGGAP_{service.upper()}_DB")
        admin = known.values.get(f"MONGODB_ADMIN_URL_{service.upper()}") or known.values.get("MONGODB_URL")
        name = urlsplit(own).path[1:] if own else prefix + service
        url = (admin or own) if writing else (own or admin)
        if not url or not name:
            raise CliError(
                f"Where is the database of {service}? Set MONGODB_URL, or TANGGAP_{service.upper()}_DB "
                "to a URL that names the database."
            )
        found.append(Place(service, name, url))
    return found


def backup_ring(known: Settings) -> KeyRing:
    """The key ring of backups. The first key encrypts, all decrypt."""
    text = known.values.get("TANGGAP_BACKUP_KEY")
    file = known.values.get("TANGGAP_BACKUP_KEY_FILE")
    if not text and file:
        try:
            with open(file) as source:
                text = source.read().strip()
        except OSError as error:
            raise CliError(f"TANGGAP_BACKUP_KEY_FILE cannot be read: {error.strerror}.") from None
    if not text:
        raise CliError(
            "A backup needs a key: set TANGGAP_BACKUP_KEY or TANGGAP_BACKUP_KEY_FILE. "
            "`tanggap backup --new-key` prints a new one; keep it apart from the backups."
        )
    try:
        return KeyRing.parse(text)
    except ConfigurationError as error:
        raise CliError(f"The key of backups cannot be used: {error}.") from None


def connect(place: Place, stack: ExitStack, program: str) -> Database[Document]:
    """The database, open until the stack closes. Raises CliError when it does not answer."""
    try:
        client: Client = MongoClient(
            place.url,
            appname=program,
            serverSelectionTimeoutMS=ANSWER_SECONDS * 1000,
            connectTimeoutMS=ANSWER_SECONDS * 1000,
            socketTimeoutMS=SOCKET_SECONDS * 1000,
            tz_aware=True,
            w="majority",
        )
        stack.callback(client.close)
        client.admin.command("ping")
    except (PyMongoError, InvalidURI) as error:
        raise CliError(f"The database of {place.service} does not answer ({type(error).__name__}).") from None
    return client[place.name]
