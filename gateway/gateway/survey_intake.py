"""The way of an answer in: its link is checked, surveys is asked if it can be, and the intake keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import survey_answers
from gateway.intake import Intake, NotConfirmed
from gateway.problems import Problem
from gateway.rpc import OutcomeUnknown, Rpc, ServiceAway, ServiceBroken
from gateway.survey_answers import Circumstances
from gateway.survey_keys import Submission, SurveyKeys
from servicekit import tokens
from servicekit.contracts import Contracts
from servicekit.errors import Refused
from servicekit.sealing import KeyRing
from servicekit.tokens import BadToken, Token

CHECK_SECONDS = 0.5
# The token's letter says what it opens, and so how an answer under it came.
KINDS = {"i": "invite", "q": "counter"}
MODES = {"i": "invite_link", "q": "qr_counter"}
# What surveys says of a link or of a submission, as a problem; everything else is good.
STATES = {
    "unknown": "link-unknown",
    "expired": "link-expired",
    "revoked": "link-revoked",
    "spent": "already-answered",
    "closed": "period-closed",
    "conflict": "submission-conflict",
}


class SurveyIntake:
    def __init__(
        self,
        *,
        intake: Intake,
        rpc: Rpc,
        seals: KeyRing,
        keys: SurveyKeys,
        contracts: Contracts | None = None,
    ) -> None:
        self._intake = intake
        self._rpc = rpc
        self._seals = seals
        self._contracts = contracts
        self.keys = keys

    def token(self, text: str, around_today: Any) -> Token:
        """A link that is ours and in time. Raises Problem link-unknown or link-expired."""
        try:
            token = tokens.read(self.keys.ring, text, around_today)
        except BadToken as bad:
            raise Problem("link-expired" if bad.reason == "expired" else "link-unknown") from None
        if token.kind not in KINDS:
            raise Problem("link-unknown")
        return token

    async def identify(self, submission_id: str, body: Any, token: Token | None) -> Submission:
        """The identity of this submission, unless surveys says why it cannot be taken.

        While a former key is still in the ring, a repeated submission may have been taken under it. If
        surveys cannot be asked within 0.5 s, the current key decides and the answer is taken unchecked: it
        is durable, and surveys looks at it again.
        """
        current, *former = self.keys.identify(submission_id, body)
        for submission in former:
            if await self._state(submission, token) in ("known", "conflict"):
                current = submission
                break
        state = await self._state(current, token)
        if state in STATES:
            raise Problem(STATES[state])
        return current

    async def hand_over(
        self,
        answer: Mapping[str, Any],
        submission: Submission,
        around: Circumstances,
        *,
        mode: str,
        device: str | None = None,
    ) -> None:
        """Seal an answer and publish it. Raises NotConfirmed."""
        block = survey_answers.block(answer, submission, around, mode=mode, device=device)
        event = survey_answers.event(block, submission, around, self._seals)
        if self._contracts is not None:
            self._contracts.validate(event)
        await self._intake.publish(event)

    async def _state(self, submission: Submission, token: Token | None) -> str | None:
        try:
            checked = await self._rpc.probe(
                "surveys",
                "check_submission",
                CHECK_SECONDS,
                token=token.text if token else None,
                submission_key=submission.key,
                body_hash=submission.body_hash,
            )
        except (ServiceAway, OutcomeUnknown, ServiceBroken, Refused):
            return None
        return str(checked.get("state"))


__all__ = ["KINDS", "MODES", "STATES", "NotConfirmed", "SurveyIntake"]
