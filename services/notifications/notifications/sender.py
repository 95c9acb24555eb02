"""Sends queued mails: claim a batch, hand each over, record all results in one transaction.

    claim (lease, token) ─▶ open payload ─▶ SMTP ─▶ ... ─▶ transaction: intents, attempts, outcome events
         ▲                                                     │ fenced by the token
         └── lease expired: back to the queue, announced ◀─────┘ process died in between

A process that dies between the server's acceptance and our record leaves a mail that will be sent again,
with the same Message-ID. That window cannot be closed with SMTP; each such mail is named in the log.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifications import metrics
from notifications.channels import Mail, MailLine
from notifications.domain.delivery import Reason, State, Trigger, step
from notifications.domain.retries import next_attempt
from notifications.domain.rules import SURVEY
from notifications.domain.smtp_replies import Outcome, Verdict
from notifications.errors import MailRefused
from notifications.events import outcome_event
from notifications.invitations import INVITED, Ended, Invitations
from notifications.mail import MailStyle, build
from notifications.recipients import RECIPIENT, address_hashes
from notifications.store import StoreUnavailable
from notifications.store.messages import Claim, Messages, Result
from servicekit.ids import Clock
from servicekit.logs import describe, get_logger
from servicekit.outbox import Outbox
from servicekit.sealing import KeyRing, SealError
from servicekit.tracing import span

log = get_logger(__name__)

SUPPRESS_FOR = timedelta(days=180)
LONGEST_POLL_SECONDS = 1.0
AWAY_SECONDS = (1.0, 30.0)
"""How long a line rests after the mail server could not be reached, growing from the first to the second."""
AWAY_AGAIN = timedelta(seconds=5)
"""When a mail is due again that could not be tried."""
SWEEP_SECONDS = 5.0
_END = {
    Verdict.SENT: Trigger.ACCEPTED_BY_PROVIDER,
    Verdict.PERMANENT: Trigger.FAIL_PERMANENTLY,
    Verdict.TEMPORARY: Trigger.FAIL_TEMPORARILY,
    Verdict.TECHNICAL: Trigger.FAIL_TECHNICALLY,
}


@dataclass(frozen=True, slots=True)
class SenderSettings:
    style: MailStyle
    batch: int = 25
    lease: timedelta = timedelta(seconds=120)
    longest_mail: timedelta = timedelta(seconds=45)
    """More than one mail can take with every timeout spent; the lease is extended before that."""


class Sender:
    """The sending side of a process. `run` may run in several greenlets, each with a line of its own."""

    def __init__(
        self,
        *,
        transact: Callable[..., Any],
        messages: Messages,
        invitations: Invitations,
        outbox: Outbox,
        ring: KeyRing,
        clock: Clock,
        settings: SenderSettings,
        new_line: Callable[[], MailLine],
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._transact = transact
        self._messages = messages
        self._invitations = invitations
        self._outbox = outbox
        self._ring = ring
        self._clock = clock
        self._settings = settings
        self._new_line = new_line
        self._uniform = uniform
        self._wake = threading.Event()
        self._claiming = threading.Lock()
        self._stopping = threading.Event()
        self._held: set[str] = set()
        self._swept = 0.0

    def wake(self) -> None:
        """There is something to send now."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the mail under way, record what was sent, give the rest back."""
        self._stopping.set()
        self._wake.set()

    def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Send until stopped. A database or mail server that is away is waited out."""
        line = self._new_line()
        rest = 0.0
        try:
            while not self._stopping.is_set():
                beat()
                try:
                    self.sweep()
                    sent, away = self.round(line, beat)
                except StoreUnavailable as error:
                    log.warning("sender cannot reach the database", error=describe(error))
                    self._stopping.wait(AWAY_SECONDS[0])
                    continue
                if away:
                    rest = min(max(rest * 2, AWAY_SECONDS[0]), AWAY_SECONDS[1])
                    self._stopping.wait(rest)
                    continue
                rest = 0.0
                if not sent:
                    self._wake.wait(LONGEST_POLL_SECONDS)
                    self._wake.clear()
        finally:
            line.close()

    def round(self, line: MailLine, beat: Callable[[], None] = lambda: None) -> tuple[int, bool]:
        """Claim and send one batch: how many were claimed, and whether the mail server is away."""
        with self._claiming:
            claim = self._messages.claim(
                now=self._clock.now(), lease=self._settings.lease, limit=self._settings.batch
            )
        if claim is None:
            return 0, False
        with self._holding(claim.token):
            results, away = self._send(claim, line, beat)
            self._record(claim, results, beat)
        return len(claim.intents), away

    def sweep(self) -> int:
        """Put back what a vanished sender had claimed, and say which mails may therefore arrive twice."""
        if time.monotonic() - self._swept < min(SWEEP_SECONDS, self._settings.lease.total_seconds() / 2):
            return 0
        self._swept = time.monotonic()
        now = self._clock.now()
        ids = self._messages.requeue_expired(now=now, held=self._held)
        for intent_id in ids:
            # The Message-ID is this id at our domain; written out, the log would mask it as an address.
            log.warning("mail may be sent a second time", intent_id=intent_id)
        metrics.repeats_total.inc(len(ids))
        due, oldest = self._messages.waiting(now)
        metrics.mails_due.set(due)
        metrics.mails_oldest_seconds.set(oldest)
        return len(ids)

    @contextmanager
    def _holding(self, token: str) -> Iterator[None]:
        self._held.add(token)
        try:
            yield
        finally:
            self._held.discard(token)

    # One batch.

    def _send(self, claim: Claim, line: MailLine, beat: Callable[[], None]) -> tuple[list[Result], bool]:
        # Before anything is sent; once something has gone out, no failure may forget that.
        unwanted = self._unwanted(claim)
        results: list[Result] = []
        until = claim.until
        away = False
        for position, intent in enumerate(claim.intents):
            beat()
            now = self._clock.now()
            if until - now < self._settings.longest_mail:
                until = now + self._settings.lease
                rest = [one["_id"] for one in claim.intents[position:]]
                try:
                    ours = self._messages.extend(claim.token, rest, until)
                except StoreUnavailable as error:
                    log.warning("sender cannot reach the database", error=describe(error))
                    results += [_untried(one, now) for one in claim.intents[position:]]
                    break
                if not ours:
                    log.warning("sender lost its lease", count=len(rest))
                    break
            if intent["_id"] in unwanted:
                results.append(_unwanted_result(intent))
                continue
            if away or self._stopping.is_set():
                # Not this mail's fault, so it costs no attempt.
                results.append(_untried(intent, now + (AWAY_AGAIN if away else timedelta())))
                continue
            result, lost = self._send_one(intent, claim.payloads.get(intent["_id"]), line, now)
            results.append(result)
            away = lost
        return results, away

    def _unwanted(self, claim: Claim) -> set[str]:
        """The mails about surveys whose recipients have said meanwhile that they want none."""
        asking = [intent["_id"] for intent in claim.intents if intent["category"] == SURVEY]
        return self._invitations.unwanted(
            {id_: address for id_ in asking if (address := self._address(claim, id_))} if asking else {}
        )

    def _address(self, claim: Claim, intent_id: str) -> str | None:
        """Where a mail of the claim goes; None when its payload is gone or does not open."""
        sealed = claim.payloads.get(intent_id)
        if sealed is None:
            return None
        try:
            return str(self._ring.open(sealed, recipient=RECIPIENT, context=intent_id)["to"])
        except SealError:
            return None

    def _send_one(
        self, intent: dict[str, Any], sealed: str | None, line: MailLine, now: datetime
    ) -> tuple[Result, bool]:
        """The result of one mail, and whether the server is away."""
        if now >= intent["expires_at"]:
            return Result(
                intent["_id"], step(State.SENDING, Trigger.EXPIRE), "expired", attempted=False
            ), False
        try:
            mail = self._mail(intent, sealed, now)
        except (SealError, MailRefused) as error:
            log.error("mail cannot be built", intent_id=intent["_id"], error=describe(error))
            return Result(intent["_id"], step(State.SENDING, Trigger.FAIL_TECHNICALLY), "not_built"), False
        started = time.monotonic()
        with span("mail send", kind="client", parent=intent.get("traceparent")):
            outcome = line.send(mail)
        elapsed = time.monotonic() - started
        if outcome.unreached:
            return _untried(intent, self._clock.now() + AWAY_AGAIN), True
        metrics.smtp_seconds.labels(outcome.verdict.value).observe(elapsed)
        return self._judge(intent, outcome, round(elapsed * 1000)), outcome.connection_lost and outcome.retry

    def _mail(self, intent: dict[str, Any], sealed: str | None, now: datetime) -> Mail:
        if sealed is None:
            raise MailRefused("the payload was purged")
        block = self._ring.open(sealed, recipient=RECIPIENT, context=intent["_id"])
        content = build(
            intent_id=intent["_id"],
            to=block["to"],
            subject=block["subject"],
            text=block["text"],
            language=intent["language"],
            at=now,
            style=self._settings.style,
            stop=block.get("stop"),
        )
        return Mail(intent["_id"], block["to"], content)

    def _judge(self, intent: dict[str, Any], outcome: Outcome, elapsed_ms: int) -> Result:
        code = outcome.code
        if outcome.retry:
            following = next_attempt(
                intent["attempt"],
                now=self._clock.now(),
                expires_at=intent["expires_at"],
                random=self._uniform(),
            )
            if following.at is not None:
                state = step(State.SENDING, Trigger.RETRY)
                return Result(intent["_id"], state, code, due_at=following.at, elapsed_ms=elapsed_ms)
            if following.expired:
                state = step(State.SENDING, Trigger.EXPIRE)
                return Result(intent["_id"], state, code, elapsed_ms=elapsed_ms)
        return Result(intent["_id"], step(State.SENDING, _END[outcome.verdict]), code, elapsed_ms=elapsed_ms)

    # Recording.

    def _record(self, claim: Claim, results: list[Result], beat: Callable[[], None]) -> None:
        """Write the results, however long the database is away: what was sent must not be sent again."""
        while True:
            try:
                written: list[str] = self._transact(lambda session: self._write(session, claim, results))
                break
            except StoreUnavailable as error:
                log.warning("results wait for the database", count=len(results), error=describe(error))
                if self._stopping.is_set():
                    return
                self._stopping.wait(AWAY_SECONDS[0])
                beat()
        if len(written) < len(results):
            log.warning("results came after the lease", count=len(results) - len(written))
        intents = {intent["_id"]: intent for intent in claim.intents}
        ours = set(written)
        now = self._clock.now()
        for result in results:
            if result.intent_id in ours:
                intent = intents[result.intent_id]
                metrics.outcomes_total.labels("email", intent["audience"], result.state.value).inc()
                if result.state is State.SENT:
                    took = (now - intent["created_at"]).total_seconds()
                    metrics.mail_seconds.labels(intent["audience"]).observe(max(took, 0))

    def _write(self, session: Any, claim: Claim, results: list[Result]) -> list[str]:
        now = self._clock.now()
        written = set(self._messages.finish(session, claim.token, results, now=now))
        intents = {intent["_id"]: intent for intent in claim.intents}
        ended = [result for result in results if result.intent_id in written]
        outcomes = (
            outcome_event({**intents[result.intent_id], "code": result.code}, result.state, now)
            for result in ended
        )
        self._outbox.append(session, [event for event in outcomes if event is not None])
        self._settle(session, claim, [result for result in ended if result.state is not State.QUEUED], now)
        # A dump must not tell who holds which link to a survey.
        private = [r for r in ended if intents[r.intent_id]["category"] == SURVEY]
        self._messages.forget(session, [r.intent_id for r in private if r.state is not State.QUEUED])
        for result in ended:
            if result.state is State.PERMANENT_FAILURE:
                self._suppress(session, claim, result, now)
        return list(written)

    def _settle(self, session: Any, claim: Claim, results: list[Result], now: datetime) -> None:
        """Whether an invitation uses up its recipient's thirty days: only if it went out."""
        intents = {intent["_id"]: intent for intent in claim.intents if intent["event_type"] == INVITED}
        ended = [
            Ended(address, intents[result.intent_id]["expires_at"], result.state is State.SENT)
            for result in results
            if result.intent_id in intents and (address := self._address(claim, result.intent_id))
        ]
        if ended:
            self._invitations.settle(session, ended, now)

    def _suppress(self, session: Any, claim: Claim, result: Result, now: datetime) -> None:
        address = self._address(claim, result.intent_id)
        if address is not None:
            address_hash = address_hashes(self._ring, address)[0]
            self._messages.suppress(session, address_hash, reason="hard_bounce", until=now + SUPPRESS_FOR)


def _unwanted_result(intent: dict[str, Any]) -> Result:
    state = step(State.SENDING, Trigger.SKIP)
    return Result(intent["_id"], state, reason=Reason.UNSUBSCRIBED, attempted=False)


def _untried(intent: dict[str, Any], due_at: datetime) -> Result:
    state = step(State.SENDING, Trigger.RELEASE)
    return Result(intent["_id"], state, intent.get("code"), due_at=due_at, attempted=False)
