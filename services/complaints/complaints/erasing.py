"""Keeping the vault: erasing reporters, at their wish or after a term, and moving data keys under a new key.

python -m complaints.erasing erase 7K3M-9QXD-4TRW-H --by staf-001 --reason "Permintaan pelapor"
python -m complaints.erasing expire --days 730 --by staf-001 --reason "Jadwal retensi arsip"
python -m complaints.erasing rewrap
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from complaints.commands import canonical_code
from complaints.config import SERVICE, read_config
from complaints.domain.case import STAFF, Record
from complaints.domain.history import extend
from complaints.errors import Unseen
from complaints.store import ClientSession
from complaints.store.cases import CaseStore
from complaints.store.catalogue import CatalogueStore
from complaints.store.vault import Vault
from complaints.times import milliseconds
from servicekit.config import exit_on_configuration_error
from servicekit.ids import SystemClock
from servicekit.logs import configure, get_logger
from servicekit.mongo import MongoHandle

LEAST_DAYS = 90
log = get_logger(__name__)


class Erasing:
    def __init__(self, db: MongoHandle, cases: CaseStore, catalogue: CatalogueStore, vault: Vault) -> None:
        self._db = db
        self._cases = cases
        self._catalogue = catalogue
        self._vault = vault

    def erase(self, code: str, by: str, reason: str, now: datetime) -> bool:
        """Forget who reported a case. The case stays, for the answer and the statistics.

        False when there was nobody to forget. Raises Unseen for an unknown code.
        """
        catalogue = self._catalogue.current()

        def forget(session: ClientSession) -> bool:
            case = self._cases.get(code, session)
            if case is None:
                raise Unseen(code)
            if case.reporter_ref is None:
                return False
            self._vault.erase(session, case.reporter_ref, now)
            record = Record("erase", by, STAFF, case.status, case.status, {"reason": reason})
            changed, link = extend(replace(case, reporter_ref=None), record, now)
            city = catalogue.cities.get(case.city)
            self._cases.save(session, changed, [link], city.calendar if city else None)
            return True

        return self._db.transact(forget)

    def expire(self, closed_before: datetime, by: str, reason: str, now: datetime) -> int:
        """Forget who reported each case that ended before then; answers how many were forgotten.

        Case by case, so that it may be interrupted and run again. A case that was opened again is left alone.
        """
        codes = self._cases.reported_and_closed_before(closed_before)
        return sum(self.erase(code, by, reason, now) for code in codes)

    def rewrap(self) -> int:
        """Wrap every data key under the current key of the ring; afterwards the old one may leave it."""
        total = 0
        while count := self._vault.rewrap():
            total += count
        return total


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m complaints.erasing")
    commands = parser.add_subparsers(dest="command", required=True)
    erase = commands.add_parser("erase", help="forget who reported a case")
    erase.add_argument("code")
    erase.add_argument("--by", required=True, help="reference of the person who decides")
    erase.add_argument("--reason", required=True)
    expire = commands.add_parser("expire", help="forget who reported the cases that ended so long ago")
    expire.add_argument("--days", required=True, type=int)
    expire.add_argument("--by", required=True, help="reference of the person who decides")
    expire.add_argument("--reason", required=True)
    commands.add_parser("rewrap", help="move data keys under the ring's current key")
    given = parser.parse_args(arguments)
    config = exit_on_configuration_error(read_config)
    configure(SERVICE, config.kit.log_level)
    db = MongoHandle(config.kit.mongodb_url, service=SERVICE)
    db.prepared.set()
    database = db.database
    erasing = Erasing(db, CaseStore(database), CatalogueStore(database), Vault(database, config.vault_keys))
    if given.command == "rewrap":
        log.info("data keys wrapped anew", count=erasing.rewrap())
        return 0
    now = milliseconds(SystemClock().now())
    if given.command == "expire":
        if given.days < LEAST_DAYS:
            parser.error(f"--days: at least {LEAST_DAYS}: a case may be opened again")
        count = erasing.expire(now - timedelta(days=given.days), given.by, given.reason, now)
        log.info("reporters erased after their term", count=count)
        return 0
    code = canonical_code(given.code)
    try:
        erased = erasing.erase(code, given.by, given.reason, now)
    except Unseen:
        log.error("no such case", complaint_id=code)
        return 1
    log.info("reporter erased" if erased else "there was no reporter to erase", complaint_id=code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
