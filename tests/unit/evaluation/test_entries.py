from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from evaluation.domain.entries import Entry, converted, entry_id, missing_quantity, reject, reverse, verify
from evaluation.domain.jp import Conversion
from evaluation.errors import NotAllowed

AT = datetime(2026, 10, 5, tzinfo=UTC)
ENTRY = Entry(
    entry_id="e-1",
    staff_ref="dukcapil-1",
    form="workshop",
    title="Pelayanan prima",
    organiser="BKPSDM",
    start=date(2026, 9, 1),
    end=date(2026, 9, 2),
    location="national",
    status="claimed",
    origin="claim",
    entered_at=AT,
    days=2,
)
TEN = Conversion(10, "perlan-10-2018", None, False, None)
NO_RULE = Conversion(None, None, None, False, "no_rule")


def test_one_training_has_one_id_however_it_is_written() -> None:
    day = date(2026, 9, 1)
    one = entry_id("p", "workshop", "Pelayanan  Prima ", day)

    assert one == entry_id("p", "workshop", "pelayanan prima", day)
    others = {
        entry_id("q", "workshop", "pelayanan prima", day),
        entry_id("p", "seminar", "pelayanan prima", day),
        entry_id("p", "workshop", "pelayanan", day),
        entry_id("p", "workshop", "pelayanan prima", date(2026, 9, 2)),
        entry_id("p", "workshop", "pelayanan prima", day, 1),
    }
    assert len(others | {one}) == 6


def test_what_is_vouched_for_counts_by_a_rule_or_waits_for_one() -> None:
    assert (converted(ENTRY, TEN).status, converted(ENTRY, TEN).jp) == ("verified", 10)
    assert (converted(ENTRY, NO_RULE).status, converted(ENTRY, NO_RULE).jp) == ("awaiting_rule", None)


def test_an_entry_that_waited_is_verified_once_there_is_a_rule() -> None:
    waiting = converted(ENTRY, NO_RULE)

    with pytest.raises(NotAllowed):
        verify(waiting, NO_RULE)
    assert verify(waiting, TEN).status == "verified"


@pytest.mark.parametrize(
    ("reason", "pointer"),
    [("days_missing", "/days"), ("sessions_missing", "/sessions"), ("programme_jp_missing", "/programme_jp")],
)
def test_a_quantity_that_the_rule_counts_is_asked_for(reason: str, pointer: str) -> None:
    fault = missing_quantity(Conversion(None, "v", None, False, reason))

    assert fault is not None and fault.pointer == pointer
    assert missing_quantity(NO_RULE) is None
    assert missing_quantity(TEN) is None


@pytest.mark.parametrize("status", ["verified", "rejected", "reversed"])
def test_what_is_decided_is_not_decided_again(status: str) -> None:
    decided = replace(ENTRY, status=status)

    for step in (lambda e: verify(e, TEN), reject):
        with pytest.raises(NotAllowed):
            step(decided)


def test_a_reversal_is_an_entry_of_its_own() -> None:
    verified: Any = converted(ENTRY, TEN)

    reversal = reverse(verified, "e-2", AT)

    assert (reversal.reverses, reversal.status, reversal.origin) == ("e-1", "reversed", "reversal")
    assert verified.status == "verified"
    for wrong in (ENTRY, reversal):
        with pytest.raises(NotAllowed):
            reverse(wrong, "e-3", AT)
