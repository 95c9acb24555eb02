"""Whoever was asked how it was may say: never again. No login, no end, and it can be taken back.

Every mail of a survey carries a link of its own, signed, which speaks for the address it went to. The
choice is kept beside the cap of thirty days, for the address and not for a case: the reference of a contact
is new every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from notifications.domain.intents import Planned, StopLink
from notifications.recipients import RECIPIENT, address_hashes
from notifications.store.choices import ChoiceStore
from servicekit import tokens
from servicekit.errors import Forbidden, NotFound
from servicekit.ids import Clock
from servicekit.logs import get_logger
from servicekit.permissions import Permissions
from servicekit.sealing import KeyRing, SealError

log = get_logger(__name__)

KIND = "u"
PAGE = "/jangan-tanyai"
NO_END = date(2149, 6, 6)
"""The last day that a token can be good for."""
KEEP_LINKS = timedelta(days=730)
"""As long as the contact itself; a link that was used to say no stays for good."""
BATCH = 500


class Choices:
    def __init__(
        self,
        *,
        transact: Callable[..., Any],
        store: ChoiceStore,
        ring: KeyRing,
        permissions: Permissions,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._transact = transact
        self._store = store
        self._ring = ring
        self._permissions = permissions
        self._clock = clock
        self._public_url = public_url

    # In mails.

    def new_link(self) -> StopLink:
        """A link for one mail. It opens nothing before `keep` has stored whom it speaks for."""
        token = tokens.mint(self._ring, KIND, NO_END)
        return StopLink(f"{self._public_url}{PAGE}/{token.text}", token.fingerprint)

    def keep(self, session: Any, planned: Iterable[Planned], now: datetime) -> None:
        """Store the links of messages that are going to be sent."""
        sealed = {
            one.stop.fingerprint: self._sealed(one.address, one.stop.fingerprint)
            for one in planned
            if one.stop is not None and one.address
        }
        self._store.keep_links(session, sealed, until=_midnight(now) + KEEP_LINKS)

    def unasked(self, addresses: Mapping[str, str], session: Any = None) -> set[str]:
        """Of addresses under any names, the names of those that do not want to be asked."""
        hashes = {name: address_hashes(self._ring, address) for name, address in addresses.items()}
        refusing = self._store.unasked((h for own in hashes.values() for h in own), session)
        return {name for name, own in hashes.items() if not refusing.isdisjoint(own)}

    # On the page behind a link.

    def choice(self, actor: Any, token: str) -> dict[str, Any]:
        """Whether the address behind a link is asked. Raises NotFound for a link that is none of ours."""
        address = self._address(actor, token)[1]
        return {"asked": not self.unasked({"": address})}

    def choose(self, actor: Any, token: str, asked: bool) -> dict[str, Any]:
        """Keep what the holder of a link wants; the same again changes nothing.

        Takes effect with the next message, also with one that waits to be sent. Raises NotFound.
        """
        fingerprint, address = self._address(actor, token)
        now = self._clock.now()
        if asked:
            self._store.ask_again(address_hashes(self._ring, address))
        elif not self.unasked({"": address}):
            self._store.leave_unasked(self._row(address, now.date().isoformat()))
        self._store.hold_link(fingerprint, until=_midnight(now) + KEEP_LINKS if asked else None)
        log.info("choice about surveys kept", asked=asked)
        return {"asked": asked}

    def reseal(self) -> int:
        """Move choices to the current key, so that an old one can be dropped; returns how many moved."""
        moved = 0
        for row in self._store.sealed_elsewhere(self._ring.current_kid, BATCH):
            address = self._ring.open(row["sealed"], recipient=RECIPIENT, context=row["_id"])
            fresh = self._row(address, row["since"])
            self._transact(partial(self._store.replace, old_id=row["_id"], row=fresh))
            moved += 1
        return moved

    def _row(self, address: str, since: str) -> dict[str, Any]:
        id_ = address_hashes(self._ring, address)[0]
        sealed = self._sealed(address, id_)
        return {"_id": id_, "sealed": sealed, "kid": self._ring.current_kid, "since": since}

    def _sealed(self, address: str, context: str) -> str:
        return self._ring.seal(address, recipient=RECIPIENT, context=context)

    def _address(self, actor: Any, text: str) -> tuple[str, str]:
        """Fingerprint of a link, and the address that it speaks for."""
        roles = (actor or {}).get("roles") or ["public"]
        if not self._permissions.scopes("notifications", "choose_surveys", roles):
            raise Forbidden("role", "no role of the actor allows choose_surveys")
        try:
            token = tokens.read(self._ring, str(text), self._clock.now().date())
            sealed = self._store.link(token.fingerprint) if token.kind == KIND else None
            if sealed is None:
                raise NotFound("link")
            address = self._ring.open(sealed, recipient=RECIPIENT, context=token.fingerprint)
        except (tokens.BadToken, SealError):
            raise NotFound("link") from None
        return token.fingerprint, address


def _midnight(now: datetime) -> datetime:
    # A moment would tell which of the day's messages a link came with.
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
