"""Builds the parts of the service from its configuration, its database and its outbox."""

from __future__ import annotations

from dataclasses import dataclass

from servicekit.contracts import Contracts
from servicekit.errors import ConfigurationError
from servicekit.ids import Clock, SystemClock
from servicekit.inbox import Inbox
from servicekit.mongo import MongoHandle
from servicekit.outbox import Outbox
from servicekit.permissions import Permissions
from surveys.access import Access, Once
from surveys.acting import Acting
from surveys.city import City, read_city
from surveys.closing import Closing
from surveys.computing import Computing
from surveys.config import SERVICE, SurveysConfig
from surveys.counters import Counters
from surveys.delivering import Delivering
from surveys.errors import CityRefused
from surveys.intake import Intake
from surveys.inviting import Inviting
from surveys.moderating import Moderating
from surveys.opening import Opening
from surveys.placing import Placing
from surveys.planning import Planning
from surveys.pool import Pool
from surveys.reading import Reading
from surveys.registry import Registry
from surveys.releasing import Releasing
from surveys.store import ensure_collections
from surveys.store.answers import Answers
from surveys.store.copies import Copies
from surveys.store.invites import Invites
from surveys.store.periods import Improvements, Periods
from surveys.store.remembered import Remembered
from surveys.store.submissions import Submissions
from surveys.sweeping import Sweeping
from surveys.trends import Trends


@dataclass(frozen=True)
class Parts:
    """Everything the service's methods call."""

    intake: Intake
    inviting: Inviting
    delivering: Delivering
    registry: Registry
    sweeping: Sweeping
    acting: Acting
    reading: Reading
    moderating: Moderating
    planning: Planning
    counters: Counters
    city: City
    clock: Clock


def wire_parts(config: SurveysConfig, db: MongoHandle, outbox: Outbox, clock: Clock | None = None) -> Parts:
    """Connects to nothing. Raises ConfigurationError for a missing ring or a city with faults."""
    if config.seal_keys is None or config.survey_keys is None or config.store_keys is None:
        raise ConfigurationError(
            "TANGGAP_SEAL_KEYS_SURVEYS, TANGGAP_SURVEY_KEYS, TANGGAP_SURVEY_STORE_KEYS: expected key rings"
        )
    try:
        city = read_city(config.city_dir)
    except CityRefused as refused:
        raise ConfigurationError(f"TANGGAP_CITY_DIR: {refused}") from refused
    clock = clock or SystemClock()
    database = db.database
    inbox, copies = Inbox(database, SERVICE), Copies(database)
    answers, invites, periods = Answers(database), Invites(database), Periods(database)
    improvements, submissions = Improvements(database), Submissions(database)
    access = Access(Permissions.load(config.contracts_dir).table.get(SERVICE, {}))
    once, pool = Once(db, Remembered(database)), Pool(config.store_keys)
    computing = Computing(config.store_keys, city)
    ring = config.survey_keys
    opening = Opening(db, outbox, periods, copies, city, clock)
    releasing = Releasing(db, outbox, answers, periods, pool, city, clock)
    closing = Closing(
        db=db,
        outbox=outbox,
        answers=answers,
        periods=periods,
        copies=copies,
        opening=opening,
        releasing=releasing,
        computing=computing,
        pool=pool,
        city=city,
        clock=clock,
    )
    planning = Planning(
        db=db,
        once=once,
        outbox=outbox,
        improvements=improvements,
        periods=periods,
        access=access,
        city=city,
        clock=clock,
    )
    inviting = Inviting(
        db=db,
        inbox=inbox,
        outbox=outbox,
        invites=invites,
        periods=periods,
        copies=copies,
        opening=opening,
        pool=pool,
        ring=ring,
        city=city,
        clock=clock,
    )
    return Parts(
        intake=Intake(
            db=db,
            inbox=inbox,
            answers=answers,
            invites=invites,
            periods=periods,
            submissions=submissions,
            copies=copies,
            placing=Placing(invites, periods, copies, opening, pool, ring),
            pool=pool,
            seals=config.seal_keys,
            city=city,
            clock=clock,
        ),
        inviting=inviting,
        delivering=Delivering(
            db=db,
            inbox=inbox,
            outbox=outbox,
            copies=copies,
            opening=opening,
            inviting=inviting,
            contracts=Contracts.load(config.contracts_dir),
            city=city,
            clock=clock,
        ),
        registry=Registry(db, inbox, copies),
        sweeping=Sweeping(
            opening=opening,
            releasing=releasing,
            closing=closing,
            inviting=inviting,
            planning=planning,
            periods=periods,
            city=city,
            clock=clock,
        ),
        acting=Acting(
            once=once,
            periods=periods,
            improvements=improvements,
            copies=copies,
            opening=opening,
            closing=closing,
            computing=computing,
            access=access,
            city=city,
            clock=clock,
            development=config.development,
        ),
        reading=Reading(
            answers=answers,
            periods=periods,
            submissions=submissions,
            planning=planning,
            closing=closing,
            computing=computing,
            trends=Trends(periods, city),
            access=access,
            city=city,
        ),
        moderating=Moderating(once, answers, periods, pool, access),
        planning=planning,
        counters=Counters(
            once=once, invites=invites, copies=copies, access=access, ring=ring, city=city, clock=clock
        ),
        city=city,
        clock=clock,
    )


def prepare(db: MongoHandle) -> None:
    """Collections and indexes, at start-up."""
    ensure_collections(db.database)
    Inbox(db.database, SERVICE).ensure_indexes()
