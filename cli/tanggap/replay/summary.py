"""The account of a replay: what was read, sent and refused, beside what the databases hold."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from tanggap import console
from tanggap.journal import Filing, Journal
from tanggap.replay import respond
from tanggap.replay.chain import Chain
from tanggap.replay.holdings import Holdings
from tanggap.replay.plan import Row
from tanggap.replay.respond import Answered
from tanggap.replay.run import chosen_course


@dataclass(frozen=True)
class Check:
    """Two numbers that have to be equal."""

    what: str
    expected: int
    found: int

    @property
    def agrees(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True)
class Account:
    read: int
    filed: int
    points_left_out: int
    """Rows whose coordinates are no place; filed with the address alone."""
    refused: dict[str, int]
    """By pointer and code; a row with two faults counts under both joined."""
    states: dict[str, dict[str, int]]
    """By state: `meant` by the rows' statuses, `held` by complaints."""
    messages: dict[str, dict[str, int]]
    """By channel and outcome: `sent` as notifications holds them, `noted` as the cases' timelines do."""
    surveys: dict[str, Any]
    """Closures, invitations and answers in numbers, and every unit's period with its index."""
    checks: list[Check]
    differences: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return all(check.agrees for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "agrees": self.agrees}


def reconcile(rows: list[Row], journal: Journal, held: Holdings) -> Account:
    filings = journal.filings()
    answered = [row for row in rows if row.key in filings]
    filed = [row for row in answered if filings[row.key].code is not None]
    refused = Counter(
        "; ".join(filings[row.key].refusal) for row in answered if filings[row.key].code is None
    )
    meant = {code_of(row, filings): chosen_course(row, filings).final for row in filed}
    wrong = [code for code, state in meant.items() if held.states.get(code) != state]
    failed_steps = journal.refused_steps()
    numbers = {row.key: row.number for row in rows}
    checks = [
        Check("rows read = filed + refused", len(rows), len(filed) + sum(refused.values())),
        Check("filed = different codes", len(filed), len(meant)),
        Check("filed = cases that complaints holds from this replay", len(filed), len(held.states)),
        Check("cases in the state that their row means", len(filed), len(filed) - len(wrong)),
        Check("actions refused", 0, len(failed_steps)),
        Check("messages not yet at their end", 0, held.pending),
        Check("messages doubled (same event, rule, recipient and channel)", 0, held.doubled),
        Check(
            "messages with the same outcome in the cases' timelines",
            max(held.sent.total(), held.noted.total()),
            (held.sent & held.noted).total(),
        ),
    ]
    if held.mails is not None:
        checks.append(Check("e-mails sent = e-mails in the local sink", held.emails_sent, held.mails))
    told = respond.answered(journal)
    checks += chain_checks(held.chain, told, with_mails=held.mails is not None)
    checks.append(Check("events still in an outbox of the four databases", 0, held.unpublished))
    differences = [
        f"case {code}: meant {meant[code]}, is {held.states.get(code, 'absent')}" for code in wrong
    ]
    differences += [
        f"row {numbers.get(row)}, action {number}: {detail}" for row, number, detail in failed_steps
    ]
    differences += [
        f"{one.unit} {one.period}: {one.released} answers, {one.n} in the index; index {one.ikm}, "
        f"recomputed {one.recomputed}, in evaluation {one.evaluation_ikm}"
        for one in held.chain.periods
        if one.is_closed and not one.agrees
    ]
    return Account(
        read=len(rows),
        filed=len(filed),
        points_left_out=sum(row.point_left_out for row in rows),
        refused=dict(refused.most_common()),
        states=side_by_side("meant", Counter(meant.values()), "held", Counter(held.states.values())),
        messages=side_by_side("sent", held.sent, "noted", held.noted),
        surveys=surveys_of(held.chain, told),
        checks=checks,
        differences=differences,
    )


