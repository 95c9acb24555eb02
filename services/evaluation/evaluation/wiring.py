"""Builds the parts of the service from its configuration, its database and its outbox."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.advising import Advising
from evaluation.calibrating import Calibrating
from evaluation.calls import Once
from evaluation.city import CityRules, load_city
from evaluation.config import SERVICE, EvaluationConfig
from evaluation.deciding import Deciding
from evaluation.departments import DepartmentEvents
from evaluation.evidencing import Evidencing
from evaluation.gathering import Gathering
from evaluation.ledgering import Ledgering
from evaluation.rating import Rating
from evaluation.registry import Registry
from evaluation.staffing import Staffing
from evaluation.store import COLLECTIONS
from evaluation.store.advice import AdviceStore
from evaluation.store.evaluations import EvaluationStore
from evaluation.store.facts import FactStore
from evaluation.store.ledger import LedgerStore
from evaluation.store.people import PeopleStore
from evaluation.store.remembered import Remembered
from evaluation.store.trainings import TrainingStore
from evaluation.training import Training
from servicekit.contracts import Contracts
from servicekit.ids import Clock, SystemClock
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.permissions import Permissions as PermissionTable


@dataclass(frozen=True)
class Parts:
    """Everything the service's methods call."""

    registry: Registry
    departments: DepartmentEvents
    gathering: Gathering
    staffing: Staffing
    evidencing: Evidencing
    rating: Rating
    calibrating: Calibrating
    training: Training
    ledgering: Ledgering
    advising: Advising
    deciding: Deciding
    city: CityRules
    clock: Clock


def wire_parts(
    config: EvaluationConfig,
    db: MongoHandle,
    outbox: Outbox,
    clock: Clock | None = None,
    city: CityRules | None = None,
) -> Parts:
    """One set of parts per process. Raises ConfigurationError when the city's tables cannot be used.

    What handles events gets the stores of facts, staff, ledger and advice, and not that of evaluations:
    no event path reaches a rating.
    """
    clock = clock or SystemClock()
    city = city or load_city(config.city_dir, sample=config.sample)
    permissions = PermissionTable.load(config.contracts_dir).table.get(SERVICE, {})
    contracts = Contracts.load(config.contracts_dir)
    database = db.database
    inbox = Inbox(database, SERVICE)
    once = Once(db, Remembered(database))
    people, facts, advice = PeopleStore(database), FactStore(database), AdviceStore(database)
    ledger, trainings = LedgerStore(database), TrainingStore(database)
    evidencing = Evidencing(db, facts, people, city, permissions, clock)
    ledgering = Ledgering(once, outbox, ledger, people, advice, city, permissions, clock)
    training = Training(once, outbox, trainings, people, advice, ledgering, city, permissions, clock)
    evaluations = EvaluationStore(database)
    calibrating = Calibrating(evaluations, city, permissions)
    advising = Advising(db, outbox, advice, people, facts, trainings, training, ledgering, city, clock)
    return Parts(
        registry=Registry(db, inbox, people),
        departments=DepartmentEvents(db, outbox, inbox, people, ledger, advice, contracts, city, clock),
        gathering=Gathering(db, inbox, facts, advice, city.zone, clock),
        staffing=Staffing(once, people, advice, permissions, clock),
        evidencing=evidencing,
        rating=Rating(once, outbox, evaluations, people, evidencing, calibrating, city, permissions, clock),
        calibrating=calibrating,
        training=training,
        ledgering=ledgering,
        advising=advising,
        deciding=Deciding(once, outbox, advice, people, trainings, advising, city, permissions, clock),
        city=city,
        clock=clock,
    )


def prepare(db: MongoHandle) -> None:
    """Collections and indexes, at start-up; a transaction could not create them."""
    database = db.database
    existing = set(database.list_collection_names())
    for name in COLLECTIONS:
        if name not in existing:
            database.create_collection(name, check_exists=False)
    stores = (PeopleStore, FactStore, AdviceStore, LedgerStore, TrainingStore, EvaluationStore, Remembered)
    for store in stores:
        store(database).ensure_indexes()
    Inbox(database, SERVICE).ensure_indexes()
