"""Builds the parts of the service from its configuration, its database and its outbox."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.acting import Acting
from complaints.config import SERVICE, ComplaintsConfig
from complaints.departments import Departments
from complaints.filing import Filing
from complaints.importing import Importing
from complaints.noticing import Noticing
from complaints.progressing import HANDLER as ON_DEPARTMENT_EVENT
from complaints.progressing import Progressing
from complaints.reading import Reading
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.departments import DepartmentStore
from complaints.store.listing import Listing
from complaints.store.remembered import Remembered
from complaints.store.vault import Vault
from complaints.sweeping import Sweeping
from servicekit.contracts import Contracts
from servicekit.errors import ConfigurationError
from servicekit.ids import Clock, SystemClock
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.permissions import Permissions as PermissionTable
from servicekit.topology import Topology


@dataclass(frozen=True)
class Parts:
    """Everything the service's methods call."""

    filing: Filing
    acting: Acting
    reading: Reading
    noticing: Noticing
    sweeping: Sweeping
    importing: Importing
    departments: Departments
    progressing: Progressing
    catalogue: CatalogueStore
    clock: Clock


def wire_parts(
    config: ComplaintsConfig, db: MongoHandle, outbox: Outbox, clock: Clock | None = None
) -> Parts:
    """One set of parts per process: they share the copy of the catalogue."""
    if config.kit.seal_keys is None:
        raise ConfigurationError("TANGGAP_SEAL_KEYS_COMPLAINTS: needed to open submissions")
    clock = clock or SystemClock()
    table = PermissionTable.load(config.kit.contracts_dir).table
    permissions = table[SERVICE]
    topology = Topology.load(config.kit.contracts_dir)
    external = topology.consumer(SERVICE, ON_DEPARTMENT_EVENT).exchange
    database = db.database
    inbox = Inbox(database, SERVICE)
    cases, catalogue = CaseStore(database), CatalogueStore(database)
    vault = Vault(database, config.vault_keys)
    noticing = Noticing(db, inbox, cases, catalogue)
    departments = DepartmentStore(database)
    acting = Acting(
        db,
        outbox,
        cases,
        catalogue,
        Remembered(database),
        permissions,
        clock,
        development=config.kit.development,
    )
    return Parts(
        filing=Filing(db, outbox, inbox, cases, vault, catalogue, config.kit.seal_keys, clock),
        acting=acting,
        reading=Reading(db, cases, Listing(database), vault, catalogue, noticing, permissions, clock),
        noticing=noticing,
        sweeping=Sweeping(
            db, outbox, cases, catalogue, permissions, clock, development=config.kit.development
        ),
        importing=Importing(db, outbox, cases, catalogue, permissions, clock),
        departments=Departments(
            db, outbox, departments, catalogue, table["departments"], clock, topology.external_types
        ),
        progressing=Progressing(
            db,
            outbox,
            inbox,
            cases,
            catalogue,
            departments,
            acting,
            Contracts.load(config.kit.contracts_dir),
            clock,
            external.source_prefix or "",
        ),
        catalogue=catalogue,
        clock=clock,
    )


def prepare(db: MongoHandle) -> None:
    """Collections and indexes, at start-up; a transaction could not create them."""
    database = db.database
    CaseStore(database).ensure_indexes()
    Remembered(database).ensure_indexes()
    Inbox(database, SERVICE).ensure_indexes()
    existing = set(database.list_collection_names())
    for name in COLLECTIONS:
        if name not in existing:
            database.create_collection(name, check_exists=False)


COLLECTIONS = (
    "cases",
    "history",
    "timers",
    "notices",
    "vault",
    "remembered",
    "catalogue",
    "catalogue_cities",
    "catalogue_units",
    "catalogue_services",
    "catalogue_imports",
    "departments",
    "departments_state",
    "inbox",
    "outbox",
)