def chain_checks(chain: Chain, told: Answered, *, with_mails: bool) -> list[Check]:
    """What has to be equal between complaints, surveys, notifications and evaluation."""
    closed = [one for one in chain.periods if one.is_closed]
    # An answer that the gateway took and surveys refused has spent no invitation.
    refused = min(max(told.taken - chain.used, 0), chain.refused_after)
    checks = [
        Check("closures in complaints = closures that surveys heard of", chain.closures, chain.heard),
        Check("closures in complaints = closures among evaluation's facts", chain.closures, chain.facts),
        Check(
            "closed cases to ask about = invitations + periods closed before",
            chain.should_invite,
            chain.invited + chain.too_late,
        ),
        Check("people invited = people in notifications", chain.people, chain.people_told),
        Check("answers sent = invitations used + answers refused", told.taken, chain.used + refused),
        Check(
            "answers accepted = answers released + waiting",
            sum(one.accepted for one in chain.periods),
            sum(one.released + one.waiting for one in chain.periods),
        ),
        Check(
            "closed periods whose index is the same recomputed and in evaluation",
            len(closed),
            sum(one.agrees for one in closed),
        ),
    ]
    if with_mails:
        checks.append(
            Check("people mailed an invitation = links found in mails", chain.mailed_people, told.links)
        )
    return checks


def surveys_of(chain: Chain, told: Answered) -> dict[str, Any]:
    return {
        "closures": chain.closures,
        "closures_by_outcome": dict(chain.outcomes.most_common()),
        "invitations_by_message": dict(chain.mails.most_common()),
        "links": told.links,
        "answers": {"taken": told.taken, "used": chain.used, "refused": told.refused},
        "units": [
            {
                "unit": one.unit,
                "period": one.period,
                "state": one.state,
                "n_shown": one.n_shown,
                "ikm": one.ikm,
                "band": one.band,
                "missing": list(one.missing) if one.is_closed else ["period_open"],
                "recomputed": one.recomputed,
                "evaluation": one.evaluation_ikm,
            }
            for one in chain.periods
        ],
    }


def code_of(row: Row, filings: dict[str, Filing]) -> str:
    return plain(filings[row.key].code or "")


def plain(code: str) -> str:
    """A tracking code as it is stored, without the hyphens it is shown with."""
    return code.replace("-", "")


def side_by_side(
    left: str, left_counts: dict[str, int], right: str, right_counts: dict[str, int]
) -> dict[str, dict[str, int]]:
    return {
        name: {left: left_counts.get(name, 0), right: right_counts.get(name, 0)}
        for name in sorted({*left_counts, *right_counts})
    }


SHOWN_DIFFERENCES = 20


def show(account: Account) -> None:
    console.out.print(
        f"\n{account.read} rows read, {account.filed} filed, {sum(account.refused.values())} refused"
    )
    if account.points_left_out:
        console.out.print(f"{account.points_left_out} rows without their point, which was no place")
    if account.refused:
        console.table(("rows", "refused because of"), ((n, why) for why, n in account.refused.items()))
    states = [(state, *counts.values()) for state, counts in account.states.items()]
    console.table(("state", "meant by the rows", "held by complaints"), states, title="\nCases by state")
    messages = [(outcome, *counts.values()) for outcome, counts in account.messages.items()]
    console.table(("outcome", "in notifications", "in the cases"), messages, title="\nMessages by outcome")
    show_surveys(account.surveys)
    checks = [("yes" if c.agrees else "NO", c.what, c.expected, c.found) for c in account.checks]
    console.table(("agrees", "what", "expected", "found"), checks, title="\nReconciliation")
    for difference in account.differences[:SHOWN_DIFFERENCES]:
        console.out.print(difference, markup=False)
    hidden = len(account.differences) - SHOWN_DIFFERENCES
    if hidden > 0:
        console.out.print(f"... and {hidden} more")


def show_surveys(surveys: dict[str, Any]) -> None:
    rows = [(f"closures: {outcome}", number) for outcome, number in surveys["closures_by_outcome"].items()]
    rows += [(f"invitations: {state}", n) for state, n in surveys["invitations_by_message"].items()]
    rows.append(("links in mails", surveys["links"]))
    rows += [("answers taken", surveys["answers"]["taken"])]
    rows += [(f"answers refused: {reason}", n) for reason, n in surveys["answers"]["refused"].items()]
    console.table(("surveys", "number"), rows, title="\nInvitations and answers")
    units = [
        (
            one["unit"],
            one["period"],
            one["n_shown"] or "-",
            one["ikm"] or ", ".join(one["missing"]) or "-",
            one["band"] or "-",
        )
        for one in surveys["units"]
    ]
    console.table(("unit", "period", "answers", "index, or why none", "band"), units, title="\nIndex by unit")
