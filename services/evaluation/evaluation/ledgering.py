"""The JP ledger: claims, BKPSDM's verification, reversals, and a year's sum against the duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from evaluation import events as told
from evaluation.calls import Once, not_permitted, read_text, wire
from evaluation.city import CityRules
from evaluation.domain import entries as steps
from evaluation.domain import ledger
from evaluation.domain.access import Actor, Permissions, of_person, scopes
from evaluation.domain.entries import Entry, converted, missing_quantity, read_claim
from evaluation.domain.figures import plain
from evaluation.domain.jp import Conversion, convert
from evaluation.domain.payloads import Payload
from evaluation.domain.staff import Staff
from evaluation.errors import NotAllowed, NotValid, Unseen, invalid
from evaluation.store import ClientSession
from evaluation.store.advice import AdviceStore
from evaluation.store.ledger import LedgerStore
from evaluation.store.people import PeopleStore
from evaluation.times import milliseconds
from servicekit.ids import Clock, uuid7
from servicekit.outbox import Outbox

ACTIONS = ("verify", "reject", "reverse")
MOST_REVERSED = 20


class Ledgering:
    def __init__(
        self,
        once: Once,
        outbox: Outbox,
        rows: LedgerStore,
        people: PeopleStore,
        advice: AdviceStore,
        city: CityRules,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        self._once = once
        self._outbox = outbox
        self._rows = rows
        self._people = people
        self._advice = advice
        self._city = city
        self._permissions = permissions
        self._clock = clock

    def conversion(self, entry: Entry) -> Conversion:
        return convert(self._city.jp.rules, entry.activity, sample=self._city.sample)

    def ledger(self, actor: Actor, staff_ref: Any, year: Any) -> dict[str, Any]:
        """A person's year: what is verified against the duty, what is missing, and every entry."""
        ref = read_text("staff_ref", staff_ref) or actor.ref or ""
        person = self._people.get(ref)
        if person is None or not self._may_see(actor, person):
            raise Unseen("ledger")
        now = self._clock.now()
        wanted = self._year(year, now)
        return self.year_of(person, wanted, self._rows.of_person(ref))

    def year_of(self, person: Staff, year: int, entries: list[Entry]) -> dict[str, Any]:
        policy = self._city.policy(self._city.today(self._clock.now()).replace(year=year, month=12, day=31))
        duty = next((one for one in policy.settings if one.key == "jp_duty"), None)
        lines = [entry.line for entry in entries]
        mix_of = {form: row.mix for form, row in self._city.jp.forms.items()}
        total = ledger.year_total(lines, year, policy.jp_duty, mix_of, policy.learning_mix)
        return {
            "staff_ref": person.staff_ref,
            "year": year,
            "target_jp": total.target if person.is_asn else None,
            "target_source": duty.source if duty and person.is_asn else None,
            "verified_jp": total.verified,
            "gap_jp": total.gap if person.is_asn else None,
            "claimed_jp": total.claimed,
            "awaiting_rule": total.awaiting,
            "entries": [
                self._shown(entry, ledger.status_of(entry.line, lines), entry.entry_id in total.overlapping)
                for entry in entries
                if ledger.year_of(entry.line) == year
            ],
            "mix": {
                name: {"jp": part.jp, "share": plain(part.share, 4), "expected": part.expected}
                for name, part in total.mix.items()
            },
        }

    def _shown(self, entry: Entry, status: str, overlaps: bool) -> dict[str, Any]:
        shown: dict[str, Any] = wire(
            {
                "entry_id": entry.entry_id,
                "staff_ref": entry.staff_ref,
                "form": entry.form,
                "title": entry.title,
                "organiser": entry.organiser,
                "start": entry.start,
                "end": entry.end,
                "days": entry.days,
                "sessions": entry.sessions,
                "programme_jp": entry.programme_jp,
                "location": entry.location,
                "jp": entry.jp,
                "rule_version": entry.rule_version,
                "example": entry.example,
                "status": status,
                "overlaps": overlaps,
                "origin": entry.origin,
                "offer_id": entry.offer_id,
                "evidence_ref": entry.evidence_ref,
                "reverses": entry.reverses,
            }
        )
        return shown

    def _may_see(self, actor: Actor, person: Staff) -> bool:
        if of_person(self._permissions, actor, "ledger", person.staff_ref, person):
            return True
        return actor.ref == person.staff_ref and bool(scopes(self._permissions, actor, "ledger"))

    def _year(self, year: Any, now: datetime) -> int:
        if year is None:
            return self._city.today(now).year
        if isinstance(year, bool) or not isinstance(year, int) or not 2000 <= year <= 2100:
            raise invalid("/year", "not_a_year", "Expected a year from 2000 to 2100.")
        return year

    def claim(self, actor: Actor, value: Any, key: str | None) -> dict[str, Any]:
        """Claim a training of one's own. It counts once BKPSDM has verified it."""
        if not scopes(self._permissions, actor, "claim"):
            raise not_permitted()
        now = milliseconds(self._clock.now())
        today = self._city.today(now)

        def claimed(session: ClientSession) -> dict[str, Any]:
            person = self._people.get(actor.ref or "", session)
            if person is None or not person.active:
                raise NotAllowed("not_staff", "The staff records do not know you yet.")
            entry = read_claim(value, person.staff_ref, self._city.jp.forms, now, today)
            conversion = self.conversion(entry)
            missing = missing_quantity(conversion)
            if missing is not None:
                raise NotValid([missing])
            entry = replace(
                entry, jp=conversion.jp, rule_version=conversion.rule_version, example=conversion.example
            )
            entry = self._placed(session, entry)
            self._rows.put(session, entry, _link(actor, "claim", None, now, entry))
            return self._shown(entry, entry.status, False)

        return self._once.run(actor, key, {"call": "claim", "entry": value}, claimed)

    def _placed(self, session: ClientSession, entry: Entry) -> Entry:
        """The entry under its id: a rejected claim may be claimed again, a reversed one anew beside it."""
        reversed_ids = {e.reverses for e in self._rows.of_person(entry.staff_ref, session) if e.reverses}
        for again in range(MOST_REVERSED):
            id_ = steps.entry_id(entry.staff_ref, entry.form, entry.title, entry.start, again)
            known = self._rows.get(id_, session)
            if known is None or known.status == ledger.REJECTED:
                return replace(entry, entry_id=id_)
            if id_ not in reversed_ids:
                raise NotAllowed("entered_already", "This training is in your ledger already.")
        raise NotAllowed("entered_already", "This training was reversed too often.")

    def act(self, actor: Actor, entry_id: Any, action: Any, payload: Any, key: str | None) -> dict[str, Any]:
        """BKPSDM verifies, rejects (with a reason) or reverses (with a reason) an entry."""
        if action not in ACTIONS:
            raise invalid("/action", "unknown_action", f"Expected one of: {', '.join(ACTIONS)}.")
        if not scopes(self._permissions, actor, "verify"):
            raise not_permitted()
        now = milliseconds(self._clock.now())
        id_ = read_text("entry_id", entry_id) or ""
        read = Payload(payload)
        reason = read.text("reason", required=action != "verify")
        read.check()

        def acted(session: ClientSession) -> dict[str, Any]:
            entry = self._rows.get(id_, session)
            if entry is None:
                raise Unseen("entry")
            if entry.staff_ref == actor.ref:
                raise NotAllowed("conflict_of_interest", "Nobody verifies one's own ledger.")
            changed = self._acted(session, entry, action, now)
            self._rows.put(session, changed, _link(actor, action, reason, now, changed))
            self._advice.want(session, [f"person:{entry.staff_ref}"], now)
            if action == "verify":
                self._outbox.append(session, [told.completed(_told(changed), now)])
            return self._shown(changed, changed.status, False)

        return self._once.run(actor, key, {"call": "entry", "args": [id_, action, payload]}, acted)

    def _acted(self, session: ClientSession, entry: Entry, action: str, now: datetime) -> Entry:
        if action == "verify":
            return steps.verify(entry, self.conversion(entry))
        if action == "reject":
            return steps.reject(entry)
        others = self._rows.of_person(entry.staff_ref, session)
        if any(other.reverses == entry.entry_id for other in others):
            raise NotAllowed("reversed_already", "This entry was reversed already.")
        return steps.reverse(entry, uuid7(), now)

    def complete(self, session: ClientSession, actor: Actor, entry: Entry, now: datetime) -> Entry:
        """Enter a completed enrolment and tell it, in the transaction that completes it."""
        known = self._rows.get(entry.entry_id, session)
        if known is not None and known.status not in (ledger.CLAIMED, ledger.REJECTED):
            # The learning system told it first: one training is one entry.
            return known
        entry = converted(entry, self.conversion(entry))
        self._rows.put(session, entry, _link(actor, "complete", None, now, entry))
        self._advice.want(session, [f"person:{entry.staff_ref}"], now)
        self._outbox.append(session, [told.completed(_told(entry), now)])
        return entry

    def verified_jp(self, person: Staff, year: int, session: ClientSession) -> int | None:
        """JP that count in a year; None for staff who owe none."""
        if not person.is_asn:
            return None
        policy = self._city.policy(self._city.today(self._clock.now()))
        lines = [entry.line for entry in self._rows.of_person(person.staff_ref, session)]
        return ledger.year_total(lines, year, policy.jp_duty, {}, policy.learning_mix).verified


def _told(entry: Entry) -> dict[str, Any]:
    names: tuple[str, ...] = (
        "staff_ref",
        "offer_id",
        "form",
        "title",
        "organiser",
        "days",
        "sessions",
        "programme_jp",
    )
    names += ("location", "evidence_ref", "rule_version", "jp")
    found: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return {
        "_id": entry.entry_id,
        **found,
        "start": entry.start.isoformat(),
        "end": entry.end.isoformat(),
    }


def _link(actor: Actor, action: str, reason: str | None, at: datetime, entry: Entry) -> dict[str, Any]:
    return {
        "at": at,
        "actor_ref": actor.ref,
        "action": action,
        "reason": reason,
        "status": entry.status,
        "jp": entry.jp,
    }
