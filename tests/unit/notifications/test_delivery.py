from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.delivery import TERMINAL, TRANSITIONS, State, Trigger, states_taking, step, takes
from notifications.domain.retries import LIFETIMES, SCHEDULE, next_attempt
from notifications.domain.rules import CATEGORIES
from notifications.domain.smtp_replies import Verdict, classify, connection_failed

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FAR = NOW + timedelta(days=30)
RECEIPTS = [Trigger.RECEIPT_DELIVERED, Trigger.FAIL_PERMANENTLY, Trigger.FAIL_TEMPORARILY]


@given(st.lists(st.sampled_from(Trigger)))
def test_nothing_leaves_a_terminal_state(triggers: list[Trigger]) -> None:
    state = State.ACCEPTED
    ended: State | None = None

    for trigger in triggers:
        state = step(state, trigger)
        if ended is not None:
            assert state is ended
        if state in TERMINAL:
            ended = state


@given(st.sampled_from(State), st.sampled_from(Trigger))
def test_a_trigger_its_state_does_not_know_changes_nothing(state: State, trigger: Trigger) -> None:
    after = step(state, trigger)

    assert after is (TRANSITIONS[state][trigger] if takes(state, trigger) else state)


@given(st.lists(st.sampled_from(RECEIPTS), min_size=1))
def test_the_first_receipt_of_a_sent_message_decides_whatever_follows(receipts: list[Trigger]) -> None:
    state = State.SENT
    for receipt in receipts:
        state = step(state, receipt)

    assert state is step(State.SENT, receipts[0])


def test_every_state_is_reached_and_every_trigger_is_used() -> None:
    reached = {State.ACCEPTED} | {after for known in TRANSITIONS.values() for after in known.values()}

    assert reached == set(State)
    assert {trigger for known in TRANSITIONS.values() for trigger in known} == set(Trigger)


def test_only_a_queued_message_can_be_claimed_and_only_a_claimed_one_sent() -> None:
    assert states_taking(Trigger.CLAIM) == ["queued"]
    assert states_taking(Trigger.ACCEPTED_BY_PROVIDER) == ["sending"]


@given(st.integers(1, len(SCHEDULE) - 1), st.floats(0, 1, exclude_max=True))
def test_a_delay_stays_within_a_fifth_of_its_schedule(attempts: int, random: float) -> None:
    at = next_attempt(attempts, now=NOW, expires_at=FAR, random=random).at

    assert at is not None
    delay, planned = at - NOW, SCHEDULE[attempts]
    assert planned * 0.8 - timedelta(seconds=1) <= delay <= planned * 1.2 + timedelta(seconds=1)


@given(st.integers(1, 20), st.floats(0, 1, exclude_max=True), st.integers(0, 200_000))
def test_no_attempt_is_planned_at_or_after_the_end_of_life(
    attempts: int, random: float, seconds: int
) -> None:
    expires = NOW + timedelta(seconds=seconds)

    following = next_attempt(attempts, now=NOW, expires_at=expires, random=random)

    assert following.at is None or following.at < expires
    assert not (following.expired and following.at)


def test_after_the_last_attempt_there_is_none() -> None:
    assert next_attempt(len(SCHEDULE), now=NOW, expires_at=FAR, random=0.5).at is None
    assert not next_attempt(len(SCHEDULE), now=NOW, expires_at=FAR, random=0.5).expired


def test_every_category_of_rules_has_a_lifetime() -> None:
    assert set(LIFETIMES) == set(CATEGORIES)


@pytest.mark.parametrize(
    ("code", "text", "verdict", "retry"),
    [
        (250, b"2.0.0 OK", Verdict.SENT, False),
        (251, b"forwarded", Verdict.SENT, False),
        (421, b"4.3.2 closing", Verdict.TEMPORARY, True),
        (450, b"4.2.1 busy", Verdict.TEMPORARY, True),
        (451, b"try later", Verdict.TEMPORARY, True),
        (452, b"4.2.2 full", Verdict.TEMPORARY, True),
        (550, b"5.1.1 no such user", Verdict.PERMANENT, False),
        (550, b"no such user", Verdict.PERMANENT, False),
        (552, b"5.2.2 mailbox full", Verdict.PERMANENT, False),
        (554, b"no", Verdict.PERMANENT, False),
        (550, b"5.7.1 relaying denied", Verdict.TECHNICAL, False),
        (554, b"5.7.1 spam", Verdict.TECHNICAL, False),
        (530, b"authentication required", Verdict.TECHNICAL, False),
        (535, b"5.7.8 bad credentials", Verdict.TECHNICAL, False),
        (503, b"bad sequence", Verdict.TECHNICAL, False),
        (999, b"?", Verdict.TECHNICAL, False),
    ],
)
def test_an_smtp_reply_means(code: int, text: bytes, verdict: Verdict, retry: bool) -> None:
    outcome = classify(code, text)

    assert (outcome.verdict, outcome.retry) == (verdict, retry)


@given(st.integers(0, 999), st.binary(max_size=60))
def test_only_a_2xx_is_sent_and_the_code_never_quotes_the_reply(code: int, text: bytes) -> None:
    outcome = classify(code, text)

    assert (outcome.verdict is Verdict.SENT) is (200 <= code < 300)
    assert len(outcome.code) <= 40
    assert set(outcome.code) <= set("0123456789. ")


def test_a_lost_connection_is_tried_again_and_is_nobodys_address_fault() -> None:
    outcome = connection_failed("tls")

    assert (outcome.verdict, outcome.retry, outcome.connection_lost) == (Verdict.TECHNICAL, True, True)
