"""What the four databases hold of a replay's surveys: closures, invitations, answers, figures. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

CLOSED_STATES = {"closed", "published", "corrected"}
MAILED = {"sent", "delivered"}


@dataclass(frozen=True)
class PeriodHeld:
    """One unit's period. Texts of figures are as they are published; None where nothing may be shown."""

    unit: str
    period: str
    state: str
    accepted: int
    waiting: int
    released: int
    held: int
    refused: Mapping[str, int]
    n: int | None
    """How many answers the figures were computed from; None while the period is open."""
    n_shown: str | None
    ikm: str | None
    band: str | None
    missing: tuple[str, ...]
    recomputed: str | None
    """The index by code of its own, from the answers in the database."""
    evaluation_n_shown: str | None
    evaluation_ikm: str | None
    """As evaluation holds it as evidence of the unit."""

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED_STATES

    @property
    def agrees(self) -> bool:
        """Whether everybody holds the same index of as many answers as there are."""
        return (
            self.n == self.released
            and self.ikm == self.recomputed == self.evaluation_ikm
            and self.n_shown == self.evaluation_n_shown
        )


@dataclass(frozen=True)
class Chain:
    """`closures` as complaints counts them, `heard` and `facts` as surveys and evaluation do."""

    closures: int = 0
    heard: int = 0
    facts: int = 0
    should_invite: int = 0
    """Closed cases, as they stand in complaints, whose reporter is to be asked."""
    invited: int = 0
    """Of these, those for whom surveys made an invitation."""
    too_late: int = 0
    """Of these, those whose period had been closed before."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """What surveys made of every closure: invited, skipped, revoked, period_over."""
    open: int = 0
    """Invitations of this replay that nobody has used yet."""
    people: int = 0
    """Reporters with an invitation."""
    people_told: int = 0
    """Of these, those for whom notifications has a message."""
    mails: Counter[str] = field(default_factory=Counter)
    """The messages of invitations by their state."""
    mailed_people: int = 0
    periods: tuple[PeriodHeld, ...] = ()

    @property
    def used(self) -> int:
        return self.outcomes["invited"] - self.open

    @property
    def unsettled(self) -> int:
        """How much is still on its way between the databases."""
        under_way = sum(n for state, n in self.mails.items() if state in ("queued", "sending"))
        missing = (self.closures - self.heard) + (self.closures - self.facts)
        behind = sum(one.is_closed and one.evaluation_n_shown is None for one in self.periods)
        return under_way + missing + behind + (self.people - self.people_told)

    @property
    def refused_after(self) -> int:
        """Answers that surveys refused after the gateway had taken them, in these periods."""
        return sum(sum(one.refused.values()) for one in self.periods)
